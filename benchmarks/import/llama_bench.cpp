// llama-bench -o json (a list) or -o jsonl (an object a line). Its tests are no problem of ours: they become the
// workload llama_bench, whose FLOPs are an estimate of two per parameter and token, which leaves attention out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "benchmarks/import/reader.h"

namespace whygpu::published {
namespace {

constexpr std::string_view kExpected = "JSON of llama-bench";

// As a value of a case: one word.
std::string word(std::string text) {
  std::ranges::replace_if(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '=' || c == '#'; }, '_');
  return text.empty() ? "unknown" : text;
}

std::int64_t count_of(const JsonNode& test, std::string_view key) {
  const auto value = test.find(key);
  return value ? value->integer_from(0) : 0;
}

// "pp512", "tg128", "pp512+tg128", "tg128@d4096", as llama-bench prints them.
std::string test_name(const JsonNode& test) {
  const auto prompt = count_of(test, "n_prompt"), generated = count_of(test, "n_gen"),
             depth = count_of(test, "n_depth");
  std::string name;
  if (prompt > 0) name = fmt::format("pp{}", prompt);
  if (generated > 0) name += fmt::format("{}tg{}", name.empty() ? "" : "+", generated);
  if (depth > 0) name += fmt::format("@d{}", depth);
  return name;
}

void set_device(const JsonNode& test, Row& row) {
  const auto backends = test.text_or_empty("backends"), gpu = test.text_or_empty("gpu_info");
  const auto layers = test.find("n_gpu_layers");
  const bool on_cpu = gpu.empty() || backends == "CPU" || (layers && layers->number() == 0);
  row.device = on_cpu ? test.text_or_empty("cpu_info") : gpu;
  row.kind = on_cpu                                         ? RecordedDevice::cpu
             : backends.find("CUDA") != std::string::npos   ? RecordedDevice::cuda
             : backends.find("OpenCL") != std::string::npos ? RecordedDevice::opencl
                                                            : RecordedDevice::other;
}

std::vector<double> times_of(const JsonNode& test) {
  std::vector<double> ns;
  if (const auto samples = test.find("samples_ns")) {
    samples->each([&](const JsonNode& sample) { ns.push_back(sample.number()); });
  }
  if (ns.empty()) {
    if (const auto mean = test.find("avg_ns")) ns.push_back(mean->number());
  }
  if (!std::ranges::all_of(ns, [](double value) { return value > 0; })) ns.clear();
  return ns;
}

Row row_of(const JsonNode& test, std::string place) {
  Row row;
  row.place = std::move(place);
  set_device(test, row);
  row.ns = times_of(test);
  const auto name = test_name(test);
  const auto tokens = static_cast<double>(count_of(test, "n_prompt")) + static_cast<double>(count_of(test, "n_gen"));
  if (name.empty()) row.left_out = "a test without tokens";
  if (row.ns.empty()) row.left_out = kNoTime;
  if (!row.left_out.empty()) return row;

  auto& record = row.record.emplace();
  record.workload = "llama_bench";
  record.problem = record.workload;
  const auto add = [&](const char* key, const std::string& value) {
    record.values[key] = word(value);
    record.problem += fmt::format(" {}={}", key, record.values[key]);
  };
  add("model", test.text_or_empty("model_type"));
  add("test", name);
  for (const auto& [key, field] : {std::pair{"threads", "n_threads"},
                                   {"gpu_layers", "n_gpu_layers"},
                                   {"batch", "n_batch"},
                                   {"ubatch", "n_ubatch"},
                                   {"type_k", "type_k"},
                                   {"type_v", "type_v"},
                                   {"split_mode", "split_mode"},
                                   {"api", "backends"},
                                   {"build", "build_number"}}) {
    if (const auto value = test.find(field)) add(key, value->scalar());
  }
  if (const auto attention = test.find("flash_attn")) add("flash_attn", attention->scalar());
  record.flops = 2 * test["model_n_params"].positive() * tokens;
  return row;
}

std::string version_of(const JsonNode& test) {
  std::string version = "llama.cpp";
  if (const auto number = test.find("build_number")) version += fmt::format(" b{}", number->scalar());
  if (const auto commit = test.text_or_empty("build_commit"); !commit.empty()) version += fmt::format(" ({})", commit);
  return version;
}

}  // namespace

Source read_llama_bench(const Input& input) {
  Source source;
  source.backend = "llama.cpp";
  const auto add = [&](const JsonNode& test, std::string place) {
    source.version = version_of(test);
    source.rows.push_back(row_of(test, std::move(place)));
  };
  if (input.text.substr(input.text.find_first_not_of(" \t\r\n")).starts_with('[')) {
    read_json(input.text, input.path, kExpected, [&](const JsonNode& root) {
      root.each([&](const JsonNode& test) { add(test, fmt::format("test {}", source.rows.size() + 1)); });
    });
    return source;
  }
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < input.text.size();) {
    const auto end = std::min(input.text.find('\n', begin), input.text.size());
    const auto line = input.text.substr(begin, end - begin);
    begin = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    read_json(line, fmt::format("{}:{}", input.path, number), kExpected,
              [&](const JsonNode& test) { add(test, fmt::format("line {}", number)); });
  }
  return source;
}

}  // namespace whygpu::published

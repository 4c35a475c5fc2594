#include "reports/results/synthetic_file.h"

namespace whygpu {
namespace {

nlohmann::json round(int number, double ns) {
  return {{"round", number},   {"started", "2026-01-02T03:04:05Z"},
          {"batch", 1},        {"samples_ns", {ns}},
          {"cpu_ns", ns},      {"prepare_ns", 1000},
          {"verify_ns", 1000}, {"warmup_ns", 1000}};
}

}  // namespace

SyntheticFile::SyntheticFile(const std::string& host) {
  document_ = {{"context",
                {{"date", "2026-01-02T03:04:05+00:00"},
                 {"host_name", host},
                 {"executable", "whygpu"},
                 {"num_cpus", 8},
                 {"mhz_per_cpu", 3000},
                 {"cpu_scaling_enabled", false},
                 {"caches", nlohmann::json::array()},
                 {"load_avg", nlohmann::json::array()},
                 {"library_build_type", "release"},
                 {"json_schema_version", 1}}},
               {"benchmarks", nlohmann::json::array()},
               {"whygpu",
                {{"schema", 1},
                 {"version", "0.1.0"},
                 {"complete", true},
                 {"run",
                  {{"command", {"whygpu", "run", "synthetic"}},
                   {"sweep", "synthetic"},
                   {"started", "2026-01-02T03:04:05Z"},
                   {"finished", "2026-01-02T03:14:05Z"},
                   {"threads", 8},
                   {"rounds", 7},
                   {"sample_seconds", 0.05},
                   {"budget_seconds", 600},
                   {"seed", 1}}},
                 {"environment",
                  {{"host", host},
                   {"kernel", "6.1.0-synthetic"},
                   {"os", "Synthetic OS"},
                   {"virtualization", nullptr},
                   {"cpu", {{"model", "Synthetic CPU"}, {"online", 8}, {"usable", 8}, {"isa", {"avx2"}}}},
                   {"memory_bytes", 64'000'000'000},
                   {"variables", nlohmann::json::object()}}},
                 {"findings", nlohmann::json::array()},
                 {"backends", nlohmann::json::array()},
                 {"cases", nlohmann::json::array()}}}};
}

SyntheticFile& SyntheticFile::backend(const std::string& name, const std::string& kind, const std::string& device) {
  document_["whygpu"]["backends"].push_back({{"name", name},
                                             {"version", name + " 1.0"},
                                             {"facts", nlohmann::json::object()},
                                             {"device",
                                              {{"kind", kind},
                                               {"name", device.empty() ? "Synthetic " + kind : device},
                                               {"memory_bytes", 16'000'000'000},
                                               {"cache_bytes", 32'000'000},
                                               {"facts", nlohmann::json::object()}}}});
  return *this;
}

nlohmann::json& SyntheticFile::ok(const std::string& problem, const std::string& backend,
                                  const std::vector<double>& round_ns, double flops, double bytes) {
  auto& record = add(problem, backend, "ok");
  record["flops"] = flops;
  record["bytes"] = bytes;
  record["settled"] = true;
  record["implementation"] = backend + " kernel";
  int number = 0;
  for (double ns : round_ns) record["rounds"].push_back(round(++number, ns));
  return record;
}

nlohmann::json& SyntheticFile::not_ok(const std::string& problem, const std::string& backend, const std::string& status,
                                      const std::string& reason) {
  auto& record = add(problem, backend, status);
  record["reason"] = reason;
  return record;
}

std::string SyntheticFile::text() const { return document_.dump(); }

ResultFile SyntheticFile::file(const std::string& name) const { return parse_result_file(text(), name); }

nlohmann::json& SyntheticFile::add(const std::string& problem, const std::string& backend, const std::string& status) {
  nlohmann::json values = nlohmann::json::object();
  std::size_t begin = problem.find(' ');
  const std::string workload = problem.substr(0, begin);
  while (begin != std::string::npos) {
    const auto end = problem.find(' ', begin + 1);
    const auto word = problem.substr(begin + 1, end - begin - 1);
    const auto equals = word.find('=');
    values[word.substr(0, equals)] = word.substr(equals + 1);
    begin = end;
  }
  std::string name = backend;  // "onednn:jit" is variant jit of onednn
  if (const auto colon = backend.find(':'); colon != std::string::npos) {
    name = backend.substr(0, colon);
    values["variant"] = backend.substr(colon + 1);
  }
  values["backend"] = name;
  const std::string variant = values.value("variant", "");
  document_["whygpu"]["cases"].push_back(
      {{"case", problem + (variant.empty() ? "" : " variant=" + variant) + " backend=" + name},
       {"problem", problem},
       {"workload", workload},
       {"backend", name},
       {"values", values},
       {"status", status},
       {"flops", 0},
       {"bytes", 0},
       {"rounds", nlohmann::json::array()}});
  return document_["whygpu"]["cases"].back();
}

std::vector<double> seven_rounds(double ns, double relative) {
  return {ns, ns * (1 - relative), ns * (1 + relative), ns * (1 - relative / 2), ns * (1 + relative / 2), ns, ns};
}

std::string square_gemm(int size, const std::string& dtype) {
  const auto text = std::to_string(size);
  return "gemm m=" + text + " n=" + text + " k=" + text + " dtype=" + dtype;
}

}  // namespace whygpu

#include "reports/regression/comparison/comparison_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

#include "reports/results/codec.h"

namespace whygpu {
namespace {

using nlohmann::json;

constexpr double kShortestNs = 1e-6, kLongestNs = 1e18;  // of a sample; ratios of such times are finite

// To picoseconds; shorter samples as they are.
json rounded(const std::vector<double>& samples) {
  json list = json::array();
  for (const double sample : samples) list.push_back(sample < 0.001 ? sample : std::round(sample * 1000) / 1000);
  return list;
}

json to_json(const Judgement& judgement) {
  const auto or_null = [](const std::optional<double>& value) { return value ? json(*value) : json(); };
  json object = {{"verdict", ruling_name(judgement.ruling)},
                 {"log_ratio", or_null(judgement.change)},
                 {"p", or_null(judgement.p)},
                 {"pairs", judgement.pairs},
                 {"smallest_visible", or_null(judgement.visible)},
                 {"reason", judgement.reason}};
  object["interval"] = judgement.interval ? json{judgement.interval->low, judgement.interval->high} : json();
  return object;
}

json to_json(const CaseComparison& c) {
  json object = to_json(c.judgement);
  object["case"] = c.text;
  object["base_ns"] = c.base_ns;
  object["head_ns"] = c.head_ns;
  object["base_code"] = c.base_code;
  object["head_code"] = c.head_code;
  object["measured"] = json::array();
  for (const Pair& pair : c.pairs) {
    object["measured"].push_back({{"started", pair.started},
                                  {"head_first", pair.head_first},
                                  {"base_ns", rounded(pair.base_ns)},
                                  {"head_ns", rounded(pair.head_ns)}});
  }
  return object;
}

json benchmark_row(const CaseComparison& c, int threads, std::size_t family) {
  std::size_t samples = 0;
  for (const Pair& pair : c.pairs) samples += pair.head_ns.size();
  return {{"name", c.text},         {"family_index", family},  {"per_family_instance_index", 0},
          {"run_name", c.text},     {"run_type", "iteration"}, {"repetitions", 1},
          {"repetition_index", 0},  {"threads", threads},      {"iterations", std::max<std::size_t>(samples, 1)},
          {"real_time", c.head_ns}, {"cpu_time", c.head_ns},   {"time_unit", "ns"}};
}

std::vector<double> read_samples(const JsonNode& node) {
  std::vector<double> samples;
  node.each([&](const JsonNode& sample) {
    const double ns = sample.positive();
    if (ns < kShortestNs || ns > kLongestNs) sample.fail("must be a time in nanoseconds, from 1e-6 to 1e18");
    samples.push_back(ns);
  });
  if (samples.empty()) node.fail("needs at least one sample");
  return samples;
}

std::optional<double> read_number(const JsonNode& node, std::string_view key) {
  const auto child = node.find(key);
  return child ? std::optional(child->number()) : std::nullopt;
}

Judgement read_judgement(const JsonNode& node) {
  Judgement judgement;
  try {
    judgement.ruling = parse_ruling(node["verdict"].text());
  } catch (const std::invalid_argument& error) {
    node["verdict"].fail(error.what());
  }
  judgement.change = read_number(node, "log_ratio");
  judgement.p = read_number(node, "p");
  judgement.visible = read_number(node, "smallest_visible");
  judgement.pairs = static_cast<std::size_t>(node["pairs"].integer_from(0));
  judgement.reason = node.text_or_empty("reason");
  if (const auto interval = node.find("interval")) {
    std::vector<double> ends;
    interval->each([&](const JsonNode& end) { ends.push_back(end.number()); });
    if (ends.size() != 2) interval->fail("must hold two numbers");
    judgement.interval = Interval{ends[0], ends[1]};
  }
  return judgement;
}

CaseComparison read_case(const JsonNode& node) {
  CaseComparison c;
  c.text = node["case"].text();
  c.judgement = read_judgement(node);
  c.base_ns = node["base_ns"].number_from(0);
  c.head_ns = node["head_ns"].number_from(0);
  c.base_code = node.text_or_empty("base_code");
  c.head_code = node.text_or_empty("head_code");
  node["measured"].each([&](const JsonNode& pair) {
    c.pairs.push_back({.started = pair["started"].text(),
                       .head_first = pair["head_first"].flag(),
                       .base_ns = read_samples(pair["base_ns"]),
                       .head_ns = read_samples(pair["head_ns"])});
  });
  return c;
}

// "LINE:COLUMN" of byte number `byte`, counted from 1.
std::string place_in(const std::string& text, std::size_t byte) {
  const std::string before = text.substr(0, std::min(text.size(), byte > 0 ? byte - 1 : 0));
  const auto last_break = before.rfind('\n');
  return fmt::format("{}:{}", 1 + std::ranges::count(before, '\n'),
                     before.size() - (last_break == std::string::npos ? 0 : last_break + 1) + 1);
}

BuildRecord read_build(const JsonNode& node) { return {node["name"].text(), node.text_or_empty("revision")}; }

}  // namespace

json to_json(const Comparison& comparison) {
  json rows = json::array(), cases = json::array();
  for (const auto& c : comparison.cases) {
    if (c.head_ns > 0) rows.push_back(benchmark_row(c, comparison.threads, rows.size()));
    cases.push_back(to_json(c));
  }
  const auto build = [](const BuildRecord& record) {
    return json{{"name", record.name}, {"revision", record.revision}};
  };
  const auto or_null = [](const auto& record) { return record ? encode(*record) : json(); };
  json document = {{"context", or_null(comparison.context)},
                   {"benchmarks", rows},
                   {"whygpu_comparison",
                    {{"schema", kComparisonSchema},
                     {"base", build(comparison.base)},
                     {"head", build(comparison.head)},
                     {"started", comparison.started},
                     {"finished", comparison.finished},
                     {"machine", comparison.machine},
                     {"threads", comparison.threads},
                     {"threshold", comparison.threshold},
                     {"strict", comparison.strict},
                     {"simulated", comparison.simulated},
                     {"notes", comparison.notes},
                     {"command", comparison.command},
                     {"environment", or_null(comparison.environment)},
                     {"summary", summary(comparison)},
                     {"exit_code", static_cast<int>(comparison.exit_code())},
                     {"cases", cases}}}};
  // Left out where there are none: a history recognises the files of earlier versions by their text.
  for (const auto& device : comparison.devices) {
    document["whygpu_comparison"]["devices"].push_back(
        {{"backend", device.backend}, {"kind", device.kind}, {"name", device.name}});
  }
  return document;
}

Comparison comparison_from_json(const json& document, std::string_view source) {
  const JsonNode::Complain complain = [&](const std::string& what) {
    throw std::runtime_error(fmt::format("{}: {}", source, what));
  };
  const JsonNode root(document, complain);
  const auto found = root.find("whygpu_comparison");
  if (const auto result = root.find("whygpu"); result && result->find("imported")) {
    root.fail("published by others, not measured here: a history holds comparisons of `whygpu gate --json`");
  }
  if (!found) {
    root.fail(
        "not a comparison of two builds: the key \"whygpu_comparison\" is missing; `whygpu gate --json` writes such "
        "files");
  }
  const JsonNode& node = *found;
  if (const auto schema = node["schema"].integer_from(1); schema > kComparisonSchema) {
    root.fail(fmt::format("comparison schema {} is newer than this build reads ({})", schema, kComparisonSchema));
  }
  Comparison comparison;
  comparison.base = read_build(node["base"]);
  comparison.head = read_build(node["head"]);
  comparison.started = node["started"].text();
  comparison.finished = node["finished"].text();
  comparison.machine = node["machine"].text();
  if (const auto devices = node.find("devices")) {
    devices->each([&](const JsonNode& device) {
      comparison.devices.push_back({device["backend"].text(), device["kind"].text(), device["name"].text()});
    });
  }
  comparison.threads = node["threads"].whole<int>(1);
  comparison.threshold = node["threshold"].positive();
  comparison.strict = node["strict"].flag();
  comparison.simulated = node["simulated"].flag();
  node["notes"].each([&](const JsonNode& note) { comparison.notes.push_back(note.text()); });
  if (const auto words = node.find("command")) {
    words->each([&](const JsonNode& word) { comparison.command.push_back(word.text()); });
  }
  if (const auto environment = node.find("environment")) decode(*environment, comparison.environment.emplace());
  if (const auto context = root.find("context")) decode(*context, comparison.context.emplace());
  node["cases"].each([&](const JsonNode& c) { comparison.cases.push_back(read_case(c)); });
  return comparison;
}

std::vector<Comparison> load_comparisons(const std::filesystem::path& file) {
  std::ifstream opened(file);
  if (!opened || std::filesystem::is_directory(file)) {
    throw std::runtime_error(fmt::format("{}: cannot be read", file.string()));
  }
  return parse_comparisons({std::istreambuf_iterator<char>(opened), {}}, file.string());
}

std::vector<Comparison> parse_comparisons(const std::string& text, std::string_view source) {
  std::istringstream stream(text);
  std::vector<Comparison> comparisons;
  while (stream >> std::ws, stream.peek() != std::ifstream::traits_type::eof()) {
    const auto begin = static_cast<std::size_t>(stream.tellg());
    json document;
    try {
      stream >> document;
    } catch (const json::parse_error& error) {
      throw std::runtime_error(
          fmt::format("{}:{}: invalid JSON; files of `whygpu gate --json` or `whygpu "
                      "compare --json` are accepted",
                      source, place_in(text, begin + error.byte)));
    } catch (const json::exception&) {
      throw std::runtime_error(fmt::format("{}: a number is too large for double precision", source));
    }
    comparisons.push_back(comparison_from_json(document, source));
  }
  if (comparisons.empty()) throw std::runtime_error(fmt::format("{}: is empty", source));
  return comparisons;
}

}  // namespace whygpu

#include "reports/results/result_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "reports/results/json_node.h"

namespace whygpu {
namespace {

TextFacts facts_of(const JsonNode& node) {
  TextFacts facts;
  node.each_member([&](const std::string& key, const JsonNode& value) { facts[key] = value.text(); });
  return facts;
}

TextFacts facts_in(const JsonNode& node, std::string_view key) {
  const auto child = node.find(key);
  return child ? facts_of(*child) : TextFacts();
}

std::vector<std::string> texts_in(const JsonNode& node, std::string_view key) {
  std::vector<std::string> texts;
  if (const auto child = node.find(key)) child->each([&](const JsonNode& item) { texts.push_back(item.text()); });
  return texts;
}

Outcome outcome_of(const JsonNode& node) {
  const auto text = node.text();
  for (auto outcome : {Outcome::ok, Outcome::incorrect, Outcome::unsupported, Outcome::failed}) {
    if (text == outcome_name(outcome)) return outcome;
  }
  node.fail("one of ok, incorrect, unsupported, failed is needed");
  return Outcome::failed;
}

// The case without backend= and variant=, for files that do not spell the problem out.
std::string problem_of(const std::string& text) {
  std::string problem;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin), text.size());
    const auto word = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (word.empty() || word.starts_with("backend=") || word.starts_with("variant=")) continue;
    if (!problem.empty()) problem += ' ';
    problem += word;
  }
  return problem;
}

RoundRecord round_of(const JsonNode& node) {
  RoundRecord round;
  round.round = static_cast<int>(node["round"].integer_from(1));
  round.started = node["started"].text();
  round.batch = node["batch"].integer_from(1);
  node["samples_ns"].each([&](const JsonNode& sample) { round.samples_ns.push_back(sample.positive()); });
  if (round.samples_ns.empty()) node["samples_ns"].fail("at least one sample is needed");
  round.cpu_ns = node["cpu_ns"].number_from(0);
  round.prepare_ns = node["prepare_ns"].number_from(0);
  round.verify_ns = node["verify_ns"].number_from(0);
  round.warmup_ns = node["warmup_ns"].number_from(0);
  if (const auto steady = node.find("steady")) round.steady = steady->flag();
  if (const auto discarded = node.find("discarded")) round.discarded = discarded->integer_from(0);
  round.disturbance = node.text_or_empty("disturbance");
  if (const auto details = node.find("details")) {
    details->each_member([&](const std::string& key, const JsonNode& v) { round.details[key] = v.number(); });
  }
  return round;
}

CaseRecord case_of(const JsonNode& node) {
  CaseRecord record;
  record.text = node["case"].text();
  record.problem = node.text_or_empty("problem");
  if (record.problem.empty()) record.problem = problem_of(record.text);
  record.workload = node["workload"].text();
  record.backend = node["backend"].text();
  record.values = facts_of(node["values"]);
  record.outcome = outcome_of(node["status"]);
  record.reason = node.text_or_empty("reason");
  if (const auto settled = node.find("settled")) record.settled = settled->flag();
  record.implementation = node.text_or_empty("implementation");
  record.flops = node["flops"].number_from(0);
  record.bytes = node["bytes"].number_from(0);
  if (const auto set_bytes = node.find("set_bytes")) record.set_bytes = set_bytes->number_from(0);
  node["rounds"].each([&](const JsonNode& round) { record.rounds.push_back(round_of(round)); });
  if (record.outcome == Outcome::ok && record.rounds.empty()) {
    node["rounds"].fail("a case with status ok needs at least one round");
  }
  return record;
}

DeviceRecord device_of(const JsonNode& node) {
  return {node["kind"].text(), node["name"].text(), node["memory_bytes"].number_from(0),
          node["cache_bytes"].number_from(0), facts_of(node["facts"])};
}

BackendRecord backend_of(const JsonNode& node) {
  BackendRecord backend{node["name"].text(), node.text_or_empty("version"), node.text_or_empty("reason"),
                        facts_in(node, "facts"), std::nullopt};
  if (const auto device = node.find("device")) backend.device = device_of(*device);
  return backend;
}

CeilingRecord ceiling_of(const JsonNode& node) {
  CeilingRecord ceiling{node["device"].text(),
                        node["kind"].text(),
                        node.text_or_empty("dtype"),
                        node.text_or_empty("level"),
                        node["value"].positive(),
                        node["unit"].text(),
                        node.text_or_empty("how"),
                        1,
                        std::nullopt};
  if (const auto visits = node.find("visits")) ceiling.visits = static_cast<int>(visits->integer_from(1));
  if (const auto some = node.find("undisturbed")) ceiling.undisturbed = static_cast<int>(some->integer_from(0));
  return ceiling;
}

EnvironmentRecord environment_of(const JsonNode& node) {
  EnvironmentRecord environment;
  environment.host = node["host"].text();
  environment.kernel = node["kernel"].text();
  environment.os = node.text_or_empty("os");
  environment.virtualization = node.text_or_empty("virtualization");
  const auto cpu = node["cpu"];
  environment.cpu_model = cpu["model"].text();
  environment.microcode = cpu.text_or_empty("microcode");
  environment.governor = cpu.text_or_empty("governor");
  environment.cpus_online = static_cast<int>(cpu["online"].integer_from(1));
  environment.cpus_usable = static_cast<int>(cpu["usable"].integer_from(1));
  if (const auto quota = cpu.find("quota")) environment.cpu_quota = quota->number();
  if (const auto smt = cpu.find("smt")) environment.smt = smt->flag();
  environment.isa = texts_in(cpu, "isa");
  if (const auto bytes = node.find("memory_bytes")) environment.memory_bytes = bytes->number_from(0);
  if (const auto steal = node.find("steal_fraction")) environment.steal_fraction = steal->number();
  environment.variables = facts_in(node, "variables");
  environment.build = facts_in(node, "build");
  return environment;
}

RunRecord run_of(const JsonNode& node) {
  RunRecord run;
  run.command = texts_in(node, "command");
  run.sweep = node.text_or_empty("sweep");
  run.started = node["started"].text();
  run.finished = node.text_or_empty("finished");
  run.threads = static_cast<int>(node["threads"].integer_from(1));
  if (const auto rounds = node.find("rounds")) run.rounds = static_cast<int>(rounds->integer_from(1));
  run.sample_seconds = node["sample_seconds"].number();
  run.budget_seconds = node["budget_seconds"].number();
  return run;
}

ResultFile result_of(const JsonNode& root, std::string_view file_name) {
  const auto whygpu = root.find("whygpu");
  if (!whygpu) root.fail("not a result file of whygpu (no key \"whygpu\"); `whygpu run` writes one");
  const auto schema = (*whygpu)["schema"].integer_from(1);
  if (schema > kResultSchema) {
    whygpu->fail("schema " + std::to_string(schema) + " is newer than this build, which reads schemas up to " +
                 std::to_string(kResultSchema) + "; a newer whygpu is needed");
  }
  ResultFile result;
  result.name = std::filesystem::path(file_name).stem().string();
  result.version = (*whygpu)["version"].text();
  result.complete = (*whygpu)["complete"].flag();
  result.run = run_of((*whygpu)["run"]);
  result.environment = environment_of((*whygpu)["environment"]);
  if (const auto findings = whygpu->find("findings")) {
    findings->each([&](const JsonNode& node) {
      result.findings.push_back({node["severity"].text() == "serious", node["what"].text(), node["do"].text()});
    });
  }
  (*whygpu)["backends"].each([&](const JsonNode& node) { result.backends.push_back(backend_of(node)); });
  (*whygpu)["cases"].each([&](const JsonNode& node) { result.cases.push_back(case_of(node)); });
  if (const auto ceilings = whygpu->find("ceilings")) {
    ceilings->each([&](const JsonNode& node) { result.ceilings.push_back(ceiling_of(node)); });
  }
  return result;
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  constexpr std::string_view names[] = {"ok", "incorrect", "unsupported", "failed"};
  return names[static_cast<std::size_t>(outcome)];
}

std::string CaseRecord::value(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? std::string() : found->second;
}

const BackendRecord* ResultFile::backend(std::string_view backend_name) const {
  for (const auto& backend : backends) {
    if (backend.name == backend_name) return &backend;
  }
  return nullptr;
}

ResultFile parse_result_file(std::string_view json_text, std::string_view file_name) {
  const JsonNode::Complain complain = [&](const std::string& complaint) {
    throw ResultFileError(std::string(file_name) + ": " + complaint);
  };
  if (json_text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    complain("empty; a result file of `whygpu run` is needed");
  }
  nlohmann::json document;
  try {
    document = nlohmann::json::parse(json_text);
  } catch (const nlohmann::json::parse_error& error) {
    complain(error.byte > json_text.size()
                 ? "truncated: the JSON ends after " + std::to_string(json_text.size()) +
                       " bytes; a whole file is needed"
                 : "not JSON at byte " + std::to_string(error.byte) + "; a result file of `whygpu run` is needed");
  }
  const JsonNode root(document, "", complain);
  return result_of(root, file_name);
}

ResultFile load_result_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path)) {
    const std::string why = file ? "it is a folder" : std::strerror(errno);
    throw ResultFileError(path.string() + ": cannot be read: " + why + "; a result file of `whygpu run` is needed");
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_result_file(text, path.string());
}

}  // namespace whygpu

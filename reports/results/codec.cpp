#include "reports/results/codec.h"

#include <algorithm>

#include "reports/results/fields.h"
#include "reports/results/network_records.h"

namespace whygpu {
namespace {

// The case without backend= and variant=, for files without the key "problem".
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

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<RoundRecord> round) {
  f.required("round", round.round, Range::positive);
  f.required("started", round.started);
  f.required("batch", round.batch, Range::positive);
  f.required("samples_ns", round.samples_ns, Range::positive);
  f.required("cpu_ns", round.cpu_ns, Range::not_negative);
  f.required("prepare_ns", round.prepare_ns, Range::not_negative);
  f.required("verify_ns", round.verify_ns, Range::not_negative);
  f.required("warmup_ns", round.warmup_ns, Range::not_negative);
  f.optional("steady", round.steady);
  f.optional("discarded", round.discarded, Range::not_negative);
  f.if_set("disturbance", round.disturbance);
  f.if_set("lost_meters", round.lost_meters);
  f.if_set("details", round.details);
  if constexpr (Fields::kReads) {
    if (round.samples_ns.empty()) f.node()["samples_ns"].fail("needs at least one sample");
  }
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<RankRecord> rank) {
  f.required("host", rank.host);
  f.required("device", rank.device);
  f.if_set("cpus", rank.cpus);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<CaseRecord> record) {
  f.required("case", record.text);
  f.optional("problem", record.problem);
  f.required("workload", record.workload);
  f.required("backend", record.backend);
  f.required("values", record.values);
  f.required("status", record.status);
  f.if_set("reason", record.reason);
  if (record.timed()) f.optional("settled", record.settled);
  f.if_set("implementation", record.implementation);
  f.required("flops", record.flops, Range::not_negative);
  f.required("bytes", record.bytes, Range::not_negative);
  f.if_set("set_bytes", record.set_bytes, Range::not_negative);
  f.if_set("ranks", record.ranks);
  f.required("rounds", record.rounds);
  if constexpr (Fields::kReads) {
    if (record.problem.empty()) record.problem = problem_of(record.text);
    if (record.timed() && record.rounds.empty()) {
      f.node()["rounds"].fail("a case with status " + std::string(name_of(record.status)) +
                              " needs at least one round");
    }
  }
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<DeviceRecord> device) {
  f.required("kind", device.kind);
  f.required("name", device.name);
  f.required("memory_bytes", device.memory_bytes);
  f.required("cache_bytes", device.cache_bytes);
  f.required("facts", device.facts);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<BackendRecord> backend) {
  f.required("name", backend.name);
  f.text_or_null("version", backend.version);
  f.if_set("reason", backend.reason);
  f.optional("facts", backend.facts);
  f.optional("device", backend.device);
  f.if_set("crashed", backend.crashed);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<FindingRecord> finding) {
  std::string severity = finding.serious ? "serious" : "note";
  f.required("severity", severity);
  if constexpr (Fields::kReads) finding.serious = severity == "serious";
  f.required("what", finding.what);
  f.required("do", finding.remedy);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<CeilingRecord> ceiling) {
  f.required("device", ceiling.device);
  f.required("kind", ceiling.kind);
  f.if_set("dtype", ceiling.dtype);
  f.if_set("level", ceiling.level);
  f.required("value", ceiling.value, Range::positive);
  f.required("unit", ceiling.unit);
  f.optional("how", ceiling.how);
  f.optional("visits", ceiling.visits, Range::positive);
  f.if_set("undisturbed", ceiling.undisturbed, Range::not_negative);
  f.if_set("sustained", ceiling.sustained, Range::positive);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<MeterRecord> meter) {
  f.required("source", meter.source);
  f.required("usable", meter.usable);
  f.if_set("name", meter.name);
  f.if_set("scope", meter.scope);
  f.if_set("how", meter.how);
  f.if_set("reason", meter.reason);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<CacheRecord> cache) {
  f.required("type", cache.type);
  f.required("level", cache.level);
  f.required("size", cache.bytes);
  f.required("num_sharing", cache.sharing);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<EnvironmentRecord> environment) {
  f.required("host", environment.host);
  f.required("kernel", environment.kernel);
  f.optional("os", environment.os);
  f.text_or_null("virtualization", environment.virtualization);
  f.inside("cpu", [&](Fields& cpu) {
    cpu.required("model", environment.cpu_model);
    cpu.optional("vendor", environment.cpu_vendor);
    cpu.text_or_null("microcode", environment.microcode);
    cpu.required("online", environment.cpus_online, Range::positive);
    cpu.required("usable", environment.cpus_usable, Range::positive);
    cpu.optional("quota", environment.cpu_quota);
    cpu.optional("isa", environment.isa);
    cpu.text_or_null("governor", environment.governor);
    cpu.optional("turbo", environment.turbo);
    cpu.optional("smt", environment.smt);
    cpu.optional("mhz", environment.mhz);
  });
  f.optional("memory_bytes", environment.memory_bytes);
  f.optional("caches", environment.caches);
  f.optional("variables", environment.variables);
  f.optional("load", environment.load);
  f.optional("steal_fraction", environment.steal_fraction);
  f.optional("build", environment.build);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<ContextRecord> context) {
  f.optional("date", context.date);
  f.optional("host_name", context.host_name);
  f.optional("executable", context.executable);
  f.optional("num_cpus", context.cpus);
  f.optional("mhz_per_cpu", context.mhz_per_cpu);
  f.optional("cpu_scaling_enabled", context.cpu_scaling_enabled);
  f.optional("caches", context.caches);
  f.optional("load_avg", context.load);
  f.optional("library_build_type", context.library_build_type);
  int schema = 1;
  f.optional("json_schema_version", schema);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<ImportRecord> imported) {
  f.required("format", imported.format);
  f.required("source", imported.source);
  f.required("date", imported.date);
  f.required("file", imported.file);
}

// Files written by other tools hold less than a journal needs.
template <class Fields>
void list_settings(Fields& f, typename Fields::template Ref<RunSettings> settings) {
  f.optional("command", settings.command);
  f.optional("sweep", settings.sweep);
  f.required("threads", settings.threads, Range::positive);
  f.if_set("launcher", settings.launcher);
  f.optional("device", settings.device);
  f.required("sample_seconds", settings.sample_seconds);
  f.required("budget_seconds", settings.budget_seconds);
  f.if_set("every_case", settings.every_case);
  f.optional("precision", settings.precision);
  f.optional("timeout_seconds", settings.timeout_seconds);
  f.optional("rounds", settings.rounds, Range::positive);
  f.optional("energy", settings.energy);
  f.if_set("audit", settings.audit);
  f.optional("seed", settings.seed);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<RunSettings> settings) {
  list_settings(f, settings);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<RunRecord> run) {
  list_settings(f, run);
  f.required("started", run.started);
  f.text_or_null("finished", run.finished);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<NetworkWorkRecord> work) {
  f.required("pass", work.pass);
  f.if_set("problem", work.problem);
  f.required("count", work.count, Range::positive);
  f.required("flops", work.flops, Range::not_negative);
  f.required("bytes", work.bytes, Range::not_negative);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<NetworkNodeRecord> node) {
  f.required("name", node.name);
  f.required("op", node.op);
  f.if_set("unknown", node.unknown);
  f.required("work", node.work);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<NetworkRecord> network) {
  f.required("name", network.name);
  f.required("batch", network.batch, Range::positive);
  f.required("training", network.training);
  f.required("nodes", network.nodes);
}

}  // namespace

std::string CaseRecord::value(const std::string& key) const {
  const auto found = values.find(key);
  return found == values.end() ? std::string() : found->second;
}

std::string BackendRecord::fact(const std::string& key) const {
  const auto found = facts.find(key);
  return found == facts.end() ? std::string() : found->second;
}

template <ResultRecord Record>
nlohmann::json encode(const Record& record) {
  FieldWriter fields;
  list_fields(fields, record);
  return fields.take();
}

template <ResultRecord Record>
void decode(const JsonNode& node, Record& record) {
  FieldReader fields(node);
  list_fields(fields, record);
}

template nlohmann::json encode(const RoundRecord&);
template nlohmann::json encode(const RankRecord&);
template nlohmann::json encode(const CaseRecord&);
template nlohmann::json encode(const DeviceRecord&);
template nlohmann::json encode(const BackendRecord&);
template nlohmann::json encode(const FindingRecord&);
template nlohmann::json encode(const CeilingRecord&);
template nlohmann::json encode(const MeterRecord&);
template nlohmann::json encode(const CacheRecord&);
template nlohmann::json encode(const EnvironmentRecord&);
template nlohmann::json encode(const ContextRecord&);
template nlohmann::json encode(const ImportRecord&);
template nlohmann::json encode(const RunSettings&);
template nlohmann::json encode(const RunRecord&);
template nlohmann::json encode(const NetworkWorkRecord&);
template nlohmann::json encode(const NetworkNodeRecord&);
template nlohmann::json encode(const NetworkRecord&);

template void decode(const JsonNode&, RoundRecord&);
template void decode(const JsonNode&, RankRecord&);
template void decode(const JsonNode&, CaseRecord&);
template void decode(const JsonNode&, DeviceRecord&);
template void decode(const JsonNode&, BackendRecord&);
template void decode(const JsonNode&, FindingRecord&);
template void decode(const JsonNode&, CeilingRecord&);
template void decode(const JsonNode&, MeterRecord&);
template void decode(const JsonNode&, CacheRecord&);
template void decode(const JsonNode&, EnvironmentRecord&);
template void decode(const JsonNode&, ContextRecord&);
template void decode(const JsonNode&, ImportRecord&);
template void decode(const JsonNode&, RunSettings&);
template void decode(const JsonNode&, RunRecord&);
template void decode(const JsonNode&, NetworkWorkRecord&);
template void decode(const JsonNode&, NetworkNodeRecord&);
template void decode(const JsonNode&, NetworkRecord&);

}  // namespace whygpu

#include "reports/views/projected.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <set>

#include "reports/render/text.h"

namespace whygpu {
namespace {

// A size of a case; 0 when the case has none, or none that is a number.
double size_in(const CaseRecord& record, const std::string& key) {
  const std::string text = record.value(key);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

projection::Gemm gemm_of(const CaseRecord& record) {
  const auto size = [&](const char* key) { return size_in(record, key); };
  return {size("m"),
          size("n"),
          size("k"),
          std::max(1.0, size("batch")),
          record.value("dtype"),
          record.value("trans") == "nt"};
}

projection::Convolution convolution_of(const CaseRecord& record) {
  const auto size = [&](const char* key) { return size_in(record, key); };
  projection::Convolution op{size("n"), size("c"), size("h"), size("w"), size("k"), size("r"), size("s")};
  op.stride_h = size("stride_h");
  op.stride_w = size("stride_w");
  op.pad_h = size("pad_h");
  op.pad_w = size("pad_w");
  op.dilation_h = size("dilation_h");
  op.dilation_w = size("dilation_w");
  op.groups = size("groups");
  op.pass = value_named<projection::Pass>(record.value("pass")).value_or(projection::Pass::forward);
  op.dtype = record.value("dtype");
  return op;
}

// Plain loops alone say nothing about what a CPU can do.
constexpr std::string_view kPlainLoops = "naive";

// The fastest CPU case of every problem that a library solved, by problem_key().
std::map<std::string, const CaseRecord*> fastest_on_cpu(const ResultFile& file) {
  std::map<std::string, const CaseRecord*> fastest;
  std::set<std::string> by_library;
  if (file.imported) return fastest;
  for (const auto& record : file.cases) {
    if (record.status != Status::ok || !file.ran_on_cpu(record)) continue;
    const std::string key = problem_key(record);
    if (record.backend != kPlainLoops) by_library.insert(key);
    auto& best = fastest[key];
    if (!best || time_ns(record)->value < time_ns(*best)->value) best = &record;
  }
  std::erase_if(fastest, [&](const auto& entry) { return !by_library.contains(entry.first); });
  return fastest;
}

Estimate estimate_of(const projection::Projection& projection) {
  return {projection.seconds, Interval{projection.low, projection.high}, false};
}

bool names(const CatalogueDevice& card, const std::string& reported) {
  return card.name == reported || std::find(card.match.begin(), card.match.end(), reported) != card.match.end();
}

std::optional<double> measured_seconds(const ResultFile& file, const CatalogueDevice& card, const std::string& key,
                                       Offload offload) {
  std::optional<double> best;
  for (const auto& record : file.cases) {
    const auto* backend = file.backend(record.backend);
    if (record.status != Status::ok || !backend || !backend->device || !names(card, backend->device->name)) continue;
    if (record.offload() != offload || problem_key(record) != key) continue;
    const double seconds = time_ns(record)->value / 1e9;
    best = std::min(best.value_or(seconds), seconds);
  }
  return best;
}

projection::Outcome outcome_of(const CaseRecord& record, const projection::Card& card, Offload offload) {
  const auto problem = projected_problem(record);
  if (!problem) return projection::NotProjected{"the model has no such operation"};
  return projection::project(*problem, card, {offload, 1});
}

}  // namespace

std::string time_text(double seconds) { return format_duration_ns(1e9 * seconds); }

std::string band_text(const projection::Projection& projection) {
  return fmt::format("[{} to {}]", time_text(projection.low), time_text(projection.high));
}

std::optional<projection::Problem> projected_problem(const CaseRecord& record) {
  if (record.is_cold()) return std::nullopt;
  if (record.workload == "gemm") return gemm_of(record);
  if (record.workload == kConvolution) return convolution_of(record);
  if (record.workload == kMemory) return projection::Traffic{record.bytes};
  return std::nullopt;
}

std::vector<ProjectedCase> project_cases(const ResultFile& file, const CatalogueDevice& device, Offload offload) {
  const projection::Card card = projection::card_of(device);
  const bool measured = was_measured(file, device);
  const auto fastest = fastest_on_cpu(file);
  std::vector<ProjectedCase> result;
  for (const auto& record : file.cases) {
    const std::string key = problem_key(record);
    const auto found = fastest.find(key);
    if (found == fastest.end() || found->second != &record || !projected_problem(record)) continue;
    result.push_back({&record, offload, outcome_of(record, card, offload),
                      measured ? measured_seconds(file, device, key, offload) : std::nullopt});
  }
  return result;
}

std::vector<CheckedProjection> check_projections(const ResultFile& file, const CatalogueDevice& device) {
  if (!was_measured(file, device)) return {};
  const projection::Card card = projection::card_of(device);
  std::map<std::pair<Offload, std::string>, std::size_t> positions;
  std::vector<CheckedProjection> result;
  for (const auto& record : file.cases) {
    const auto* backend = file.backend(record.backend);
    const auto offload = record.offload().value_or(Offload::kernel);
    if (record.status != Status::ok || offload == Offload::once) continue;
    if (!backend || !backend->device || !names(device, backend->device->name)) continue;
    const auto outcome = outcome_of(record, card, offload);
    const auto* projected = std::get_if<projection::Projection>(&outcome);
    if (projected == nullptr) continue;
    const CheckedProjection checked{&record, time_ns(record)->value / 1e9, *projected};
    const auto [place, is_new] = positions.try_emplace({offload, problem_key(record)}, result.size());
    if (is_new)
      result.push_back(checked);
    else if (checked.measured_seconds < result[place->second].measured_seconds)
      result[place->second] = checked;
  }
  return result;
}

std::vector<Contest> projected_contests(const ResultFile& file, const CatalogueDevice& device, Offload offload) {
  const projection::Card card = projection::card_of(device);
  const auto fastest = fastest_on_cpu(file);
  std::vector<Contest> result;
  for (const auto& family : families_of(file)) {
    Contest contest{family,         device.name, device.name, {std::string(name_of(offload)), offload},
                    Resource::time, {},          {},          {}};
    for (const auto& problem : family.problems) {
      const auto found = fastest.find(problem.key);
      if (found == fastest.end() || !projected_problem(*found->second)) continue;
      const auto outcome = outcome_of(*found->second, card, offload);
      if (const auto* none = std::get_if<projection::NotProjected>(&outcome)) {
        contest.gaps.push_back(fmt::format("at {}: {}", format_size(problem.size), none->reason));
        continue;
      }
      const Estimate cpu = time_ns(*found->second)->scaled(1e-9);
      contest.points.push_back({problem.size, problem.problem,
                                ratio(cpu, estimate_of(std::get<projection::Projection>(outcome))),
                                found->second->backend});
    }
    if (contest.points.empty()) continue;
    contest.crossover = find_crossover(contest.points);
    result.push_back(std::move(contest));
  }
  return result;
}

bool was_measured(const ResultFile& file, const CatalogueDevice& card) {
  return !file.imported && std::ranges::any_of(file.backends, [&](const BackendRecord& backend) {
    return backend.on_accelerator() && names(card, backend.device->name);
  });
}

std::span<const std::string_view> typical_cards() {
  static constexpr std::array<std::string_view, 3> cards = {"NVIDIA GeForce RTX 4060", "NVIDIA GeForce RTX 4090",
                                                            "NVIDIA H100 SXM"};
  return cards;
}

}  // namespace whygpu

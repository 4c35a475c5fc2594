#include "reports/claims/claim_measures.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>

#include "reports/render/text.h"
#include "reports/results/measures.h"
#include "reports/results/problems.h"
#include "reports/views/ceiling_place.h"

namespace whygpu {
namespace {

Measured none(std::string why) { return {std::nullopt, std::move(why)}; }

bool is_gpu(const ResultFile& file, const CaseRecord& record) {
  const auto* backend = file.backend(record.backend);
  return backend != nullptr && backend->on_accelerator();
}

bool ran_on(bool gpu, const ResultFile& file, const CaseRecord& record) {
  return is_gpu(file, record) == gpu && !file.ran_on_cpu_opencl(record);
}

const char* device_word(bool gpu) { return gpu ? "GPU" : "CPU"; }

using CaseRate = std::function<std::optional<Estimate>(const CaseRecord&)>;

// The greatest rate on GPUs or on the CPU, in units per second.
Measured greatest(const ResultFile& file, bool gpu, const CaseRate& rate, double unit, const std::string& unit_name,
                  const std::string& missing) {
  const CaseRecord* best = nullptr;
  double most = 0;
  for (const auto& record : file.cases) {
    const auto value = ran_on(gpu, file, record) ? rate(record) : std::nullopt;
    if (!value || value->value <= most) continue;
    best = &record;
    most = value->value;
  }
  if (!best) return none(fmt::format("no {} result {}", device_word(gpu), missing));
  if (const auto why = suspicion(file, *best); !why.empty()) {
    return none(fmt::format("the best {} result, {} at {}, is suspect: {}", device_word(gpu),
                            contender_name(file, *best), best->problem, why));
  }
  return {most * unit,
          fmt::format("{} {}: {} at {}", format_number(most), unit_name, contender_name(file, *best), best->problem)};
}

Measured fastest(const ResultFile& file, bool gpu) {
  return greatest(file, gpu, gflops, 1e9, "GFLOP/s", "counts FLOPs");
}
Measured most_efficient(const ResultFile& file, bool gpu) {
  return greatest(file, gpu, gflops_per_watt, 1e9, "GFLOP/s per watt", "has its energy measured");
}
Measured widest(const ResultFile& file, bool gpu) {
  // To measure memory rather than cache, the working set must be several times the cache size.
  const CaseRate rate = [&](const CaseRecord& record) -> std::optional<Estimate> {
    const auto* device = file.device_of(record);
    if (!device || record.flops > 0 || record.bytes < 4.0 * static_cast<double>(device->cache_bytes))
      return std::nullopt;
    return gigabytes_per_second(record);
  };
  return greatest(file, gpu, rate, 1e9, "GB/s", "moves four times its largest cache (workload memory)");
}

Measured quotient(const Measured& top, const Measured& bottom) {
  if (!top.value) return top;
  if (!bottom.value) return bottom;
  const double value = *top.value / *bottom.value;
  return {value, fmt::format("{}× ({}; against {})", format_number(value), top.evidence, bottom.evidence)};
}

Measured price_over_speed(const ResultFile& file, bool gpu, const DevicePrices& prices) {
  const auto speed = fastest(file, gpu);
  if (!speed.value) return speed;
  for (const auto& backend : file.backends) {
    if (!backend.device || backend.on_accelerator() != gpu || backend.on_cpu_opencl()) continue;
    const auto price = prices.find(backend.device->name);
    if (price == prices.end()) return none("the price of " + backend.device->name + " is unknown (--price)");
    return {price->second / *speed.value, fmt::format("${} for {}", format_number(price->second), speed.evidence)};
  }
  return none(fmt::format("no {} in this file", device_word(gpu)));
}

const DeviceRecord* first_gpu(const ResultFile& file) {
  for (const auto& backend : file.backends) {
    if (backend.on_accelerator()) return &*backend.device;
  }
  return nullptr;
}

Measured gpu_price(const ResultFile& file, const DevicePrices& prices) {
  const auto* gpu = first_gpu(file);
  if (gpu == nullptr) return none("no GPU in this file");
  const auto price = prices.find(gpu->name);
  if (price == prices.end()) return none("the price of " + gpu->name + " is unknown (--price)");
  return {price->second, fmt::format("{} at ${}", gpu->name, format_number(price->second))};
}

// The largest speed-up over the best CPU backend among the points for which `counts` is true.
Measured greatest_speedup(const ClaimFile& file, const std::string& what,
                          const std::function<bool(const Contest&, const Advantage&)>& counts) {
  Measured best = none("no " + what + " was measured both on a GPU and on the CPU");
  for (const auto& contest : file.contests()) {
    if (contest.resource != Resource::time) continue;
    for (const auto& point : contest.points) {
      if (!counts(contest, point) || (best.value && *best.value >= point.factor.value)) continue;
      best = {point.factor.value, fmt::format("{}× by {} over {} at {}", format_number(point.factor.value),
                                              contest.candidate, point.best_cpu, point.problem)};
    }
  }
  return best;
}

bool is_training(const Contest& contest, const Advantage&) { return contest.family.workload == kTrainingStep; }

// Convolutions, and training steps or inference of convolutional or recurrent networks.
bool is_convolutional_or_recurrent(const Contest& contest, const Advantage& point) {
  if (contest.family.workload == kConvolution) return true;
  for (const char* model : {"model=cnn", "model=resnet", "model=lstm"}) {
    if (point.problem.find(model) != std::string::npos) return true;
  }
  return false;
}

double parameters_of(const ResultFile& file, const std::string& problem) {
  for (const auto& record : file.cases) {
    if (record.problem != problem) continue;
    if (const auto parameters = detail(record, "parameters")) return parameters->value;
  }
  return 0;
}

Measured sizes_won_by_cpu(const ClaimFile& file) {
  std::map<std::string, bool> gpu_level_or_ahead;
  for (const auto& contest : file.contests()) {
    if (contest.resource != Resource::time || contest.data_path.offload == Offload::always) continue;
    for (const auto& point : contest.points) {
      auto& level = gpu_level_or_ahead[point.problem];
      level = level || point.factor.high() >= 1;
    }
  }
  if (gpu_level_or_ahead.empty()) return none("no problem was solved both by a GPU and by a CPU backend");
  const auto won =
      std::count_if(gpu_level_or_ahead.begin(), gpu_level_or_ahead.end(), [](const auto& p) { return !p.second; });
  return {static_cast<double>(won),
          fmt::format("{} of {} are faster on the CPU", won, count_of(gpu_level_or_ahead.size(), "problem"))};
}

Measured beyond_memory(const ResultFile& file) {
  std::size_t beyond = 0, gpu_cases = 0;
  std::string example;
  for (const auto& record : file.cases) {
    if (!is_gpu(file, record)) continue;
    ++gpu_cases;
    if (record.status == Status::ok || record.reason.find("memory") == std::string::npos) continue;
    if (++beyond == 1) example = record.problem + ": " + record.reason;
  }
  if (gpu_cases == 0) return none("no GPU case in this file");
  if (beyond == 0) return none(fmt::format("all of {} fit into the GPU's memory", count_of(gpu_cases, "case")));
  return {static_cast<double>(beyond), fmt::format("{}, such as {}", count_of(beyond, "case"), example)};
}

Measured inference_p99(const ResultFile& file) {
  Measured best = none("no GPU inference at batch 1 has its latencies measured");
  for (const auto& record : file.cases) {
    const auto p99 = detail(record, "latency_p99_ns");
    if (!p99 || !is_gpu(file, record) || record.workload != kInference || record.value("batch") != "1") continue;
    if (best.value && *best.value >= p99->value / 1e9) continue;  // the slowest model decides
    best = {p99->value / 1e9, fmt::format("{} for {}", format_duration_ns(p99->value), record.problem)};
  }
  return best;
}

Measured hours_of_rent(const ResultFile& file, const ClaimSettings& settings) {
  const auto price = gpu_price(file, settings.prices);
  if (!price.value) return price;
  const auto rate = settings.hourly.find(first_gpu(file)->name);
  if (rate == settings.hourly.end()) return none("no cloud rate was given (--hourly)");
  const double hours = *price.value / rate->second;
  return {hours, fmt::format("{} hours at ${} an hour for {}", format_number(hours), format_number(rate->second),
                             price.evidence)};
}

Measured convolution_ratio(const ClaimFile& file) {
  const auto special = greatest_speedup(file, "convolutional or recurrent work", is_convolutional_or_recurrent);
  const auto others = greatest_speedup(file, "other work", [](const Contest& contest, const Advantage& point) {
    return !is_convolutional_or_recurrent(contest, point);
  });
  return quotient(special, others);
}

using MeasureOf = Measured (*)(const ClaimFile&, const ClaimSettings&);

const std::map<std::string, MeasureOf>& table() {
  using File = const ClaimFile&;
  using Settings = const ClaimSettings&;
  static const std::map<std::string, MeasureOf> measures = {
      {"gpu_flops", [](File f, Settings) { return fastest(f, true); }},
      {"cpu_flops", [](File f, Settings) { return fastest(f, false); }},
      {"gpu_flops_per_watt", [](File f, Settings) { return most_efficient(f, true); }},
      {"efficiency_ratio",
       [](File f, Settings) { return quotient(most_efficient(f, true), most_efficient(f, false)); }},
      {"cpu_bandwidth", [](File f, Settings) { return widest(f, false); }},
      {"gpu_bandwidth", [](File f, Settings) { return widest(f, true); }},
      {"bandwidth_ratio", [](File f, Settings) { return quotient(widest(f, true), widest(f, false)); }},
      {"dollars_ratio",
       [](File f, Settings s) {
         return quotient(price_over_speed(f, true, s.prices), price_over_speed(f, false, s.prices));
       }},
      {"gpu_price", [](File f, Settings s) { return gpu_price(f, s.prices); }},
      {"training_speedup", [](File f, Settings) { return greatest_speedup(f, "training step", is_training); }},
      {"large_model_speedup",
       [](File f, Settings) {
         return greatest_speedup(f, "model of 50 million parameters",
                                 [&](const Contest& contest, const Advantage& point) {
                                   return is_training(contest, point) && parameters_of(f, point.problem) >= 50e6;
                                 });
       }},
      {"best_speedup",
       [](File f, Settings) {
         return greatest_speedup(f, "problem", [](const Contest&, const Advantage&) { return true; });
       }},
      {"convolution_and_recurrence_ratio", [](File f, Settings) { return convolution_ratio(f); }},
      {"sizes_won_by_cpu", [](File f, Settings) { return sizes_won_by_cpu(f); }},
      {"cases_beyond_gpu_memory", [](File f, Settings) { return beyond_memory(f); }},
      {"gpu_inference_p99_seconds", [](File f, Settings) { return inference_p99(f); }},
      {"hours_of_rent_to_price", [](File f, Settings s) { return hours_of_rent(f, s); }},
  };
  return measures;
}

}  // namespace

const std::vector<Contest>& ClaimFile::contests() const {
  if (!contests_) contests_ = whygpu::contests(file_, {});
  return *contests_;
}

Measured measure_for_claim(const std::string& name, const ClaimFile& file, const ClaimSettings& settings) {
  const auto found = table().find(name);
  if (found == table().end()) {
    throw std::invalid_argument("unknown measure " + name + "; available: " + join(measure_names(), ", "));
  }
  return found->second(file, settings);
}

std::vector<std::string> measure_names() {
  std::vector<std::string> names;
  for (const auto& [name, measure] : table()) names.push_back(name);
  return names;
}

}  // namespace whygpu

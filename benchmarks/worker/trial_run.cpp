#include "benchmarks/worker/trial_run.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <new>
#include <random>

#include "benchmarks/cases/nearest.h"
#include "benchmarks/machine/environment.h"
#include "benchmarks/worker/rank_energy.h"
#include "benchmarks/worker/ranks.h"

namespace whygpu {
namespace {

using Clock = std::chrono::steady_clock;

double nanoseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

}  // namespace

TrialRun::TrialRun(const Case& c, Backend& backend, const TrialSettings& settings)
    : case_(c), workload_(find_workload(c.workload)), backend_(backend), settings_(settings), started_(utc_now()) {}

void TrialRun::prepare() {
  try {
    verdict_ = make_ready();
  } catch (const std::bad_alloc&) {
    fail("out of memory");
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// Other ranks would wait for this one.
void TrialRun::fail(const std::string& reason) {
  if (world() != nullptr) leave_with_error(reason);
  verdict_ = {Status::failed, reason};
}

// The arguments must fit on the device, and once more on the host for inputs and the oracle, there those of every rank.
Verdict TrialRun::fits_in_memory() const {
  const double need = workload_.work(case_).memory_bytes;
  const auto device_free = static_cast<double>(backend_.device().free_memory_bytes());
  const auto host_free = static_cast<double>(available_host_memory());
  const bool shared = is_host_memory(backend_.device().kind());
  const int ranks = ranks_on_this_host();
  if (const double host_need = ranks * (shared ? 2 * need : need); host_need > host_free) {
    return {Status::unsupported,
            fmt::format("needs {:.4g} GB of host memory (operands and their check{}), {:.4g} GB are free",
                        host_need / 1e9, ranks == 1 ? "" : fmt::format(", of {} ranks", ranks), host_free / 1e9)};
  }
  if (need > device_free) {
    return {Status::unsupported,
            fmt::format("needs {:.4g} GB of device memory, {:.4g} GB are free", need / 1e9, device_free / 1e9)};
  }
  return {};
}

Verdict TrialRun::make_ready() {
  if (Verdict verdict = agreed(fits_in_memory()); verdict.status != Status::ok) return verdict;
  const Support support = workload_.supports(case_, backend_);
  const Verdict supported = support ? Verdict{} : Verdict{Status::unsupported, support.reason};
  if (Verdict verdict = agreed(supported); verdict.status != Status::ok) return verdict;

  const auto prepare_start = Clock::now();
  trial_ = workload_.prepare(case_, backend_);
  backend_.device().synchronize();
  const double prepare_ns = nanoseconds_since(prepare_start);

  trial_->load(settings_.seed);
  const auto verify_start = Clock::now();
  Verdict verdict = agreed(settings_.verified.empty() ? trial_->verify() : trial_->verify_again(settings_.verified));
  if (verdict.status != Status::ok) return verdict;
  const double verify_ns = nanoseconds_since(verify_start);

  const SampleMode mode = sample_mode(case_);
  if (mode.offload != Offload::kernel && trial_->host_arguments().empty()) {
    return {Status::unsupported, fmt::format("{} has no operands to upload", case_.workload)};
  }
  const std::uint32_t drawn = std::random_device{}();
  measurement_.emplace(*trial_, backend_.device(), mode, settings_.sample_seconds, settings_.audit,
                       world() == nullptr ? drawn : static_cast<std::uint32_t>(world()->gather(drawn).front()));
  measurement_->round().prepare_ns = prepare_ns;
  measurement_->round().verify_ns = verify_ns;
  measurement_->warm_up();
  return {};
}

void TrialRun::measure(benchmark::State& state) {
  if (verdict_.status != Status::ok) {
    state.SkipWithError(fmt::format("{}: {}", name_of(verdict_.status), verdict_.reason).c_str());
    return;
  }
  try {
    while (state.KeepRunningBatch(measurement_->batch())) state.SetIterationTime(measurement_->sample());
  } catch (const std::exception& error) {
    fail(error.what());
    state.SkipWithError(error.what());
    return;
  }
  const Work work = workload_.work(case_);
  const auto operations = static_cast<double>(state.iterations());
  if (work.flops > 0) {
    state.SetItemsProcessed(static_cast<std::int64_t>(work.flops * operations));
  } else {
    state.SetBytesProcessed(static_cast<std::int64_t>(work.bytes * operations));
  }
  state.SetLabel(trial_->implementation());
}

void TrialRun::measure_energy(const RunMeters& run) {
  if (verdict_.status != Status::ok || !measurement_) return;
  lost_meters_ = run.missing;
  if (!run.measured) return;
  try {
    const EnergyResult result =
        of_all_ranks(whygpu::measure_energy(run.meters, {}, common_clock(), [&] { return measurement_->run_batch(); }));
    energy_ = result.details();
    for (const auto& meter : result.meters) {
      if (!meter.lost.empty()) lost_meters_ += (lost_meters_.empty() ? "" : "; ") + meter.name + ": " + meter.lost;
    }
  } catch (const std::exception& error) {
    fail(std::string("during the energy pass: ") + error.what());
  }
}

EndRecord TrialRun::end_record() {
  if (verdict_.status == Status::ok) finish();
  const Work work = workload_.work(case_);
  EndRecord record{case_.text(), verdict_.status, verdict_.reason, {}, work.flops, work.bytes, 0, {}, std::nullopt};
  if (trial_) {
    record.implementation = implementation();
    record.set_bytes = static_cast<double>(trial_->set_bytes());
  }
  if (verdict_.status == Status::ok) {
    RoundRecord& round = record.round.emplace(measurement_->round());
    round.started = started_;
    for (double& sample : round.samples_ns) sample = std::round(sample * 1000) / 1000;
    round.details.insert(energy_.begin(), energy_.end());
    round.lost_meters = lost_meters_;
    record.ranks = describe_ranks(backend_.device());
  }
  return record;
}

void TrialRun::finish() {
  try {
    measurement_->finish();
    if (verdict_ = measurement_->verdict(); verdict_.status != Status::ok) return;
    for (auto& detail : trial_->details()) measurement_->round().details.insert(std::move(detail));
  } catch (const std::exception& error) {
    fail(error.what());
  }
}

// With offloading, the implementation alone does not tell what was timed.
std::string TrialRun::implementation() const {
  const bool travels = backend_.device().kind() != DeviceKind::cpu || case_["offload"] != "kernel";
  if (!travels || !measurement_) return trial_->implementation();
  return fmt::format("{}; {}", trial_->implementation(), measurement_->describe());
}

}  // namespace whygpu

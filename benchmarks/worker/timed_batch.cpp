#include "benchmarks/worker/timed_batch.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <stdexcept>

#include "benchmarks/worker/ranks.h"

namespace whygpu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostSets = 4096;
constexpr std::int64_t kRecordedOperations = 64;

// A device's queue is finite, and the host waits at a full one: what is queued behind a held start must fit. CUDA's
// takes about 1000 launches.
constexpr std::int64_t kHeldLaunches = 512;

constexpr double kSustainedLoad = 2;  // a GPU's clock follows its power limit within a second

// Assumed of an operation that cannot be captured, and so not counted.
constexpr std::int64_t kUnknownLaunches = 32;

std::int64_t nodes_of(const Graph& graph) {
  return std::max<std::int64_t>(static_cast<std::int64_t>(graph.nodes()), 1);
}

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

}  // namespace

double process_cpu_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

SampleMode sample_mode(const Case& c) {
  SampleMode mode;
  mode.cold = c["mode"] == "cold";
  mode.offload = value_named<Offload>(c["offload"]).value_or(Offload::kernel);
  if (c["regime"] == "sustained") mode.load_seconds = kSustainedLoad;
  if (mode.offload == Offload::once) mode.reuse = c.number("reuse");
  return mode;
}

TimedBatch::TimedBatch(Trial& trial, Device& device, const SampleMode& mode)
    : trial_(trial),
      device_(device),
      mode_(mode),
      stopwatch_(device.make_stopwatch()),
      unit_(mode.reuse),
      launches_(kUnknownLaunches) {
  if (mode_.cold) rotate_cold_sets();
  if (mode_.offload != Offload::kernel) copies_.emplace(device, trial.host_arguments());
  if (device.kind() != DeviceKind::cpu && !timed_on_host()) run_unheld();
}

bool TimedBatch::timed_on_host() const { return copies_ || trial_.timed_by_host(); }

// Loading a kernel waits until the device is idle, which a held one never is: every set runs before the first hold.
void TimedBatch::run_unheld() {
  for (std::size_t set = 0; set < sets_; ++set) trial_.enqueue(set);
  device_.synchronize();
  if (const auto graph = capture(1)) launches_ = nodes_of(*graph);
  launches_ = static_cast<std::int64_t>(greatest(static_cast<double>(launches_)));
}

// Null if the device or the library does not support it.
std::unique_ptr<Graph> TimedBatch::capture(std::int64_t operations) {
  try {
    return device_.capture([&] {
      for (std::int64_t i = 0; i < operations; ++i) trial_.enqueue(static_cast<std::size_t>(i) % sets_);
    });
  } catch (const std::exception&) {
    return nullptr;
  }
}

void TimedBatch::rotate_cold_sets() {
  const double set = static_cast<double>(std::max<std::size_t>(trial_.set_bytes(), 1));
  const double wanted = std::ceil(2 * static_cast<double>(device_.cache_bytes()) / set) + 1;
  const double affordable = std::floor(0.25 * static_cast<double>(device_.free_memory_bytes()) / set);
  const double most = static_cast<double>(kMostSets);
  sets_ = static_cast<std::size_t>(least(std::clamp(std::min(wanted, affordable), 1.0, most)));
  trial_.allocate_sets(sets_);
}

std::int64_t TimedBatch::most() const {
  if (!mode_.cold) return std::int64_t{1} << 40;
  return graph_ ? unit_ : static_cast<std::int64_t>(sets_);  // another replay would find its operands in the cache
}

void TimedBatch::enqueue(std::int64_t operations) {
  const std::int64_t calls = graph_ ? operations / unit_ : operations;
  const std::int64_t held_calls = kHeldLaunches / launches_;
  for (std::int64_t i = 0; i < calls; ++i) {
    if (i == held_calls) device_.release();
    if (graph_) {
      graph_->enqueue();
    } else {
      trial_.enqueue(next_set_);
      if (++next_set_ == sets_) next_set_ = 0;
    }
  }
}

double TimedBatch::time(std::int64_t operations) {
  if (mode_.cold) device_.flush_cache();
  if (world() == nullptr) return time_alone(operations);
  device_.synchronize();
  world()->barrier();
  rank_seconds_ = world()->gather(time_alone(operations));
  return std::ranges::max(rank_seconds_);
}

double TimedBatch::time_alone(std::int64_t operations) {
  const long faults = page_faults();
  const double cpu = process_cpu_seconds();
  const double seconds = timed_on_host() ? time_on_host(operations) : time_on_device(operations);
  host_use_ = {process_cpu_seconds() - cpu, page_faults() - faults};
  return seconds;
}

double TimedBatch::time_on_device(std::int64_t operations) {
  device_.hold();
  stopwatch_->start();
  enqueue(operations);
  stopwatch_->stop();
  device_.release();
  const double seconds = stopwatch_->seconds();
  if (!(seconds > 0)) throw std::runtime_error(fmt::format("the device's stopwatch measured {} s", seconds));
  return seconds;
}

// Copies end on the host, so its clock covers all of them, with the launch cost that a caller sees.
double TimedBatch::time_on_host(std::int64_t operations) {
  device_.synchronize();
  const auto start = Clock::now();
  if (copies_) {
    for (std::int64_t done = 0; done < operations; done += unit_) {
      copies_->upload();
      enqueue(unit_);
      copies_->download();
      device_.synchronize();
    }
  } else {
    enqueue(operations);
    device_.synchronize();
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double TimedBatch::time_synchronised() {
  device_.synchronize();
  if (world() != nullptr) world()->barrier();
  const auto start = Clock::now();
  trial_.enqueue(0);
  device_.synchronize();
  return greatest(std::chrono::duration<double>(Clock::now() - start).count());
}

void TimedBatch::record(std::int64_t operations) {
  if (timed_on_host()) return;
  const std::int64_t held = std::max<std::int64_t>(kHeldLaunches / launches_, 1);
  const std::int64_t recorded = std::min({operations, held, mode_.cold ? most() : kRecordedOperations});
  graph_ = capture(recorded);  // otherwise operations are launched one at a time, on all ranks
  if (least(graph_ ? 1 : 0) == 0) graph_.reset();
  if (!graph_) return;
  unit_ = recorded;
  launches_ = nodes_of(*graph_);
  graph_->enqueue();  // not held, like every first run
  device_.synchronize();
}

std::size_t TimedBatch::last_set(std::int64_t operations) const {
  const auto last = static_cast<std::size_t>(graph_ ? unit_ - 1 : operations - 1);
  return (graph_ ? last : next_set_ + last) % sets_;
}

void TimedBatch::renew(std::int64_t operations, std::uint64_t seed) {
  trial_.renew(last_set(operations), seed);
  if (copies_) copies_.emplace(device_, trial_.host_arguments());
}

Details TimedBatch::readings(std::int64_t operations) {
  if (least(device_.readings().empty() ? 0 : 1) == 0) return {};
  enqueue(operations);
  auto readings = device_.readings();
  device_.synchronize();
  return readings;
}

std::string TimedBatch::describe() const {
  if (mode_.offload == Offload::kernel) {
    return graph_ ? fmt::format("kernel time, {} operations a graph", unit_) : "kernel time";
  }
  return fmt::format("operands uploaded and result fetched {}, {}",
                     unit_ == 1 ? "each time" : fmt::format("around {} operations", unit_), copies_->describe());
}

}  // namespace whygpu

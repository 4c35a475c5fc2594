#include "backends/devices/tuning.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

#include "backends/dtypes.h"

namespace whygpu {
namespace {

constexpr double kTurnSeconds = 2e-3;
constexpr int kTurns = 3;
constexpr std::size_t kPatternElements = std::size_t{1} << 18;

struct Candidate {
  std::size_t index;
  double seconds;  // per run, in the best turn
  int runs;        // per turn
};

}  // namespace

std::size_t fastest(Device& device, std::size_t candidates, bool cold,
                    const std::function<void(std::size_t, std::size_t)>& enqueue) {
  const auto stopwatch = device.make_stopwatch();
  std::size_t run = 0;
  const auto turn = [&](std::size_t candidate, int runs) {
    if (cold) device.flush_cache();
    device.hold();
    stopwatch->start();
    for (int i = 0; i < runs; ++i) enqueue(candidate, run++);
    stopwatch->stop();
    device.release();
    return stopwatch->seconds() / runs;
  };

  std::vector<Candidate> working;
  std::exception_ptr first_failure;
  for (std::size_t i = 0; i < candidates; ++i) {
    try {
      // Loading a kernel waits until the device is idle, which a held one never is: the first run is not held.
      enqueue(i, run++);
      device.synchronize();
      const double seconds = turn(i, 1);
      const int runs = static_cast<int>(std::clamp(kTurnSeconds / std::max(seconds, 1e-9), 1.0, double{kMaxTunedRuns}));
      working.push_back({i, std::numeric_limits<double>::infinity(), runs});
    } catch (const std::exception&) {
      if (first_failure == nullptr) first_failure = std::current_exception();
      device.release();
    }
  }
  if (working.empty()) std::rethrow_exception(first_failure);
  for (int i = 0; i < kTurns; ++i) {
    for (auto& candidate : working)
      candidate.seconds = std::min(candidate.seconds, turn(candidate.index, candidate.runs));
  }
  return std::ranges::min_element(working, {}, &Candidate::seconds)->index;
}

std::vector<std::byte> tuning_pattern(DType dtype) {
  std::vector<std::byte> bytes(kPatternElements * dtype_bytes(dtype));
  with_storage_type(dtype, [&]<class T>(T) {
    std::mt19937 random(1);
    std::uniform_real_distribution<float> uniform(-1.0F, 1.0F);
    auto* values = reinterpret_cast<T*>(bytes.data());
    const float scale = std::is_integral_v<T> ? 127.0F : 1.0F;
    for (std::size_t i = 0; i < kPatternElements; ++i) values[i] = static_cast<T>(scale * uniform(random));
  });
  return bytes;
}

std::size_t tuning_sets(const Device& device, std::size_t bytes, bool cold) {
  const std::size_t set = bytes + 1;
  const std::size_t wanted = cold ? std::clamp<std::size_t>(2 * device.cache_bytes() / set + 1, 2, kMaxTunedRuns) : 1;
  const std::size_t fitting = device.free_memory_bytes() * 3 / 4 / set;
  return std::clamp<std::size_t>(fitting, 1, wanted);
}

std::string describe_choice(std::string_view whose, std::size_t candidates, std::size_t chosen, bool cold) {
  return "fastest of " + std::string(whose) + " first " + std::to_string(candidates) + " with a " +
         (cold ? "cold" : "hot") + " cache, number " + std::to_string(chosen + 1);
}

}  // namespace whygpu

#include "backends/simd/streaming.h"

#include <chrono>
#include <limits>
#include <map>
#include <mutex>
#include <string>
#include <utility>

#include "backends/simd/panels.h"
#include "backends/simd/tuning_file.h"

namespace whygpu::simd {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kBytes = std::int64_t{32} << 20, kRowBytes = 32768;  // of B
constexpr int kRuns = 2, kFewRows = 4;

constexpr Streaming kCandidates[] = {
    {8, false, true}, {16, false, true}, {32, false, true}, {128, false, true}, {32, true, true}};

// B is `steps` rows of `columns` values; A is zero, so that any B will do.
double seconds_of(const Kernels& kernels, int rows, Streaming streaming, const Buffer& b, std::int64_t steps,
                  std::int64_t columns, const Buffer& a, const Buffer& c) {
  const std::int64_t width = std::int64_t{kernels.wide_vectors[rows - 1]} * kernels.lanes;
  Tile tile{.steps = streaming.steps,
            .a = a.data(),
            .a_row = kernels.value_bytes,
            .a_step = 0,
            .b_step = columns * kernels.value_bytes,
            .c_row = columns * kernels.sum_bytes,
            .accumulate = true,
            .next = a.data()};
  const auto start = Clock::now();
  for (std::int64_t first = 0; first < steps; first += streaming.steps) {
    for (std::int64_t j = 0; j + width <= columns; j += width) {
      tile.b = b.data() + first * tile.b_step + j * kernels.value_bytes;
      tile.c = c.data() + j * kernels.sum_bytes;
      kernels.wide[rows - 1][streaming.fetched ? 1 : 0](tile);
    }
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

Streaming measure(const Kernels& kernels, int rows) {
  const std::int64_t columns = kRowBytes / kernels.value_bytes, steps = kBytes / kRowBytes;
  const Buffer a(rows * kernels.value_bytes), b(kBytes), c(rows * columns * kernels.sum_bytes);
  Streaming best;
  double least = std::numeric_limits<double>::infinity();
  for (int run = 0; run < kRuns; ++run) {
    for (const Streaming& candidate : kCandidates) {
      const double seconds = seconds_of(kernels, rows, candidate, b, steps, columns, a, c);
      if (seconds >= least) continue;
      least = seconds;
      best = candidate;
    }
  }
  return best;
}

// "32 fetched"
std::string as_text(const Streaming& streaming) {
  return std::to_string(streaming.steps) + (streaming.fetched ? " fetched" : "");
}

// Measured if this machine's file does not say it.
Streaming kept_or_measured(const Kernels& kernels, int rows) {
  const std::string choice = "rows of B side by side, " + std::string(dtype_name(kernels.dtype)) + " " +
                             std::string(kernels.isa) + ", " + std::to_string(rows) + " rows of A";
  const auto kept = tuning_file().find(choice);
  for (const Streaming& candidate : kCandidates) {
    if (kept == as_text(candidate)) return candidate;
  }
  const Streaming fastest = measure(kernels, rows);
  tuning_file().keep(choice, as_text(fastest));
  return fastest;
}

}  // namespace

Streaming fastest_streaming(const Kernels& kernels, int rows) {
  if (rows > kFewRows) return {32, true};
  static std::mutex mutex;
  static std::map<std::pair<const Kernels*, int>, Streaming> known;
  const std::lock_guard lock(mutex);
  const auto [found, is_new] = known.try_emplace({&kernels, rows});
  if (is_new) found->second = kept_or_measured(kernels, rows);
  return found->second;
}

}  // namespace whygpu::simd

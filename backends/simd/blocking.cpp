#include "backends/simd/blocking.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "backends/devices/ceil_div.h"

namespace whygpu::simd {
namespace {

std::int64_t round_up(std::int64_t value, std::int64_t unit) { return ceil_div(value, unit) * unit; }

// Blocks of about equal size, at most `most` and multiples of `unit`.
std::int64_t even_part(std::int64_t extent, std::int64_t most, std::int64_t unit) {
  const std::int64_t blocks = ceil_div(extent, std::max(most / unit * unit, unit));
  return round_up(ceil_div(extent, blocks), unit);
}

// What the C library knows (on x86-64, from the processor itself), then what Linux says about the first CPU.
Caches read_caches() {
  Caches found;
  const long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE), l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
  const long l3 = sysconf(_SC_LEVEL3_CACHE_SIZE);
  if (l1 > 0) found.l1 = l1;
  if (l2 > 0) found.l2 = l2;
  if (l3 > 0) found.l3 = l3;
  if (l1 > 0 && l2 > 0) return found;
  for (int index = 0; index < 8; ++index) {
    const std::string folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    std::string type;
    int level = 0;
    std::size_t kib = 0;  // "48K"
    std::ifstream(folder + "/type") >> type;
    std::ifstream(folder + "/level") >> level;
    std::ifstream(folder + "/size") >> kib;
    if (type == "Instruction" || kib == 0) continue;
    if (level == 1) found.l1 = kib << 10;
    if (level == 2) found.l2 = kib << 10;
    if (level == 3) found.l3 = kib << 10;
  }
  return found;
}

}  // namespace

const Caches& caches() {
  static const Caches found = read_caches();
  return found;
}

Blocking choose_blocking(const Kernels& kernels, const Caches& caches, std::int64_t m, std::int64_t n, std::int64_t k,
                         int threads) {
  constexpr std::int64_t kBlocksPerThread = 4, kMostOfL3 = std::int64_t{8} << 20;
  const std::int64_t word = kernels.word_bytes, group = kernels.group, panel = kernels.panel_columns();
  Blocking blocking;
  // Two thirds of L1 for the panel of B; A and C pass through the rest.
  const std::int64_t steps = static_cast<std::int64_t>(caches.l1) * 2 / 3 / (panel * word);
  blocking.k = even_part(k, steps * group, group);
  const std::int64_t row_bytes = ceil_div(blocking.k, group) * word;
  // Half of L2 for A, and a quarter of L3 for B, of which a virtual machine may be shown more than it has.
  const std::int64_t fitting = static_cast<std::int64_t>(caches.l2) / 2 / row_bytes;
  const std::int64_t wanted = ceil_div(m, kBlocksPerThread * threads);
  const std::int64_t least = 4 * kernels.rows;  // fewer tiles do not pay for reading a panel of B into L1
  blocking.rows = even_part(m, std::min(fitting, std::max(wanted, least)), kernels.rows);
  blocking.columns = even_part(n, std::min<std::int64_t>(caches.l3 / 4, kMostOfL3) / row_bytes, panel);
  return blocking;
}

}  // namespace whygpu::simd

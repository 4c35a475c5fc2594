#include "backends/simd/blocking.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include "backends/devices/ceil_div.h"
#include "backends/devices/isa.h"

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
  const long l3 = sysconf(_SC_LEVEL3_CACHE_SIZE), ways = sysconf(_SC_LEVEL2_CACHE_ASSOC);
  if (l1 > 0) found.l1 = l1;
  if (l2 > 0) found.l2 = l2;
  if (l3 > 0) found.l3 = l3;
  if (ways > 0) found.l2_ways = static_cast<int>(ways);
  if (tlb_pages() > 0) found.small_pages = std::size_t{4096} * tlb_pages();
  found.huge_pages = !system_huge_pages().starts_with("never");
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
    if (level == 2) std::ifstream(folder + "/ways_of_associativity") >> found.l2_ways;
    if (level == 3) found.l3 = kib << 10;
  }
  return found;
}

}  // namespace

std::string system_huge_pages() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t begin = text.find('['), end = text.find(']');
  return end == std::string::npos ? "unknown" : text.substr(begin + 1, end - begin - 1);
}

const Caches& caches() {
  static const Caches found = read_caches();
  return found;
}

Blocking choose_blocking(const Kernels& kernels, const Caches& caches, std::int64_t m, std::int64_t n, std::int64_t k,
                         int threads) {
  constexpr std::int64_t kTiles = 8, kMostRows = 96, kBlocksPerThread = 4, kMostOfL3 = std::int64_t{8} << 20;
  const std::int64_t word = kernels.word_bytes, group = kernels.group, panel = kernels.panel_columns();
  const auto l2 = static_cast<std::int64_t>(caches.l2), l3 = static_cast<std::int64_t>(caches.l3);
  const std::int64_t ways_of_a = std::max(caches.l2_ways * 3 / 8, 1),
                     of_a = l2 / std::max(caches.l2_ways, 1) * ways_of_a;
  const std::int64_t translated = caches.huge_pages ? kMostOfL3 : static_cast<std::int64_t>(caches.small_pages) / 2;
  const std::int64_t least_rows = std::min(kTiles, kMostRows / kernels.rows) * kernels.rows;
  const std::int64_t steps = of_a / (least_rows * word);
  Blocking blocking;
  blocking.k = even_part(k, steps * group, kernels.step_words * group);
  const std::int64_t row_bytes = ceil_div(blocking.k, group) * word;
  const std::int64_t fitting = of_a / row_bytes, wanted = ceil_div(m, kBlocksPerThread * threads);
  const std::int64_t most = std::min(fitting, std::max(round_up(wanted, kernels.rows), least_rows));
  const std::int64_t blocks = ceil_div(m, std::max<std::int64_t>(most / kernels.rows, 1) * kernels.rows);
  blocking.rows = round_up(ceil_div(m, blocks > 1 ? round_up(blocks, threads) : 1), kernels.rows);
  // A virtual machine may be shown more of L3 than it has.
  blocking.columns = even_part(n, std::min({l3 / 4, kMostOfL3, translated}) / row_bytes, panel);
  return blocking;
}

Blocking choose_streamed_blocking(const Kernels& kernels, const Caches& caches, std::int64_t n, std::int64_t k,
                                  int threads) {
  constexpr std::int64_t kPanels = 16;
  const std::int64_t panel = kernels.panel_columns();
  Blocking blocking;
  blocking.columns = even_part(n, std::max(std::min(kPanels * panel, n / threads), panel), panel);
  const std::int64_t steps = static_cast<std::int64_t>(caches.l2) / 2 / (blocking.columns * kernels.word_bytes);
  blocking.k =
      even_part(k, std::max<std::int64_t>(steps, 1) * kernels.group, std::int64_t{kernels.step_words} * kernels.group);
  return blocking;
}

}  // namespace whygpu::simd

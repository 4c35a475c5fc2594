#include "benchmarks/networks/memory_plan.h"

#include <algorithm>

namespace whygpu::networks {
namespace {

constexpr std::size_t kAlignment = 256;  // of CUDA's allocations; at least a cache line on all machines

std::size_t padded(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// A value that is not part of another, from the first node that uses it or a part of it to the last.
struct Life {
  Value value = kNone;
  int first = -1, last = -1;
};

struct Taken {
  std::size_t begin = 0, end = 0;
  int last = 0;  // the node after which its memory can be reused
};

// The first gap of `size` bytes between the allocated ranges, which are sorted by offset.
std::size_t first_gap(const std::vector<Taken>& taken, std::size_t from, std::size_t size) {
  for (const Taken& block : taken) {
    if (block.begin >= from + size) break;
    from = std::max(from, block.end);
  }
  return from;
}

}  // namespace

MemoryPlan plan_memory(const ComputeGraph& graph) {
  std::vector<Life> lives(graph.values.size());
  for (std::size_t node = 0; node < graph.nodes.size(); ++node) {
    for (const Value value : graph.nodes[node].arguments) {
      const Value root = place(graph, value).root;
      Life& life = lives[static_cast<std::size_t>(root)];
      if (life.first < 0) life = {root, static_cast<int>(node), 0};
      life.last = static_cast<int>(node);
    }
  }

  MemoryPlan plan;
  plan.offset.resize(graph.values.size());
  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const ValueInfo& info = graph.values[i];
    if (info.whole != kNone || !info.lasting) continue;
    plan.offset[i] = plan.bytes;
    plan.bytes += padded(info.spec.bytes());
  }
  const std::size_t lasting = plan.bytes;

  std::erase_if(lives, [&](const Life& life) {
    return life.value == kNone || graph.values[static_cast<std::size_t>(life.value)].lasting;
  });
  std::ranges::stable_sort(lives, {}, &Life::first);
  std::vector<Taken> taken;
  for (const Life& life : lives) {
    std::erase_if(taken, [&](const Taken& block) { return block.last < life.first; });
    const std::size_t size = padded(graph.spec(life.value).bytes());
    const std::size_t begin = first_gap(taken, lasting, size);
    plan.offset[static_cast<std::size_t>(life.value)] = begin;
    plan.bytes = std::max(plan.bytes, begin + size);
    const auto after = std::ranges::find_if(taken, [&](const Taken& block) { return block.begin > begin; });
    taken.insert(after, {begin, begin + size, life.last});
  }

  for (std::size_t i = 0; i < graph.values.size(); ++i) {
    const Place where = place(graph, static_cast<Value>(i));
    if (where.root == static_cast<Value>(i)) continue;
    plan.offset[i] = plan.offset[static_cast<std::size_t>(where.root)] +
                     static_cast<std::size_t>(where.offset) * dtype_bytes(graph.values[i].spec.dtype);
  }
  return plan;
}

}  // namespace whygpu::networks

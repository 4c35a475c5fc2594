#include "backends/cuda/kernels/hopper_instructions.h"

#include <algorithm>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace whygpu::cuda {
namespace {

struct Phase {
  unsigned arrivals = 0;   // expected per phase
  unsigned pending = 0;    // still expected in this phase
  std::int64_t bytes = 0;  // announced but not landed; negative if they landed first
  unsigned parity = 0;
  simt::WaitList waiting;
};

// Groups of asynchronous work; a wait leaves a limited number of them pending.
struct Queue {
  std::vector<std::function<void()>> work;
  std::vector<std::size_t> groups;
  std::size_t open = 0;

  void add(std::function<void()> item) {
    if (simt::schedule() == simt::Schedule::forward_eager) {
      item();
    } else {
      work.push_back(std::move(item));
      ++open;
    }
  }
  void commit() {
    groups.push_back(open);
    open = 0;
  }
  void wait(int groups_left) {
    while (static_cast<int>(groups.size()) > groups_left) {
      const auto end = work.begin() + static_cast<std::ptrdiff_t>(groups.front());
      std::for_each(work.begin(), end, [](auto& item) { item(); });
      work.erase(work.begin(), end);
      groups.erase(groups.begin());
    }
  }
};

// A block's asynchronous work.
struct BlockState {
  std::map<unsigned, Queue> stores;         // by thread
  std::map<unsigned, Queue> multiply_adds;  // by warpgroup
};

BlockState& block_state() {
  auto& extension = simt::block_extension();
  if (!extension) extension = std::make_shared<BlockState>();
  return *static_cast<BlockState*>(extension.get());
}

// Barriers are identified by their address; the word stored there on a GPU is unused.
Phase& phase_of(Barrier* barrier) {
  static std::map<Barrier*, Phase> phases;
  return phases[barrier];
}

void end_phase_if_complete(Phase& phase) {
  if (phase.pending != 0 || phase.bytes != 0) return;
  phase.pending = phase.arrivals;
  phase.parity ^= 1;
  simt::wake_all(phase.waiting);
}

void arrive(Phase& phase) {
  if (phase.pending == 0) throw std::runtime_error("simt: more arrivals at a barrier than it expects");
  --phase.pending;
  end_phase_if_complete(phase);
}

// 16-byte chunks are permuted within 128 bytes, by the number of the 128-byte line within 1024.
std::uintptr_t swizzled(std::uintptr_t address) { return address ^ ((address >> 7 & 7) << 4); }

std::byte* swizzled(std::byte* address) {
  return reinterpret_cast<std::byte*>(swizzled(reinterpret_cast<std::uintptr_t>(address)));
}

// Calls f(element in global memory, or null if outside; element in shared memory) for each element of a box.
template <class F>
void for_each_element(const TensorMap& map, std::byte* shared, int x, int y, int z, F f) {
  for (int line = 0; line < map.box_lines; ++line) {
    for (int i = 0; i < 128 / map.element_bytes; ++i) {
      const bool inside = x + i < map.length && y + line < map.lines && z < map.entries;
      f(inside
            ? static_cast<std::byte*>(map.data) + z * map.entry + (y + line) * map.pitch + (x + i) * map.element_bytes
            : nullptr,
        swizzled(shared + line * 128 + i * map.element_bytes));
    }
  }
}

void land(Barrier* barrier, int bytes) {
  Phase& phase = phase_of(barrier);
  phase.bytes -= bytes;
  end_phase_if_complete(phase);
}

void load_box(std::byte* shared, const TensorMap& map, int x, int y, int z, Barrier* barrier) {
  const auto bytes = static_cast<std::size_t>(map.element_bytes);
  for_each_element(map, shared, x, y, z, [&](const std::byte* element, std::byte* place) {
    if (element != nullptr) {
      std::memcpy(place, element, bytes);
    } else {
      std::memset(place, 0, bytes);
    }
  });
  land(barrier, map.box_lines * 128);
}

// Consecutive pixels of the box, which the tap's offsets move: along x, then the next line, then the next image.
void load_pixels(std::byte* shared, const TensorMap& map, int c, int x, int y, int n, int tap_x, int tap_y,
                 Barrier* barrier) {
  const ImageMap& image = map.image;
  const int tap[] = {tap_x, tap_y};
  int first[2], last[2], at[] = {x + tap_x, y + tap_y};
  for (int axis = 0; axis < 2; ++axis) {
    first[axis] = image.lower[axis] + tap[axis];
    last[axis] = image.extents[axis] - 1 + image.upper[axis] + tap[axis];
    if (at[axis] < first[axis] || at[axis] > last[axis]) {
      throw std::runtime_error("simt: an im2col load starts outside its box");
    }
  }
  const int values = 128 / map.element_bytes;
  for (int pixel = 0; pixel < image.pixels; ++pixel) {
    const bool in_image =
        at[0] >= 0 && at[0] < image.extents[0] && at[1] >= 0 && at[1] < image.extents[1] && n < image.extents[2];
    const std::int64_t index = (std::int64_t{n} * image.extents[1] + at[1]) * image.extents[0] + at[0];
    for (int i = 0; i < values; ++i) {
      std::byte* const place = swizzled(shared + pixel * 128 + i * map.element_bytes);
      const auto bytes = static_cast<std::size_t>(map.element_bytes);
      if (in_image && c + i < image.channels) {
        std::memcpy(place, static_cast<std::byte*>(map.data) + (index * image.channels + c + i) * map.element_bytes,
                    bytes);
      } else {
        std::memset(place, 0, bytes);
      }
    }
    for (int axis = 0; axis < 2; ++axis) {
      at[axis] += image.steps[axis];
      if (at[axis] <= last[axis]) break;
      at[axis] = first[axis];
      if (axis == 1) ++n;
    }
  }
  land(barrier, image.pixels * 128);
}

}  // namespace

void barrier_init(Barrier* barrier, unsigned arrivals) {
  simt::require_aligned(barrier, 8, "mbarrier");
  *barrier = 0;
  phase_of(barrier) = {arrivals, arrivals, 0, 0, {}};
}

void barrier_arrive_expecting(Barrier* barrier, unsigned bytes) {
  phase_of(barrier).bytes += bytes;
  arrive(phase_of(barrier));
}

void barrier_arrive(Barrier* barrier) { arrive(phase_of(barrier)); }

void barrier_arrive_at(Barrier* barrier, unsigned rank) {
  arrive(phase_of(static_cast<Barrier*>(simt::in_cluster(barrier, rank))));
}

void barrier_wait(Barrier* barrier, unsigned parity) {
  Phase& phase = phase_of(barrier);
  while (phase.parity == parity) simt::sleep_on(phase.waiting);
}

void tma_load_multicast(void* shared, const TensorMap& map, int x, int y, int z, Barrier* barrier, std::uint16_t mask) {
  simt::require_aligned(shared, 1024, "a swizzled TMA load");
  for (unsigned rank = 0; rank < 16; ++rank) {
    if ((mask >> rank & 1) == 0) continue;
    auto* const target = static_cast<std::byte*>(simt::in_cluster(shared, rank));
    auto* const signal = static_cast<Barrier*>(simt::in_cluster(barrier, rank));
    const auto load = [=] { load_box(target, map, x, y, z, signal); };
    if (simt::schedule() == simt::Schedule::forward_eager) {
      load();
    } else {
      simt::when_idle(load);
    }
  }
}

void tma_load_pixels(void* shared, const TensorMap& map, int c, int x, int y, int n, int tap_x, int tap_y,
                     Barrier* barrier) {
  simt::require_aligned(shared, 1024, "a swizzled TMA load");
  if (tap_x < 0 || tap_x > 255 || tap_y < 0 || tap_y > 255) {
    throw std::runtime_error("simt: im2col offsets are from 0 to 255");
  }
  auto* const target = static_cast<std::byte*>(shared);
  const auto load = [=] { load_pixels(target, map, c, x, y, n, tap_x, tap_y, barrier); };
  if (simt::schedule() == simt::Schedule::forward_eager) {
    load();
  } else {
    simt::when_idle(load);
  }
}

void tma_store(const TensorMap& map, const void* shared, int x, int y, int z) {
  simt::require_aligned(shared, 1024, "a swizzled TMA store");
  auto* const source = static_cast<std::byte*>(const_cast<void*>(shared));
  block_state().stores[threadIdx.x].add([=] {
    for_each_element(map, source, x, y, z, [&](std::byte* element, const std::byte* place) {
      if (element != nullptr) std::memcpy(element, place, static_cast<std::size_t>(map.element_bytes));
    });
  });
}

void tma_store_commit() { block_state().stores[threadIdx.x].commit(); }

void tma_store_wait_groups(int groups_left) { block_state().stores[threadIdx.x].wait(groups_left); }

void warpgroup_commit() {
  simt::warpgroup_collective([](std::span<void* const>) { block_state().multiply_adds[threadIdx.x / 128].commit(); },
                             nullptr);
}

void warpgroup_wait_groups(int groups_left) {
  simt::warpgroup_collective(
      [](std::span<void* const> threads) {
        block_state().multiply_adds[threadIdx.x / 128].wait(*static_cast<int*>(threads[0]));
      },
      &groups_left);
}

// ---- Multiply-add ----

namespace {

// The shared memory that a descriptor refers to.
struct Operand {
  const std::byte* memory;
  std::uintptr_t start, leading, stride;
  bool across;

  Operand(std::uint64_t descriptor, bool runs_across)
      : memory(simt::dynamic_shared()),
        start((descriptor & 0x3fff) << 4),
        leading((descriptor >> 16 & 0x3fff) << 4),
        stride((descriptor >> 32 & 0x3fff) << 4),
        across(runs_across) {
    if (descriptor >> 62 != 1) throw std::runtime_error("simt: only the 128-byte swizzle is modelled");
  }

  // Element k of row (of A) or column (of B) `i`.
  template <class In>
  In at(int i, int k) const {
    const auto line = static_cast<std::uintptr_t>(across ? k : i);
    auto address = start + line / 8 * stride + line % 8 * 128;
    const auto along = static_cast<std::uintptr_t>(across ? i : k) * sizeof(In);
    address += across ? along / 128 * leading + along % 128 : along;
    In value;
    std::memcpy(static_cast<void*>(&value), memory + swizzled(address), sizeof(In));
    return value;
  }
};

template <class In>
auto widened(In value) {
  if constexpr (std::is_same_v<In, std::int8_t>) {
    return std::int32_t{value};
  } else if constexpr (std::is_same_v<In, Tf32>) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(value.value) & ~0x1fffU);
  } else {
    return static_cast<float>(value);
  }
}

// A whole warpgroup's multiply-add.
template <class In>
struct MultiplyAddAll {
  WarpgroupOperands shape;
  Operand a, b;
  std::vector<void*> sums;  // of each thread

  void operator()() const {
    using Sum = decltype(widened(In{}));
    constexpr int kDepth = 32 / sizeof(In);
    std::vector<Sum> right(static_cast<std::size_t>(kDepth * shape.columns));
    for (int k = 0; k < kDepth; ++k) {
      for (int j = 0; j < shape.columns; ++j) {
        right[static_cast<std::size_t>(k * shape.columns + j)] = widened(b.at<In>(j, k));
      }
    }
    std::vector<Sum> products(static_cast<std::size_t>(shape.columns));
    for (int row = 0; row < 64; ++row) {
      std::fill(products.begin(), products.end(), Sum{});
      for (int k = 0; k < kDepth; ++k) {
        const Sum left = widened(a.at<In>(row, k));
        const Sum* const line = &right[static_cast<std::size_t>(k * shape.columns)];
        for (std::size_t j = 0; j < products.size(); ++j) products[j] += left * line[j];
      }
      for (int j = 0; j < shape.columns; ++j) {
        const int thread = row / 16 * 32 + row % 8 * 4 + j % 8 / 2;
        Sum& sum = static_cast<Sum*>(sums[static_cast<std::size_t>(thread)])[j / 8 * 4 + row / 8 % 2 * 2 + j % 2];
        sum = (shape.accumulate ? sum : Sum{}) + products[static_cast<std::size_t>(j)];
      }
    }
  }
};

}  // namespace

template <class In>
void warpgroup_issue(std::span<void* const> threads) {
  const auto& first = *static_cast<const WarpgroupOperands*>(threads[0]);
  MultiplyAddAll<In> all{first, Operand(first.a, first.across_a), Operand(first.b, first.across_b), {}};
  for (void* thread : threads) {
    const auto& mine = *static_cast<const WarpgroupOperands*>(thread);
    if (mine.a != first.a || mine.b != first.b || mine.accumulate != first.accumulate) {
      throw std::runtime_error("simt: the threads of a warpgroup disagree on a multiply-add");
    }
    all.sums.push_back(mine.sums);
  }
  block_state().multiply_adds[threadIdx.x / 128].add(all);
}

template void warpgroup_issue<Float16>(std::span<void* const>);
template void warpgroup_issue<BFloat16>(std::span<void* const>);
template void warpgroup_issue<Tf32>(std::span<void* const>);
template void warpgroup_issue<Float8E4M3>(std::span<void* const>);
template void warpgroup_issue<std::int8_t>(std::span<void* const>);

}  // namespace whygpu::cuda

#include "backends/cuda/simt/simt.h"

#include <ucontext.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace whygpu::simt {
namespace {

constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // touched pages only
constexpr int kWarp = 32;

struct Block;

struct Fiber {
  ucontext_t context{};
  std::unique_ptr<std::byte[]> stack;
  void* sanitizer_stack = nullptr;
  Block* block = nullptr;
  unsigned thread = 0;
  bool finished = true;
  std::vector<std::vector<std::function<void()>>> groups;  // asynchronous copies not yet done; the last is still open
};

struct Barrier {
  int arrived = 0;
};

struct Warp {
  std::array<void*, kWarp> operands{};
  Collective perform = nullptr;
  int arrived = 0;
};

struct Free {
  void operator()(void* pointer) const { std::free(pointer); }
};

struct Block {
  unsigned index = 0, rank = 0;
  std::unique_ptr<std::byte, Free> shared;
  Barrier all;
  std::map<int, Barrier> named;
  std::vector<Warp> warps;
};

// The one grid that runs; CUDA's own built-in variables are global too.
struct Machine {
  Launch launch;
  const std::function<void()>* kernel = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Block> blocks;
  std::deque<Fiber*> ready;
  std::multimap<const void*, Fiber*> parked;
  Fiber* current = nullptr;
  Fiber scheduler;
  std::exception_ptr failure;
  Schedule schedule = Schedule::forward_eager;
  long conflicts = 0;
};

Machine& machine() {
  static Machine instance;
  return instance;
}

#if defined(__SANITIZE_ADDRESS__)
// Lowest address and size of the stack that run_grid() was called on.
std::pair<void*, std::size_t> host_stack() {
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  std::pair<void*, std::size_t> stack;
  pthread_attr_getstack(&attributes, &stack.first, &stack.second);
  pthread_attr_destroy(&attributes);
  return stack;
}
#endif

void switch_fiber(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.sanitizer_stack, to.stack ? to.stack.get() : host_stack().first,
                                 to.stack ? kStackBytes : host_stack().second);
#endif
  swapcontext(&from.context, &to.context);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from.sanitizer_stack, nullptr, nullptr);
#endif
}

void enter(Fiber& fiber) {
  Machine& m = machine();
  m.current = &fiber;
  threadIdx.x = fiber.thread;
  blockIdx.x = fiber.block->index;
}

// Lets the next ready thread run, or the scheduler when there is none.
void leave(Fiber& self) {
  Machine& m = machine();
  if (m.ready.empty()) {
    switch_fiber(self, m.scheduler);
  } else {
    Fiber* next = m.ready.front();
    m.ready.pop_front();
    if (next == &self) return;
    enter(*next);
    switch_fiber(self, *next);
  }
}

void fiber_main() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
  for (;;) {
    Machine& m = machine();
    Fiber& self = *m.current;
    try {
      (*m.kernel)();
    } catch (...) {
      if (!m.failure) m.failure = std::current_exception();
    }
    self.finished = true;
    leave(self);
  }
}

// A fiber serves one thread after another; its stack is made once.
void prepare_fiber(Fiber& fiber) {
  fiber.stack = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, fiber_main, 0);
}

// Wakes the fibers that wait at `key`, in the order in which they came.
void release(const void* key) {
  Machine& m = machine();
  const auto [first, last] = m.parked.equal_range(key);
  for (auto it = first; it != last; ++it) m.ready.push_back(it->second);
  m.parked.erase(first, last);
}

void meet(Barrier& barrier, int threads) {
  if (++barrier.arrived == threads) {
    barrier.arrived = 0;
    release(&barrier);
  } else {
    park(&barrier);
  }
}

Warp& warp() {
  const Fiber& fiber = *machine().current;
  return fiber.block->warps[fiber.thread / kWarp];
}

void run_cluster(unsigned first_block) {
  Machine& m = machine();
  m.blocks = std::vector<Block>(m.launch.cluster);
  m.ready.clear();
  for (unsigned rank = 0; rank < m.launch.cluster; ++rank) {
    Block& block = m.blocks[rank];
    block.index = first_block + rank;
    block.rank = rank;
    block.warps.resize((m.launch.block + kWarp - 1) / kWarp);
    if (m.launch.shared_bytes != 0) {
      void* memory = nullptr;
      if (posix_memalign(&memory, 1024, m.launch.shared_bytes) != 0) throw std::bad_alloc();
      std::memset(memory, 0xff, m.launch.shared_bytes);  // NaN in every floating-point type
      block.shared.reset(static_cast<std::byte*>(memory));
    }
    for (unsigned thread = 0; thread < m.launch.block; ++thread) {
      Fiber& fiber = *m.fibers[rank * m.launch.block + thread];
      fiber.block = &block;
      fiber.thread = thread;
      fiber.finished = false;
      fiber.groups.assign(1, {});
      m.ready.push_back(&fiber);
    }
  }
  if (m.schedule == Schedule::reverse_late) std::reverse(m.ready.begin(), m.ready.end());
  leave(m.scheduler);
}

}  // namespace

void set_schedule(Schedule schedule) { machine().schedule = schedule; }
Schedule schedule() { return machine().schedule; }

void run_grid(const Launch& launch, const std::function<void()>& kernel) {
  Machine& m = machine();
  m.launch = launch;
  m.kernel = &kernel;
  m.failure = nullptr;
  blockDim.x = launch.block;
  gridDim.x = launch.grid;
  if (launch.grid % launch.cluster != 0) throw std::runtime_error("simt: the grid is no multiple of the cluster");
  if (launch.block == 0 || launch.block > 1024) throw std::runtime_error("simt: a block has 1 to 1024 threads");
  while (m.fibers.size() < std::size_t{launch.block} * launch.cluster) {
    m.fibers.push_back(std::make_unique<Fiber>());
    prepare_fiber(*m.fibers.back());
  }
  for (unsigned first = 0; first < launch.grid; first += launch.cluster) {
    run_cluster(first);
    const auto waiting = std::count_if(m.fibers.begin(), m.fibers.end(), [](const auto& f) { return !f->finished; });
    if (waiting != 0 || m.failure) m.fibers.clear();
    m.parked.clear();
    if (m.failure) std::rethrow_exception(m.failure);
    if (waiting != 0) {
      throw std::runtime_error("simt: deadlock in block " + std::to_string(first) + ": " + std::to_string(waiting) +
                               " threads wait for what never comes");
    }
  }
}

void sync_threads() { meet(machine().current->block->all, static_cast<int>(machine().launch.block)); }

void sync_named(int id, int threads) { meet(machine().current->block->named[id], threads); }

void sync_warp() {
  warp_collective([](void* const(&)[32]) {}, nullptr);
}

int lane() { return static_cast<int>(machine().current->thread % kWarp); }

unsigned cluster_rank() { return machine().current->block->rank; }

std::byte* dynamic_shared() { return machine().current->block->shared.get(); }

void* in_cluster(void* address, unsigned rank) {
  return machine().blocks.at(rank).shared.get() + (static_cast<std::byte*>(address) - dynamic_shared());
}

void warp_collective(Collective perform, void* operands) {
  Warp& w = warp();
  if (w.arrived != 0 && w.perform != perform) {
    throw std::runtime_error("simt: the lanes of a warp are at different warp-wide instructions");
  }
  w.perform = perform;
  w.operands[static_cast<std::size_t>(lane())] = operands;
  if (++w.arrived == kWarp) {
    w.arrived = 0;
    void* all[32];
    std::copy(w.operands.begin(), w.operands.end(), all);
    perform(all);
    release(&w);
  } else {
    park(&w);
  }
}

void park(const void* key) {
  Machine& m = machine();
  m.parked.emplace(key, m.current);
  leave(*m.current);
}

void wake(const void* key) { release(key); }

void async_start(std::function<void()> copy) {
  if (machine().schedule == Schedule::forward_eager) {
    copy();
  } else {
    machine().current->groups.back().push_back(std::move(copy));
  }
}

void async_commit() { machine().current->groups.emplace_back(); }

void async_wait(int groups_left) {
  auto& groups = machine().current->groups;
  while (static_cast<int>(groups.size()) - 1 > groups_left) {
    for (auto& copy : groups.front()) copy();
    groups.erase(groups.begin());
  }
}

void require_aligned(const void* address, std::size_t bytes, const char* what) {
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0) {
    throw std::runtime_error(std::string("simt: ") + what + " at an address that is no multiple of " +
                             std::to_string(bytes));
  }
}

long bank_conflicts() { return machine().conflicts; }
void add_bank_conflicts(long count) { machine().conflicts += count; }

void shuffle(void* const (&operands)[32]) {
  for (void* mine : operands) {
    auto& own = *static_cast<ShuffleOperands*>(mine);
    own.result = static_cast<ShuffleOperands*>(operands[own.source & 31])->value;
  }
}

}  // namespace whygpu::simt

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

constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // only touched pages take memory
constexpr unsigned kWarp = 32, kWarpgroup = 128;

struct Block;

struct Copy {
  void* shared;
  const void* global;
  int bytes;
  bool inside;
};

struct Fiber {
  ucontext_t context{};  // where it starts
  bool started = false;
  void* place[5] = {};  // where it resumes
  std::unique_ptr<std::byte[]> stack;
  void* sanitizer_stack = nullptr;
  Block* block = nullptr;
  unsigned thread = 0;
  bool finished = true;
  std::vector<Copy> copies;            // issued and not yet done
  std::vector<std::size_t> committed;  // how many of them each group holds
  std::size_t open = 0;                // copies in no group
};

struct Barrier {
  int arrived = 0;
  WaitList waiting;
};

// Threads that execute an instruction together.
struct Group {
  std::vector<void*> operands;
  Collective perform = nullptr;
  std::size_t arrived = 0;
  WaitList waiting;
};

struct Free {
  void operator()(void* pointer) const { std::free(pointer); }
};

struct Block {
  unsigned index = 0, rank = 0;
  std::unique_ptr<std::byte, Free> shared;
  std::size_t shared_bytes = 0;
  Barrier all;
  std::map<int, Barrier> named;
  std::vector<Group> warps, warpgroups;
  std::shared_ptr<void> extension;
};

// The grid that runs. Global, like CUDA's built-in variables.
struct Machine {
  Launch launch;
  const std::function<void()>* kernel = nullptr;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Block> blocks;
  std::deque<Fiber*> ready;
  std::deque<std::function<void()>> events;
  Barrier cluster;
  Fiber* current = nullptr;
  Fiber scheduler;  // the caller of run_grid()
  std::exception_ptr failure;
  Schedule schedule = Schedule::forward_eager;
  long conflicts = 0;
};

Machine& machine() {
  static Machine instance;
  return instance;
}

#if defined(__SANITIZE_ADDRESS__)
// Lowest address and size of the stack that run_grid() was called on. The query is slow: it reads /proc.
const std::pair<void*, std::size_t>& host_stack() {
  static thread_local const auto stack = [] {
    pthread_attr_t attributes;
    pthread_getattr_np(pthread_self(), &attributes);
    std::pair<void*, std::size_t> found;
    pthread_attr_getstack(&attributes, &found.first, &found.second);
    pthread_attr_destroy(&attributes);
    return found;
  }();
  return stack;
}
#endif

// setcontext() starts a fiber once; after that, the compiler's own jumps switch without a system call. Not
// instrumented: the sanitizer would prepare for leaving the stack for good, which costs one.
[[noreturn, gnu::noinline, gnu::no_sanitize_address]] void jump(Fiber& to) {
  if (!to.started) {
    to.started = true;
    setcontext(&to.context);
  }
  __builtin_longjmp(to.place, 1);
}

[[gnu::noinline, gnu::no_sanitize_address]] void save_and_jump(Fiber& from, Fiber& to) {
  if (__builtin_setjmp(from.place) == 0) jump(to);
}

void switch_fiber(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.sanitizer_stack, to.stack ? to.stack.get() : host_stack().first,
                                 to.stack ? kStackBytes : host_stack().second);
#endif
  save_and_jump(from, to);
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

// Switches to the next ready thread, or to the scheduler if there is none.
void leave(Fiber& self) {
  Machine& m = machine();
  while (m.ready.empty() && !m.events.empty()) {
    const auto event = std::move(m.events.front());
    m.events.pop_front();
    event();
  }
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

// A fiber runs one thread after another; its stack is allocated once.
void prepare_fiber(Fiber& fiber) {
  fiber.stack = std::make_unique_for_overwrite<std::byte[]>(kStackBytes);
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = fiber.stack.get();
  fiber.context.uc_stack.ss_size = kStackBytes;
  fiber.context.uc_link = nullptr;
  makecontext(&fiber.context, fiber_main, 0);
}

void perform(const Copy& copy) {
  if (copy.inside) {
    std::memcpy(copy.shared, copy.global, static_cast<std::size_t>(copy.bytes));
  } else {
    std::memset(copy.shared, 0, static_cast<std::size_t>(copy.bytes));
  }
}

void meet(Barrier& barrier, int threads) {
  if (++barrier.arrived == threads) {
    barrier.arrived = 0;
    wake_all(barrier.waiting);
  } else {
    sleep_on(barrier.waiting);
  }
}

void perform_together(std::vector<Group>& groups, std::size_t size, Collective perform, void* operands) {
  const unsigned thread = machine().current->thread;
  Group& group = groups[thread / size];
  if (group.arrived != 0 && group.perform != perform) {
    throw std::runtime_error("simt: the lanes of a warp are at different warp-wide instructions");
  }
  group.perform = perform;
  group.operands.resize(size);
  group.operands[thread % size] = operands;
  if (++group.arrived == size) {
    group.arrived = 0;
    perform(group.operands);
    wake_all(group.waiting);
  } else {
    sleep_on(group.waiting);
  }
}

void run_cluster(unsigned first_block) {
  Machine& m = machine();
  std::vector<Block> before(m.launch.cluster);
  before.swap(m.blocks);
  m.ready.clear();
  m.events.clear();
  m.cluster = {};
  for (unsigned rank = 0; rank < m.launch.cluster; ++rank) {
    Block& block = m.blocks[rank];
    block.index = first_block + rank;
    block.rank = rank;
    block.warps.resize((m.launch.block + kWarp - 1) / kWarp);
    block.warpgroups.resize((m.launch.block + kWarpgroup - 1) / kWarpgroup);
    if (m.launch.shared_bytes != 0) {
      block.shared_bytes = m.launch.shared_bytes;
      if (rank < before.size() && before[rank].shared_bytes == block.shared_bytes) {
        block.shared = std::move(before[rank].shared);
      } else {
        void* memory = nullptr;
        if (posix_memalign(&memory, 1024, block.shared_bytes) != 0) throw std::bad_alloc();
        block.shared.reset(static_cast<std::byte*>(memory));
      }
      std::memset(block.shared.get(), 0xff, block.shared_bytes);  // NaN in every floating-point type
    }
    for (unsigned thread = 0; thread < m.launch.block; ++thread) {
      Fiber& fiber = *m.fibers[rank * m.launch.block + thread];
      fiber.block = &block;
      fiber.thread = thread;
      fiber.finished = false;
      fiber.copies.clear();
      fiber.committed.clear();
      fiber.open = 0;
      m.ready.push_back(&fiber);
    }
  }
  if (m.schedule == Schedule::reverse_late) std::reverse(m.ready.begin(), m.ready.end());
  m.scheduler.started = true;
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
  if (launch.grid % launch.cluster != 0) throw std::runtime_error("simt: the grid is not a multiple of the cluster");
  if (launch.block == 0 || launch.block > 1024) throw std::runtime_error("simt: a block has 1 to 1024 threads");
  while (m.fibers.size() < std::size_t{launch.block} * launch.cluster) {
    m.fibers.push_back(std::make_unique<Fiber>());
    prepare_fiber(*m.fibers.back());
  }
  for (unsigned first = 0; first < launch.grid; first += launch.cluster) {
    run_cluster(first);
    const auto waiting = std::count_if(m.fibers.begin(), m.fibers.end(), [](const auto& f) { return !f->finished; });
    if (waiting != 0 || m.failure) m.fibers.clear();
    if (m.failure) std::rethrow_exception(m.failure);
    if (waiting != 0) {
      throw std::runtime_error("simt: deadlock in block " + std::to_string(first) + ": " + std::to_string(waiting) +
                               " threads wait for an event that never occurs");
    }
  }
}

void sync_threads() { meet(machine().current->block->all, static_cast<int>(machine().launch.block)); }

void sync_named(int id, int threads) { meet(machine().current->block->named[id], threads); }

void sync_warp() {
  warp_collective([](std::span<void* const>) {}, nullptr);
}

int lane() { return static_cast<int>(machine().current->thread % kWarp); }

unsigned cluster_rank() { return machine().current->block->rank; }

std::byte* dynamic_shared() { return machine().current->block->shared.get(); }

void* in_cluster(void* address, unsigned rank) {
  return machine().blocks.at(rank).shared.get() + (static_cast<std::byte*>(address) - dynamic_shared());
}

void warp_collective(Collective perform, void* operands) {
  perform_together(machine().current->block->warps, kWarp, perform, operands);
}

void warpgroup_collective(Collective perform, void* operands) {
  perform_together(machine().current->block->warpgroups, kWarpgroup, perform, operands);
}

void sync_cluster() { meet(machine().cluster, static_cast<int>(machine().launch.block * machine().launch.cluster)); }

void when_idle(std::function<void()> event) { machine().events.push_back(std::move(event)); }

std::shared_ptr<void>& block_extension() { return machine().current->block->extension; }

void sleep_on(WaitList& list) {
  Fiber& self = *machine().current;
  list.sleepers.push_back(&self);
  leave(self);
}

void wake_all(WaitList& list) {
  for (void* sleeper : list.sleepers) machine().ready.push_back(static_cast<Fiber*>(sleeper));
  list.sleepers.clear();
}

void async_copy(void* shared, const void* global, int bytes, bool inside) {
  const Copy copy{shared, global, bytes, inside};
  if (machine().schedule == Schedule::forward_eager) {
    perform(copy);
  } else {
    machine().current->copies.push_back(copy);
    ++machine().current->open;
  }
}

void async_commit() {
  Fiber& self = *machine().current;
  self.committed.push_back(self.open);
  self.open = 0;
}

void async_wait(int groups_left) {
  Fiber& self = *machine().current;
  while (static_cast<int>(self.committed.size()) > groups_left) {
    const auto end = self.copies.begin() + static_cast<std::ptrdiff_t>(self.committed.front());
    std::for_each(self.copies.begin(), end, perform);
    self.copies.erase(self.copies.begin(), end);
    self.committed.erase(self.committed.begin());
  }
}

void require_aligned(const void* address, std::size_t bytes, const char* what) {
  if (reinterpret_cast<std::uintptr_t>(address) % bytes != 0) {
    throw std::runtime_error(std::string("simt: ") + what + " at an address that is not a multiple of " +
                             std::to_string(bytes));
  }
}

long bank_conflicts() { return machine().conflicts; }
void add_bank_conflicts(long count) { machine().conflicts += count; }

void shuffle(std::span<void* const> operands) {
  for (void* mine : operands) {
    auto& own = *static_cast<ShuffleOperands*>(mine);
    own.result = static_cast<ShuffleOperands*>(operands[static_cast<std::size_t>(own.source & 31)])->value;
  }
}

}  // namespace whygpu::simt

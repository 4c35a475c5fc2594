// The interface between a layer's CPU kernels and the code that runs them. Declarations only, because kernels are
// compiled for several instruction sets.
#pragma once

#include <cstdint>
#include <string_view>

namespace whygpu::host_layers {

struct Range {
  std::int64_t begin = 0, end = 0;
};

// A kernel with its operation and arguments, to run over ranges of items. `partial` is the range's share of a sum.
struct BoundKernel {
  void (*call)(const void* self, Range items, float* partial);
  const void* self;
};

// The threads of one operation.
class Team {
 public:
  virtual void run(const BoundKernel& kernel, std::int64_t items) = 0;

  // The sums over all items of `width` numbers. A kernel gets room for twice as many.
  virtual const float* sum(const BoundKernel& kernel, std::int64_t items, std::int64_t width) = 0;

 protected:
  ~Team() = default;
};

// One entry of a layer's table: runs the operation once over `t`, the storage of each argument in order.
struct HostLayer {
  std::string_view name;
  void (*run)(const void* description, void* const* t, Team& team) = nullptr;
};

}  // namespace whygpu::host_layers

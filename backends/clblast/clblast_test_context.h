// The fixture of this backend's tests.
#pragma once

#include <limits>
#include <random>
#include <vector>

#include "backends/clblast/operations.h"
#include "backends/devices/opencl_test_device.h"

namespace whygpu::clblast_backend {

class ClblastTest : public OpenClTestOf<Context> {
 protected:
  static Context& context() { return opened(); }
};

// Small integers, so that sums are exact in any order.
template <class T>
std::vector<T> small_integers(std::int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> uniform(-4, 4);
  std::vector<T> values(static_cast<std::size_t>(count));
  for (auto& value : values) value = static_cast<T>(uniform(random));
  return values;
}

// Runs the operation twice on `arguments`, with its result filled with NaN first, and returns that. The tensors are
// those of the operation, or views into one with other values around them.
template <class T>
std::vector<T> result_of(Context& context, Operation& operation, const std::vector<std::vector<T>>& arguments,
                         std::size_t result, bool views) {
  constexpr std::size_t kBefore = 192;
  OpenClDevice& device = context.device;
  std::vector<std::unique_ptr<Tensor>> owned;
  std::vector<Tensor*> tensors;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t bytes = arguments[i].size() * sizeof(T);
    if (views) {
      owned.push_back(device.allocate(bytes + 2 * kBefore));
      owned.push_back(device.view(*owned.back(), kBefore, bytes));
    } else {
      owned.push_back(operation.allocate(static_cast<int>(i)));
    }
    tensors.push_back(owned.back().get());
    std::vector<T> values = arguments[i];
    if (i == result) values.assign(values.size(), std::numeric_limits<T>::quiet_NaN());
    tensors.back()->upload(values.data());
  }
  operation.enqueue(tensors);
  operation.enqueue(tensors);
  std::vector<T> values(arguments[result].size());
  tensors[result]->download(values.data());
  for (const auto& tensor : owned) EXPECT_TRUE(tensor->intact());
  return values;
}

}  // namespace whygpu::clblast_backend

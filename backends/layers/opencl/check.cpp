#include "backends/layers/opencl/check.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "backends/dtypes.h"
#include "backends/layers/reference.h"

namespace whygpu {
namespace {

constexpr std::size_t kGap = 4096;  // bytes before, between and behind the arguments
constexpr std::byte kGapByte{0xb5};

template <class T>
double widened(T value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<double>(value);
  } else {
    return static_cast<float>(value);
  }
}

// Of the relative Frobenius norm of an argument's error.
double allowed(DType dtype) {
  switch (dtype) {
    case DType::f64: return 1e-14;
    case DType::f32: return 1e-5;
    case DType::f16: return 5e-4;
    case DType::bf16: return 4e-3;
    default: return 0;
  }
}

// Positive, so that values can be variances and logarithms of sums too. s32 are classes, tokens or steps: below three.
std::vector<double> fill(const TensorSpec& spec, std::byte* storage, unsigned seed) {
  std::vector<double> values(static_cast<std::size_t>(spec.elements()));
  with_storage_type(spec.dtype, [&]<class T>(T) {
    auto* stored = reinterpret_cast<T*>(storage);
    for (std::size_t i = 0; i < values.size(); ++i) {
      seed = seed * 1664525U + 1013904223U;
      float value = 0.1F + static_cast<float>(seed >> 8) / static_cast<float>(1 << 24);
      if (spec.dtype == DType::s32) value = static_cast<float>((seed >> 20) % 3);
      if (spec.dtype == DType::s8) value = std::round((value - 0.6F) * 200);
      stored[i] = static_cast<T>(value);
      values[i] = widened(stored[i]);
    }
  });
  return values;
}

double relative_error(const TensorSpec& spec, const std::byte* storage, const std::vector<double>& expected) {
  double difference = 0, norm = 0;
  with_storage_type(spec.dtype, [&]<class T>(T) {
    const auto* stored = reinterpret_cast<const T*>(storage);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double error = widened(stored[i]) - expected[i];
      difference += error * error;
      norm += expected[i] * expected[i];
    }
  });
  if (difference == 0) return 0;
  const double error = std::sqrt(difference / norm);
  return std::isfinite(error) ? error : INFINITY;
}

}  // namespace

double error_of(OpenClDevice& device, const networks::NodeOp& op,
                const std::function<void(std::span<Tensor* const>)>& run,
                const std::function<void(std::span<double* const>)>& complete) {
  const std::vector<TensorSpec> specs = arguments(op);
  std::vector<std::size_t> first;
  std::size_t bytes = kGap;
  for (const TensorSpec& spec : specs) {
    first.push_back(bytes);
    bytes = (bytes + spec.bytes() + 63) / 64 * 64 + kGap;
  }
  std::vector<std::byte> storage(bytes, kGapByte);
  std::vector<std::vector<double>> values;
  std::vector<double*> pointers;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    values.push_back(fill(specs[i], storage.data() + first[i], static_cast<unsigned>(i)));
  }
  for (auto& each : values) pointers.push_back(each.data());

  const auto whole = device.allocate(bytes);
  whole->upload(storage.data());
  std::vector<std::unique_ptr<Tensor>> views;
  std::vector<Tensor*> tensors;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    tensors.push_back(views.emplace_back(device.view(*whole, first[i], specs[i].bytes())).get());
  }
  run(tensors);
  device.synchronize();
  whole->download(storage.data());
  networks::run_reference(op, pointers);
  if (complete) complete(pointers);

  double worst = 0;
  std::size_t gap = 0;
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const double error = relative_error(specs[i], storage.data() + first[i], values[i]),
                 limit = allowed(specs[i].dtype);
    worst = std::max(worst, error == 0 ? 0 : limit == 0 ? INFINITY : error / limit);
    if (std::any_of(&storage[gap], &storage[first[i]], [](std::byte b) { return b != kGapByte; })) return INFINITY;
    gap = first[i] + specs[i].bytes();
  }
  const auto behind = storage.begin() + static_cast<std::ptrdiff_t>(gap);
  return std::all_of(behind, storage.end(), [](std::byte b) { return b == kGapByte; }) && whole->intact() ? worst
                                                                                                          : INFINITY;
}

std::string planted(const std::string& text, const std::string& old, const std::string& replacement) {
  const std::size_t at = text.find(old);
  if (at == std::string::npos || text.find(old, at + 1) != std::string::npos) {
    throw std::runtime_error("the kernels do not contain '" + old + "' exactly once: update the planted error");
  }
  return text.substr(0, at) + replacement + text.substr(at + old.size());
}

}  // namespace whygpu

#include "benchmarks/oracles/memory_oracle.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace whygpu {
namespace {

double bytes_of(const std::vector<TensorSpec>& specs) {
  double bytes = 0;
  for (const auto& spec : specs) bytes += static_cast<double>(spec.bytes());
  return bytes;
}

template <class T>
const T* values_as(const std::vector<std::byte>& bytes) {
  return reinterpret_cast<const T*>(bytes.data());
}

Verdict wrong(std::size_t index, double got, double want) {
  return {Status::incorrect, fmt::format("element {} is {:.9g}, not {:.9g}", index, got, want)};
}

template <class T>
Verdict check_sum(const MemoryInputs& inputs, std::int64_t elements, T got) {
  const T* x = values_as<T>(inputs[0].second);
  double want = 0, magnitude = 0;
  for (std::int64_t i = 0; i < elements; ++i) want += x[i], magnitude += std::abs(static_cast<double>(x[i]));
  const double unit = std::numeric_limits<T>::epsilon() / 2;
  const double bound = 4 * std::sqrt(static_cast<double>(elements)) * unit * magnitude;
  if (!(std::abs(got - want) <= bound)) return wrong(0, got, want);
  return {};
}

template <class T>
Verdict check_stream(const Stream& stream, const MemoryInputs& inputs, const std::vector<std::byte>& values) {
  const T* got = values_as<T>(values);
  if (stream.kernel == StreamKernel::sum) return check_sum<T>(inputs, stream.elements, *got);
  const T* x = values_as<T>(inputs[0].second);
  const T* y = inputs.size() > 1 ? values_as<T>(inputs[1].second) : x;
  const double x_factor = stream.kernel == StreamKernel::scale ? kStreamScale : 1;
  const double y_factor = stream.kernel == StreamKernel::triad ? kStreamScale
                          : stream.kernel == StreamKernel::add ? 1
                                                               : 0;
  const double rounding = stream.kernel == StreamKernel::copy ? 0 : std::numeric_limits<T>::epsilon();
  for (std::int64_t i = 0; i < stream.elements; ++i) {
    const double from_x = x_factor * x[i], from_y = y_factor * y[i], want = from_x + from_y;
    if (!(std::abs(got[i] - want) <= rounding * (std::abs(from_x) + std::abs(from_y)))) {
      return wrong(static_cast<std::size_t>(i), got[i], want);
    }
  }
  return {};
}

}  // namespace

std::vector<int> memory_inputs(const Probe& op) {
  if (const auto* stream = std::get_if<Stream>(&op)) {
    return stream->inputs() == 2 ? std::vector{0, 1} : std::vector{0};
  }
  if (const auto* transfer = std::get_if<Transfer>(&op)) {
    return transfer->direction == Direction::both_ways ? std::vector{0, 2} : std::vector{0};
  }
  return {};
}

std::vector<int> memory_results(const Probe& op) {
  if (const auto* stream = std::get_if<Stream>(&op)) return {stream->inputs()};
  if (const auto* transfer = std::get_if<Transfer>(&op)) {
    return transfer->direction == Direction::both_ways ? std::vector{1, 3} : std::vector{1};
  }
  return {};
}

Work memory_work(const Probe& op) {
  const double memory = bytes_of(arguments(op));
  if (const auto* stream = std::get_if<Stream>(&op)) {
    constexpr double kFlops[] = {0, 1, 1, 2, 1}, kVectors[] = {2, 2, 3, 3, 1};
    const auto kernel = static_cast<std::size_t>(stream->kernel);
    const double visits = static_cast<double>(stream->elements) * static_cast<double>(stream->passes);
    return {kFlops[kernel] * visits, kVectors[kernel] * visits * static_cast<double>(dtype_bytes(stream->dtype)),
            memory};
  }
  if (const auto* transfer = std::get_if<Transfer>(&op)) {
    const double ways = transfer->direction == Direction::both_ways ? 2 : 1;
    return {0, ways * static_cast<double>(transfer->bytes), memory};
  }
  return {0, 0, memory};
}

Verdict check_memory(const Probe& op, std::size_t result, const MemoryInputs& inputs,
                     const std::vector<std::byte>& values) {
  if (const auto* stream = std::get_if<Stream>(&op)) {
    return stream->dtype == DType::f32 ? check_stream<float>(*stream, inputs, values)
                                       : check_stream<double>(*stream, inputs, values);
  }
  const auto& sent = inputs[result].second;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    if (sent[i] != values[i]) return wrong(i, std::to_integer<int>(values[i]), std::to_integer<int>(sent[i]));
  }
  return {};
}

}  // namespace whygpu

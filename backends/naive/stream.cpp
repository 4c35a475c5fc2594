// STREAM's kernels as defined: one plain loop each.
#include "backends/naive/naive.h"
#include "whygpu/host_device.h"

namespace whygpu::naive {
namespace {

template <class T>
void run(StreamKernel kernel, std::int64_t n, const T* x, const T* y, T* z) {
  constexpr T s = static_cast<T>(kStreamScale);
  switch (kernel) {
    case StreamKernel::copy:
      for (std::int64_t i = 0; i < n; ++i) z[i] = x[i];
      break;
    case StreamKernel::scale:
      for (std::int64_t i = 0; i < n; ++i) z[i] = s * x[i];
      break;
    case StreamKernel::add:
      for (std::int64_t i = 0; i < n; ++i) z[i] = x[i] + y[i];
      break;
    case StreamKernel::triad:
      for (std::int64_t i = 0; i < n; ++i) z[i] = x[i] + s * y[i];
      break;
    case StreamKernel::sum:
      z[0] = 0;
      for (std::int64_t i = 0; i < n; ++i) z[0] += x[i];
  }
}

template <class T>
class NaiveStream final : public HostOperation {
 public:
  explicit NaiveStream(const Stream& stream) : HostOperation(stream.arguments()), stream_(stream) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    const T* x = host_data<T>(tensors.front());
    const T* y = stream_.inputs() == 2 ? host_data<T>(tensors[1]) : nullptr;
    for (std::int64_t pass = 0; pass < stream_.passes; ++pass) {
      run(stream_.kernel, stream_.elements, x, y, host_data<T>(tensors.back()));
      __asm__ volatile("" : : : "memory");
    }
  }
  std::string implementation() const override { return "plain loop, 1 thread"; }

 private:
  Stream stream_;
};

}  // namespace

Support supports(const Stream& stream) {
  if (stream.dtype == DType::f32 || stream.dtype == DType::f64) return {};
  return Support::no("the naive backend has STREAM in f32 and f64 only");
}

std::unique_ptr<Operation> prepare(const Stream& stream) {
  if (stream.dtype == DType::f32) return std::make_unique<NaiveStream<float>>(stream);
  return std::make_unique<NaiveStream<double>>(stream);
}

}  // namespace whygpu::naive

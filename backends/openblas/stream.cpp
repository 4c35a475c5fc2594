// The STREAM kernels that a BLAS has: copy, scale (OpenBLAS' axpby) and sum.
#include <cblas.h>

#include "backends/openblas/openblas.h"
#include "whygpu/host_device.h"

namespace whygpu::openblas {
namespace {

void copy(blasint n, const float* x, float* y) { cblas_scopy(n, x, 1, y, 1); }
void copy(blasint n, const double* x, double* y) { cblas_dcopy(n, x, 1, y, 1); }
void scale(blasint n, float s, const float* x, float* y) { cblas_saxpby(n, s, x, 1, 0, y, 1); }
void scale(blasint n, double s, const double* x, double* y) { cblas_daxpby(n, s, x, 1, 0, y, 1); }
float sum(blasint n, const float* x) { return cblas_ssum(n, x, 1); }
double sum(blasint n, const double* x) { return cblas_dsum(n, x, 1); }

template <class T>
class BlasStream final : public HostOperation {
 public:
  explicit BlasStream(const Stream& stream) : HostOperation(stream.arguments()), stream_(stream) {}

  // axpby reads its result even if it is multiplied by 0, so it must contain numbers from the start.
  void enqueue(std::span<Tensor* const> tensors) override {
    const auto n = static_cast<blasint>(stream_.elements);
    const T* x = host_data<T>(tensors[0]);
    T* y = host_data<T>(tensors[1]);
    for (std::int64_t pass = 0; pass < stream_.passes; ++pass) {
      if (stream_.kernel == StreamKernel::copy) copy(n, x, y);
      if (stream_.kernel == StreamKernel::scale) scale(n, static_cast<T>(kStreamScale), x, y);
      if (stream_.kernel == StreamKernel::sum) *y = sum(n, x);
    }
  }

  std::string implementation() const override {
    constexpr const char* routines[] = {"copy", "axpby", "", "", "sum"};
    return std::string(sizeof(T) == 4 ? "cblas_s" : "cblas_d") + routines[static_cast<int>(stream_.kernel)] + ", " +
           running_with();
  }

 private:
  Stream stream_;
};

}  // namespace

Support supports(const Stream& stream) {
  if (stream.kernel == StreamKernel::add || stream.kernel == StreamKernel::triad) {
    return Support::no("BLAS adds vectors in place only");
  }
  if (stream.dtype == DType::f32 || stream.dtype == DType::f64) return {};
  return Support::no("OpenBLAS has vector routines in f32 and f64 only");
}

std::unique_ptr<Operation> prepare(const Stream& stream) {
  if (stream.dtype == DType::f32) return std::make_unique<BlasStream<float>>(stream);
  return std::make_unique<BlasStream<double>>(stream);
}

}  // namespace whygpu::openblas

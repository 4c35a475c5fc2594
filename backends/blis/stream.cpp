// The STREAM kernels that BLIS has: copy and scale. They use one thread.
#include <blis.h>

#include "backends/blis/blis.h"
#include "whygpu/host_device.h"

namespace whygpu::blis {
namespace {

void copy(dim_t n, float* x, float* y) { bli_scopyv(BLIS_NO_CONJUGATE, n, x, 1, y, 1); }
void copy(dim_t n, double* x, double* y) { bli_dcopyv(BLIS_NO_CONJUGATE, n, x, 1, y, 1); }
void scale(dim_t n, float s, float* x, float* y) { bli_sscal2v(BLIS_NO_CONJUGATE, n, &s, x, 1, y, 1); }
void scale(dim_t n, double s, double* x, double* y) { bli_dscal2v(BLIS_NO_CONJUGATE, n, &s, x, 1, y, 1); }

template <class T>
class BlisStream final : public HostOperation {
 public:
  explicit BlisStream(const Stream& stream) : HostOperation(stream.arguments()), stream_(stream) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    T* x = host_data<T>(tensors[0]);
    T* y = host_data<T>(tensors[1]);
    for (std::int64_t pass = 0; pass < stream_.passes; ++pass) {
      if (stream_.kernel == StreamKernel::copy) {
        copy(stream_.elements, x, y);
      } else {
        scale(stream_.elements, static_cast<T>(kStreamScale), x, y);
      }
    }
  }

  std::string implementation() const override {
    const std::string routine = stream_.kernel == StreamKernel::copy ? "copyv" : "scal2v";
    return std::string(sizeof(T) == 4 ? "bli_s" : "bli_d") + routine + ", " + version() + ", " + kernels() +
           " kernels, threads=1";
  }

 private:
  Stream stream_;
};

}  // namespace

Support supports(const Stream& stream) {
  if (stream.dtype != DType::f32 && stream.dtype != DType::f64) {
    return Support::no("BLIS has vector routines in f32 and f64 only");
  }
  if (stream.kernel == StreamKernel::copy || stream.kernel == StreamKernel::scale) return {};
  return Support::no(stream.kernel == StreamKernel::sum ? "BLIS sums absolute values only"
                                                        : "BLIS adds vectors in place only");
}

std::unique_ptr<Operation> prepare(const Stream& stream) {
  if (stream.dtype == DType::f32) return std::make_unique<BlisStream<float>>(stream);
  return std::make_unique<BlisStream<double>>(stream);
}

}  // namespace whygpu::blis

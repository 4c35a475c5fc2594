// Compares the openblas backend with a bare loop over cblas_sgemm (compare_pairs.h).
//
//   bin/bare_openblas_gemm [threads] [case …]        (f32, trans=nn, batch=1)
#include <cblas.h>

#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {
namespace {

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = loaded_trial(c, *backend);
  const auto m = c.number("m"), n = c.number("n"), k = c.number("k");
  const auto a = random_values(DType::f32, m * k, 11), b = random_values(DType::f32, k * n, 12);
  std::vector<float> result(m * n);
  const auto run_bare = [&] {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, reinterpret_cast<const float*>(a.data()), k,
                reinterpret_cast<const float*>(b.data()), n, 0, result.data(), n);
  };
  compare_pairs(
      c.text(), openblas_get_corename(), [&] { trial->enqueue(0); }, run_bare);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("openblas", {"gemm m=64..1024*2 n=m k=m"}, whygpu::compare, argc, argv);
}

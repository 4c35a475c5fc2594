// Compares the blis backend with a bare loop over bli_sgemm (compare_pairs.h).
//
//   bin/bare_blis_gemm [threads] [case …]            (f32, trans=nn, batch=1)
#include <blis.h>

#include "benchmarks/bare/buffers.h"
#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {
namespace {

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = loaded_trial(c, *backend);
  const auto m = c.number("m"), n = c.number("n"), k = c.number("k");
  Floats a = Floats::random(m * k, 11), b = Floats::random(k * n, 12), result(m * n);
  float one = 1, zero = 0;
  const auto run_bare = [&] {
    bli_sgemm(BLIS_NO_TRANSPOSE, BLIS_NO_TRANSPOSE, m, n, k, &one, a.data(), k, 1, b.data(), n, 1, &zero, result.data(),
              n, 1);
  };
  compare_pairs(
      c.text(), bli_arch_string(bli_arch_query_id()), [&] { trial->enqueue(0); }, run_bare);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("blis", {"gemm m=8..1024*2 n=m k=m"}, whygpu::compare, argc, argv);
}

// Compares the xsmm backend with a bare loop over libxsmm's generated kernel (compare_pairs.h), for products that are
// one kernel: m·n·k up to 64³.
//
//   bin/bare_xsmm_gemm [threads] [case …]            (f32, trans=nn, batch=1)
#include <libxsmm.h>

#include "benchmarks/bare/buffers.h"
#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {
namespace {

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = loaded_trial(c, *backend);
  const int m = static_cast<int>(c.number("m")), n = static_cast<int>(c.number("n"));
  const int k = static_cast<int>(c.number("k"));
  Floats a = Floats::random(c.number("m") * k, 11), b = Floats::random(c.number("k") * n, 12);
  Floats result(c.number("m") * n);
  // The transposed product of column-major matrices.
  const float one = 1, zero = 0;
  const int flags = LIBXSMM_GEMM_FLAG_NONE, prefetch = LIBXSMM_PREFETCH_NONE;
  const auto kernel = libxsmm_smmdispatch(n, m, k, &n, &k, &n, &one, &zero, &flags, &prefetch);
  if (kernel == nullptr) throw std::runtime_error(c.text() + ": libxsmm generated no kernel");
  const auto run_bare = [&] { kernel(b.data(), a.data(), result.data()); };
  compare_pairs(
      c.text(), libxsmm_get_target_arch(), [&] { trial->enqueue(0); }, run_bare);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("xsmm", {"gemm m=4..64*2 n=m k=m"}, whygpu::compare, argc, argv);
}

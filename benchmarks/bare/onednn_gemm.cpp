// Compares the onednn backend with a bare loop over oneDNN's matmul primitive (compare_pairs.h).
//
//   bin/bare_onednn_gemm [threads] [case …]          (f32, trans=nn, batch=1)
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "benchmarks/bare/compare_pairs.h"

namespace whygpu {
namespace {

using dnnl::memory;

// A loop as in oneDNN's documentation.
class BareLoop {
 public:
  explicit BareLoop(const Case& c)
      : a_(matrix(c.number("m"), c.number("k"), 11)),
        b_(matrix(c.number("k"), c.number("n"), 12)),
        c_(matrix(c.number("m"), c.number("n"), 13)),
        plan_(plan()),
        primitive_(plan_),
        arguments_{{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, b_}, {DNNL_ARG_DST, c_}} {}

  void run() { primitive_.execute(stream_, arguments_); }
  std::string implementation() const { return plan_.impl_info_str(); }

 private:
  memory matrix(std::int64_t rows, std::int64_t columns, std::uint64_t seed) const {
    memory values({{rows, columns}, memory::data_type::f32, memory::format_tag::ab}, engine_);
    const auto random = random_values(DType::f32, rows * columns, seed);
    std::copy(random.begin(), random.end(), static_cast<std::byte*>(values.get_data_handle()));
    return values;
  }

  dnnl::matmul::primitive_desc plan() const {
#if DNNL_VERSION_MAJOR >= 3
    return {engine_, a_.get_desc(), b_.get_desc(), c_.get_desc()};
#else
    return {{a_.get_desc(), b_.get_desc(), c_.get_desc()}, engine_};
#endif
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  memory a_, b_, c_;
  dnnl::matmul::primitive_desc plan_;
  dnnl::matmul primitive_;
  std::unordered_map<int, memory> arguments_;
};

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = loaded_trial(c, *backend);
  BareLoop bare(c);
  compare_pairs(
      c.text(), bare.implementation(), [&] { trial->enqueue(0); }, [&] { bare.run(); });
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("onednn", {"gemm m=64..1024*2 n=m k=m"}, whygpu::compare, argc, argv);
}

// Compares the onednn backend with a bare loop over oneDNN's convolution primitive (compare_pairs.h). By default the
// cases are ten layers of ResNet-50, all passes.
//
//   bin/bare_onednn_convolution [threads] [case …]
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "backends/loader.h"
#include "benchmarks/bare/compare_pairs.h"
#include "benchmarks/oracles/random_input.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

using dnnl::memory;

// A loop as in oneDNN's documentation, f32 only.
class BareLoop {
 public:
  explicit BareLoop(const Case& c) {
    const memory::dims x{c.number("n"), c.number("c"), c.number("h"), c.number("w")};
    const memory::dims w{c.number("k"), c.number("c"), c.number("r"), c.number("s")};
    const memory::dims strides{c.number("stride"), c.number("stride")}, pads{c.number("pad"), c.number("pad")};
    const memory::dims y{x[0], w[0], (x[2] + 2 * pads[0] - w[2]) / strides[0] + 1,
                         (x[3] + 2 * pads[0] - w[3]) / strides[0] + 1};
    const bool forward = c["pass"] == "forward", data = c["pass"] == "backward_data";
    plan_ = plan(any(x), any(w), any(y), strides, pads, c["pass"]);
    primitive_ = dnnl::primitive(plan_);
    add(data ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC);
    add(forward || data ? DNNL_ARG_WEIGHTS : DNNL_ARG_DIFF_WEIGHTS);
    add(forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST);
  }

  void run() { primitive_.execute(stream_, arguments_); }
  std::string implementation() const { return plan_.impl_info_str(); }

 private:
  static memory::desc any(const memory::dims& dims) { return {dims, memory::data_type::f32, memory::format_tag::any}; }

  dnnl::primitive_desc plan(const memory::desc& x, const memory::desc& w, const memory::desc& y,
                            const memory::dims& strides, const memory::dims& pads, std::string_view pass) const {
    using Forward = dnnl::convolution_forward;
    using Data = dnnl::convolution_backward_data;
    using Weights = dnnl::convolution_backward_weights;
    const auto algorithm = dnnl::algorithm::convolution_auto;
    const auto kind = pass == "forward" ? dnnl::prop_kind::forward_inference : dnnl::prop_kind::forward_training;
#if DNNL_VERSION_MAJOR >= 3
    const Forward::primitive_desc forward(engine_, kind, algorithm, x, w, y, strides, pads, pads);
    if (pass == "forward") return forward;
    if (pass == "backward_data") {
      return Data::primitive_desc(engine_, algorithm, x, w, y, strides, pads, pads, forward);
    }
    return Weights::primitive_desc(engine_, algorithm, x, w, y, strides, pads, pads, forward);
#else
    const Forward::primitive_desc forward({kind, algorithm, x, w, y, strides, pads, pads}, engine_);
    if (pass == "forward") return forward;
    if (pass == "backward_data") {
      return Data::primitive_desc({algorithm, x, w, y, strides, pads, pads}, engine_, forward);
    }
    return Weights::primitive_desc({algorithm, x, w, y, strides, pads, pads}, engine_, forward);
#endif
  }

  // Writes random values directly in the library's layout: only their distribution matters here, they must not be
  // zeros.
  void add(int argument) {
    memory values(plan_.query_md(dnnl::query::exec_arg_md, argument), engine_);
    const auto count = static_cast<std::int64_t>(values.get_desc().get_size() / sizeof(float));
    const auto random = random_values(DType::f32, count, static_cast<std::uint64_t>(argument));
    std::copy(random.begin(), random.end(), static_cast<std::byte*>(values.get_data_handle()));
    arguments_.emplace(argument, values);
  }

  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::primitive_desc plan_;
  dnnl::primitive primitive_;
  std::unordered_map<int, memory> arguments_;
};

void compare(const Case& c, LoadedBackend& backend) {
  const auto trial = loaded_trial(c, *backend);
  BareLoop bare(c);
  compare_pairs(
      c.text(), bare.implementation(), [&] { trial->enqueue(0); }, [&] { bare.run(); });
}

std::vector<std::string> ten_layers() {
  std::vector<std::string> lines;
  for (const std::string layer : {"c=3 h=224 w=224 k=64 r=7 s=7 stride=2 pad=3", "c=64 h=56 w=56 k=64 r=3 s=3 pad=1",
                                  "c=64 h=56 w=56 k=256 r=1 s=1", "c=128 h=56 w=56 k=128 r=3 s=3 stride=2 pad=1",
                                  "c=256 h=56 w=56 k=512 r=1 s=1 stride=2", "c=128 h=28 w=28 k=128 r=3 s=3 pad=1",
                                  "c=256 h=14 w=14 k=256 r=3 s=3 pad=1", "c=1024 h=14 w=14 k=256 r=1 s=1",
                                  "c=512 h=7 w=7 k=512 r=3 s=3 pad=1", "c=2048 h=7 w=7 k=512 r=1 s=1"}) {
    lines.push_back("convolution n=4 " + layer + " pass=forward,backward_data,backward_weights");
  }
  return lines;
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  return whygpu::compare_main("onednn", whygpu::ten_layers(), whygpu::compare, argc, argv);
}

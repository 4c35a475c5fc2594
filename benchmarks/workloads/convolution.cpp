// y = conv(x, w) and its two gradients, the main operation of vision networks.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "benchmarks/oracles/convolution_oracle.h"
#include "benchmarks/workloads/operation_trial.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

const std::vector<Parameter>& convolution_parameters() {
  static const std::vector<Parameter> parameters = {
      {"n", "", {}, 1, "images"},
      {"c", "", {}, 1, "input channels"},
      {"h", "", {}, 1, "input height"},
      {"w", "", {}, 1, "input width"},
      {"k", "", {}, 1, "filters (output channels)"},
      {"r", "", {}, 1, "filter height"},
      {"s", "", {}, 1, "filter width"},
      {"stride", "1", {}, 1, "step between outputs, in both directions"},
      {"pad", "0", {}, 0, "zeros around the image, on every side"},
      {"dilation", "1", {}, 1, "step between filter taps, in both directions"},
      {"stride_h", "stride", {}, 1, "vertical stride"},
      {"stride_w", "stride", {}, 1, "horizontal stride"},
      {"pad_h", "pad", {}, 0, "padding above and below"},
      {"pad_w", "pad", {}, 0, "padding left and right"},
      {"dilation_h", "dilation", {}, 1, "vertical dilation"},
      {"dilation_w", "dilation", {}, 1, "horizontal dilation"},
      {"groups", "1", {}, 1, "independent groups of channels; groups=c is depthwise"},
      {"pass", "forward", {"forward", "backward_data", "backward_weights"}, 0, "result: y, dx or dw"},
      {"dtype", "f32", {"f64", "f32", "tf32", "f16", "bf16", "s8"}, 0, "type of the inputs"},
      data_parameter(),
  };
  return parameters;
}

Pass parse_pass(std::string_view name) {
  return name == "forward" ? Pass::forward : name == "backward_data" ? Pass::backward_data : Pass::backward_weights;
}

Convolution convolution_of(const Case& c) {
  return {parse_pass(c["pass"]),  c.number("n"),          c.number("c"),      c.number("h"),
          c.number("w"),          c.number("k"),          c.number("r"),      c.number("s"),
          c.number("stride_h"),   c.number("stride_w"),   c.number("pad_h"),  c.number("pad_w"),
          c.number("dilation_h"), c.number("dilation_w"), c.number("groups"), parse_dtype(c["dtype"])};
}

// Multiply-adds of the direct algorithm, including those on padding: N·K·P·Q·(C/groups)·R·S, equal in all passes.
double multiply_adds(const Convolution& op) {
  double product = static_cast<double>(op.c / op.groups);
  for (const std::int64_t extent : {op.n, op.k, op.p(), op.q(), op.r, op.s}) product *= static_cast<double>(extent);
  return product;
}

double argument_bytes(const Convolution& op) {
  double sum = 0;
  for (const TensorSpec& spec : op.arguments()) {
    double bytes = static_cast<double>(dtype_bytes(spec.dtype));
    for (const std::int64_t extent : spec.shape) bytes *= static_cast<double>(extent);
    sum += bytes;
  }
  return sum;
}

void check_extents(const Case& c) {
  constexpr std::int64_t kLargest = std::numeric_limits<std::int32_t>::max();
  for (const auto& [key, value] : c.values) {
    const bool number = !value.empty() && value.find_first_not_of("0123456789") == std::string::npos;
    if (number && c.number(key) > kLargest) {
      throw CaseError(fmt::format("{}={}: the libraries accept extents up to {}", key, value, kLargest));
    }
  }
}

void check_groups(const Convolution& op) {
  if (op.c % op.groups != 0 || op.k % op.groups != 0) {
    throw CaseError(fmt::format("groups={} must divide c={} and k={}", op.groups, op.c, op.k));
  }
}

void check_filter(char image, std::int64_t extent, std::int64_t pad, char filter, std::int64_t taps,
                  std::int64_t dilation) {
  const std::int64_t reach = dilation * (taps - 1) + 1, padded = extent + 2 * pad;
  if (reach <= padded) return;
  throw CaseError(
      fmt::format("the filter is larger than the padded image: {}={} at dilation {} covers {}, {}={} "
                  "with padding {} has {}",
                  filter, taps, dilation, reach, image, extent, pad, padded));
}

void check_sums(const Convolution& op) {
  constexpr double kLargestSum = std::numeric_limits<std::int32_t>::max();
  const auto products = static_cast<double>(op.c / op.groups) * static_cast<double>(op.r) * static_cast<double>(op.s);
  if (op.dtype == DType::s8 && products * 128 * 128 > kLargestSum) {
    throw CaseError(fmt::format("r·s·c/groups = {:.0f} products of s8 overflow the s32 accumulator", products));
  }
}

class ConvolutionWorkload final : public Workload {
 public:
  std::string_view name() const override { return "convolution"; }
  std::string_view summary() const override { return "2-D convolution, y = conv(x, w), and its gradients dx and dw"; }
  std::span<const Parameter> parameters() const override { return convolution_parameters(); }
  std::string_view probe() const override {
    return "convolution n=1 c=16 h=8 w=8 k=16 r=3 s=3 pad=1 pass=forward,backward_data,backward_weights "
           "dtype=f64,f32,tf32,f16,bf16,s8";
  }

  void validate(const Case& c) const override {
    check_extents(c);
    const Convolution op = convolution_of(c);
    check_groups(op);
    check_filter('h', op.h, op.pad_h, 'r', op.r, op.dilation_h);
    check_filter('w', op.w, op.pad_w, 's', op.s, op.dilation_w);
    check_sums(op);
    const Work cost = work(c);
    if (cost.flops > 1e18 || cost.memory_bytes > 1e15) {
      throw CaseError(fmt::format("{}: {:.2g} bytes and {:.2g} FLOP are too large for any machine", c.text(),
                                  cost.memory_bytes, cost.flops));
    }
  }

  Work work(const Case& c) const override {
    const Convolution op = convolution_of(c);
    const double bytes = argument_bytes(op);
    return {2 * multiply_adds(op), bytes, bytes};
  }

  Support supports(const Case& c, Backend& backend) const override {
    const Convolution op = convolution_of(c);
    if (op.dtype == DType::s8 && op.pass != Pass::forward) {
      return Support::no("s8 convolution has a forward pass only");
    }
    return backend.supports(op, {.variant = c["variant"]});
  }

  std::vector<std::string> variants(const Case& c, Backend& backend) const override {
    return backend.variants(convolution_of(c));
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    const Convolution op = convolution_of(c);
    const auto oracle = [op](std::span<const std::byte* const> values, std::string_view implementation) {
      return check_convolution(op, {values[0], values[1], values[2]}, implementation);
    };
    return std::make_unique<OperationTrial>(op.arguments(), op.result(), backend.prepare(op, prepare_options(c)),
                                            oracle, input_data(c));
  }
};

}  // namespace

const Workload& convolution_workload() {
  static const ConvolutionWorkload workload;
  return workload;
}

}  // namespace whygpu

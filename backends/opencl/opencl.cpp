// Our own kernels on an OpenCL device: GEMM with one variant per rung of the ladder, and convolution.
#include <algorithm>
#include <stdexcept>

#include "backends/devices/opencl_probes.h"
#include "backends/opencl/choose.h"

namespace whygpu {
namespace {

using opencl::Variant;

class OpenClOperation final : public Operation {
 public:
  OpenClOperation(OpenClDevice& device, std::vector<TensorSpec> arguments, opencl::Run run, std::string implementation)
      : device_(device),
        arguments_(std::move(arguments)),
        run_(std::move(run)),
        implementation_(std::move(implementation)) {}

  std::unique_ptr<Tensor> allocate(int index) override {
    return make_opencl_tensor(device_, arguments_.at(static_cast<std::size_t>(index)));
  }
  void enqueue(std::span<Tensor* const> tensors) override { run_(tensors); }
  std::string implementation() const override { return implementation_; }

 private:
  OpenClDevice& device_;
  std::vector<TensorSpec> arguments_;
  opencl::Run run_;
  std::string implementation_;
};

std::span<const Variant> variants_of(const Op& op) {
  return std::holds_alternative<Gemm>(op) ? opencl::gemm_variants() : opencl::convolution_variants();
}

// Null if there is none of that name.
const Variant* find_variant(const Op& op, std::string_view name) {
  const auto all = variants_of(op);
  const auto found = std::ranges::find(all, name, &Variant::name);
  return found == all.end() ? nullptr : &*found;
}

DType dtype_of(const Op& op) {
  return std::visit([](const auto& shape) { return shape.dtype; }, op);
}

std::string remark(const Gemm&, const Variant&, const opencl::Tile&, int) { return ""; }
std::string remark(const Convolution& op, const Variant& variant, const opencl::Tile& tile, int compute_units) {
  const int parts = opencl::parts_of(op, variant, tile, compute_units);
  if (parts > 1) return ", in " + std::to_string(parts) + " parts";
  const bool strided = op.stride_h * op.stride_w > 1;
  if (variant.name != "implicit_gemm" || op.pass != Pass::backward_data || !strided) return "";
  return ", products with the zeros between strides included";
}

class OpenClKernels final : public Backend {
 public:
  explicit OpenClKernels(const Settings& settings) : device_(settings.device) {}

  std::string version() const override { return "whygpu kernels, OpenCL C 1.2"; }
  Facts facts() const override {
    std::string ladder;
    for (const Variant& variant : opencl::gemm_variants())
      ladder += (ladder.empty() ? "" : " ") + std::string(variant.name);
    return {{"ladder", ladder}};
  }
  Device& device() override { return device_; }

  std::vector<std::string> variants(const Op& op) const override {
    std::vector<std::string> names;
    for (const Variant& variant : variants_of(op)) {
      if (any_tile_fits(op, variant)) names.emplace_back(variant.name);
    }
    std::ranges::reverse(names);
    return names;
  }

  Support supports(const Op& op, const PrepareOptions& options) const override {
    const bool has_f64 = device_.has_extension("cl_khr_fp64");
    Support support = std::visit([&](const auto& shape) { return opencl::supports(shape, has_f64); }, op);
    if (!support || options.variant.empty()) return support;
    const Variant* variant = find_variant(op, options.variant);
    if (variant == nullptr) {
      std::string known;
      for (const Variant& each : variants_of(op)) known += (known.empty() ? "" : ", ") + std::string(each.name);
      return Support::no("no variant '" + std::string(options.variant) + "'; available: " + known);
    }
    if (!any_tile_fits(op, *variant)) {
      return Support::no("no tile of " + std::string(variant->name) + " fits into the work groups of this device");
    }
    return {};
  }

  std::unique_ptr<Operation> prepare(const Op& op, const PrepareOptions& options) override {
    if (const Support support = supports(op, options); !support) throw std::runtime_error(support.reason);
    const std::string name = options.variant.empty() ? variants(op).at(0) : std::string(options.variant);
    const Variant& variant = *find_variant(op, name);
    return std::visit(
        [&](const auto& shape) -> std::unique_ptr<Operation> {
          const opencl::Choice choice = chooser_.choose(shape, variant, options.cold);
          const std::string sums = std::string(dtype_name(accumulator_of(shape.dtype))) + " sums";
          std::string text = name + " kernel, " + opencl::describe(choice.tile, shape.dtype) + ", " + sums;
          text += remark(shape, variant, choice.tile, opencl::compute_units_of(device_));
          if (!choice.how.empty()) text += ", " + choice.how;
          return std::make_unique<OpenClOperation>(device_, shape.arguments(),
                                                   opencl::make_run(compiler_, shape, variant, choice.tile), text);
        },
        op);
  }

  Probes* probes() override { return &probes_; }

 private:
  bool any_tile_fits(const Op& op, const Variant& variant) const {
    return std::ranges::any_of(variant.tiles, [&](const opencl::Tile& tile) {
      return opencl::fits(tile, dtype_of(op), limits_) && opencl::suits(tile, device_.is_cpu());
    });
  }

  OpenClDevice device_;
  opencl::Limits limits_ = opencl::limits_of(device_);
  opencl::Compiler compiler_{device_};
  opencl::Chooser chooser_{compiler_, limits_};
  OpenClProbes probes_{device_};
};

}  // namespace
}  // namespace whygpu

WHYGPU_BACKEND("opencl", whygpu::OpenClKernels)

// Convolution: from the definition, or as a product of which the image's operand is gathered on the way.
#include <algorithm>

#include "backends/devices/ceil_div.h"
#include "backends/opencl/kernels.h"
#include "backends/opencl/sources.h"

namespace whygpu::opencl {
namespace {

constexpr Tile kDirect[] = {{1, 64, 1}};
constexpr Tile kImplicitGemm[] = {{64, 64, 16, 4, 4, 4},
                                  {64, 32, 16, 4, 4, 4},
                                  {128, 64, 16, 8, 4, 4},
                                  {64, 64, 32, 8, 8, 8},
                                  {64, 64, 32, 8, 16, 16}};

constexpr Variant kVariants[] = {{"direct", direct_cl, kDirect}, {"implicit_gemm", implicit_gemm_cl, kImplicitGemm}};

// Sums are split until every compute unit has so many work groups, but not into parts of fewer slices.
constexpr std::int64_t kGroupsPerUnit = 4, kMinSlices = 4;

// convolution_t of geometry.cl.
struct Geometry {
  cl_int n, c, h, w, k, r, s, p, q;
  cl_int stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w, groups;
};

Geometry geometry_of(const Convolution& op) {
  const auto narrow = [](std::int64_t value) { return static_cast<cl_int>(value); };
  return {narrow(op.n),     narrow(op.c),          narrow(op.h),          narrow(op.w),
          narrow(op.k),     narrow(op.r),          narrow(op.s),          narrow(op.p()),
          narrow(op.q()),   narrow(op.stride_h),   narrow(op.stride_w),   narrow(op.pad_h),
          narrow(op.pad_w), narrow(op.dilation_h), narrow(op.dilation_w), narrow(op.groups)};
}

// Of the equivalent product of one group.
struct Extents {
  std::int64_t rows, columns, depth;
};

Extents extents_of(const Convolution& op) {
  const std::int64_t channels = op.c / op.groups, filters = op.k / op.groups, taps = op.r * op.s;
  switch (op.pass) {
    case Pass::forward: return {op.n * op.p() * op.q(), filters, taps * channels};
    case Pass::backward_data: return {op.n * op.h * op.w, channels, taps * filters};
    default: return {filters, taps * channels, op.n * op.p() * op.q()};
  }
}

const char* pass_option(Pass pass) {
  if (pass == Pass::forward) return " -DPASS_FORWARD";
  return pass == Pass::backward_data ? " -DPASS_BACKWARD_DATA" : " -DPASS_BACKWARD_WEIGHTS";
}

}  // namespace

std::span<const Variant> convolution_variants() { return kVariants; }

int parts_of(const Convolution& op, const Variant& variant, const Tile& tile, int compute_units) {
  if (op.pass != Pass::backward_weights || &variant == &kVariants[0]) return 1;
  const Extents extents = extents_of(op);
  const std::int64_t tiles = ceil_div(extents.rows, tile.rows) * ceil_div(extents.columns, tile.columns) * op.groups;
  const std::int64_t most = std::max<std::int64_t>(extents.depth / (kMinSlices * tile.depth), 1);
  return static_cast<int>(std::clamp<std::int64_t>(ceil_div(kGroupsPerUnit * compute_units, tiles), 1, most));
}

Support supports(const Convolution& op, bool has_f64) {
  if (const Support dtype = supports_dtype(op.dtype, has_f64); !dtype) return dtype;
  if (op.dtype == DType::s8 && op.pass != Pass::forward) return Support::no("s8 convolution is forward only");
  const Extents extents = extents_of(op);
  for (const std::int64_t extent : {extents.rows, extents.columns, extents.depth, op.h, op.w}) {
    if (extent >= std::int64_t{1} << 29) return Support::no("an extent of the equivalent product is above 2^29");
  }
  return {};
}

Run make_run(Compiler& compiler, const Convolution& op, const Variant& variant, const Tile& tile) {
  const std::vector<TensorSpec> specs = op.arguments();
  const auto result = static_cast<std::size_t>(op.result());
  const std::size_t first = result == 0 ? 1 : 0, second = result == 2 ? 1 : 2;
  const DType stored = specs[result].dtype;
  std::string options = dtype_options(op.dtype, stored) + tile_options(tile) + pass_option(op.pass);
  const bool direct = &variant == &kVariants[0];
  if (!direct && op.pass == Pass::backward_data) {
    options += " -DSTRIDE_H=" + std::to_string(op.stride_h) + " -DSTRIDE_W=" + std::to_string(op.stride_w);
  }
  std::vector<std::string_view> shared = {values_cl, geometry_cl};
  if (!direct) shared.push_back(panels_cl);
  auto kernel = std::make_shared<OpenClKernel>(compiler.compile(variant, shared, options, "convolution"));
  const Geometry geometry = geometry_of(op);
  cl_command_queue queue = compiler.device().commands();

  const auto results = static_cast<cl_ulong>(specs[result].elements());
  if (direct) {
    return [=](std::span<Tensor* const> t) {
      launch(*kernel, queue, {results, 1, 1}, {static_cast<std::size_t>(tile.columns), 1, 1},
             opencl_values(t[first], op.dtype), opencl_values(t[second], op.dtype), opencl_values(t[result], stored),
             geometry, results);
    };
  }
  const Extents extents = extents_of(op);
  const auto x = static_cast<std::size_t>(tile.items_x()), y = static_cast<std::size_t>(tile.items_y());
  const cl_int parts = parts_of(op, variant, tile, compute_units_of(compiler.device()));
  const WorkSize items = {static_cast<std::size_t>(ceil_div(extents.columns, tile.columns)) * x,
                          static_cast<std::size_t>(ceil_div(extents.rows, tile.rows)) * y,
                          static_cast<std::size_t>(op.groups * parts)};
  if (parts == 1) {
    return [=](std::span<Tensor* const> t) {
      launch(*kernel, queue, items, {x, y, 1}, opencl_values(t[first], op.dtype), opencl_values(t[second], op.dtype),
             opencl_values(t[result], stored), geometry, results, parts);
    };
  }
  auto add = std::make_shared<OpenClKernel>(compiler.compile(variant, shared, options, "add_parts"));
  auto sums =
      std::make_shared<OpenClBuffer>(compiler.device(), specs[result].bytes() * static_cast<std::size_t>(parts));
  return [=](std::span<Tensor* const> t) {
    launch(*kernel, queue, items, {x, y, 1}, opencl_values(t[first], op.dtype), opencl_values(t[second], op.dtype),
           OpenClValues{sums->memory(), 0}, geometry, results, parts);
    launch(*add, queue, {results, 1, 1}, {64, 1, 1}, sums->memory(), opencl_values(t[result], stored), results, parts);
  };
}

}  // namespace whygpu::opencl

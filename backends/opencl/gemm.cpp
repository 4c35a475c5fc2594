// The ladder of GEMM kernels.
#include "backends/devices/ceil_div.h"
#include "backends/opencl/kernels.h"
#include "backends/opencl/sources.h"

namespace whygpu::opencl {
namespace {

constexpr Tile kNaive[] = {{16, 16, 1}};
constexpr Tile kTiled[] = {{8, 8, 8}, {16, 16, 16}, {32, 32, 32}};
constexpr Tile kRegisterTiled[] = {
    {32, 32, 16, 4, 4}, {64, 64, 16, 4, 4}, {64, 64, 16, 8, 8}, {128, 64, 16, 8, 4}, {128, 128, 8, 8, 8}};
// Four for GPUs, with many work items, and four for CPUs (see suits()).
constexpr Tile kVectorised[] = {{32, 32, 16, 4, 4, 4},   {64, 64, 16, 4, 4, 4},  {64, 64, 16, 8, 4, 4},
                                {128, 128, 16, 8, 8, 4}, {64, 64, 32, 8, 8, 8},  {32, 64, 32, 8, 16, 16},
                                {64, 64, 32, 8, 16, 16}, {64, 64, 64, 8, 32, 16}};

constexpr Variant kVariants[] = {{"naive", naive_cl, kNaive},
                                 {"tiled", tiled_cl, kTiled},
                                 {"register_tiled", register_tiled_cl, kRegisterTiled},
                                 {"vectorised", vectorised_cl, kVectorised}};

}  // namespace

std::span<const Variant> gemm_variants() { return kVariants; }

Support supports(const Gemm& op, bool has_f64) {
  if (const Support dtype = supports_dtype(op.dtype, has_f64); !dtype) return dtype;
  for (const std::int64_t extent : {op.m, op.n, op.k}) {
    if (extent >= std::int64_t{1} << 30) return Support::no("m, n and k must be below 2^30");
  }
  return {};
}

Run make_run(Compiler& compiler, const Gemm& op, const Variant& variant, const Tile& tile) {
  const std::string options = dtype_options(op.dtype, accumulator_of(op.dtype)) + tile_options(tile) +
                              " -DTRANSPOSE_A=" + (op.transpose_a ? "1" : "0") +
                              " -DTRANSPOSE_B=" + (op.transpose_b ? "1" : "0");
  std::vector<std::string_view> shared = {values_cl, gemm_cl};
  if (tile.width > 1) shared.push_back(panels_cl);
  auto kernel = std::make_shared<OpenClKernel>(compiler.compile(variant, shared, options, "gemm"));
  const auto x = static_cast<std::size_t>(tile.items_x()), y = static_cast<std::size_t>(tile.items_y());
  const WorkSize items = {static_cast<std::size_t>(ceil_div(op.n, tile.columns)) * x,
                          static_cast<std::size_t>(ceil_div(op.m, tile.rows)) * y, static_cast<std::size_t>(op.batch)};
  return [=, queue = compiler.device().commands()](std::span<Tensor* const> t) {
    launch(*kernel, queue, items, {x, y, 1}, opencl_values(t[0], op.dtype), opencl_values(t[1], op.dtype),
           opencl_values(t[2], accumulator_of(op.dtype)), static_cast<cl_int>(op.m), static_cast<cl_int>(op.n),
           static_cast<cl_int>(op.k));
  };
}

}  // namespace whygpu::opencl

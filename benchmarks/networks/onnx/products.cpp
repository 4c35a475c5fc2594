#include "benchmarks/networks/onnx/products.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "benchmarks/cases/case.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu::networks {
namespace {

void add(NetworkNodeRecord& node, std::string_view pass, const std::string& problem, std::int64_t count) {
  const Case c = parse_case(problem);
  const Work work = find_workload(c.workload).work(c);
  node.work.push_back({std::string(pass), problem, count, work.flops, work.bytes});
}

}  // namespace

std::string problem_of(const Gemm& gemm) {
  std::string line = fmt::format("gemm m={} n={} k={} batch={} trans={}{} dtype={}", gemm.m, gemm.n, gemm.k, gemm.batch,
                                 gemm.transpose_a ? 't' : 'n', gemm.transpose_b ? 't' : 'n', dtype_name(gemm.dtype));
  return parse_case(line).problem();
}

std::string problem_of(const Convolution& op) {
  constexpr std::string_view kPasses[] = {"forward", "backward_data", "backward_weights"};
  const auto pair = [](std::string_view name, std::int64_t vertical, std::int64_t horizontal) {
    return vertical == horizontal ? fmt::format("{}={}", name, vertical)
                                  : fmt::format("{0}_h={1} {0}_w={2}", name, vertical, horizontal);
  };
  const std::string line =
      fmt::format("convolution n={} c={} h={} w={} k={} r={} s={} {} {} {} groups={} pass={} dtype={}", op.n, op.c,
                  op.h, op.w, op.k, op.r, op.s, pair("stride", op.stride_h, op.stride_w),
                  pair("pad", op.pad_h, op.pad_w), pair("dilation", op.dilation_h, op.dilation_w), op.groups,
                  kPasses[static_cast<int>(op.pass)], dtype_name(op.dtype));
  return parse_case(line).problem();
}

// For C = op(A)·op(B): dA = dC·op(B)ᵀ and dB = op(A)ᵀ·dC, each stored as its operand.
void add_gemm(NetworkNodeRecord& node, const Gemm& gemm, Gradients gradients, std::int64_t count) {
  const auto [m, n, k, batch, ta, tb, dtype] = gemm;
  if (std::min({m, n, k, batch, count}) == 0) return;
  add(node, "forward", problem_of(gemm), count);
  if (gradients.first) {
    const Gemm gradient = ta ? Gemm{k, m, n, batch, tb, true, dtype} : Gemm{m, k, n, batch, false, !tb, dtype};
    add(node, "backward_data", problem_of(gradient), count);
  }
  if (gradients.second) {
    const Gemm gradient = tb ? Gemm{n, k, m, batch, true, ta, dtype} : Gemm{k, n, m, batch, !ta, false, dtype};
    add(node, "backward_weights", problem_of(gradient), count);
  }
}

void add_convolution(NetworkNodeRecord& node, const Convolution& convolution, Gradients gradients) {
  if (std::min({convolution.n, convolution.c, convolution.k, convolution.h, convolution.w}) == 0) return;
  const auto pass = [&](Pass which) {
    Convolution op = convolution;
    op.pass = which;
    return problem_of(op);
  };
  const bool transposed = convolution.pass == Pass::backward_data;
  add(node, "forward", pass(convolution.pass), 1);
  if (gradients.first) add(node, "backward_data", pass(transposed ? Pass::forward : Pass::backward_data), 1);
  if (gradients.second) add(node, "backward_weights", pass(Pass::backward_weights), 1);
}

void add_traffic(NetworkNodeRecord& node, std::string_view pass, double bytes, double flops) {
  if (bytes > 0 || flops > 0) node.work.push_back({std::string(pass), {}, 1, flops, bytes});
}

}  // namespace whygpu::networks

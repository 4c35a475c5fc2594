// C = op(A)·op(B), the main operation of deep learning.
#include <fmt/format.h>

#include <cmath>

#include "benchmarks/oracles/gemm_oracle.h"
#include "benchmarks/workloads/operation_trial.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

const std::vector<Parameter>& gemm_parameters() {
  static const std::vector<Parameter> parameters = {
      {"m", "", {}, 1, "rows of C"},
      {"n", "=m", {}, 1, "columns of C"},
      {"k", "=m", {}, 1, "length of each dot product"},
      {"batch", "1", {}, 1, "independent products"},
      {"trans", "nn", {"nn", "nt", "tn", "tt"}, 0, "which of A and B are stored transposed"},
      {"dtype", "f32", {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8"}, 0, "type of A and B"},
      data_parameter(),
  };
  return parameters;
}

Gemm gemm_of(const Case& c) {
  return {c.number("m"),        c.number("n"),        c.number("k"),          c.number("batch"),
          c["trans"][0] == 't', c["trans"][1] == 't', parse_dtype(c["dtype"])};
}

class GemmWorkload final : public Workload {
 public:
  std::string_view name() const override { return "gemm"; }
  std::string_view summary() const override { return "general matrix multiplication, C = op(A)·op(B)"; }
  std::span<const Parameter> parameters() const override { return gemm_parameters(); }
  std::string_view probe() const override { return "gemm m=32 n=32 k=32 dtype=f64,f32,tf32,f16,bf16,f8e4m3,s8"; }

  void validate(const Case& c) const override {
    const auto work = this->work(c);
    if (work.flops > 1e18 || work.memory_bytes > 1e15) {
      throw CaseError(fmt::format("{}: {:.2g} bytes and {:.2g} FLOP are too large for any machine", c.text(),
                                  work.memory_bytes, work.flops));
    }
  }

  Work work(const Case& c) const override {
    const auto m = static_cast<double>(c.number("m")), n = static_cast<double>(c.number("n"));
    const auto k = static_cast<double>(c.number("k")), batch = static_cast<double>(c.number("batch"));
    const DType dtype = parse_dtype(c["dtype"]);
    const double bytes = batch * ((m * k + k * n) * static_cast<double>(dtype_bytes(dtype)) +
                                  m * n * static_cast<double>(dtype_bytes(accumulator_of(dtype))));
    return {2 * m * n * k * batch, bytes, bytes};
  }

  Support supports(const Case& c, Backend& backend) const override {
    return backend.supports(gemm_of(c), {.variant = c["variant"]});
  }

  std::vector<std::string> variants(const Case& c, Backend& backend) const override {
    return backend.variants(gemm_of(c));
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    const Gemm gemm = gemm_of(c);
    const auto oracle = [gemm](std::span<const std::byte* const> values, std::string_view) {
      return check_gemm(gemm, values[0], values[1], values[2]);
    };
    return std::make_unique<OperationTrial>(gemm.arguments(), 2, backend.prepare(gemm, prepare_options(c)), oracle,
                                            input_data(c));
  }
};

}  // namespace

const Workload& gemm_workload() {
  static const GemmWorkload workload;
  return workload;
}

}  // namespace whygpu

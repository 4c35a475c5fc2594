// C = op(A)·op(B): the operation that deep learning is made of.
#include <fmt/format.h>

#include <cmath>

#include "benchmarks/gemm_oracle.h"
#include "benchmarks/output_hash.h"
#include "benchmarks/random_input.h"
#include "benchmarks/workload.h"

namespace whygpu {
namespace {

const std::vector<Parameter>& gemm_parameters() {
  static const std::vector<Parameter> parameters = {
      {"m", "", {}, 1, "rows of C"},
      {"n", "", {}, 1, "columns of C"},
      {"k", "", {}, 1, "length of each dot product"},
      {"batch", "1", {}, 1, "independent products"},
      {"trans", "nn", {"nn", "nt", "tn", "tt"}, 0, "which of A and B are stored transposed"},
      {"dtype", "f32", {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8"}, 0, "type of A and B"},
  };
  return parameters;
}

Gemm gemm_of(const Case& c) {
  return {c.number("m"),        c.number("n"),         c.number("k"), c.number("batch"), c["trans"][0] == 't',
          c["trans"][1] == 't', parse_dtype(c["dtype"])};
}

class GemmTrial final : public Trial {
 public:
  GemmTrial(const Gemm& gemm, std::unique_ptr<Operation> operation)
      : gemm_(gemm), operation_(std::move(operation)), specs_(gemm.arguments()) {
    a_ = random_values(gemm.dtype, specs_[0].elements(), 11);
    b_ = random_values(gemm.dtype, specs_[1].elements(), 12);
    allocate_sets(1);
  }

  void allocate_sets(std::size_t count) override {
    while (sets_.size() < count) {
      auto& set = sets_.emplace_back();
      for (int i = 0; i < 3; ++i) set.owned[i] = operation_->allocate(i);
      set.owned[0]->upload(a_.data());
      set.owned[1]->upload(b_.data());
      for (int i = 0; i < 3; ++i) set.arguments[i] = set.owned[i].get();
    }
  }

  Verdict verify() override {
    Set& set = sets_.front();
    set.owned[2]->upload(poison(specs_[2]).data());
    operation_->enqueue(set.arguments);
    std::vector<std::byte> c(specs_[2].bytes());
    set.owned[2]->download(c.data());
    output_hash_ = output_hash(c);
    return check_gemm(gemm_, a_.data(), b_.data(), c.data());
  }

  void enqueue(std::size_t set) override { operation_->enqueue(sets_[set].arguments); }

  std::vector<HostArgument> host_arguments() override {
    auto& tensors = sets_.front().owned;
    return {{tensors[0].get(), specs_[0].bytes(), a_.data()},
            {tensors[1].get(), specs_[1].bytes(), b_.data()},
            {tensors[2].get(), specs_[2].bytes(), nullptr}};
  }

  std::size_t set_bytes() const override {
    std::size_t bytes = 0;
    for (const auto& tensor : sets_.front().owned) bytes += tensor->bytes();
    return bytes;
  }

  std::string implementation() const override { return operation_->implementation(); }

  Details details() const override { return {{"output_hash", output_hash_}}; }

 private:
  struct Set {
    std::unique_ptr<Tensor> owned[3];
    Tensor* arguments[3];
  };

  Gemm gemm_;
  std::unique_ptr<Operation> operation_;
  std::vector<TensorSpec> specs_;
  std::vector<std::byte> a_, b_;
  double output_hash_ = 0;
  std::vector<Set> sets_;
};

class GemmWorkload final : public Workload {
 public:
  std::string_view name() const override { return "gemm"; }
  std::string_view summary() const override { return "general matrix multiplication, C = op(A)·op(B)"; }
  std::span<const Parameter> parameters() const override { return gemm_parameters(); }
  std::string_view probe() const override {
    return "gemm m=32 n=32 k=32 dtype=f64,f32,tf32,f16,bf16,f8e4m3,s8";
  }

  void validate(const Case& c) const override {
    const auto work = this->work(c);
    if (work.flops > 1e18 || work.memory_bytes > 1e15) {
      throw CaseError(fmt::format("{}: {:.2g} bytes and {:.2g} FLOP are beyond any machine", c.text(), work.memory_bytes,
                                  work.flops));
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

  Support supports(const Case& c, const Backend& backend) const override {
    return backend.supports(gemm_of(c), c["variant"]);
  }

  std::vector<std::string> variants(const Case& c, const Backend& backend) const override {
    return backend.variants(gemm_of(c));
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    const Gemm gemm = gemm_of(c);
    return std::make_unique<GemmTrial>(gemm, backend.prepare(gemm, c["variant"]));
  }
};

}  // namespace

const Workload& gemm_workload() {
  static const GemmWorkload workload;
  return workload;
}

}  // namespace whygpu

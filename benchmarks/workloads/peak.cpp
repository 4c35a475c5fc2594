// The peak of a device: multiplications and additions in registers, and the clock during them.
#include <fmt/format.h>

#include "backends/dtypes.h"
#include "benchmarks/oracles/random_input.h"
#include "benchmarks/workloads/probes.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

const std::vector<Parameter>& peak_parameters() {
  static const std::vector<Parameter> parameters = {
      {"measure", "multiply_add", {"multiply_add", "clock"}, 0, "arithmetic per second, or clock cycles per second"},
      {"dtype", "f32", {"f64", "f32", "tf32", "f16", "bf16", "f8e4m3", "s8"}, 0, "type of the factors"},
      {"millions", "1000", {}, 1, "multiplications and additions in one operation, or cycles, in millions"},
  };
  return parameters;
}

Probe peak_probe(const Case& c) {
  const std::int64_t count = c.number("millions") * 1'000'000;
  if (c["measure"] == "clock") return CycleChain{count};
  return Peak{parse_dtype(c["dtype"]), count};
}

class PeakTrial final : public Trial {
 public:
  PeakTrial(const Case& c, Backend& backend)
      : specs_(arguments(peak_probe(c))),
        device_(backend.device()),
        operation_(prepare_probe(peak_probe(c), c["variant"], backend)) {
    for (int i = 0; i < static_cast<int>(specs_.size()); ++i) {
      owned_.push_back(operation_->allocate(i));
      arguments_.push_back(owned_.back().get());
    }
  }

  // Every kernel adds and subtracts the same products, so y must equal x exactly.
  Verdict verify() override {
    if (specs_.empty()) {
      enqueue(0);
      device_.synchronize();
      return {};
    }
    const std::vector<std::byte> x = small_integers(specs_[0]);
    arguments_[0]->upload(x.data());
    arguments_[1]->upload(poison(specs_[1]).data());
    enqueue(0);
    std::vector<std::byte> y(x.size());
    arguments_[1]->download(y.data());
    if (x != y) return {Status::incorrect, "the accumulators did not come back to their first values"};
    return {};
  }

  void enqueue(std::size_t) override { operation_->enqueue(arguments_); }
  void allocate_sets(std::size_t) override {}  // registers have no cold state
  std::size_t set_bytes() const override { return specs_.empty() ? 0 : 2 * specs_[0].bytes(); }
  std::string implementation() const override { return operation_->implementation(); }

 private:
  static std::vector<std::byte> small_integers(const TensorSpec& spec) {
    std::vector<std::byte> bytes(spec.bytes());
    Random random(5);
    with_storage_type(spec.dtype, [&]<class T>(T) {
      auto* values = reinterpret_cast<T*>(bytes.data());
      for (std::int64_t i = 0; i < spec.elements(); ++i) {
        values[i] = static_cast<T>(static_cast<float>(random.below(101)) - 50.0F);
      }
    });
    return bytes;
  }

  std::vector<TensorSpec> specs_;
  Device& device_;
  std::unique_ptr<Operation> operation_;
  std::vector<std::unique_ptr<Tensor>> owned_;
  std::vector<Tensor*> arguments_;
};

class PeakWorkload final : public Workload {
 public:
  std::string_view name() const override { return "peak"; }
  std::string_view summary() const override { return "arithmetic in registers, the ceiling of all other workloads"; }
  std::span<const Parameter> parameters() const override { return peak_parameters(); }
  std::string_view probe() const override { return "peak dtype=f64,f32,tf32,f16,bf16,f8e4m3,s8 millions=1"; }

  void validate(const Case& c) const override {
    if (c.number("millions") > 1'000'000'000) {
      throw CaseError(fmt::format("{}: millions={} would run for years; at most 1000000000", c.text(), c["millions"]));
    }
    if (c["mode"] == "cold") throw CaseError(fmt::format("{}: registers have no cold mode", c.text()));
  }

  // The clock measurement counts cycles as operations.
  Work work(const Case& c) const override { return {1e6 * static_cast<double>(c.number("millions")), 0, 128}; }

  Support supports(const Case& c, Backend& backend) const override {
    return supports_probe(peak_probe(c), c["variant"], backend);
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    return std::make_unique<PeakTrial>(c, backend);
  }
};

}  // namespace

const Workload& peak_workload() {
  static const PeakWorkload workload;
  return workload;
}

}  // namespace whygpu

// Data movement: STREAM's kernels on device memory, copies between host and device, and launch overhead.
// FLOPs and bytes follow STREAM's rule: every vector counts once per pass, read or written; write-allocate traffic of
// caches does not count.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>

#include "benchmarks/oracles/memory_oracle.h"
#include "benchmarks/oracles/random_input.h"
#include "benchmarks/workloads/probes.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

const std::vector<Parameter>& memory_parameters() {
  static const std::vector<Parameter> parameters = {
      {"kernel",
       "triad",
       {"copy", "scale", "add", "triad", "sum", "to_device", "to_host", "both_ways", "launch"},
       0,
       "STREAM's kernels, transfers, or an empty launch"},
      {"bytes", "67108864", {}, 1, "size of all vectors together, or of a transfer in each direction"},
      {"passes", "1", {}, 1, "passes of each thread over its part, to measure small caches"},
      {"dtype", "f64", {"f64", "f32"}, 0, "type of the vectors"},
      {"host_memory", "pinned", {"pinned", "pageable"}, 0, "host memory of a transfer"},
      {"launches", "1", {}, 1, "empty launches in one operation"},
      {"replay", "eager", {"eager", "graph"}, 0, "queue work each time, or replay it as a captured graph"},
      {"wait", "end", {"end", "each"}, 0, "wait for each operation, to see its latency"},
  };
  return parameters;
}

std::optional<StreamKernel> stream_kernel(std::string_view name) {
  constexpr std::string_view kNames[] = {"copy", "scale", "add", "triad", "sum"};
  const auto* found = std::ranges::find(kNames, name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<StreamKernel>(found - kNames);
}

Probe memory_probe(const Case& c) {
  const std::string_view kernel = c["kernel"];
  if (kernel == "launch") return Launch{c.number("launches")};
  const bool pinned = c["host_memory"] == "pinned";
  if (kernel == "to_device") return Transfer{Direction::to_device, pinned, c.number("bytes")};
  if (kernel == "to_host") return Transfer{Direction::to_host, pinned, c.number("bytes")};
  if (kernel == "both_ways") return Transfer{Direction::both_ways, pinned, c.number("bytes")};
  Stream stream{*stream_kernel(kernel), 0, c.number("passes"), c["dtype"] == "f32" ? DType::f32 : DType::f64};
  const std::int64_t vectors = stream.inputs() + (stream.kernel == StreamKernel::sum ? 0 : 1);
  stream.elements = c.number("bytes") / (vectors * static_cast<std::int64_t>(dtype_bytes(stream.dtype)));
  return stream;
}

class MemoryTrial final : public Trial {
 public:
  MemoryTrial(const Case& c, Backend& backend)
      : probe_(memory_probe(c)),
        specs_(arguments(probe_)),
        device_(backend.device()),
        operation_(prepare_probe(probe_, c["variant"], backend)),
        graph_(c["replay"] == "graph"),
        wait_(c["wait"] == "each") {
    add_set();
  }

  void load(std::uint64_t seed) override {
    for (int input : memory_inputs(probe_)) {
      const TensorSpec& spec = specs_[static_cast<std::size_t>(input)];
      inputs_.emplace_back(
          input, random_values(spec.dtype, spec.elements(), argument_seed(seed, static_cast<std::size_t>(input))));
    }
    fill(sets_.front());
  }

  void allocate_sets(std::size_t count) override {
    while (sets_.size() < count) {
      add_set();
      fill(sets_.back());
    }
  }

  Verdict verify() override {
    Set& set = sets_.front();
    if (graph_ && !set.graph) return {Status::unsupported, "this device cannot capture graphs"};
    const std::vector<int> results = memory_results(probe_);
    enqueue(0);
    device_.synchronize();
    for (std::size_t i = 0; i < results.size(); ++i) {
      const auto index = static_cast<std::size_t>(results[i]);
      std::vector<std::byte> values(specs_[index].bytes());
      set.arguments[index]->download(values.data());
      if (Verdict verdict = check_memory(probe_, i, inputs_, values); verdict.status != Status::ok) return verdict;
    }
    return {};
  }

  void enqueue(std::size_t index) override {
    Set& set = sets_[index];
    graph_ ? set.graph->enqueue() : operation_->enqueue(set.arguments);
    if (wait_) device_.synchronize();
  }

  // Copies from pageable memory go through the driver, which blocks the caller meanwhile.
  bool timed_by_host() const override {
    const auto* transfer = std::get_if<Transfer>(&probe_);
    return wait_ || std::holds_alternative<Launch>(probe_) || (transfer != nullptr && !transfer->pinned);
  }

  std::size_t set_bytes() const override {
    std::size_t bytes = 0;
    for (const auto& tensor : sets_.front().owned) bytes += tensor->bytes();
    return bytes;
  }

  std::string implementation() const override {
    return operation_->implementation() + (graph_ ? ", replayed as a graph" : "");
  }

 private:
  struct Set {
    std::vector<std::unique_ptr<Tensor>> owned;
    std::vector<Tensor*> arguments;
    std::unique_ptr<Graph> graph;
  };

  void add_set() {
    Set& set = sets_.emplace_back();
    for (int i = 0; i < static_cast<int>(specs_.size()); ++i) {
      set.owned.push_back(operation_->allocate(i));
      set.arguments.push_back(set.owned.back().get());
    }
  }

  void fill(Set& set) {
    for (const auto& [index, values] : inputs_) set.arguments[static_cast<std::size_t>(index)]->upload(values.data());
    for (const int result : memory_results(probe_)) {
      const auto index = static_cast<std::size_t>(result);
      set.arguments[index]->upload(poison(specs_[index]).data());
    }
    device_.synchronize();
    if (graph_) set.graph = device_.capture([&] { operation_->enqueue(set.arguments); });
  }

  Probe probe_;
  std::vector<TensorSpec> specs_;
  Device& device_;
  std::unique_ptr<Operation> operation_;
  bool graph_, wait_;
  MemoryInputs inputs_;
  std::vector<Set> sets_;
};

class MemoryWorkload final : public Workload {
 public:
  std::string_view name() const override { return "memory"; }
  std::string_view summary() const override {
    return "STREAM kernels, transfers between host and device, and launches";
  }
  std::span<const Parameter> parameters() const override { return memory_parameters(); }
  std::string_view probe() const override {
    return "memory kernel=copy,scale,add,triad,sum,to_device,to_host,both_ways,launch bytes=4096 dtype=f64,f32";
  }

  void validate(const Case& c) const override {
    const Probe op = memory_probe(c);
    if (const auto* stream = std::get_if<Stream>(&op); stream != nullptr && stream->elements < 1) {
      throw CaseError(fmt::format("{}: bytes={} is less than one element of each vector", c.text(), c["bytes"]));
    }
    if (c["replay"] == "graph" && !std::holds_alternative<Launch>(op)) {
      throw CaseError(fmt::format("{}: replay=graph requires kernel=launch", c.text()));
    }
    if (c["wait"] == "each" && !std::holds_alternative<Launch>(op) && !std::holds_alternative<Transfer>(op)) {
      throw CaseError(fmt::format("{}: wait=each requires a launch or transfer", c.text()));
    }
    if (c.number("bytes") > 1'000'000'000'000'000) {
      throw CaseError(fmt::format("{}: {} bytes are too large for any machine", c.text(), c["bytes"]));
    }
  }

  Work work(const Case& c) const override { return memory_work(memory_probe(c)); }

  Support supports(const Case& c, Backend& backend) const override {
    return supports_probe(memory_probe(c), c["variant"], backend);
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    return std::make_unique<MemoryTrial>(c, backend);
  }
};

}  // namespace

const Workload& memory_workload() {
  static const MemoryWorkload workload;
  return workload;
}

}  // namespace whygpu

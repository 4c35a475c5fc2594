#include "benchmarks/networks/program.h"

#include <algorithm>

#include "backends/dtypes.h"
#include "backends/layers/bias_activation/fused.h"
#include "backends/loader.h"
#include "reports/results/statistics.h"

namespace whygpu::networks {
namespace {

constexpr std::size_t kPoisonBytes = std::size_t{16} << 20;  // at a time

std::vector<std::byte> as_stored(const TensorSpec& spec, const std::vector<double>& values) {
  std::vector<std::byte> storage(spec.bytes());
  with_storage_type(spec.dtype, [&]<class T>(T) {
    auto* out = reinterpret_cast<T*>(storage.data());
    for (std::size_t i = 0; i < values.size(); ++i) out[i] = static_cast<T>(values[i]);
  });
  return storage;
}

// Operations of a network share the device's tensors.
constexpr PrepareOptions kSharedTensors{.variant = {}, .layout = Layout::row_major};

Op backend_op(const NodeOp& op) {
  if (const auto* gemm = std::get_if<Gemm>(&op)) return *gemm;
  return std::get<Convolution>(op);
}

}  // namespace

HostBatch::HostBatch(const ComputeGraph& graph, const Batch& batch)
    : input(as_stored(graph.spec(graph.input), batch.input)) {
  if (graph.target != kNone) target = as_stored(graph.spec(graph.target), batch.target);
}

Support supports(const ComputeGraph& graph, Backend& backend) {
  std::vector<NodeOp> asked;
  std::unique_ptr<LayerKernels> layers;
  for (const Node& node : graph.nodes) {
    if (std::ranges::find(asked, node.op) != asked.end()) continue;
    asked.push_back(node.op);
    if (const auto* layer = std::get_if<Layer>(&node.op)) {
      if (backend.layers() != nullptr && backend.layers()->prepare(*layer)) continue;
      try {
        if (!layers) layers = load_layer_kernels(backend.device());
      } catch (const LoadError& error) {
        return Support::no(node.layer + ": " + error.what());
      }
      if (!layers->prepare(*layer)) {
        return Support::no(node.layer + ": no kernel for " + std::string(layer->name()) + " on " +
                           std::string(device_kind_name(backend.device().kind())) + " devices");
      }
      continue;
    }
    if (Support support = backend.supports(backend_op(node.op), kSharedTensors); !support) {
      return Support::no(node.layer + ": " + support.reason);
    }
  }
  return {};
}

Program::Program(const ComputeGraph& graph, Backend& backend)
    : graph_(graph), backend_(backend), plan_(plan_memory(graph)), memory_(backend.device().allocate(plan_.bytes)) {
  tensors_.resize(graph.values.size());
  for (std::size_t i = 0; i < graph.nodes.size(); i += steps_.back().nodes) {
    if (std::optional<Step> fused = fused_step(i)) {
      steps_.push_back(std::move(*fused));
      continue;
    }
    const Node& node = graph.nodes[i];
    const Prepared& ready = prepared(node.op);
    Step& step = steps_.emplace_back(Step{ready.operation.get(), {}, node.phase, ready.owner, i});
    for (const Value value : node.arguments) step.arguments.push_back(&tensor(value));
  }
}

const Program::Prepared& Program::prepared(const NodeOp& op) {
  const auto ready = std::ranges::find(operations_, op, &Prepared::op);
  if (ready != operations_.end()) return *ready;
  operations_.push_back(prepare(op));
  return operations_.back();
}

// A product and what follows on its result in place, if the backend has one operation for both.
std::optional<Program::Step> Program::fused_step(std::size_t node) {
  if (backend_.layers() == nullptr || node + 1 == graph_.nodes.size()) return std::nullopt;
  const Node &first = graph_.nodes[node], &second = graph_.nodes[node + 1];
  const auto* layer = std::get_if<Layer>(&second.op);
  const auto* then = layer != nullptr ? layer->get<BiasActivation>() : nullptr;
  const auto* convolution = std::get_if<Convolution>(&first.op);
  const bool is_product =
      std::holds_alternative<Gemm>(first.op) || (convolution != nullptr && convolution->pass == Pass::forward);
  if (then == nullptr || !is_product) return std::nullopt;
  const Value result = first.arguments[2];
  if (second.arguments.front() != result || second.arguments.back() != result) return std::nullopt;

  const Layer fused = FusedBiasActivation{backend_op(first.op), *then};
  if (std::ranges::find(operations_, NodeOp(fused), &Prepared::op) == operations_.end()) {
    auto operation = backend_.layers()->prepare(fused);
    if (!operation) return std::nullopt;
    operations_.push_back({fused, std::move(operation), CodeOwner::backend});
  }
  Step step{prepared(fused).operation.get(), {}, first.phase, CodeOwner::backend, node, 2};
  for (const Value value : {first.arguments[0], first.arguments[1]}) step.arguments.push_back(&tensor(value));
  for (std::size_t i = 1; i < second.arguments.size(); ++i) step.arguments.push_back(&tensor(second.arguments[i]));
  return step;
}

// Uses the backend's own version of a layer if it has one.
Program::Prepared Program::prepare(const NodeOp& op) {
  const auto* layer = std::get_if<Layer>(&op);
  if (layer == nullptr) return {op, backend_.prepare(backend_op(op), kSharedTensors), CodeOwner::backend};
  if (backend_.layers() != nullptr) {
    if (auto own = backend_.layers()->prepare(*layer)) return {op, std::move(own), CodeOwner::backend};
  }
  if (!layers_) layers_ = load_layer_kernels(backend_.device());
  return {op, layers_->prepare(*layer), CodeOwner::layers};
}

Tensor& Program::tensor(Value value) {
  auto& tensor = tensors_[static_cast<std::size_t>(value)];
  if (!tensor) {
    tensor =
        backend_.device().view(*memory_, plan_.offset[static_cast<std::size_t>(value)], graph_.spec(value).bytes());
  }
  return *tensor;
}

void Program::upload(Value value, const std::vector<double>& values) {
  const std::vector<std::byte> storage = as_stored(graph_.spec(value), values);
  tensor(value).upload(storage.data());
  backend_.device().synchronize();  // before the storage goes
}

std::vector<double> Program::download(Value value) {
  const TensorSpec& spec = graph_.spec(value);
  std::vector<std::byte> storage(spec.bytes());
  backend_.device().synchronize();
  tensor(value).download(storage.data());
  std::vector<double> values(static_cast<std::size_t>(spec.elements()));
  with_storage_type(spec.dtype, [&]<class T>(T) {
    const auto* in = reinterpret_cast<const T*>(storage.data());
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(static_cast<float>(in[i]));
  });
  return values;
}

void Program::reset() {
  const std::vector<std::byte> poison(std::min(plan_.bytes, kPoisonBytes), std::byte{0xff});
  for (std::size_t offset = 0; offset < plan_.bytes; offset += poison.size()) {
    const auto chunk = backend_.device().view(*memory_, offset, std::min(poison.size(), plan_.bytes - offset));
    chunk->upload(poison.data());
    backend_.device().synchronize();
  }
  const auto fill = [this](Value value, double x) {
    upload(value, std::vector<double>(static_cast<std::size_t>(graph_.spec(value).elements()), x));
  };
  if (graph_.gradients != kNone) fill(graph_.gradients, 0);
  for (const Value value : graph_.state) fill(value, 0);
  for (const Filled& filled : graph_.filled) fill(filled.value, filled.fill);
  set_weights(initial_weights(graph_));
}

void Program::load(const HostBatch& batch) {
  tensor(graph_.input).upload(batch.input.data());
  if (graph_.target != kNone) tensor(graph_.target).upload(batch.target.data());
}

void Program::load(const Batch& batch) {
  const HostBatch stored(graph_, batch);
  load(stored);
  backend_.device().synchronize();
}

void Program::set_weights(const std::vector<double>& weights) {
  upload(graph_.weights, weights);
  if (graph_.copies != kNone) upload(graph_.copies, weights);
}

void Program::set_weights(const TrainedParameter& parameter, const std::vector<double>& weights) {
  upload(parameter.weights, weights);
  if (parameter.copy != kNone) upload(parameter.copy, weights);
}

void Program::enqueue(Phase phase) {
  for (const Step& step : steps_) {
    if (step.phase == phase) step.operation->enqueue(step.arguments);
  }
}

void Program::enqueue() {
  for (const Step& step : steps_) step.operation->enqueue(step.arguments);
}

void Program::enqueue(const std::function<void(std::size_t node)>& before_each) {
  for (const Step& step : steps_) {
    for (std::size_t i = 0; i < step.nodes; ++i) before_each(step.first_node + i);
    step.operation->enqueue(step.arguments);
  }
}

std::vector<NodeTime> Program::time_nodes(int steps) {
  std::vector<std::unique_ptr<Stopwatch>> stopwatches;
  for (std::size_t i = 0; i < steps_.size(); ++i) stopwatches.push_back(backend_.device().make_stopwatch());
  std::vector<std::vector<double>> seconds(steps_.size());
  for (int step = 0; step < steps; ++step) {
    for (std::size_t i = 0; i < steps_.size(); ++i) {
      stopwatches[i]->start();
      steps_[i].operation->enqueue(steps_[i].arguments);
      stopwatches[i]->stop();
    }
    for (std::size_t i = 0; i < steps_.size(); ++i) seconds[i].push_back(stopwatches[i]->seconds());
  }
  std::vector<NodeTime> times;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    times.push_back({steps_[i].owner, name_of(graph_.nodes[steps_[i].first_node].op), median(seconds[i])});
  }
  return times;
}

std::string Program::implementation() const {
  std::vector<std::string> distinct;
  for (const Prepared& prepared : operations_) {
    std::string text = prepared.operation->implementation();
    if (std::ranges::find(distinct, text) == distinct.end()) distinct.push_back(std::move(text));
  }
  std::string all;
  for (const std::string& text : distinct) all += (all.empty() ? "" : "; ") + text;
  return all;
}

}  // namespace whygpu::networks

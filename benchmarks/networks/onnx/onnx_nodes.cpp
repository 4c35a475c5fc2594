#include "benchmarks/networks/onnx/onnx_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "benchmarks/networks/onnx/onnx_products.h"
#include "benchmarks/networks/onnx/products.h"

namespace whygpu::networks {
namespace {

enum class Traffic : std::uint8_t { none, all, results };  // of inputs and results; of results, read and written

// Operators that move memory, and about how many operations each element of the result costs.
struct Known {
  Traffic traffic = Traffic::all;
  double flops = 0;
  bool per_input = false;  // per element of the first input instead
};

const Known* known(std::string_view op) {
  static const std::map<std::string_view, Known> operators = [] {
    std::map<std::string_view, Known> map;
    const auto all = [&map](Known known, std::initializer_list<std::string_view> names) {
      for (const auto name : names) map[name] = known;
    };
    all({Traffic::none}, {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Identity", "Dropout", "Shape", "Size",
                          "Constant", "ConstantOfShape", "Range", "SequenceConstruct", "SequenceEmpty", "SequenceAt",
                          "SplitToSequence", "Optional", "OptionalGetElement", "OptionalHasElement", "SequenceLength"});
    all({Traffic::results}, {"Gather", "GatherElements", "GatherND", "Slice", "Split", "Expand", "Compress", "Unique"});
    all({Traffic::all}, {"Concat",
                         "Transpose",
                         "Pad",
                         "Tile",
                         "Cast",
                         "CastLike",
                         "DepthToSpace",
                         "SpaceToDepth",
                         "ConcatFromSequence",
                         "ScatterND",
                         "ScatterElements",
                         "Scatter",
                         "Where",
                         "NonZero",
                         "OneHot",
                         "ReverseSequence",
                         "Trilu",
                         "EyeLike",
                         "Bernoulli",
                         "RandomNormal",
                         "RandomNormalLike",
                         "RandomUniform",
                         "RandomUniformLike",
                         "Multinomial"});
    all({Traffic::all, 1}, {"Add",
                            "Sub",
                            "Mul",
                            "Div",
                            "Relu",
                            "Neg",
                            "Abs",
                            "Max",
                            "Min",
                            "Sum",
                            "Mean",
                            "Clip",
                            "LeakyRelu",
                            "PRelu",
                            "Floor",
                            "Ceil",
                            "Round",
                            "Sign",
                            "ThresholdedRelu",
                            "Mod",
                            "Equal",
                            "Greater",
                            "Less",
                            "And",
                            "Or",
                            "Not",
                            "Xor",
                            "GreaterOrEqual",
                            "LessOrEqual",
                            "IsNaN",
                            "IsInf",
                            "BitShift",
                            "Reciprocal"});
    all({Traffic::all, 3}, {"HardSigmoid", "HardSwish", "BatchNormalization", "QuantizeLinear", "DequantizeLinear",
                            "DynamicQuantizeLinear", "Sqrt", "Hardmax", "CumSum", "Shrink", "Affine"});
    all({Traffic::all, 8}, {"Sigmoid",
                            "Tanh",
                            "Exp",
                            "Log",
                            "Erf",
                            "Pow",
                            "Softmax",
                            "LogSoftmax",
                            "Softplus",
                            "Softsign",
                            "Elu",
                            "Selu",
                            "Celu",
                            "Gelu",
                            "Mish",
                            "Swish",
                            "Sin",
                            "Cos",
                            "Tan",
                            "Sinh",
                            "Cosh",
                            "Asin",
                            "Acos",
                            "Atan",
                            "Asinh",
                            "Acosh",
                            "Atanh",
                            "LayerNormalization",
                            "InstanceNormalization",
                            "GroupNormalization",
                            "RMSNormalization",
                            "LpNormalization",
                            "MeanVarianceNormalization",
                            "LRN",
                            "Resize",
                            "Upsample",
                            "GridSample",
                            "RotaryEmbedding"});
    all({Traffic::all, 1, true}, {"GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool", "ReduceMean", "ReduceSum",
                                  "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare",
                                  "ReduceLogSum", "ReduceLogSumExp", "ArgMax", "ArgMin", "TopK"});
    all({Traffic::all, 9}, {"MaxPool", "AveragePool", "LpPool", "MaxUnpool", "MaxRoiPool", "RoiAlign"});
    return map;
  }();
  const auto found = operators.find(op);
  return found == operators.end() ? nullptr : &found->second;
}

class Reader {
 public:
  Reader(const OnnxGraph& graph, bool training) : graph_(graph), training_(training) {}

  NetworkRecord read() {
    NetworkRecord network{graph_.name, graph_.batch, training_, {}};
    for (const auto& [name, tensor] : graph_.tensors) {
      if (tensor.constant) constant_.insert(name);
    }
    for (const OnnxNode& node : graph_.nodes) {
      if (!is_constant(node)) network.nodes.push_back(cost(node));
    }
    if (training_ && parameters_ > 0) {
      auto& update = network.nodes.emplace_back(NetworkNodeRecord{"all weights", "AdamW", {}, {}});
      add_traffic(update, "optimiser", kOptimiserBytes * parameters_, kOptimiserFlops * parameters_);
    }
    return network;
  }

 private:
  // Computed once, when the model is loaded.
  bool is_constant(const OnnxNode& node) {
    const bool random = node.op.starts_with("Random") || node.op == "Bernoulli" || node.op == "Multinomial";
    if (random || node.has_body || !std::ranges::all_of(node.inputs, [this](const auto& input) {
          return input.empty() || constant_.contains(input);
        })) {
      return false;
    }
    constant_.insert(node.outputs.begin(), node.outputs.end());
    return true;
  }

  NetworkNodeRecord cost(const OnnxNode& node) {
    NetworkNodeRecord record{node.name, node.op, {}, {}};
    const bool reached = std::ranges::any_of(node.inputs, [this](const auto& name) { return trained_.contains(name); });
    double weights = 0;  // elements that training changes
    for (const auto& input : node.inputs) {
      if (constant_.contains(input) && graph_.tensor(input).dtype.find('f') != std::string::npos) {
        const double elements = graph_.tensor(input).elements();
        if (elements > 1) weights += elements;
        if (elements > 1 && counted_.insert(input).second) parameters_ += elements;
      }
    }
    if (reached || weights > 0) trained_.insert(node.outputs.begin(), node.outputs.end());

    if (is_product(node.op)) {
      add_products(record, graph_, node, [&](const std::string& input) {
        return training_ && (constant_.contains(input) || trained_.contains(input));
      });
      return record;
    }
    const Known* op = known(node.op);
    if (op == nullptr) record.unknown = node.has_body ? std::string(kNotCounted) : "not a known operator";
    add_traffic_of(record, node, op == nullptr ? Known{Traffic::all, 1} : *op, reached || weights > 0);
    return record;
  }

  void add_traffic_of(NetworkNodeRecord& record, const OnnxNode& node, const Known& op, bool reached) {
    if (op.traffic == Traffic::none) return;
    double inputs = 0, results = 0, elements = 0;
    for (const auto& name : node.inputs) {
      const OnnxTensor& tensor = graph_.tensor(name);
      if (!name.empty() && !tensor.shape && !constant_.contains(name)) unknown_shape(record, name);
      inputs += tensor.bytes();
    }
    for (const auto& name : node.outputs) {
      const OnnxTensor& tensor = graph_.tensor(name);
      if (!name.empty() && !tensor.shape) unknown_shape(record, name);
      results += tensor.bytes();
      elements += tensor.elements();
    }
    if (op.per_input && !node.inputs.empty()) elements = graph_.tensor(node.inputs[0]).elements();
    const double bytes = op.traffic == Traffic::results ? 2 * results : inputs + results;
    add_traffic(record, "forward", bytes, op.flops * elements);
    if (training_ && reached) add_traffic(record, "backward", bytes + results, op.flops * elements);
  }

  void unknown_shape(NetworkNodeRecord& record, const std::string& tensor) const {
    if (record.unknown.empty()) record.unknown = fmt::format("the shape of \"{}\" is not known", tensor);
  }

  const OnnxGraph& graph_;
  const bool training_;
  std::set<std::string, std::less<>> constant_, trained_, counted_;  // tensors
  double parameters_ = 0;
};

}  // namespace

NetworkRecord network_of(const OnnxGraph& graph, bool training) { return Reader(graph, training).read(); }

}  // namespace whygpu::networks

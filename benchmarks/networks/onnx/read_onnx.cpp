// Only this file, check_onnx.cpp and inline_branches.cpp know ONNX's and protobuf's classes.
#include <fcntl.h>
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <onnx/defs/tensor_proto_util.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <set>
#include <utility>

#include "benchmarks/networks/onnx/check_onnx.h"
#include "benchmarks/networks/onnx/fold_constants.h"
#include "benchmarks/networks/onnx/inline_branches.h"
#include "benchmarks/networks/onnx/onnx_graph.h"
#include "benchmarks/networks/onnx/open_dimensions.h"
#include "benchmarks/networks/onnx/output_of_child.h"

namespace whygpu::networks {
namespace {

namespace fs = std::filesystem;
using onnx::AttributeProto;
using onnx::GraphProto;
using onnx::ModelProto;
using onnx::NodeProto;
using onnx::TensorProto;
using onnx::TensorShapeProto;
using onnx::TypeProto;

constexpr int kMostBytes = std::numeric_limits<int>::max();  // protobuf's own limit
constexpr int kDeepestNesting = 64;                          // messages in messages; ordinary models need about 10
constexpr int kMostNodes = 1'000'000;
constexpr std::int64_t kMostValuesKept = 4096;
constexpr int kMostRounds = 100;  // of shape inference and constant folding

ModelProto parse(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) refuse(path, "no such file; accepted: an ONNX model");
  if (!fs::is_regular_file(status)) refuse(path, "not a regular file; accepted: an ONNX model");
  const auto size = fs::file_size(path);
  if (size == 0) refuse(path, "empty; accepted: an ONNX model");
  if (size > kMostBytes) {
    refuse(path,
           fmt::format("{:.1f} GB, but an ONNX file holds at most 2.1 GB; save the weights as external data (they "
                       "are not needed here)",
                       static_cast<double>(size) / 1e9));
  }
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) refuse(path, fmt::format("cannot be read: {}", std::strerror(errno)));
  google::protobuf::io::FileInputStream file(descriptor);
  file.SetCloseOnDelete(true);
  google::protobuf::io::CodedInputStream input(&file);
  input.SetTotalBytesLimit(kMostBytes);
  input.SetRecursionLimit(kDeepestNesting);
  ModelProto model;
  if (!model.ParseFromCodedStream(&input) || !input.ConsumedEntireMessage()) {
    refuse(path, fmt::format("not an ONNX model, or truncated: its {} bytes are no complete protobuf message", size));
  }
  if (!model.has_graph() || model.graph().node_size() == 0) refuse(path, "contains no graph; accepted: an ONNX model");
  if (model.graph().node_size() > kMostNodes) {
    refuse(path, fmt::format("{} operators; accepted: up to {}", model.graph().node_size(), kMostNodes));
  }
  return model;
}

// Weights are not needed; small constants may be shapes.
void drop_values(const fs::path& path, TensorProto& tensor) {
  check_dims(path, tensor.name(), {tensor.dims().data(), static_cast<std::size_t>(tensor.dims_size())});
  std::int64_t count = 1;
  for (const std::int64_t extent : tensor.dims()) count *= extent;
  if (count <= kMostValuesKept && !tensor.external_data_size()) return;
  tensor.clear_raw_data();
  tensor.clear_float_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_double_data();
  tensor.clear_uint64_data();
  tensor.clear_string_data();
}

void drop_weights(const fs::path& path, GraphProto& graph) {
  for (TensorProto& tensor : *graph.mutable_initializer()) drop_values(path, tensor);
  for (NodeProto& node : *graph.mutable_node()) {
    for (AttributeProto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) drop_values(path, *attribute.mutable_t());
      if (attribute.has_g()) drop_weights(path, *attribute.mutable_g());
    }
  }
}

// ---- Open dimensions ----

// Returns the batch size.
std::int64_t fix_inputs(const fs::path& path, GraphProto& graph, const OnnxSizes& sizes) {
  std::set<std::string> initialisers;
  for (const auto& tensor : graph.initializer()) initialisers.insert(tensor.name());
  std::vector<OnnxInput> inputs;
  std::vector<TensorShapeProto*> shapes;
  for (auto& input : *graph.mutable_input()) {
    if (initialisers.contains(input.name()) || !input.type().has_tensor_type()) continue;
    auto& type = *input.mutable_type()->mutable_tensor_type();
    if (!type.has_shape()) refuse(path, fmt::format("input \"{}\" has no shape, not even an open one", input.name()));
    OnnxInput& plain = inputs.emplace_back(OnnxInput{input.name(), {}});
    for (const auto& dim : type.shape().dim()) {
      OnnxDimension& added = plain.dimensions.emplace_back(OnnxDimension{dim.dim_param(), {}});
      if (dim.has_dim_value() && dim.dim_value() > 0) added.value = dim.dim_value();
    }
    shapes.push_back(type.mutable_shape());
  }
  const std::int64_t batch = fix_dimensions(path, inputs, sizes);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Shape dims;
    for (std::size_t d = 0; d < inputs[i].dimensions.size(); ++d) {
      dims.push_back(*inputs[i].dimensions[d].value);
      shapes[i]->mutable_dim(static_cast<int>(d))->set_dim_value(dims.back());
    }
    check_dims(path, inputs[i].name, dims);
  }
  return batch;
}

// ---- Shapes ----

// In a child, because libonnx trusts what it reads.
ModelProto with_shapes(const fs::path& path, ModelProto model) {
  // Shapes of intermediate results may be those of another batch size.
  model.mutable_graph()->clear_value_info();
  for (auto& output : *model.mutable_graph()->mutable_output()) {
    if (output.type().has_tensor_type()) output.mutable_type()->mutable_tensor_type()->clear_shape();
  }
  ChildOutput child;
  // Propagating data crashes libonnx 1.12 for some models; folding constants makes up for most of it.
  for (const bool propagate : {true, false}) {
    child = output_of_child([&model, propagate] {
      onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(),
                                         onnx::ShapeInferenceOptions(false, 0, propagate));
      return model.SerializeAsString();
    });
    if (child.failure.empty()) break;
  }
  if (!child.failure.empty()) refuse(path, "libonnx cannot infer the shapes of this model: " + child.failure);
  ModelProto result;
  if (!result.ParseFromString(child.output)) refuse(path, "libonnx returned no model");
  return result;
}

// ---- To plain data ----

std::string dtype_of(int type) {
  switch (type) {
    case TensorProto::FLOAT: return "f32";
    case TensorProto::DOUBLE: return "f64";
    case TensorProto::FLOAT16: return "f16";
    case TensorProto::BFLOAT16: return "bf16";
    case TensorProto::INT8: return "s8";
    case TensorProto::UINT8: return "u8";
    case TensorProto::INT16: return "s16";
    case TensorProto::UINT16: return "u16";
    case TensorProto::INT32: return "s32";
    case TensorProto::UINT32: return "u32";
    case TensorProto::INT64: return "s64";
    case TensorProto::UINT64: return "u64";
    case TensorProto::BOOL: return "bool";
    default: return {};
  }
}

OnnxTensor tensor_of(const fs::path& path, const onnx::ValueInfoProto& info) {
  OnnxTensor tensor;
  if (!info.type().has_tensor_type()) return tensor;
  const auto& type = info.type().tensor_type();
  tensor.dtype = dtype_of(type.elem_type());
  if (!type.has_shape()) return tensor;
  Shape shape;
  for (const auto& dim : type.shape().dim()) {
    if (!dim.has_dim_value()) return tensor;
    shape.push_back(dim.dim_value());
  }
  check_dims(path, info.name(), shape);
  tensor.shape = std::move(shape);
  return tensor;
}

OnnxNode node_of(const NodeProto& proto) {
  OnnxNode node;
  const bool own = proto.domain().empty() || proto.domain() == "ai.onnx";
  node.op = own ? proto.op_type() : proto.domain() + "." + proto.op_type();
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  node.name = !proto.name().empty() || node.outputs.empty() ? proto.name() : node.outputs.front();
  for (const AttributeProto& attribute : proto.attribute()) {
    if (attribute.has_i()) node.numbers[attribute.name()] = {attribute.i()};
    if (attribute.ints_size() > 0)
      node.numbers[attribute.name()].assign(attribute.ints().begin(), attribute.ints().end());
    if (attribute.has_s()) node.words[attribute.name()] = attribute.s();
    node.has_body = node.has_body || attribute.has_g() || attribute.graphs_size() > 0;
  }
  return node;
}

OnnxGraph graph_of(const fs::path& path, const GraphProto& graph) {
  OnnxGraph result;
  for (const auto* list : {&graph.input(), &graph.output(), &graph.value_info()}) {
    for (const auto& info : *list) result.tensors[info.name()] = tensor_of(path, info);
  }
  for (const TensorProto& tensor : graph.initializer()) {
    result.tensors[tensor.name()] = {dtype_of(tensor.data_type()), Shape(tensor.dims().begin(), tensor.dims().end()),
                                     true};
  }
  for (const auto& input : graph.input()) {
    if (!result.tensors[input.name()].constant) result.inputs.push_back(input.name());
  }
  for (const auto& output : graph.output()) result.outputs.push_back(output.name());
  for (const NodeProto& node : graph.node()) result.nodes.push_back(node_of(node));
  return result;
}

// ---- Constants ----

template <class T>
SmallTensor small_tensor(const TensorProto& tensor) {
  const std::vector<T> values = onnx::ParseData<T>(&tensor);
  return {Shape(tensor.dims().begin(), tensor.dims().end()), {values.begin(), values.end()}};
}

void add_small(SmallTensors& known, const std::string& name, const TensorProto& tensor) {
  const bool here = tensor.external_data_size() == 0;
  const auto count = std::accumulate(tensor.dims().begin(), tensor.dims().end(), std::int64_t{1}, std::multiplies<>());
  if (!here || count > kMostValuesKept) return;
  SmallTensor small;
  switch (tensor.data_type()) {
    case TensorProto::INT64: small = small_tensor<std::int64_t>(tensor); break;
    case TensorProto::INT32: small = small_tensor<std::int32_t>(tensor); break;
    case TensorProto::FLOAT: small = small_tensor<float>(tensor); break;
    default: return;
  }
  if (static_cast<std::int64_t>(small.values.size()) == count) known[name] = std::move(small);
}

SmallTensors constants_of(const GraphProto& graph) {
  SmallTensors known;
  for (const TensorProto& tensor : graph.initializer()) add_small(known, tensor.name(), tensor);
  for (const NodeProto& node : graph.node()) {
    if (node.op_type() != "Constant" || node.attribute_size() != 1 || node.output_size() != 1) continue;
    if (node.attribute(0).has_t()) add_small(known, node.output(0), node.attribute(0).t());
  }
  return known;
}

// Replaces the operators that were evaluated to integers; returns how many.
int replace_evaluated(GraphProto& graph, const OnnxGraph& plain, const SmallTensors& known) {
  int replaced = 0;
  for (NodeProto& node : *graph.mutable_node()) {
    if (node.op_type() == "Constant" || node.output_size() != 1) continue;
    const auto found = known.find(node.output(0));
    const auto& dtype = plain.tensor(node.output(0)).dtype;
    if (found == known.end() || (!dtype.empty() && dtype != "s64" && dtype != "s32")) continue;
    node.set_op_type("Constant");
    node.clear_domain();
    node.clear_input();
    node.clear_attribute();
    auto& value = *node.add_attribute();
    value.set_name("value");
    value.set_type(AttributeProto::TENSOR);
    auto& tensor = *value.mutable_t();
    tensor.set_data_type(dtype == "s32" ? TensorProto::INT32 : TensorProto::INT64);
    for (const std::int64_t extent : found->second.shape) tensor.add_dims(extent);
    for (const double number : found->second.values) {
      if (dtype == "s32") {
        tensor.add_int32_data(static_cast<std::int32_t>(number));
      } else {
        tensor.add_int64_data(static_cast<std::int64_t>(number));
      }
    }
    ++replaced;
  }
  return replaced;
}

// Takes the branch of every condition whose value is known. Where there is none, the larger branch of the first: its
// condition depends on data, such as the sampling rate. Returns how many.
int choose_branches(GraphProto& graph, const SmallTensors& known) {
  const int chosen = inline_branches(graph, [&known](const NodeProto& node) {
    const auto found = node.input_size() == 1 ? known.find(node.input(0)) : known.end();
    if (found == known.end() || found->second.values.size() != 1) return Branch::keep;
    return found->second.values[0] != 0 ? Branch::then_branch : Branch::else_branch;
  });
  if (chosen > 0) return chosen;
  bool first = true;
  return inline_branches(
      graph, [&first](const NodeProto&) { return std::exchange(first, false) ? Branch::larger : Branch::keep; });
}

OnnxGraph read(const fs::path& path, const OnnxSizes& sizes) {
  ModelProto model = parse(path);
  check_order(path, model.graph());
  drop_weights(path, *model.mutable_graph());
  const std::int64_t batch = fix_inputs(path, *model.mutable_graph(), sizes);
  OnnxGraph result;
  for (int round = 0; round < kMostRounds; ++round) {
    const ModelProto inferred = with_shapes(path, model);
    result = graph_of(path, inferred.graph());
    SmallTensors known = constants_of(model.graph());
    fold_constants(result, known);
    if (replace_evaluated(*model.mutable_graph(), result, known) + choose_branches(*model.mutable_graph(), known) ==
        0) {
      break;
    }
    check_order(path, model.graph());
  }
  result.name = path.stem().string();
  result.batch = batch;
  return result;
}

}  // namespace

OnnxGraph read_onnx(const fs::path& path, const OnnxSizes& sizes) {
  google::protobuf::LogSilencer quiet;
  try {
    return read(path, sizes);
  } catch (const CaseError&) {
    throw;
  } catch (const std::exception& error) {  // of libonnx: a tensor whose data does not fit its shape, for example
    const std::string what = error.what();
    refuse(path, "libonnx cannot read this model: " + what.substr(0, what.find('\n')));
  }
}

}  // namespace whygpu::networks

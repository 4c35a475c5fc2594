#include "backends/cudnn/graph.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace whygpu {
namespace {

constexpr std::size_t kMaxProposals = 64;

constexpr std::pair<cudnnBackendNumericalNote_t, const char*> kNoteNames[] = {
    {CUDNN_NUMERICAL_NOTE_TENSOR_CORE, "tensor cores"},
    {CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS, "down-converted inputs"},
    {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION, "reduced-precision sums"},
    {CUDNN_NUMERICAL_NOTE_FFT, "FFT"},
    {CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC, "not deterministic"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD, "Winograd"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4, "tile 4x4"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6, "tile 6x6"},
    {CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13, "tile 13x13"},
};

cudnnDataType_t storage_type(DType dtype) {
  switch (dtype) {
    case DType::f64: return CUDNN_DATA_DOUBLE;
    case DType::f32:
    case DType::tf32: return CUDNN_DATA_FLOAT;
    case DType::f16: return CUDNN_DATA_HALF;
    case DType::bf16: return CUDNN_DATA_BFLOAT16;
    case DType::f8e4m3: return CUDNN_DATA_FP8_E4M3;
    case DType::s8: return CUDNN_DATA_INT8;
    case DType::s32: return CUDNN_DATA_INT32;
  }
  throw std::logic_error("unknown dtype");
}

// cuDNN orders the dimensions of an image as N, C, H, W and of a filter as K, C, R, S. The strides define the order in
// memory, with channels contiguous.
CudnnDescriptor tensor(const TensorSpec& spec, std::int64_t id, bool is_virtual = false) {
  const std::int64_t height = spec.shape[1], width = spec.shape[2], channels = spec.shape[3];
  const std::int64_t dimensions[] = {spec.shape[0], channels, height, width};
  const std::int64_t strides[] = {height * width * channels, 1, width * channels, channels};
  CudnnDescriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, storage_type(spec.dtype))
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, dimensions)
      .set(CUDNN_ATTR_TENSOR_STRIDES, strides)
      .set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id)
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, std::int64_t{16})
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, is_virtual)
      .finalize("describing a tensor");
  return tensor;
}

CudnnDescriptor shape(const Convolution& conv) {
  const std::int64_t padding[] = {conv.pad_h, conv.pad_w};
  const std::int64_t stride[] = {conv.stride_h, conv.stride_w};
  const std::int64_t dilation[] = {conv.dilation_h, conv.dilation_w};
  CudnnDescriptor shape(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  shape.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, storage_type(accumulator_of(conv.dtype)))
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_CROSS_CORRELATION)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, std::int64_t{2})
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, padding)
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, padding)
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, stride)
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, dilation)
      .finalize("describing a convolution");
  return shape;
}

// The attributes that name the arguments of each pass.
struct OperationNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t x, w, y, shape, alpha, beta;
};

OperationNames names_of(Pass pass) {
  switch (pass) {
    case Pass::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case Pass::backward_data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case Pass::backward_weights:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  }
  throw std::logic_error("unknown pass");
}

// Copies values of type `dtype`. cuDNN fuses it into the convolution before it.
CudnnDescriptor identity(DType dtype) {
  CudnnDescriptor identity(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
  identity.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_POINTWISE_IDENTITY)
      .set(CUDNN_ATTR_POINTWISE_MATH_PREC, storage_type(dtype))
      .finalize("describing an identity");
  return identity;
}

constexpr std::int64_t kVirtualId = 4;

}  // namespace

std::vector<Form> forms_of(const Convolution& conv) {
  const DType result = conv.arguments()[static_cast<std::size_t>(conv.result())].dtype;
  if (dtype_bytes(result) == dtype_bytes(conv.dtype)) return {Form::direct};
  // Only fused engines end in an identity, and those of cuDNN 9 need an even number of channels and no groups.
  if (dtype_bytes(conv.dtype) == 2) return {Form::identity, Form::direct, Form::widened};
  return {Form::identity, Form::direct};
}

ConvolutionGraph::ConvolutionGraph(cudnnHandle_t handle, const Convolution& given, Form form) {
  Convolution conv = given;
  if (form == Form::widened) conv.dtype = DType::f32;
  const auto specs = conv.arguments();
  std::array<const CudnnDescriptor*, 3> arguments{};
  for (std::size_t i = 0; i < 3; ++i) arguments[i] = &parts_.emplace_back(tensor(specs[i], kArgumentIds[i]));
  const auto result = static_cast<std::size_t>(conv.result());
  const CudnnDescriptor* const written = arguments[result];
  if (form == Form::identity) arguments[result] = &parts_.emplace_back(tensor(specs[result], kVirtualId, true));

  const CudnnDescriptor& how = parts_.emplace_back(shape(conv));
  const OperationNames names = names_of(conv.pass);
  CudnnDescriptor& operation = parts_.emplace_back(names.type);
  operation.set(names.x, *arguments[0]).set(names.w, *arguments[1]).set(names.y, *arguments[2]).set(names.shape, how);
  if (conv.dtype == DType::f64) {
    operation.set(names.alpha, 1.0).set(names.beta, 0.0);
  } else {
    operation.set(names.alpha, 1.0F).set(names.beta, 0.0F);
  }
  operation.finalize("describing a convolution");
  std::vector<const CudnnDescriptor*> operations = {&operation};
  if (form == Form::identity) {
    const CudnnDescriptor& copy = parts_.emplace_back(identity(specs[result].dtype));
    CudnnDescriptor& conversion = parts_.emplace_back(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    conversion.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, copy)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, *arguments[result])
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, *written)
        .finalize("describing an identity");
    operations.push_back(&conversion);
  }
  graph_.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, handle)
      .set(CUDNN_ATTR_OPERATIONGRAPH_OPS, std::span<const CudnnDescriptor* const>(operations))
      .finalize("describing a graph");
}

bool Engine::has(cudnnBackendNumericalNote_t note) const { return std::ranges::find(notes, note) != notes.end(); }

std::string Engine::describe() const {
  std::string text = "engine " + std::to_string(index);
  for (std::size_t i = 0; i < knobs.size(); ++i) {
    text += (i == 0 ? " (knobs " : " ") + std::to_string(knobs[i].first) + "=" + std::to_string(knobs[i].second);
  }
  if (!knobs.empty()) text += ")";
  for (const auto& [note, name] : kNoteNames) {
    if (has(note)) text += std::string(", ") + name;
  }
  return text;
}

bool computes(const Engine& engine, DType dtype) {
  const bool tensor_cores = engine.has(CUDNN_NUMERICAL_NOTE_TENSOR_CORE);
  const bool rounds = engine.has(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
  if (engine.has(CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION)) return false;
  if (dtype == DType::tf32) return tensor_cores;
  if (dtype == DType::f32) return !tensor_cores && !rounds;
  return !rounds;
}

std::vector<Engine> ConvolutionGraph::propose(cudnnBackendHeurMode_t mode) const {
  CudnnDescriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristic.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph_)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, mode)
      .finalize("asking for engines");
  std::vector<CudnnDescriptor> configurations;
  for (std::size_t i = 0; i < kMaxProposals; ++i) configurations.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  configurations.erase(configurations.begin() +
                           static_cast<std::ptrdiff_t>(heuristic.parts(CUDNN_ATTR_ENGINEHEUR_RESULTS, configurations)),
                       configurations.end());
  if (configurations.empty()) throw std::runtime_error(cudnn_last_words());
  std::vector<Engine> engines;
  for (auto& configuration : configurations) {
    CudnnDescriptor description(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    configuration.parts(CUDNN_ATTR_ENGINECFG_ENGINE, std::span(&description, 1));
    const std::int64_t index = description.number(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    auto notes = description.numerical_notes();
    auto knobs = configuration.knobs();
    engines.push_back({std::move(configuration), index, std::move(notes), std::move(knobs)});
  }
  return engines;
}

}  // namespace whygpu

#include "backends/cudnn/cudnn_fake.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

namespace {

struct Attribute {
  cudnnBackendAttributeType_t type;
  std::int64_t count;
  std::vector<unsigned char> bytes;
};

std::string last_words;

cudnnStatus_t refuse(cudnnStatus_t status, const std::string& words) {
  last_words = words;
  return status;
}

std::size_t bytes_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_BOOLEAN: return sizeof(bool);
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_DOUBLE: return 8;
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR: return sizeof(void*);
    default: return 4;
  }
}

}  // namespace

namespace whygpu {

CudnnFake& cudnn_fake() {
  static CudnnFake fake;
  return fake;
}

}  // namespace whygpu

using whygpu::cudnn_fake;
using whygpu::FakeEngine;

// The library's own type, of which callers see only a pointer.
struct FakeDescriptor {
  explicit FakeDescriptor(cudnnBackendDescriptorType_t type) : type(type) { ++cudnn_fake().alive; }
  ~FakeDescriptor() { --cudnn_fake().alive; }

  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  std::map<cudnnBackendAttributeName_t, Attribute> attributes;
  FakeEngine engine;  // of a proposal, and of the engine and the knob choice within

  template <class T>
  T value(cudnnBackendAttributeName_t name) const {
    T value{};
    const auto found = attributes.find(name);
    if (found != attributes.end()) std::memcpy(&value, found->second.bytes.data(), sizeof value);
    return value;
  }
  std::vector<FakeDescriptor*> parts(cudnnBackendAttributeName_t name) const {
    const auto found = attributes.find(name);
    if (found == attributes.end()) return {};
    std::vector<FakeDescriptor*> parts(static_cast<std::size_t>(found->second.count));
    std::memcpy(parts.data(), found->second.bytes.data(), found->second.bytes.size());
    return parts;
  }
  FakeDescriptor* part(cudnnBackendAttributeName_t name) const {
    const auto all = parts(name);
    return all.empty() ? nullptr : all.front();
  }
};

namespace {

cudnnDataType_t dtype_of(const FakeDescriptor* tensor) {
  return tensor->value<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE);
}

const FakeDescriptor* result_of(const FakeDescriptor& operation) {
  switch (operation.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR:
      return operation.part(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW);
    default: return operation.part(CUDNN_ATTR_OPERATION_POINTWISE_YDESC);
  }
}

const FakeDescriptor* input_of(const FakeDescriptor& convolution) {
  switch (convolution.type) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return convolution.part(CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X);
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return convolution.part(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY);
    default: return convolution.part(CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X);
  }
}

cudnnStatus_t finalize_graph(const FakeDescriptor& graph) {
  const auto operations = graph.parts(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  if (operations.empty()) return refuse(CUDNN_STATUS_BAD_PARAM, "a graph without operations");
  whygpu::FakeGraph seen{.operations = static_cast<int>(operations.size()),
                         .read = dtype_of(input_of(*operations.front())),
                         .written = dtype_of(result_of(*operations.back()))};
  if (operations.size() == 2) {
    const auto* const between = result_of(*operations.front());
    const auto* const pointwise = operations.back()->part(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    if (operations.back()->part(CUDNN_ATTR_OPERATION_POINTWISE_XDESC) != between || pointwise == nullptr ||
        pointwise->value<cudnnPointwiseMode_t>(CUDNN_ATTR_POINTWISE_MODE) != CUDNN_POINTWISE_IDENTITY) {
      return refuse(CUDNN_STATUS_BAD_PARAM, "the second operation does not copy the first one's result");
    }
    seen.intermediate = dtype_of(between);
    seen.is_virtual = between->value<bool>(CUDNN_ATTR_TENSOR_IS_VIRTUAL);
  }
  cudnn_fake().graphs.push_back(seen);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t finalize_heuristic(const FakeDescriptor& heuristic) {
  const auto mode = heuristic.value<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
  cudnn_fake().asked.push_back(mode);
  const auto operations = heuristic.part(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH)->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS);
  if (cudnn_fake().reads_f32_only && dtype_of(input_of(*operations.front())) != CUDNN_DATA_FLOAT) {
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, "inputs must be f32");
  }
  return cudnn_fake().engines.contains(mode) ? CUDNN_STATUS_SUCCESS
                                             : refuse(CUDNN_STATUS_NOT_SUPPORTED, "this heuristic knows no engine");
}

cudnnStatus_t finalize_plan(const FakeDescriptor& plan) {
  const auto* const configuration = plan.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
  const FakeEngine& engine = configuration->engine;
  cudnn_fake().planned.push_back(engine.index);
  const auto* const graph = configuration->part(CUDNN_ATTR_ENGINE_OPERATION_GRAPH);
  const bool converts = graph != nullptr && graph->parts(CUDNN_ATTR_OPERATIONGRAPH_OPS).size() == 2;
  if (!engine.plans || (converts && cudnn_fake().refuses_identity)) {
    return refuse(CUDNN_STATUS_NOT_SUPPORTED, cudnn_fake().words);
  }
  return CUDNN_STATUS_SUCCESS;
}

// What cuDNN fills in, in the order that it is asked.
cudnnStatus_t fill_parts(const FakeDescriptor& from, cudnnBackendAttributeName_t name, FakeDescriptor** parts,
                         std::int64_t room, std::int64_t* count) {
  if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
    const auto mode = from.value<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
    const auto& engines = cudnn_fake().engines.at(mode);
    *count = static_cast<std::int64_t>(engines.size());
    if (engines.empty())
      last_words = "{\"engineId\":65}\nWarning: A; Reason: " + cudnn_fake().words + "\nWarning: B; Reason: C";
    for (std::int64_t i = 0; i < std::min(room, *count); ++i) {
      parts[i]->engine = engines[static_cast<std::size_t>(i)];
      parts[i]->attributes[CUDNN_ATTR_ENGINE_OPERATION_GRAPH] =
          from.attributes.at(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    }
    return CUDNN_STATUS_SUCCESS;
  }
  if (name != CUDNN_ATTR_ENGINECFG_ENGINE && name != CUDNN_ATTR_ENGINECFG_KNOB_CHOICES) {
    return refuse(CUDNN_STATUS_BAD_PARAM, "an unknown attribute");
  }
  *count = 1;
  if (room > 0) parts[0]->engine = from.engine;
  return CUDNN_STATUS_SUCCESS;
}

}  // namespace

const char* cudnnGetErrorString(cudnnStatus_t status) {
  return status == CUDNN_STATUS_NOT_SUPPORTED ? "CUDNN_STATUS_NOT_SUPPORTED" : "CUDNN_STATUS_BAD_PARAM";
}

void cudnnGetLastErrorString(char* message, std::size_t max_size) {
  std::snprintf(message, max_size, "%s", last_words.c_str());
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type, cudnnBackendDescriptor_t* descriptor) {
  *descriptor = new FakeDescriptor(type);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete static_cast<FakeDescriptor*>(descriptor);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count, const void* values) {
  auto& object = *static_cast<FakeDescriptor*>(descriptor);
  if (object.finalized) return refuse(CUDNN_STATUS_BAD_PARAM, "set after it was finalised");
  const auto* const bytes = static_cast<const unsigned char*>(values);
  object.attributes[name] = {type, count, {bytes, bytes + static_cast<std::size_t>(count) * bytes_of(type)}};
  if (type != CUDNN_TYPE_BACKEND_DESCRIPTOR || object.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) {
    return CUDNN_STATUS_SUCCESS;
  }
  const auto parts = object.parts(name);
  const bool complete = std::ranges::all_of(parts, [](const auto* part) { return part->finalized; });
  return complete ? CUDNN_STATUS_SUCCESS : refuse(CUDNN_STATUS_BAD_PARAM, "a part that is not finalised");
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  auto& object = *static_cast<FakeDescriptor*>(descriptor);
  cudnnStatus_t status = CUDNN_STATUS_SUCCESS;
  if (object.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR) status = finalize_graph(object);
  if (object.type == CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR) status = finalize_heuristic(object);
  if (object.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR) status = finalize_plan(object);
  object.finalized = status == CUDNN_STATUS_SUCCESS;
  return status;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t room, std::int64_t* count,
                                       void* values) {
  const auto& object = *static_cast<const FakeDescriptor*>(descriptor);
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    return fill_parts(object, name, static_cast<FakeDescriptor**>(values), room, count);
  }
  *count = 1;
  std::int64_t number = 0;
  switch (name) {
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE:
      *count = static_cast<std::int64_t>(object.engine.notes.size());
      std::ranges::copy(object.engine.notes, static_cast<cudnnBackendNumericalNote_t*>(values));
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE:
      *static_cast<cudnnBackendKnobType_t*>(values) = CUDNN_KNOB_TYPE_TILE_SIZE;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINE_GLOBAL_INDEX: number = object.engine.index; break;
    case CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE: number = object.engine.knob; break;
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE:
      number = object.part(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)->engine.workspace;
      break;
    default: return refuse(CUDNN_STATUS_BAD_PARAM, "an unknown attribute");
  }
  std::memcpy(values, &number, sizeof number);
  return CUDNN_STATUS_SUCCESS;
}

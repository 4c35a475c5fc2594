#include "backends/cudnn/descriptor.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace whygpu {

void cudnn_check(cudnnStatus_t status, std::string_view what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char detail[512] = "";
  cudnnGetLastErrorString(detail, sizeof detail);
  std::string text = std::string(what) + ": " + cudnnGetErrorString(status);
  if (*detail != '\0') text += std::string(": ") + detail;
  std::ranges::replace(text, '\n', ' ');
  throw std::runtime_error(text);
}

CudnnDescriptor::CudnnDescriptor(cudnnBackendDescriptorType_t type) {
  cudnn_check(cudnnBackendCreateDescriptor(type, &descriptor_), "describing an operation");
}

CudnnDescriptor::~CudnnDescriptor() {
  if (descriptor_ != nullptr) cudnnBackendDestroyDescriptor(descriptor_);
}

CudnnDescriptor& CudnnDescriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                                      std::size_t count, const void* values) {
  cudnn_check(cudnnBackendSetAttribute(descriptor_, name, type, static_cast<std::int64_t>(count), values),
              "describing an operation");
  return *this;
}

CudnnDescriptor& CudnnDescriptor::finalize(std::string_view what) {
  cudnn_check(cudnnBackendFinalize(descriptor_), what);
  return *this;
}

std::int64_t CudnnDescriptor::number(cudnnBackendAttributeName_t name) const {
  std::int64_t value = 0;
  std::int64_t count = 0;
  cudnn_check(cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_INT64, 1, &count, &value), "reading a number");
  return value;
}

std::vector<cudnnBackendNumericalNote_t> CudnnDescriptor::numerical_notes() const {
  std::vector<cudnnBackendNumericalNote_t> notes(CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
  std::int64_t count = 0;
  cudnn_check(cudnnBackendGetAttribute(descriptor_, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE,
                                       CUDNN_NUMERICAL_NOTE_TYPE_COUNT, &count, notes.data()),
              "reading an engine's notes");
  notes.resize(static_cast<std::size_t>(count));
  return notes;
}

std::size_t CudnnDescriptor::parts(cudnnBackendAttributeName_t name, std::span<CudnnDescriptor> parts) const {
  std::vector<cudnnBackendDescriptor_t> descriptors;
  for (const auto& part : parts) descriptors.push_back(part.get());
  std::int64_t count = 0;
  cudnn_check(cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                       static_cast<std::int64_t>(descriptors.size()), &count, descriptors.data()),
              "reading cuDNN's proposals");
  return std::min(parts.size(), static_cast<std::size_t>(count));
}

}  // namespace whygpu

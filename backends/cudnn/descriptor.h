// An object of cuDNN's graph interface: created, given attributes, finalized, and destroyed with its owner.
#pragma once

#include <cudnn.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whygpu {

// The reason that cuDNN recorded last, on one line; may be empty.
std::string cudnn_last_words();

// Throws std::runtime_error with cuDNN's error message, including the last detail that it recorded.
void cudnn_check(cudnnStatus_t status, std::string_view what);

class CudnnDescriptor {
 public:
  explicit CudnnDescriptor(cudnnBackendDescriptorType_t type);
  CudnnDescriptor(CudnnDescriptor&& other) noexcept : descriptor_(std::exchange(other.descriptor_, nullptr)) {}
  CudnnDescriptor& operator=(CudnnDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~CudnnDescriptor();

  cudnnBackendDescriptor_t get() const { return descriptor_; }

  template <class T>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const T& value) {
    return set(name, attribute_type(value), 1, &value);
  }
  template <class T, std::size_t count>
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const T (&values)[count]) {
    return set(name, attribute_type(values[0]), count, values);
  }
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, const CudnnDescriptor& part) {
    return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &part.descriptor_);
  }
  CudnnDescriptor& set(cudnnBackendAttributeName_t name, std::span<const CudnnDescriptor* const> parts);

  // `what` describes the action in the error message.
  CudnnDescriptor& finalize(std::string_view what);

  std::int64_t number(cudnnBackendAttributeName_t name) const;
  std::vector<cudnnBackendNumericalNote_t> numerical_notes() const;  // of an engine
  std::vector<std::pair<std::int64_t, std::int64_t>> knobs() const;  // of an engine's configuration: type, value
  // Fills `parts`, which the caller created, and returns how many were filled.
  std::size_t parts(cudnnBackendAttributeName_t name, std::span<CudnnDescriptor> parts) const;

 private:
  static auto attribute_type(std::int64_t) { return CUDNN_TYPE_INT64; }
  static auto attribute_type(bool) { return CUDNN_TYPE_BOOLEAN; }
  static auto attribute_type(int) = delete;
  static auto attribute_type(float) { return CUDNN_TYPE_FLOAT; }
  static auto attribute_type(double) { return CUDNN_TYPE_DOUBLE; }
  static auto attribute_type(void*) { return CUDNN_TYPE_VOID_PTR; }
  static auto attribute_type(cudnnHandle_t) { return CUDNN_TYPE_HANDLE; }
  static auto attribute_type(cudnnDataType_t) { return CUDNN_TYPE_DATA_TYPE; }
  static auto attribute_type(cudnnConvolutionMode_t) { return CUDNN_TYPE_CONVOLUTION_MODE; }
  static auto attribute_type(cudnnPointwiseMode_t) { return CUDNN_TYPE_POINTWISE_MODE; }
  static auto attribute_type(cudnnBackendHeurMode_t) { return CUDNN_TYPE_HEUR_MODE; }

  CudnnDescriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, std::size_t count,
                       const void* values);

  cudnnBackendDescriptor_t descriptor_ = nullptr;
};

}  // namespace whygpu

#include "backends/cudnn/descriptor.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace whygpu {
namespace {

constexpr std::string_view kReason = "Reason: ";

}  // namespace

std::string cudnn_last_words() {
  char detail[2048] = "";
  cudnnGetLastErrorString(detail, sizeof detail);
  std::string text = detail;
  // Where it lists what it tried, the first reason is the innermost one of the first engine.
  if (const auto reason = text.find(kReason); reason != std::string::npos) {
    text = text.substr(reason + kReason.size());
    text.resize(std::min(text.size(), text.find('\n')));
  }
  std::ranges::replace(text, '\n', ' ');
  return text;
}

void cudnn_check(cudnnStatus_t status, std::string_view what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  const std::string words = cudnn_last_words();
  throw std::runtime_error(std::string(what) + ": " + cudnnGetErrorString(status) +
                           (words.empty() ? "" : ": " + words));
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

CudnnDescriptor& CudnnDescriptor::set(cudnnBackendAttributeName_t name, std::span<const CudnnDescriptor* const> parts) {
  std::vector<cudnnBackendDescriptor_t> descriptors;
  for (const auto* part : parts) descriptors.push_back(part->get());
  return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, descriptors.size(), descriptors.data());
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

std::vector<std::pair<std::int64_t, std::int64_t>> CudnnDescriptor::knobs() const {
  std::vector<CudnnDescriptor> choices;
  for (int i = 0; i < CUDNN_KNOB_TYPE_COUNTS; ++i) choices.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
  const std::size_t found = parts(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, choices);
  std::vector<std::pair<std::int64_t, std::int64_t>> knobs;
  for (std::size_t i = 0; i < found; ++i) {
    cudnnBackendKnobType_t type{};
    std::int64_t count = 0;
    cudnn_check(cudnnBackendGetAttribute(choices[i].get(), CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1,
                                         &count, &type),
                "reading an engine's knobs");
    knobs.emplace_back(type, choices[i].number(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
  }
  return knobs;
}

std::size_t CudnnDescriptor::parts(cudnnBackendAttributeName_t name, std::span<CudnnDescriptor> parts) const {
  std::vector<cudnnBackendDescriptor_t> descriptors;
  for (const auto& part : parts) descriptors.push_back(part.get());
  std::int64_t count = 0;
  cudnn_check(cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                       static_cast<std::int64_t>(descriptors.size()), &count, descriptors.data()),
              "reading parts");
  return std::min(parts.size(), static_cast<std::size_t>(count));
}

}  // namespace whygpu

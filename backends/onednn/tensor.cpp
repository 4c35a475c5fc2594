#include <cstdlib>
#include <cstring>

#include "backends/onednn/onednn.h"

namespace whygpu::onednn {
namespace {

constexpr std::size_t kAlignment = 64;

std::shared_ptr<void> aligned_storage(std::size_t bytes) {
  const std::size_t size = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* pointer = std::aligned_alloc(kAlignment, std::max(size, kAlignment));
  if (pointer == nullptr) throw std::runtime_error("out of memory: a tensor needs " + std::to_string(size) + " bytes");
  return {pointer, std::free};
}

}  // namespace

DnnlTensor::DnnlTensor(Context& context, const dnnl::memory::desc& row_major, const dnnl::memory::desc& layout)
    : context_(context),
      row_major_(row_major),
      layout_(layout),
      storage_(aligned_storage(layout.get_size())),
      memory_(layout, context.engine, storage_.get()) {}

std::size_t DnnlTensor::bytes() const { return layout_.get_size(); }

void DnnlTensor::upload(const void* row_major) {
  if (row_major_ == layout_) {
    std::memcpy(storage_.get(), row_major, bytes());
    return;
  }
  dnnl::memory source(row_major_, context_.engine, const_cast<void*>(row_major));
  dnnl::reorder(source, memory_).execute(context_.stream, source, memory_);
  context_.stream.wait();
}

void DnnlTensor::download(void* row_major) const {
  if (row_major_ == layout_) {
    std::memcpy(row_major, storage_.get(), bytes());
    return;
  }
  dnnl::memory destination(row_major_, context_.engine, row_major);
  dnnl::reorder(memory_, destination).execute(context_.stream, memory_, destination);
  context_.stream.wait();
}

}  // namespace whygpu::onednn

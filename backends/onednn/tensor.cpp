#include <cstring>

#include "backends/onednn/onednn.h"

namespace whygpu::onednn {
namespace {

// Storage for `layout`, allocated like the tensors of every CPU backend.
TensorSpec room_for(const dnnl::memory::desc& layout) {
  return {DType::s8, {static_cast<std::int64_t>(layout.get_size())}};
}

void run_reorder(const Context& context, dnnl::memory from, dnnl::memory to) {
  dnnl::stream stream = context.stream;
  dnnl::reorder(from, to).execute(stream, from, to);
  stream.wait();
}

// The same values, dense in oneDNN's own order of dimensions.
dnnl::memory::desc dense(const dnnl::memory::desc& layout) {
#if DNNL_VERSION_MAJOR >= 3
  const auto dims = layout.get_dims();
  const auto type = layout.get_data_type();
#else
  const auto dims = layout.dims();
  const auto type = layout.data_type();
#endif
  dnnl::memory::dims strides(dims.size(), 1);
  for (std::size_t i = dims.size() - 1; i > 0; --i) strides[i - 1] = strides[i] * dims[i];
  return {dims, type, strides};
}

// Some layouts, such as Winograd's, can be reordered only from the dense one.
void copy(const Context& context, const dnnl::memory& from, const dnnl::memory& to) {
  try {
    run_reorder(context, from, to);
  } catch (const dnnl::error&) {
    const dnnl::memory between(dense(from.get_desc()), context.engine);
    run_reorder(context, from, between);
    run_reorder(context, between, to);
  }
}

}  // namespace

DnnlTensor::DnnlTensor(Context& context, const dnnl::memory::desc& row_major, const dnnl::memory::desc& layout)
    : context_(context),
      row_major_(row_major),
      layout_(layout),
      storage_(room_for(layout)),
      memory_(layout, context.engine, storage_.address()) {}

std::size_t DnnlTensor::bytes() const { return layout_.get_size(); }

void DnnlTensor::upload(const void* row_major) {
  if (row_major_ == layout_) {
    std::memcpy(storage_.address(), row_major, bytes());
    return;
  }
  copy(context_, {row_major_, context_.engine, const_cast<void*>(row_major)}, memory_);
}

void DnnlTensor::download(void* row_major) const {
  if (row_major_ == layout_) {
    std::memcpy(row_major, storage_.address(), bytes());
    return;
  }
  copy(context_, memory_, {row_major_, context_.engine, row_major});
}

}  // namespace whygpu::onednn

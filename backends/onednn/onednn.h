// The operations of the oneDNN backend, one file each, and what they share.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include <memory>
#include <string>
#include <vector>

#include "whygpu/backend.h"
#include "whygpu/host_device.h"

namespace whygpu::onednn {

// The engine and in-order stream of this process.
struct Context {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};

std::string version();  // "oneDNN 2.6.3"
Support no_such(const std::string& what);
dnnl::memory::data_type data_type(DType dtype);  // throws for a dtype that oneDNN lacks
bool has_data_type(DType dtype);

// Values in any layout. Upload and download reorder if `layout` is not the caller's.
class DnnlTensor final : public Tensor {
 public:
  DnnlTensor(Context& context, const dnnl::memory::desc& row_major, const dnnl::memory::desc& layout);
  std::size_t bytes() const override;
  void upload(const void* row_major) override;
  void download(void* row_major) const override;
  void* address() const override { return row_major_ == layout_ ? storage_.address() : nullptr; }
  dnnl_memory_t memory() const { return memory_.get(); }

 private:
  Context& context_;
  dnnl::memory::desc row_major_, layout_;
  HostTensor storage_;
  mutable dnnl::memory memory_;
};

// What runs, in the style of oneDNN's verbose mode: "matmul brg:avx512_core, oneDNN 2.6.3, threads=2". The Winograd
// algorithm, which multiplies less often than the definition, is named explicitly.
std::string describe(const std::string& primitive, const std::string& implementation);

std::vector<std::string> variants(const Gemm& gemm);
Support supports(Context& context, const Gemm& gemm, const PrepareOptions& options);
std::unique_ptr<Operation> prepare(Context& context, const Gemm& gemm, const PrepareOptions& options);

std::vector<std::string> variants(const Convolution& op);
Support supports(Context& context, const Convolution& op, const PrepareOptions& options);
std::unique_ptr<Operation> prepare(Context& context, const Convolution& op, const PrepareOptions& options);

}  // namespace whygpu::onednn

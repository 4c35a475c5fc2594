// Our OpenCL kernels: which there are for an operation, and how one of them becomes something to queue.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/devices/opencl_launch.h"
#include "backends/opencl/tile.h"

namespace whygpu::opencl {

// One way to compute an operation: a rung of the ladder of GEMM, or a method of convolution.
struct Variant {
  std::string_view name;
  std::string_view source;
  std::span<const Tile> tiles;  // prepare() takes the fastest one that fits
};

// From the simplest to the fastest.
std::span<const Variant> gemm_variants();
std::span<const Variant> convolution_variants();

Support supports_dtype(DType dtype, bool has_f64);
Support supports(const Gemm& op, bool has_f64);
Support supports(const Convolution& op, bool has_f64);

// Compiles kernels for one device and keeps the programs.
class Compiler {
 public:
  // `edit` changes the text that is compiled: tests plant errors with it.
  using Edit = std::function<std::string(std::string)>;
  explicit Compiler(OpenClDevice& device, Edit edit = {}) : device_(device), edit_(std::move(edit)) {}

  OpenClDevice& device() const { return device_; }

  // The kernel `name` of `variant`, whose source follows the `shared` ones.
  OpenClKernel compile(const Variant& variant, const std::vector<std::string_view>& shared, const std::string& options,
                       const char* name);

 private:
  OpenClDevice& device_;
  Edit edit_;
  std::map<std::pair<std::string_view, std::string>, OpenClProgram> programs_;  // by variant and options
};

Limits limits_of(const OpenClDevice& device);
int compute_units_of(const OpenClDevice& device);

// How many parts the sum of a convolution is split into: with few tiles, compute units would be idle.
int parts_of(const Convolution& op, const Variant& variant, const Tile& tile, int compute_units);

// Queues one run over tensors in the order of the operation's arguments.
using Run = std::function<void(std::span<Tensor* const> tensors)>;

Run make_run(Compiler& compiler, const Gemm& op, const Variant& variant, const Tile& tile);
Run make_run(Compiler& compiler, const Convolution& op, const Variant& variant, const Tile& tile);

// -DINPUT_F32 -DRESULT_F32
std::string dtype_options(DType input, DType result);

}  // namespace whygpu::opencl

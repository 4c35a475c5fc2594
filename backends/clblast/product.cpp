#include <algorithm>

#include "backends/clblast/operations.h"

namespace whygpu::clblast_backend {
namespace {

using clblast::Transpose;

constexpr cl_half kHalfOne = 0x3c00, kHalfZero = 0;
constexpr auto kRowMajor = clblast::Layout::kRowMajor;

Transpose transpose(bool yes) { return yes ? Transpose::kYes : Transpose::kNo; }

std::string routine(DType dtype, bool batched) {
  const std::string letter = dtype == DType::f64 ? "D" : dtype == DType::f32 ? "S" : "H";
  return letter + (batched ? "GEMM, strided batch" : "GEMM");
}

clblast::Precision precision(DType dtype) {
  if (dtype == DType::f64) return clblast::Precision::kDouble;
  return dtype == DType::f32 ? clblast::Precision::kSingle : clblast::Precision::kHalf;
}

struct Operands {
  OpenClSpan a, b, c;
};

template <class T>
clblast::StatusCode multiply(const Product& p, const Operands& at, T one, T beta, cl_command_queue queue,
                             cl_mem workspace) {
  return clblast::Gemm(kRowMajor, transpose(p.transpose_a), transpose(p.transpose_b), p.m, p.n, p.k, one, at.a.memory,
                       at.a.offset / sizeof(T), p.pitch_a, at.b.memory, at.b.offset / sizeof(T), p.pitch_b, beta,
                       at.c.memory, at.c.offset / sizeof(T), p.pitch_c, &queue, nullptr, workspace);
}

template <class T>
clblast::StatusCode multiply_batch(const Product& p, const Operands& at, T one, T beta, cl_command_queue queue) {
  return clblast::GemmStridedBatched(kRowMajor, transpose(p.transpose_a), transpose(p.transpose_b), p.m, p.n, p.k, one,
                                     at.a.memory, at.a.offset / sizeof(T), p.pitch_a, p.stride_a, at.b.memory,
                                     at.b.offset / sizeof(T), p.pitch_b, p.stride_b, beta, at.c.memory,
                                     at.c.offset / sizeof(T), p.pitch_c, p.stride_c, p.batch, &queue, nullptr);
}

// CLBlast copies operands that do not start at the beginning of their buffer.
template <class T>
std::size_t workspace_bytes(const Product& p, cl_command_queue queue) {
  std::size_t most = 0;
  for (const std::size_t offset : {std::size_t{0}, std::size_t{64}}) {
    std::size_t bytes = 0;
    check(clblast::GemmTempBufferSize<T>(kRowMajor, transpose(p.transpose_a), transpose(p.transpose_b), p.m, p.n, p.k,
                                         offset, p.pitch_a, offset, p.pitch_b, offset, p.pitch_c, &queue, bytes),
          "the size of CLBlast's temporary buffer");
    most = std::max(most, bytes);
  }
  return most;
}

std::size_t workspace_bytes(const Product& p, cl_command_queue queue) {
  switch (p.dtype) {
    case DType::f64: return workspace_bytes<double>(p, queue);
    case DType::f32: return workspace_bytes<float>(p, queue);
    default: return workspace_bytes<cl_half>(p, queue);
  }
}

void run(const Product& p, const Operands& at, bool accumulate, bool batched, cl_command_queue queue,
         cl_mem workspace) {
  const auto call = [&](auto one, auto zero) {
    const auto beta = accumulate ? one : zero;
    return batched ? multiply_batch(p, at, one, beta, queue) : multiply(p, at, one, beta, queue, workspace);
  };
  const auto status = p.dtype == DType::f64   ? call(1.0, 0.0)
                      : p.dtype == DType::f32 ? call(1.0F, 0.0F)
                                              : call(kHalfOne, kHalfZero);
  check(status, "CLBlast " + routine(p.dtype, batched));
}

}  // namespace

// The first call of a routine compiles all of its kernels, whatever the sizes: a product of one value does.
ClblastProduct::ClblastProduct(Context& context, const Product& product) : context_(context), product_(product) {
  const std::size_t bytes = dtype_bytes(product.dtype);
  const OpenClBuffer values(context.device, 3 * bytes);
  const cl_mem memory = values.memory();
  const Product smallest{product.dtype, 1, 1, 1, 1, false, false, 1, 1, 1, 1, 1, 1};
  run(smallest, {{memory, 0}, {memory, bytes}, {memory, 2 * bytes}}, false, batched(), context.device.commands(),
      nullptr);
  context.device.synchronize();
  if (batched()) return;
  const std::size_t needed = workspace_bytes(product, context.device.commands());
  if (needed > 0) workspace_ = OpenClBuffer(context.device, needed);
}

void ClblastProduct::enqueue(OpenClSpan a, OpenClSpan b, OpenClSpan c, bool accumulate) const {
  run(product_, {a, b, c}, accumulate, batched(), context_.device.commands(), workspace_.memory());
}

std::string ClblastProduct::describe() const {
  std::string text = "CLBlast " + routine(product_.dtype, batched()) + ", " + context_.tuned;
  const std::string tiles = parameters(context_.device, "Xgemm", precision(product_.dtype), {"MWG", "NWG", "KWG"});
  if (!tiles.empty()) text += ", " + tiles;
  if (workspace_.bytes() > 0)
    text += ", workspace " + std::to_string((workspace_.bytes() + 999'999) / 1'000'000) + " MB";
  return text;
}

}  // namespace whygpu::clblast_backend

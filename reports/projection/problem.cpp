#include "reports/projection/problem.h"

#include <cmath>

namespace whygpu::projection {
namespace {

double extent(double size, double pad, double filter, double dilation, double stride) {
  return std::floor((size + 2 * pad - dilation * (filter - 1) - 1) / stride) + 1;
}

Footprint footprint(const Gemm& gemm) {
  return {gemm.batch * (gemm.m * gemm.k + gemm.k * gemm.n) * element_bytes(gemm.dtype),
          gemm.batch * gemm.m * gemm.n * result_bytes(gemm.dtype)};
}

Footprint footprint(const Convolution& conv) {
  const double bytes = element_bytes(conv.dtype);
  const double image = bytes * conv.n * conv.c * conv.h * conv.w;
  const double filter = bytes * conv.k * conv.c / conv.groups * conv.r * conv.s;
  const double output = bytes * conv.n * conv.k * conv.p() * conv.q();
  switch (conv.pass) {
    case Pass::backward_data: return {filter + output, image};
    case Pass::backward_weights: return {image + output, filter};
    default: return {image + filter, output};
  }
}

Footprint footprint(const Traffic& traffic) { return {traffic.bytes / 2, traffic.bytes / 2}; }

}  // namespace

double Convolution::p() const { return extent(h, pad_h, r, dilation_h, stride_h); }
double Convolution::q() const { return extent(w, pad_w, s, dilation_w, stride_w); }

double element_bytes(const std::string& dtype) {
  if (dtype == "f64") return 8;
  if (dtype == "f32" || dtype == "tf32") return 4;
  if (dtype == "f16" || dtype == "bf16") return 2;
  return dtype == "f8e4m3" || dtype == "s8" ? 1 : 0;
}

double result_bytes(const std::string& dtype) {
  return dtype == "s8" ? 4 : dtype == "f8e4m3" ? 2 : element_bytes(dtype);
}

Footprint footprint_of(const Problem& problem) {
  return std::visit([](const auto& one) { return footprint(one); }, problem);
}

}  // namespace whygpu::projection

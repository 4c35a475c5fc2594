// The three passes of convolution as defined: one result after the other, summing its products.
#include "backends/dtypes.h"
#include "backends/naive/naive.h"
#include "whygpu/host_device.h"

namespace whygpu::naive {
namespace {

template <class In, class Sum, class Out>
class NaiveConvolution final : public HostOperation {
 public:
  explicit NaiveConvolution(const Convolution& op) : HostOperation(op.arguments()), op_(op) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    switch (op_.pass) {
      case Pass::forward:
        return forward(host_data<In>(tensors[0]), host_data<In>(tensors[1]), host_data<Out>(tensors[2]));
      case Pass::backward_data:
        return backward_data(host_data<Out>(tensors[0]), host_data<In>(tensors[1]), host_data<In>(tensors[2]));
      case Pass::backward_weights:
        return backward_weights(host_data<In>(tensors[0]), host_data<Out>(tensors[1]), host_data<In>(tensors[2]));
    }
  }

  std::string implementation() const override {
    std::string text = "direct loops, 1 thread";
    if (dtype_bytes(op_.dtype) < 4) text += ", operands widened one by one";
    return text;
  }

 private:
  std::int64_t x_row(std::int64_t n, std::int64_t h, std::int64_t w) const {
    return ((n * op_.h + h) * op_.w + w) * op_.c;
  }
  std::int64_t w_row(std::int64_t k, std::int64_t r, std::int64_t s) const {
    return ((k * op_.r + r) * op_.s + s) * channels_;
  }
  std::int64_t y_row(std::int64_t n, std::int64_t p, std::int64_t q) const { return ((n * p_ + p) * q_ + q) * op_.k; }

  static Sum product(In a, In b) { return static_cast<Sum>(a) * static_cast<Sum>(b); }

  void forward(const In* x, const In* w, Out* y) const {
    for (std::int64_t n = 0; n < op_.n; ++n) {
      for (std::int64_t p = 0; p < p_; ++p) {
        for (std::int64_t q = 0; q < q_; ++q) {
          for (std::int64_t k = 0; k < op_.k; ++k) {
            const std::int64_t first_channel = k / filters_ * channels_;
            Sum sum = 0;
            for (std::int64_t r = 0; r < op_.r; ++r) {
              const std::int64_t in_h = p * op_.stride_h - op_.pad_h + r * op_.dilation_h;
              if (in_h < 0 || in_h >= op_.h) continue;
              for (std::int64_t s = 0; s < op_.s; ++s) {
                const std::int64_t in_w = q * op_.stride_w - op_.pad_w + s * op_.dilation_w;
                if (in_w < 0 || in_w >= op_.w) continue;
                const In* pixel = x + x_row(n, in_h, in_w) + first_channel;
                const In* tap = w + w_row(k, r, s);
                for (std::int64_t c = 0; c < channels_; ++c) sum += product(pixel[c], tap[c]);
              }
            }
            y[y_row(n, p, q) + k] = static_cast<Out>(sum);
          }
        }
      }
    }
  }

  void backward_data(Out* dx, const In* w, const In* dy) const {
    for (std::int64_t n = 0; n < op_.n; ++n) {
      for (std::int64_t in_h = 0; in_h < op_.h; ++in_h) {
        for (std::int64_t in_w = 0; in_w < op_.w; ++in_w) {
          for (std::int64_t c = 0; c < op_.c; ++c) {
            const std::int64_t first_filter = c / channels_ * filters_;
            Sum sum = 0;
            for (std::int64_t r = 0; r < op_.r; ++r) {
              const std::int64_t p = (in_h + op_.pad_h - r * op_.dilation_h) / op_.stride_h;
              if (p < 0 || p >= p_ || p * op_.stride_h != in_h + op_.pad_h - r * op_.dilation_h) continue;
              for (std::int64_t s = 0; s < op_.s; ++s) {
                const std::int64_t q = (in_w + op_.pad_w - s * op_.dilation_w) / op_.stride_w;
                if (q < 0 || q >= q_ || q * op_.stride_w != in_w + op_.pad_w - s * op_.dilation_w) continue;
                const In* gradient = dy + y_row(n, p, q);
                for (std::int64_t k = first_filter; k < first_filter + filters_; ++k) {
                  sum += product(gradient[k], w[w_row(k, r, s) + c % channels_]);
                }
              }
            }
            dx[x_row(n, in_h, in_w) + c] = static_cast<Out>(sum);
          }
        }
      }
    }
  }

  void backward_weights(const In* x, Out* dw, const In* dy) const {
    for (std::int64_t k = 0; k < op_.k; ++k) {
      const std::int64_t first_channel = k / filters_ * channels_;
      for (std::int64_t r = 0; r < op_.r; ++r) {
        for (std::int64_t s = 0; s < op_.s; ++s) {
          for (std::int64_t c = 0; c < channels_; ++c) {
            Sum sum = 0;
            for (std::int64_t n = 0; n < op_.n; ++n) {
              for (std::int64_t p = 0; p < p_; ++p) {
                const std::int64_t in_h = p * op_.stride_h - op_.pad_h + r * op_.dilation_h;
                if (in_h < 0 || in_h >= op_.h) continue;
                for (std::int64_t q = 0; q < q_; ++q) {
                  const std::int64_t in_w = q * op_.stride_w - op_.pad_w + s * op_.dilation_w;
                  if (in_w < 0 || in_w >= op_.w) continue;
                  sum += product(dy[y_row(n, p, q) + k], x[x_row(n, in_h, in_w) + first_channel + c]);
                }
              }
            }
            dw[w_row(k, r, s) + c] = static_cast<Out>(sum);
          }
        }
      }
    }
  }

  Convolution op_;
  std::int64_t p_ = op_.p(), q_ = op_.q();
  std::int64_t channels_ = op_.c / op_.groups, filters_ = op_.k / op_.groups;  // of one group
};

// Gradients of weights come in the accumulator's type, everything else in the input's.
template <class In, class Sum>
std::unique_ptr<Operation> floating_point(const Convolution& op) {
  if (op.pass == Pass::backward_weights) return std::make_unique<NaiveConvolution<In, Sum, Sum>>(op);
  return std::make_unique<NaiveConvolution<In, Sum, In>>(op);
}

}  // namespace

Support supports(const Convolution& op) {
  switch (op.dtype) {
    case DType::f64:
    case DType::f32:
    case DType::f16:
    case DType::bf16: return {};
    case DType::s8:
      if (op.pass == Pass::forward) return {};
      return Support::no("s8 convolution has a forward pass only");
    default: return Support::no("the naive backend has no " + std::string(dtype_name(op.dtype)) + " convolution");
  }
}

std::unique_ptr<Operation> prepare(const Convolution& op) {
  switch (op.dtype) {
    case DType::f64: return floating_point<double, double>(op);
    case DType::f32: return floating_point<float, float>(op);
    case DType::f16: return floating_point<Float16, float>(op);
    case DType::bf16: return floating_point<BFloat16, float>(op);
    case DType::s8: return std::make_unique<NaiveConvolution<std::int8_t, std::int32_t, std::int32_t>>(op);
    default: throw std::logic_error("naive convolution: unsupported dtype");
  }
}

}  // namespace whygpu::naive

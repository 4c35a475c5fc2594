// Convolution as im2col + GEMM. Each thread unrolls a tile of pixels into its own buffer and multiplies it at once, so
// the unrolled matrix, R·S times the image, never exists as a whole.
//
//   forward           y[pixels × K]  = unrolled x[pixels × R·S·C] · wᵀ
//   backward data    dx[pixels × C]  = unrolled dy[pixels × R·S·K] · w, for each plane of dx
//   backward weights dw[K × R·S·C]  += dyᵀ · unrolled x, over the tiles of pixels
#include "backends/im2col/convolution.h"

#include <omp.h>

#include <type_traits>
#include <vector>

#include "backends/devices/ceil_div.h"
#include "backends/im2col/im2col.h"
#include "whygpu/host_device.h"

namespace whygpu::im2col {
namespace {

// Long tiles amortise the packing of the filters by every GEMM; short ones stay in the cache.
constexpr std::int64_t kMaxRows = 768, kMinRows = 64, kMinColumns = 32;
constexpr std::size_t kTileBytes = std::size_t{16} << 20;  // per thread
constexpr std::size_t kAllTilesBytes = std::size_t{384} << 20;
constexpr std::size_t kAllSumsBytes = std::size_t{384} << 20;  // partial gradients of weights

// Our threads call the library, which must not start its own meanwhile.
class SingleThreaded {
 public:
  explicit SingleThreaded(Products& products) : products_(products) { products_.begin(); }
  ~SingleThreaded() { products_.end(); }
  SingleThreaded(const SingleThreaded&) = delete;
  SingleThreaded& operator=(const SingleThreaded&) = delete;

 private:
  Products& products_;
};

// Pixels per tile: as many as the buffer holds, divided so that all threads get the same number of tiles.
std::int64_t tile_rows(std::int64_t pixels, std::int64_t depth, std::size_t element, std::int64_t threads) {
  const std::size_t bytes = std::min(kTileBytes, kAllTilesBytes / static_cast<std::size_t>(threads));
  const auto fitting = static_cast<std::int64_t>(bytes / element) / std::max<std::int64_t>(depth, 1);
  const std::int64_t most = std::clamp<std::int64_t>(fitting, 1, kMaxRows);
  const std::int64_t even = ceil_div(pixels, ceil_div(ceil_div(pixels, most), threads) * threads);
  return std::min(most, std::max(even, kMinRows));
}

// The number of ranges that `columns` are split into when there are fewer `tasks` than threads.
std::int64_t column_cuts(std::int64_t columns, std::int64_t tasks, std::int64_t threads) {
  return std::clamp<std::int64_t>(columns / kMinColumns, 1, std::max<std::int64_t>(1, threads / tasks));
}

std::string describe(const Products& products, DType dtype, bool unrolled, std::int64_t rows,
                     const std::string& remark) {
  const std::string routine = products.routine(dtype);
  const std::string what = unrolled ? "im2col in tiles of " + std::to_string(rows) + " pixels + " + routine
                                    : routine + " directly on the images";
  return what + remark + ", " + products.running_with();
}

// Filters in the order that backward data uses: [plane][group][tap][k of the group][c of the group].
template <class T>
class PackedFilters final : public Tensor {
 public:
  PackedFilters(const Convolution& op, const std::vector<Plane>& planes)
      : op_(op), planes_(planes), storage_(op.arguments()[1]) {}

  std::size_t bytes() const override { return storage_.bytes(); }
  T* data() const { return host_data<T>(&storage_); }

  void upload(const void* row_major) override {
    for_each_row([row_major](T* packed, std::int64_t offset, std::int64_t size) {
      std::copy_n(static_cast<const T*>(row_major) + offset, size, packed);
    });
  }
  void download(void* row_major) const override {
    for_each_row([row_major](const T* packed, std::int64_t offset, std::int64_t size) {
      std::copy_n(packed, size, static_cast<T*>(row_major) + offset);
    });
  }

 private:
  template <class F>
  void for_each_row(F&& f) const {
    const std::int64_t channels = op_.c / op_.groups, filters = op_.k / op_.groups;
    T* packed = data();
    for (const Plane& plane : planes_) {
      for (std::int64_t group = 0; group < op_.groups; ++group) {
        for (const std::int64_t r : plane.taps_h) {
          for (const std::int64_t s : plane.taps_w) {
            for (std::int64_t k = group * filters; k < (group + 1) * filters; ++k) {
              f(packed, ((k * op_.r + r) * op_.s + s) * channels, channels);
              packed += channels;
            }
          }
        }
      }
    }
  }

  Convolution op_;
  std::vector<Plane> planes_;
  HostTensor storage_;
};

// Forward and backward data: rows of the result = unrolled rows of the source · filters.
template <class T>
class PixelConvolution final : public HostOperation {
 public:
  PixelConvolution(const Convolution& op, Products& products)
      : HostOperation(op.arguments()),
        op_(op),
        products_(products),
        planes_(planes_of(op)),
        threads_(products.threads()) {
    std::int64_t plane_filters = 0, unrolled = 0;
    for (const Plane& plane : planes_) {
      const Unrolling& u = plane.unrolling;
      const std::int64_t pixels = op.n * u.grid_h * u.grid_w, depth = u.depth();
      const std::int64_t rows = tile_rows(pixels, depth, sizeof(T), threads_);
      const std::int64_t cuts = column_cuts(channels_, ceil_div(pixels, rows) * op.groups, threads_);
      for (std::int64_t first = 0; first < pixels; first += rows) {
        for (std::int64_t group = 0; group < op.groups; ++group) {
          for (std::int64_t cut = 0; cut < cuts; ++cut) {
            const std::int64_t begin = channels_ * cut / cuts, end = channels_ * (cut + 1) / cuts;
            const std::int64_t filters =
                forward_ ? (group * channels_ + begin) * depth : plane_filters + group * channels_ * depth + begin;
            items_.push_back({&plane, group, first, std::min(rows, pixels - first), begin, end - begin, filters});
          }
        }
      }
      plane_filters += depth * op.c;
      rows_ = std::max(rows_, rows);
      if (!u.is_source()) unrolled = std::max(unrolled, rows * depth);
    }
    unrolled_.assign(threads_, std::vector<T>(unrolled));
    results_.assign(threads_, std::vector<T>(planes_.size() > 1 ? rows_ * channels_ : 0));
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    if (index == 1 && !forward_) return std::make_unique<PackedFilters<T>>(op_, planes_);
    return HostOperation::allocate(index);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const SingleThreaded single(products_);
    const T* source = host_data<T>(tensors[forward_ ? 0 : 2]);
    const T* filters = forward_ ? host_data<T>(tensors[1]) : static_cast<const PackedFilters<T>*>(tensors[1])->data();
    T* result = host_data<T>(tensors[forward_ ? 2 : 0]);
    const auto items = static_cast<std::int64_t>(items_.size());
#pragma omp parallel for schedule(dynamic) num_threads(threads_)
    for (std::int64_t i = 0; i < items; ++i) run(items_[i], omp_get_thread_num(), source, filters, result);
  }

  std::string implementation() const override {
    const std::string remark =
        planes_.size() > 1 ? ", " + std::to_string(planes_.size()) + " dense planes of the strided result" : "";
    return describe(products_, op_.dtype, !unrolled_[0].empty(), rows_, remark);
  }

 private:
  // One GEMM: some pixels of a plane by some result channels of a group.
  struct Item {
    const Plane* plane;
    std::int64_t group, first, rows, first_column, columns;
    std::int64_t filters;  // where its filters start
  };

  void run(const Item& item, int thread, const T* source, const T* filters, T* result) {
    const Unrolling& u = item.plane->unrolling;
    const T* a = source + item.group * u.channels;
    std::int64_t lda = u.depth();
    if (u.is_source()) {
      lda = u.source_c;
      a += item.first * lda;
    } else {
      unroll(u, a, item.first, item.rows, unrolled_[thread].data());
      a = unrolled_[thread].data();
    }
    const std::int64_t column = item.group * channels_ + item.first_column;
    const bool whole = planes_.size() == 1;
    T* c = whole ? result + item.first * result_stride_ + column : results_[thread].data();
    const std::int64_t ldc = whole ? result_stride_ : item.columns;
    if (u.depth() == 0) {
      std::fill_n(c, item.rows * ldc, T{0});
    } else {
      products_.multiply(Product<T>{false, forward_, item.rows, item.columns, u.depth(), a, lda, filters + item.filters,
                                    forward_ ? u.depth() : channels_, 0, c, ldc});
    }
    if (!whole) scatter(item, column, c, result);
  }

  // Copies the rows of one of several planes to their positions in dx.
  void scatter(const Item& item, std::int64_t column, const T* rows, T* dx) const {
    const Plane& plane = *item.plane;
    const std::int64_t grid_h = plane.unrolling.grid_h, grid_w = plane.unrolling.grid_w;
    for (std::int64_t row = item.first; row < item.first + item.rows; ++row) {
      const std::int64_t j = row % grid_w, i = row / grid_w % grid_h, n = row / grid_w / grid_h;
      const std::int64_t h = plane.first_h + i * op_.stride_h, w = plane.first_w + j * op_.stride_w;
      std::copy_n(rows, item.columns, dx + ((n * op_.h + h) * op_.w + w) * op_.c + column);
      rows += item.columns;
    }
  }

  Convolution op_;
  Products& products_;
  std::vector<Plane> planes_;
  int threads_;
  bool forward_ = op_.pass == Pass::forward;
  std::int64_t result_stride_ = forward_ ? op_.k : op_.c;
  std::int64_t channels_ = result_stride_ / op_.groups;  // of the result, in one group
  std::int64_t rows_ = 0;
  std::vector<Item> items_;
  std::vector<std::vector<T>> unrolled_, results_;  // buffers of each thread
};

// Backward weights. The pixels are split into parts with their own sums, which are added at the end in a fixed order.
// If there are fewer parts than threads, the filters are split too.
template <class T>
class WeightGradient final : public HostOperation {
 public:
  WeightGradient(const Convolution& op, Products& products)
      : HostOperation(op.arguments()),
        op_(op),
        products_(products),
        unrolling_(planes_of(op).front().unrolling),
        threads_(products.threads()),
        pixels_(op.n * op.p() * op.q()),
        rows_(tile_rows(pixels_, unrolling_.depth(), sizeof(T), threads_)),
        size_(op.k * unrolling_.depth()) {
    const auto affordable = static_cast<std::int64_t>(kAllSumsBytes / sizeof(T)) / size_;
    parts_ = std::clamp<std::int64_t>(std::min(affordable, ceil_div(pixels_, rows_)), 1, threads_);
    cuts_ = op.groups > 1 ? std::min<std::int64_t>(op.groups, ceil_div(threads_, parts_))
                          : column_cuts(op.k, parts_, threads_);
    unrolled_.assign(threads_, std::vector<T>(unrolling_.is_source() ? 0 : rows_ * unrolling_.depth()));
    sums_.resize((parts_ - 1) * size_);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const SingleThreaded single(products_);
    const T* x = host_data<T>(tensors[0]);
    const T* dy = host_data<T>(tensors[2]);
    T* dw = host_data<T>(tensors[1]);
#pragma omp parallel num_threads(threads_)
    {
#pragma omp for schedule(dynamic)
      for (std::int64_t item = 0; item < parts_ * cuts_; ++item) {
        const std::int64_t part = item / cuts_;
        sum_part(part, item % cuts_, x, dy, part == 0 ? dw : sums_.data() + (part - 1) * size_);
      }
#pragma omp for
      for (std::int64_t i = 0; i < size_; ++i) {
        for (std::int64_t part = 1; part < parts_; ++part) dw[i] += sums_[(part - 1) * size_ + i];
      }
    }
  }

  std::string implementation() const override {
    const std::string remark = parts_ > 1 ? ", the sum over pixels in " + std::to_string(parts_) + " parts" : "";
    return describe(products_, op_.dtype, !unrolling_.is_source(), rows_, remark);
  }

 private:
  // The part's pixels by the cut's filters; with groups, a cut is a range of groups.
  void sum_part(std::int64_t part, std::int64_t cut, const T* x, const T* dy, T* sum) {
    const std::int64_t tiles = ceil_div(pixels_, rows_), depth = unrolling_.depth(), filters = op_.k / op_.groups;
    const std::int64_t first_tile = tiles * part / parts_, last_tile = tiles * (part + 1) / parts_;
    const std::int64_t units = op_.groups > 1 ? op_.groups : op_.k;
    const std::int64_t begin = units * cut / cuts_, end = units * (cut + 1) / cuts_;
    T* buffer = unrolled_[omp_get_thread_num()].data();
    for (std::int64_t tile = first_tile; tile < last_tile; ++tile) {
      const std::int64_t first = tile * rows_, rows = std::min(rows_, pixels_ - first);
      const T beta = tile == first_tile ? 0 : 1;
      const auto multiply = [&](std::int64_t group, std::int64_t filter, std::int64_t count) {
        const T* b = x + group * unrolling_.channels;
        std::int64_t ldb = depth;
        if (unrolling_.is_source()) {
          ldb = op_.c;
          b += first * ldb;
        } else {
          unroll(unrolling_, b, first, rows, buffer);
          b = buffer;
        }
        products_.multiply(Product<T>{true, false, count, depth, rows, dy + first * op_.k + filter, op_.k, b, ldb, beta,
                                      sum + filter * depth, depth});
      };
      if (op_.groups == 1) {
        multiply(0, begin, end - begin);
      } else {
        for (std::int64_t group = begin; group < end; ++group) multiply(group, group * filters, filters);
      }
    }
  }

  Convolution op_;
  Products& products_;
  Unrolling unrolling_;
  int threads_;
  std::int64_t pixels_, rows_, size_;
  std::int64_t parts_ = 1, cuts_ = 1;
  std::vector<std::vector<T>> unrolled_;  // buffers of each thread
  std::vector<T> sums_;                   // of all parts except the first, which sums into dw
};

// Backward data over row-major tensors: the filters are packed on every run.
class PackingConvolution final : public HostOperation {
 public:
  PackingConvolution(const Convolution& op, std::unique_ptr<Operation> convolution)
      : HostOperation(op.arguments()), convolution_(std::move(convolution)), filters_(convolution_->allocate(1)) {}

  void enqueue(std::span<Tensor* const> tensors) override {
    filters_->upload(host_data<void>(tensors[1]));
    Tensor* const arguments[] = {tensors[0], filters_.get(), tensors[2]};
    convolution_->enqueue(arguments);
  }

  std::string implementation() const override {
    return convolution_->implementation() + ", filters packed on every run";
  }

 private:
  std::unique_ptr<Operation> convolution_;
  std::unique_ptr<Tensor> filters_;
};

template <class T>
std::unique_ptr<Operation> prepare_as(const Convolution& op, Products& products) {
  if (op.pass == Pass::backward_weights) return std::make_unique<WeightGradient<T>>(op, products);
  return std::make_unique<PixelConvolution<T>>(op, products);
}

}  // namespace

std::unique_ptr<Operation> prepare(const Convolution& op, Layout layout, Products& products) {
  auto convolution = op.dtype == DType::f32 ? prepare_as<float>(op, products) : prepare_as<double>(op, products);
  if (layout == Layout::preferred || op.pass != Pass::backward_data) return convolution;
  return std::make_unique<PackingConvolution>(op, std::move(convolution));
}

}  // namespace whygpu::im2col

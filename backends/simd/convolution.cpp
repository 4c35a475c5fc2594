// Convolution as an implicit product of matrices. An image with several taps is copied to L2 with zeros around it, and
// tiles read it there tap by tap (window.h); a 1×1 convolution is read where it is; where neither works, rows of
// im2col's matrix are written to a block in L2, a slice of the taps at a time (unrolled.h).
//
//   forward           y[pixels × K]  = unrolled x[pixels × R·S·C] · wᵀ
//   backward data    dx[pixels × C]  = unrolled dy[pixels × R·S·K] · w, for each plane of dx
//
// The third pass is in weight_gradient.cpp.
#include <algorithm>
#include <functional>
#include <optional>

#include "backends/devices/ceil_div.h"
#include "backends/im2col/im2col.h"
#include "backends/simd/blocking.h"
#include "backends/simd/epilogue.h"
#include "backends/simd/packed_operand.h"
#include "backends/simd/panels.h"
#include "backends/simd/past_cache.h"
#include "backends/simd/shares.h"
#include "backends/simd/simd.h"
#include "backends/simd/unrolled.h"
#include "backends/simd/window.h"
#include "backends/simd/winograd.h"
#include "whygpu/host_device.h"

namespace whygpu::simd {
namespace {

using im2col::Plane;
using im2col::Unrolling;

constexpr std::string_view kDirect = "direct", kWinograd = "winograd";

bool is_depthwise(const Convolution& op) { return op.groups > 1 && op.groups == op.c && op.groups == op.k; }

// The instruction set that a variant names; empty for the best.
std::string_view isa_of(std::string_view variant) {
  return variant == kAutomatic || variant == kDirect || variant == kWinograd ? std::string_view{} : variant;
}

// What a plane adds to the operation: how its sums are cut, and where its packed filters are.
struct PlanePlan {
  const Plane* plane;
  std::vector<Slice> slices;
  std::vector<std::size_t> panels;  // of each slice, the offset of the first group's first panel
  std::int64_t rows = 0;            // pixels of a block; of a window, rows of pixels
  std::optional<Window> window;     // instead of unrolled rows: one slice
};

// Filters as panels of B: [plane][slice][group][panel].
class PackedFilters final : public PackedOperand {
 public:
  PackedFilters(const Convolution& op, const Kernels& kernels, const std::vector<PlanePlan>& plans, std::size_t bytes)
      : PackedOperand(op.arguments()[1]), op_(op), kernels_(kernels), plans_(plans), panels_(bytes) {}

  const std::byte* panels() const { return panels_.data(); }
  void pack(const std::byte* filters) override {
    for (const PlanePlan& plan : plans_) {
      for (std::size_t i = 0; i < plan.slices.size(); ++i) pack_slice(plan, plan.slices[i], plan.panels[i], filters);
    }
  }

 private:
  void pack_slice(const PlanePlan& plan, const Slice& slice, std::size_t offset, const std::byte* filters) {
    const std::int64_t channels = op_.c / op_.groups, in_group = op_.k / op_.groups;
    const bool forward = op_.pass == Pass::forward;
    const std::int64_t depth = op_.r * op_.s * channels, results = forward ? in_group : channels;
    const std::int64_t value = kernels_.value_bytes, width = kernels_.panel_columns();
    const auto taps_w = static_cast<std::int64_t>(plan.plane->taps_w.size());
    std::byte* out = panels_.data() + offset;
    for (std::int64_t group = 0; group < op_.groups; ++group) {
      for (std::int64_t column = 0; column < results; column += width) {
        const std::int64_t columns = std::min(width, results - column);
        if (forward) {
          const std::int64_t first =
              (group * in_group + column) * depth + slice.first_tap * channels + slice.first_channel;
          pack_panel(kernels_, {filters + first * value, depth, true}, columns, slice.columns(), out);
        } else {
          for (std::int64_t t = 0; t < slice.taps; ++t) {
            const std::int64_t tap = slice.first_tap + t;
            const std::int64_t r = plan.plane->taps_h[tap / taps_w], s = plan.plane->taps_w[tap % taps_w];
            const std::int64_t filter = group * in_group + slice.first_channel;
            const std::int64_t first = filter * depth + (r * op_.s + s) * channels + column;
            pack_panel(kernels_, {filters + first * value, depth, false}, columns, slice.channels,
                       out + t * panel_bytes(kernels_, slice.channels));
          }
        }
        out += panel_bytes(kernels_, slice.columns());
      }
    }
  }

  Convolution op_;
  const Kernels& kernels_;
  const std::vector<PlanePlan>& plans_;
  Buffer panels_;
};

// Forward and backward data.
class PixelConvolution final : public HostOperation {
 public:
  PixelConvolution(const Convolution& op, Layout layout, const Kernels& kernels, ThreadTeam& team,
                   std::vector<TensorSpec> arguments, std::optional<BiasActivation> then)
      : HostOperation(std::move(arguments)),
        op_(op),
        kernels_(kernels),
        team_(team),
        then_(then),
        planes_(im2col::planes_of(op)) {
    const int threads = team.count();
    const std::int64_t width = kernels.panel_columns();
    past_cache_ = op.n * op.h * op.w * op.c * kernels.sum_bytes > static_cast<std::int64_t>(caches().l3);
    std::int64_t block_bytes = 0, result_values = 0;
    for (const Plane& plane : planes_) {
      const Unrolling& u = plane.unrolling;
      const std::int64_t pixels = op.n * u.grid_h * u.grid_w;
      if (pixels == 0) continue;
      PlanePlan plan{.plane = &plane, .slices = {}, .panels = {}, .window = {}};
      const Blocking blocking =
          choose_blocking(kernels, caches(), pixels, channels_, std::max<std::int64_t>(u.depth(), 1), threads);
      if (u.depth() > 0) plan.slices = slices_of(u, blocking.k);
      plan.rows = blocking.rows;
      if (fits_window(u)) {
        plan.window.emplace(u, kernels);
        plan.slices = {{0, u.taps(), 0, u.channels}};
        plan.rows = window_rows(u, *plan.window);
        block_bytes = std::max<std::int64_t>(block_bytes, static_cast<std::int64_t>(plan.window->bytes(plan.rows)));
      }
      for (const Slice& slice : plan.slices) {
        plan.panels.push_back(filter_bytes_);
        filter_bytes_ += op.groups * ceil_div(channels_, width) * panel_bytes(kernels, slice.columns());
        if (plan.window) continue;
        block_bytes =
            std::max<std::int64_t>(block_bytes, row_block_bytes(kernels, blocking.rows, slice.columns(), false));
      }
      if (planes_.size() > 1) {
        result_values = std::max(result_values, plan.rows * (plan.window ? u.grid_w : 1) * channels_);
      }
      plans_.push_back(std::move(plan));
    }
    for (std::size_t p = 0; p < plans_.size(); ++p) add_items(p, threads);
    for (int i = 0; i < threads; ++i) {
      blocks_.emplace_back(block_bytes);
      results_.emplace_back(result_values * kernels.sum_bytes);
    }
    if (layout == Layout::row_major) own_filters_ = make_filters();
  }

  std::unique_ptr<Tensor> allocate(int index) override {
    if (index == 1 && !own_filters_) return make_filters();
    return HostOperation::allocate(index);
  }

  void enqueue(std::span<Tensor* const> tensors) override {
    const auto* source = host_data<const std::byte>(tensors[forward_ ? 0 : 2]);
    auto* result = host_data<std::byte>(forward_ ? tensors.back() : tensors[0]);
    epilogue_ = then_ ? epilogue_of(*then_, tensors) : Epilogue{};
    if (own_filters_) own_filters_->pack(host_data<const std::byte>(tensors[1]));
    const std::byte* filters =
        own_filters_ ? own_filters_->panels() : static_cast<const PackedFilters*>(tensors[1])->panels();
    shares_.run(team_, static_cast<std::int64_t>(items_.size()),
                [&](std::int64_t item, int thread) { run(items_[item], thread, source, filters, result); });
  }

  std::string implementation() const override {
    const auto count = [this](auto&& is) { return static_cast<std::size_t>(std::ranges::count_if(plans_, is)); };
    const std::size_t windows = count([](const PlanePlan& plan) { return plan.window.has_value(); });
    const std::size_t pixels = count([this](const PlanePlan& plan) { return reads_pixels(plan.plane->unrolling); });
    std::string text = "implicit GEMM on ";
    if (windows > 0) text += "padded images";
    if (pixels > 0) text += windows > 0 ? " and pixels in place" : "pixels in place";
    if (windows + pixels < plans_.size()) text += windows + pixels > 0 ? " and unrolled rows" : "unrolled rows";
    if (planes_.size() > 1) text += ", " + std::to_string(planes_.size()) + " dense planes of the strided result";
    text += own_filters_ ? ", filters packed on every run" : ", filters packed beforehand";
    if (then_) text += describe(*then_);
    return text + ", " + describe_kernels(kernels_, std::min<std::size_t>(team_.count(), items_.size()));
  }

 private:
  // Some pixels of a plane by some result channels of a group.
  struct Item {
    const PlanePlan* plan;
    std::int64_t group, first, rows, first_panel, last_panel;
  };

  // Several taps of all channels, lines long enough for tiles of some height, and few enough lines for L2.
  bool fits_window(const Unrolling& u) const {
    constexpr std::int64_t kLeastPixels = 6;
    return kernels_.reads_a && op_.groups == 1 && u.taps() > 1 && u.grid_w >= kLeastPixels &&
           Window(u, kernels_).bytes(1) <= caches().l2 / 2;
  }

  // Rows of the result whose lines take at most half of L2.
  std::int64_t window_rows(const Unrolling& u, const Window& window) const {
    std::int64_t rows = u.grid_h;
    while (rows > 1 && window.bytes(rows) > caches().l2 / 2) rows = ceil_div(rows, 2);
    return rows;
  }

  std::unique_ptr<PackedFilters> make_filters() const {
    return std::make_unique<PackedFilters>(op_, kernels_, plans_, filter_bytes_);
  }

  void add_items(std::size_t index, int threads) {
    const PlanePlan& plan = plans_[index];
    const Unrolling& u = plan.plane->unrolling;
    const std::int64_t panels = ceil_div(channels_, kernels_.panel_columns());
    // A window does not cross images.
    const std::int64_t images = plan.window ? op_.n : 1;
    const std::int64_t pixels = plan.window ? u.grid_h : op_.n * u.grid_h * u.grid_w;
    const std::int64_t blocks = ceil_div(pixels, plan.rows), units = images * blocks * op_.groups;
    const std::int64_t cuts = std::clamp<std::int64_t>(ceil_div(2 * threads, units), 1, threads == 1 ? 1 : panels);
    const std::int64_t row = plan.window ? u.grid_w : 1, tile = plan.window ? 1 : kernels_.rows;
    for (std::int64_t image = 0; image < images; ++image) {
      for (std::int64_t block = 0; block < blocks; ++block) {
        const std::int64_t first = block_start(pixels, blocks, block, tile);
        const std::int64_t rows = block_start(pixels, blocks, block + 1, tile) - first;
        for (std::int64_t group = 0; group < op_.groups; ++group) {
          for (std::int64_t cut = 0; cut < cuts; ++cut) {
            items_.push_back({&plan, group, (image * pixels + first) * row, rows * row, panels * cut / cuts,
                              panels * (cut + 1) / cuts});
          }
        }
      }
    }
  }

  void run(const Item& item, int thread, const std::byte* source, const std::byte* filters, std::byte* result) {
    const Unrolling& u = item.plan->plane->unrolling;
    const std::int64_t value = kernels_.value_bytes, width = kernels_.panel_columns(), sum = kernels_.sum_bytes;
    const std::int64_t panels = ceil_div(channels_, width), first_channel = item.first_panel * width;
    const std::int64_t columns = std::min(item.last_panel * width, channels_) - first_channel;
    const bool whole = planes_.size() == 1;
    const std::int64_t ldc = whole ? result_stride_ : columns;
    std::byte* c =
        whole ? result + (item.first * ldc + item.group * channels_ + first_channel) * sum : results_[thread].data();
    // No tap reaches the pixels of this plane of a strided result.
    if (item.plan->slices.empty()) {
      return scatter(item, item.group * channels_ + first_channel, columns, nullptr, result);
    }
    for (std::size_t i = 0; i < item.plan->slices.size(); ++i) {
      const Slice& slice = item.plan->slices[i];
      const RowBlock rows =
          item.plan->window ? copy_window(item, source, blocks_[thread].data())
                            : rows_of(item, slice, source + item.group * u.channels * value, blocks_[thread].data());
      const std::size_t bytes = panel_bytes(kernels_, slice.columns());
      for (std::int64_t p = item.first_panel; p < item.last_panel; ++p) {
        const std::byte* packed = filters + item.plan->panels[i] + (item.group * panels + p) * bytes;
        const PanelView panel{packed,
                              width * kernels_.word_bytes,
                              std::min(width, channels_ - p * width),
                              {packed + bytes, static_cast<std::int64_t>(bytes)}};
        std::byte* columns_of_c = c + (p - item.first_panel) * width * sum;
        if (item.plan->window) {
          item.plan->window->multiply(rows.a, item.rows / u.grid_w, panel, columns_of_c, ldc);
        } else {
          multiply_panel(kernels_, rows, item.rows, panel, slice.columns(), i > 0, columns_of_c, ldc);
        }
      }
    }
    if (then_) finish(item, item.group * channels_ + first_channel, columns, c);
    if (!whole) scatter(item, item.group * channels_ + first_channel, columns, c, result);
  }

  // Of a forward pass, whose result is one plane.
  void finish(const Item& item, std::int64_t channel, std::int64_t columns, std::byte* c) const {
    const std::int64_t sum = kernels_.sum_bytes;
    const std::byte* residual = epilogue_.residual;
    if (residual != nullptr) residual += (item.first * result_stride_ + channel) * sum;
    kernels_.apply_epilogue({.rows = item.rows,
                             .columns = columns,
                             .c = c,
                             .row = result_stride_ * sum,
                             .bias = epilogue_.bias + channel * sum,
                             .residual = residual,
                             .relu = epilogue_.relu});
  }

  RowBlock copy_window(const Item& item, const std::byte* source, std::byte* lines) const {
    const Unrolling& u = item.plan->plane->unrolling;
    const std::int64_t row = item.first / u.grid_w, image = row / u.grid_h;
    item.plan->window->copy(source + image * u.source_h * u.source_w * u.source_c * kernels_.value_bytes,
                            row % u.grid_h, item.rows / u.grid_w, lines);
    return {.a = lines};
  }

  // Rows of the unrolled matrix: the pixels themselves if they are all that there is, else a copy in `block`.
  RowBlock rows_of(const Item& item, const Slice& slice, const std::byte* source, std::byte* block) const {
    const Unrolling& u = item.plan->plane->unrolling;
    if (reads_pixels(u)) {
      const std::int64_t pixel = u.source_c * kernels_.value_bytes;
      return {source + item.first * pixel + slice.first_channel * kernels_.value_bytes, pixel * kernels_.rows, pixel,
              kernels_.word_bytes};
    }
    const std::int64_t row = padded_row(kernels_, slice.columns());
    unroll(u, slice, source, kernels_.value_bytes, item.first, item.rows, block, row);
    return {block, row * kernels_.rows, row, kernels_.word_bytes};
  }

  bool reads_pixels(const Unrolling& u) const {
    return u.is_source() && kernels_.reads_a && !displace_each_other(u.source_c * kernels_.value_bytes);
  }

  // Copies the rows of one of several planes, or zeros if there are none, to their positions in dx.
  void scatter(const Item& item, std::int64_t channel, std::int64_t columns, const std::byte* rows,
               std::byte* dx) const {
    const Plane& plane = *item.plan->plane;
    const std::int64_t grid_h = plane.unrolling.grid_h, grid_w = plane.unrolling.grid_w;
    const std::int64_t bytes = columns * kernels_.sum_bytes;
    for (std::int64_t row = item.first; row < item.first + item.rows; ++row) {
      const std::int64_t j = row % grid_w, i = row / grid_w % grid_h, n = row / grid_w / grid_h;
      const std::int64_t h = plane.first_h + i * op_.stride_h, w = plane.first_w + j * op_.stride_w;
      std::byte* to = dx + (((n * op_.h + h) * op_.w + w) * op_.c + channel) * kernels_.sum_bytes;
      past_cache_ ? write_past_cache(rows, bytes, to) : copy_or_clear(rows, bytes, to);
      if (rows != nullptr) rows += bytes;
    }
    if (past_cache_) finish_past_cache();
  }

  Convolution op_;
  const Kernels& kernels_;
  ThreadTeam& team_;
  std::optional<BiasActivation> then_;
  Epilogue epilogue_;  // of the run
  std::vector<Plane> planes_;
  std::vector<PlanePlan> plans_;
  bool forward_ = op_.pass == Pass::forward;
  std::int64_t result_stride_ = forward_ ? op_.k : op_.c;
  std::int64_t channels_ = result_stride_ / op_.groups;  // of the result, in one group
  std::size_t filter_bytes_ = 0;
  bool past_cache_ = false;  // a dx in several planes, larger than the caches
  std::vector<Item> items_;
  Shares shares_;
  std::vector<Buffer> blocks_, results_;        // of each thread
  std::unique_ptr<PackedFilters> own_filters_;  // of row-major tensors
};

}  // namespace

std::vector<std::string> variants(const Convolution& op) {
  std::vector<std::string> names = {std::string(kAutomatic), std::string(kDirect)};
  if (supports(op, kWinograd)) names.emplace_back(kWinograd);
  const auto sets = instruction_sets(op.dtype);
  if (!sets.empty()) names.insert(names.end(), sets.begin() + 1, sets.end());
  return names;
}

Support supports(const Convolution& op, std::string_view variant) {
  if (op.dtype != DType::f32 && op.dtype != DType::f64) {
    return Support::no("the simd backend has f32 and f64 convolution only, not " + std::string(dtype_name(op.dtype)));
  }
  const Kernels* kernels = find_kernels(op.dtype, isa_of(variant));
  if (kernels == nullptr) return Support::no(missing_kernels(op.dtype, isa_of(variant)));
  if (variant != kWinograd) return {};
  const std::string obstacle = winograd::obstacle(op, *kernels);
  return obstacle.empty() ? Support{} : Support::no(obstacle);
}

std::unique_ptr<Operation> prepare(const Convolution& op, const PrepareOptions& options, ThreadTeam& team) {
  const Kernels& kernels = *find_kernels(op.dtype, isa_of(options.variant));
  const bool by_weights = op.pass == Pass::backward_weights;
  if (options.variant == kWinograd || (options.variant != kDirect && winograd::pays(op, kernels, options.layout))) {
    if (by_weights) return winograd::prepare_weight_gradient(op, kernels, team);
    return winograd::prepare_pixels(op, options.layout, kernels, team);
  }
  if (is_depthwise(op)) return prepare_depthwise(op, kernels, team);
  if (by_weights) return prepare_weight_gradient(op, kernels, team);
  return std::make_unique<PixelConvolution>(op, options.layout, kernels, team, op.arguments(), std::nullopt);
}

std::unique_ptr<Operation> prepare_fused_convolution(const FusedBiasActivation& fused, const Kernels& kernels,
                                                     ThreadTeam& team) {
  const Convolution& op = std::get<Convolution>(fused.product);
  if (is_depthwise(op)) return nullptr;
  if (winograd::pays(op, kernels, Layout::row_major)) {
    return fused.then.residual ? nullptr : winograd::prepare_fused(fused, kernels, team);
  }
  return std::make_unique<PixelConvolution>(op, Layout::row_major, kernels, team, fused.arguments(), fused.then);
}

}  // namespace whygpu::simd

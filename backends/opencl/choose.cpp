#include "backends/opencl/choose.h"

#include <algorithm>
#include <stdexcept>

#include "backends/devices/tuning.h"

namespace whygpu::opencl {
namespace {

// Larger problems are timed in part: about 15 ms a run on a small CPU, and on a fast GPU.
constexpr double kMaxCpuFlops = 0x1p28, kMaxGpuFlops = 0x1p36;
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

std::size_t bytes_of(const std::vector<TensorSpec>& specs) {
  std::size_t bytes = 0;
  for (const TensorSpec& spec : specs) bytes += spec.bytes();
  return bytes;
}

// Halves the largest extent until the problem is small enough. The shape of a long, thin problem stays so.
Gemm part_of(Gemm op, double flops) {
  while (op.flops() > flops || bytes_of(op.arguments()) > kMaxBytes) {
    std::int64_t* const extents[] = {&op.m, &op.n, &op.k};
    const auto largest = std::ranges::max_element(extents, {}, [](const std::int64_t* extent) { return *extent; });
    (op.batch > 1 ? op.batch : **largest) /= 2;
  }
  return op;
}

Convolution part_of(Convolution op, double flops) {
  while (op.flops() > flops || bytes_of(op.arguments()) > kMaxBytes) {
    if (op.n > 1) {
      op.n /= 2;
    } else if (op.groups == 1 && std::max(op.c, op.k) > 64) {
      (op.c > op.k ? op.c : op.k) /= 2;
    } else {
      break;
    }
  }
  return op;
}

std::string describe_problem(const Gemm& op) {
  std::string text = "m=" + std::to_string(op.m) + " n=" + std::to_string(op.n) + " k=" + std::to_string(op.k);
  if (op.batch > 1) text += " batch=" + std::to_string(op.batch);
  return text;
}
std::string describe_problem(const Convolution& op) {
  return "n=" + std::to_string(op.n) + " c=" + std::to_string(op.c) + " k=" + std::to_string(op.k);
}

// All that a choice depends on, beyond what describe_problem() says.
std::string key_of(const Gemm& op) {
  return describe_problem(op) + (op.transpose_a ? " t" : " n") + (op.transpose_b ? "t " : "n ") +
         std::string(dtype_name(op.dtype));
}
std::string key_of(const Convolution& op) {
  std::string key = describe_problem(op) + " " + std::string(dtype_name(op.dtype)) + " pass " +
                    std::to_string(static_cast<int>(op.pass));
  for (const std::int64_t value : {op.h, op.w, op.r, op.s, op.stride_h, op.stride_w, op.pad_h, op.pad_w, op.dilation_h,
                                   op.dilation_w, op.groups}) {
    key += " " + std::to_string(value);
  }
  return key;
}

// The arguments of an operation, and copies of them if the cache is to be cold.
class Operands {
 public:
  Operands(OpenClDevice& device, const std::vector<TensorSpec>& specs, bool cold) {
    sets_.resize(tuning_sets(device, bytes_of(specs), cold));
    for (const TensorSpec& spec : specs) {
      const std::vector<std::byte> pattern = tuning_pattern(spec.dtype);
      for (Set& set : sets_) {
        set.tensors.push_back(make_opencl_tensor(device, spec));
        set.arguments.push_back(set.tensors.back().get());
        for (std::size_t at = 0; at < spec.bytes(); at += pattern.size()) {
          device.view(*set.arguments.back(), at, std::min(pattern.size(), spec.bytes() - at))->upload(pattern.data());
        }
      }
    }
    device.synchronize();
  }

  std::span<Tensor* const> arguments(std::size_t run) const { return sets_[run % sets_.size()].arguments; }

 private:
  struct Set {
    std::vector<std::unique_ptr<Tensor>> tensors;
    std::vector<Tensor*> arguments;
  };
  std::vector<Set> sets_;
};

std::vector<Tile> tiles_for(const Variant& variant, DType dtype, const Limits& limits, bool is_cpu) {
  std::vector<Tile> tiles;
  std::ranges::copy_if(variant.tiles, std::back_inserter(tiles),
                       [&](const Tile& tile) { return fits(tile, dtype, limits) && suits(tile, is_cpu); });
  return tiles;
}

}  // namespace

template <class Shape>
Choice Chooser::choose_for(const Shape& op, const Variant& variant, bool cold) {
  OpenClDevice& device = compiler_.device();
  const std::vector<Tile> tiles = tiles_for(variant, op.dtype, limits_, device.is_cpu());
  if (tiles.empty()) {
    throw std::runtime_error("no tile of " + std::string(variant.name) + " fits into the work groups of this device");
  }
  if (tiles.size() == 1) return {tiles.front(), ""};

  const Shape part = part_of(op, device.is_cpu() ? kMaxCpuFlops : kMaxGpuFlops);
  const std::string key = std::string(variant.name) + (cold ? " cold " : " hot ") + key_of(part);
  auto found = chosen_.find(key);
  if (found == chosen_.end()) {
    const Operands operands(device, part.arguments(), cold);
    std::vector<Run> runs(tiles.size());
    const std::size_t best = fastest(device, tiles.size(), cold, [&](std::size_t candidate, std::size_t run) {
      if (!runs[candidate]) runs[candidate] = make_run(compiler_, part, variant, tiles[candidate]);
      runs[candidate](operands.arguments(run));
    });
    device.synchronize();
    found = chosen_.emplace(key, best).first;
  }
  std::string how = "fastest of " + std::to_string(tiles.size()) + " with a " + (cold ? "cold" : "hot") + " cache";
  if (!(part == op)) how += " on " + describe_problem(part);
  return {tiles[found->second], how};
}

Choice Chooser::choose(const Gemm& op, const Variant& variant, bool cold) { return choose_for(op, variant, cold); }
Choice Chooser::choose(const Convolution& op, const Variant& variant, bool cold) {
  return choose_for(op, variant, cold);
}

}  // namespace whygpu::opencl

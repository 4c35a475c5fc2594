#include "reports/projection/scaling.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace whygpu::projection {
namespace {

double messages(int ranks) { return 2.0 * std::bit_width(static_cast<unsigned>(ranks - 1)); }  // 2 ⌈log₂ n⌉

double passed_on(int ranks) { return 2.0 * (ranks - 1) / ranks; }

double worst_error(const AllReduceModel& model, std::span<const AllReduceTime> times) {
  double worst = 0;
  for (const auto& time : times) {
    worst = std::max(worst, std::abs(model.seconds(time.bytes, model.ranks) / time.seconds - 1));
  }
  return worst;
}

}  // namespace

double AllReduceModel::seconds(double bytes, int ranks) const {
  return ranks == 1 ? 0 : messages(ranks) * latency_seconds + passed_on(ranks) * bytes * seconds_per_byte;
}

std::optional<AllReduceModel> fit_all_reduce(std::span<const AllReduceTime> times, int ranks) {
  if (times.size() < 2 || ranks < 2) return std::nullopt;
  // x a + y g = 1 for every time, x and y over the time itself.
  double xx = 0, xy = 0, yy = 0, x1 = 0, y1 = 0;
  for (const auto& time : times) {
    const double x = messages(ranks) / time.seconds, y = passed_on(ranks) * time.bytes / time.seconds;
    xx += x * x, xy += x * y, yy += y * y, x1 += x, y1 += y;
  }
  const double determinant = xx * yy - xy * xy;
  if (!(determinant > 0)) return std::nullopt;  // one size only
  double latency = (x1 * yy - y1 * xy) / determinant, per_byte = (y1 * xx - x1 * xy) / determinant;
  if (latency < 0) latency = 0, per_byte = y1 / yy;
  if (per_byte < 0) per_byte = 0, latency = x1 / xx;
  AllReduceModel model{latency, per_byte, ranks};
  model.worst_error = worst_error(model, times);
  return model;
}

std::optional<AllReduceModel> all_reduce_by_bandwidth(const AllReduceTime& time, int ranks) {
  if (ranks < 2 || !(time.bytes > 0)) return std::nullopt;
  return AllReduceModel{0, time.seconds / time.bytes / passed_on(ranks), ranks};
}

double step_seconds(const StepScaling& scaling, const AllReduceModel& model, int ranks) {
  const double turns = scaling.cpus > 0 ? std::max(1.0, ranks / scaling.cpus) : 1;
  const double computation = turns * scaling.one_rank_seconds / (scaling.weak ? 1 : ranks);
  return computation + (1 - scaling.hidden) * model.seconds(scaling.gradient_bytes, ranks);
}

double efficiency(const StepScaling& scaling, const AllReduceModel& model, int ranks) {
  const double alone = scaling.one_rank_seconds / (scaling.weak ? 1 : ranks);
  return alone / step_seconds(scaling, model, ranks);
}

}  // namespace whygpu::projection

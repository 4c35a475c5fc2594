#include "benchmarks/networks/data_parallel_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "benchmarks/networks/check.h"
#include "benchmarks/networks/network_graph.h"
#include "benchmarks/networks/network_trial.h"
#include "benchmarks/worker/ranks.h"
#include "reports/results/statistics.h"

namespace whygpu::networks {
namespace {

constexpr int kComparedSteps = 7;
constexpr int kStepsOfOneRank = 3;  // the shares' sums are rounded otherwise, and steps multiply the difference

class DataParallelTrial final : public NetworkTrial {
 public:
  DataParallelTrial(RankedTraining training, const Case& c, Backend& backend)
      : NetworkTrial(training.share, training.checked_share, c, backend, training_graph),
        training_(std::move(training)),
        whole_graph_(training_graph(training_.whole, products_)),
        communicator_(communicator_for(backend.device())) {}

  void enqueue(std::size_t set) override { step(set).enqueue(); }

  // Scaled down against the float64 reference, at full size against the same backend on one rank.
  Verdict verify() override {
    const ComputeGraph whole = training_graph(training_.checked_whole, products_);
    const ComputeGraph share = training_graph(training_.checked_share, products_);
    Program program(share, backend_);
    DataParallelStep step(share, program, communicator_, training_.bucket_bytes);
    int different = -1;
    const auto losses =
        data_parallel_losses(training_.checked_whole, whole, share, program, step, *world(), kCheckedSteps, different);
    const auto expected = reference_losses(training_.checked_whole, whole, kCheckedSteps);
    if (Verdict verdict = agreed(judge(losses, expected, 1, different)); verdict.status != Status::ok) {
      return {verdict.status, "scaled down, " + verdict.reason};
    }
    Program alone(whole_graph_, backend_);
    const auto one_rank = backend_losses(training_.whole, whole_graph_, alone, kStepsOfOneRank);
    return check_losses(one_rank, 2);
  }

  Verdict verify_again(const std::map<std::string, double>& verified) override {
    const auto expected = losses_in(verified);
    return expected ? check_losses(*expected, 2) : verify();
  }

  Verdict check_again() override { return check_losses({losses_.begin(), losses_.begin() + kStepsOfOneRank}, 1); }

  std::string implementation() const override {
    return fmt::format("{}; gradients in {} bucket{} by {}", NetworkTrial::implementation(), steps_[0]->buckets(),
                       steps_[0]->buckets() == 1 ? "" : "s",
                       communicator_.implementation({CollectiveKind::all_reduce, DType::f32, 0, true}));
  }

  Details details() const override {
    Details details = common_details();
    DataParallelStep& first = *steps_.front();
    const double alone = median_ns([&] { sets_.front()->program.enqueue(); });
    const double whole = median_ns([&] { first.enqueue(); });
    const double averaging = median_ns([&] { first.enqueue_averages(); });
    const Throughput through = throughput(training_.whole);
    details.insert(details.end(), {{"alone_ns", alone},
                                   {"averaging_ns", averaging},
                                   {"exposed_ns", std::max(0.0, whole - alone)},
                                   {"buckets", static_cast<double>(first.buckets())},
                                   {"samples", through.samples}});
    if (through.tokens > 0) details.emplace_back("tokens", through.tokens);
    append_losses(details, losses_);
    return details;
  }

 private:
  Batch timed_batch() const override {
    return share_of(training_.whole, make_batch(training_.whole, whole_graph_, 0), communicator_.rank(),
                    communicator_.ranks());
  }

  DataParallelStep& step(std::size_t set) {
    while (steps_.size() <= set) {
      steps_.push_back(std::make_unique<DataParallelStep>(graph_, sets_[steps_.size()]->program, communicator_,
                                                          training_.bucket_bytes));
    }
    return *steps_[set];
  }

  // Both may be off by the tolerance of the products, if both were computed on a backend.
  Verdict judge(const std::vector<double>& losses, const std::vector<double>& expected, double tolerances,
                int different) const {
    if (different >= 0) {
      return {Status::incorrect,
              fmt::format("after {} steps the weights of rank {} are not those of rank 0", kCheckedSteps, different)};
    }
    const std::string error = compare_losses(losses, expected, tolerances * loss_tolerance(products_));
    return error.empty() ? Verdict{} : Verdict{Status::incorrect, error};
  }

  // The first steps at full size; those that have an expected loss are compared.
  Verdict check_losses(const std::vector<double>& expected, double tolerances) {
    int different = -1;
    losses_ = data_parallel_losses(training_.whole, whole_graph_, graph_, sets_.front()->program, step(0), *world(),
                                   kCheckedSteps, different);
    reset(0);
    return judge({losses_.begin(), losses_.begin() + static_cast<std::ptrdiff_t>(expected.size())}, expected,
                 tolerances, different);
  }

  // Of the slowest rank; all start together.
  template <class Run>
  double median_ns(const Run& run) const {
    std::vector<double> times;
    for (int i = 0; i < kComparedSteps; ++i) {
      backend_.device().synchronize();
      world()->barrier();
      const auto start = std::chrono::steady_clock::now();
      run();
      backend_.device().synchronize();
      times.push_back(
          greatest(std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count()));
    }
    return median(times);
  }

  RankedTraining training_;
  ComputeGraph whole_graph_;
  Communicator& communicator_;
  std::vector<std::unique_ptr<DataParallelStep>> steps_;  // by set, from verify() on
  std::vector<double> losses_;
};

}  // namespace

std::unique_ptr<Trial> make_data_parallel_trial(RankedTraining training, const Case& c, Backend& backend) {
  return std::make_unique<DataParallelTrial>(std::move(training), c, backend);
}

}  // namespace whygpu::networks

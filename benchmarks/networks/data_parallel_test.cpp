#include "benchmarks/networks/data_parallel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <functional>
#include <memory>
#include <numeric>
#include <thread>

#include "backends/loader.h"
#include "benchmarks/networks/check.h"
#include "benchmarks/networks/network_graph.h"

namespace whygpu::networks {
namespace {

// Ranks as threads of one process.
struct Meeting {
  explicit Meeting(int ranks)
      : together(ranks), buffers(static_cast<std::size_t>(ranks)), numbers(buffers.size()), texts(buffers.size()) {}
  std::barrier<> together;
  std::vector<float*> buffers;
  std::vector<double> numbers;
  std::vector<std::string> texts;
};

class ThreadRank final : public World {
 public:
  // Leaves out the average with that number, if it is not negative: its own gradients stay.
  ThreadRank(Meeting& meeting, int rank, int skipped = -1) : meeting_(meeting), rank_(rank), skipped_(skipped) {}

  int rank() const override { return rank_; }
  int ranks() const override { return static_cast<int>(meeting_.buffers.size()); }
  Support supports(const Collective&) const override { return {}; }
  std::string implementation(const Collective&) const override { return "threads"; }
  int result_part(const Collective&) const override { return 0; }
  void enqueue(const Collective&, const void*, void*) override {}

  void start_average(float* values, std::int64_t elements) override {
    meeting_.buffers[static_cast<std::size_t>(rank_)] = values;
    meeting_.together.arrive_and_wait();
    std::vector<float> mean(static_cast<std::size_t>(elements), 0.0F);
    for (const float* of_rank : meeting_.buffers) {
      for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += of_rank[i] / static_cast<float>(ranks());
    }
    meeting_.together.arrive_and_wait();
    if (started_++ != skipped_) unfinished_.emplace_back(values, std::move(mean));
  }
  void finish_averages() override {
    for (const auto& [values, mean] : unfinished_) std::ranges::copy(mean, values);
    unfinished_.clear();
  }

  void barrier() override { meeting_.together.arrive_and_wait(); }
  std::vector<double> gather(double value) override { return gather(meeting_.numbers, value); }
  std::vector<std::string> gather(const std::string& text) override { return gather(meeting_.texts, text); }
  void abort() override { std::abort(); }

 private:
  template <class T>
  std::vector<T> gather(std::vector<T>& all, const T& own) {
    all[static_cast<std::size_t>(rank_)] = own;
    meeting_.together.arrive_and_wait();
    std::vector<T> copy = all;
    meeting_.together.arrive_and_wait();
    return copy;
  }

  Meeting& meeting_;
  int rank_, skipped_;
  int started_ = 0;
  std::vector<std::pair<float*, std::vector<float>>> unfinished_;
};

struct Outcome {
  std::vector<double> losses;
  int different = -1;
  std::size_t buckets = 0;
};

// Trains a model at its checked sizes; rank 1 leaves out one of its averages.
Outcome train(const Model& model, int ranks, std::int64_t bucket_bytes, int skipped = -1) {
  setenv("WHYGPU_BACKEND_PATH", WHYGPU_BINARY_DIR "/bin/backends", 0);
  Sizes sizes = model.check_sizes();
  const Network whole = model.network(sizes);
  sizes["batch"] /= ranks;
  const Network share = model.network(sizes);
  const ComputeGraph whole_graph = training_graph(whole, DType::f32), graph = training_graph(share, DType::f32);
  Meeting meeting(ranks);
  std::vector<Outcome> outcomes(static_cast<std::size_t>(ranks));
  const auto work = [&](int rank) {
    ThreadRank world(meeting, rank, rank == 1 ? skipped : -1);
    LoadedBackend backend(find_modules().at("naive"), {1, 0});
    Program program(graph, *backend);
    DataParallelStep step(graph, program, world, bucket_bytes);
    Outcome& outcome = outcomes[static_cast<std::size_t>(rank)];
    outcome.losses =
        data_parallel_losses(whole, whole_graph, graph, program, step, world, kCheckedSteps, outcome.different);
    outcome.buckets = step.buckets();
  };
  {
    std::vector<std::jthread> threads;
    for (int rank = 0; rank < ranks; ++rank) threads.emplace_back(work, rank);
  }
  EXPECT_EQ(outcomes[0].losses, outcomes[1].losses);
  return outcomes[0];
}

std::vector<double> expected_losses(const Model& model) {
  const Network whole = model.network(model.check_sizes());
  return reference_losses(whole, training_graph(whole, DType::f32), kCheckedSteps);
}

constexpr std::int64_t kSmall = 4, kLarge = 1 << 30;

TEST(DataParallel, LossesAreThoseOfWholeBatch) {
  for (const Model& model : models()) {
    if (!supports_shares(model.network(model.check_sizes()))) continue;
    SCOPED_TRACE(model.name());
    const Outcome outcome = train(model, 2, kSmall);
    EXPECT_EQ(outcome.different, -1);
    EXPECT_EQ(compare_losses(outcome.losses, expected_losses(model), loss_tolerance(DType::f32)), "");
  }
}

TEST(DataParallel, FourRanksAndOneBucket) {
  const Model& model = find_model("mlp");
  const Outcome outcome = train(model, 4, kLarge);
  EXPECT_EQ(outcome.buckets, 1U);
  EXPECT_EQ(outcome.different, -1);
  EXPECT_EQ(compare_losses(outcome.losses, expected_losses(model), loss_tolerance(DType::f32)), "");
}

TEST(DataParallel, RankThatSkipsABucketIsFound) {
  const Outcome outcome = train(find_model("mlp"), 2, kSmall, 3);
  EXPECT_EQ(outcome.different, 1);
}

TEST(DataParallel, ModelsWhoseSamplesDependOnOneAnotherAreRefused) {
  const Model& model = find_model("resnet-block");
  EXPECT_THAT(supports_shares(model.network(model.check_sizes())).reason, testing::HasSubstr("batch_norm"));
}

TEST(GradientBuckets, CoverAllGradientsOnceFromTheLast) {
  for (const Model& model : models()) {
    const ComputeGraph graph = training_graph(model.network(model.check_sizes()), DType::f32);
    for (const std::int64_t bytes : {kSmall, std::int64_t{4096}, kLarge}) {
      const auto buckets = gradient_buckets(graph, bytes);
      std::int64_t end = graph.spec(graph.gradients).elements();
      for (const Bucket& bucket : buckets) {
        EXPECT_EQ(bucket.first + bucket.elements, end);
        end = bucket.first;
      }
      EXPECT_EQ(end, 0);
    }
  }
}

// A bucket that started earlier would be averaged before it is complete.
TEST(GradientBuckets, AreReadyAfterTheirLastGradient) {
  const ComputeGraph graph = training_graph(find_model("mlp").network(find_model("mlp").check_sizes()), DType::f32);
  for (const Bucket& bucket : gradient_buckets(graph, 4096)) {
    for (std::size_t node = bucket.ready_after + 1; node < graph.nodes.size(); ++node) {
      if (graph.nodes[node].phase == Phase::update) continue;
      for (const Value value : graph.nodes[node].arguments) {
        const Place where = place(graph, value);
        if (where.root != place(graph, graph.gradients).root) continue;
        EXPECT_FALSE(where.offset >= bucket.first && where.offset < bucket.first + bucket.elements);
      }
    }
  }
}

TEST(ShareOf, TakesRowsOfEveryTimeStep) {
  Network whole;
  whole.batch = 4;
  whole.input.numbers["length"] = 2;
  Batch batch;
  batch.input.resize(16);
  std::iota(batch.input.begin(), batch.input.end(), 0.0);
  batch.target = {0, 1, 2, 3, 4, 5, 6, 7};
  EXPECT_THAT(share_of(whole, batch, 1, 2).input, testing::ElementsAre(8, 9, 10, 11, 12, 13, 14, 15));
  whole.input.words["order"] = "time";
  EXPECT_THAT(share_of(whole, batch, 1, 2).input, testing::ElementsAre(4, 5, 6, 7, 12, 13, 14, 15));
  EXPECT_THAT(share_of(whole, batch, 0, 2).target, testing::ElementsAre(0, 1, 4, 5));
}

}  // namespace
}  // namespace whygpu::networks

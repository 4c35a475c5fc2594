// Tile widths and parts that are chosen for ResNet-50 on an H100, by the part of its multiprocessors' time that is
// spent on results. Loading, storing and clocks are not in these figures, which no GPU is needed for.
#include <gtest/gtest.h>

#include "backends/cuda/kernels/convolution/hopper.h"

namespace whygpu::cuda {
namespace {

constexpr int kMultiprocessors = 132;

// The convolutions of benchmarks/sweeps/resnet50.sweep but the first, which has too few channels for warpgroups, and
// the least utilisation of forward, backward data and backward weights, in percent.
struct Layer {
  std::int64_t c, size, k, filter, stride;
  int batch_32[3], batch_256[3];
};
constexpr Layer kLayers[] = {
    {64, 56, 64, 1, 1, {98, 98, 45}, {98, 98, 48}},    {64, 56, 64, 3, 1, {98, 98, 43}, {98, 98, 44}},
    {64, 56, 256, 1, 1, {98, 98, 98}, {98, 98, 99}},   {256, 56, 64, 1, 1, {98, 98, 49}, {98, 98, 48}},
    {256, 56, 128, 1, 1, {98, 98, 98}, {98, 98, 96}},  {128, 56, 128, 3, 2, {98, 95, 95}, {98, 98, 95}},
    {128, 28, 512, 1, 1, {98, 98, 95}, {98, 98, 98}},  {256, 56, 512, 1, 2, {98, 59, 95}, {98, 71, 98}},
    {512, 28, 128, 1, 1, {98, 98, 95}, {98, 98, 98}},  {128, 28, 128, 3, 1, {98, 98, 95}, {98, 98, 95}},
    {512, 28, 256, 1, 1, {98, 98, 95}, {98, 98, 98}},  {256, 28, 256, 3, 2, {74, 83, 80}, {98, 98, 95}},
    {256, 14, 1024, 1, 1, {98, 74, 95}, {98, 98, 96}}, {512, 28, 1024, 1, 2, {98, 65, 95}, {98, 83, 96}},
    {1024, 14, 256, 1, 1, {74, 98, 95}, {98, 98, 96}}, {256, 14, 256, 3, 1, {74, 74, 80}, {98, 98, 95}},
    {1024, 14, 512, 1, 1, {74, 98, 95}, {98, 98, 96}}, {512, 14, 512, 3, 2, {74, 83, 53}, {98, 95, 80}},
    {512, 7, 2048, 1, 1, {74, 74, 95}, {98, 98, 96}},  {1024, 14, 2048, 1, 2, {74, 69, 95}, {98, 90, 96}},
    {2048, 7, 512, 1, 1, {74, 74, 95}, {98, 98, 96}},  {512, 7, 512, 3, 1, {74, 74, 53}, {98, 98, 80}},
};

double utilisation_of(const Layer& layer, std::int64_t batch, Pass pass) {
  const std::int64_t pad = layer.filter / 2;
  const Convolution op{
      pass,         batch, layer.c, layer.size, layer.size, layer.k, layer.filter, layer.filter, layer.stride,
      layer.stride, pad,   pad,     1,          1,          1,       DType::bf16};
  const hopper::ChoiceInput work = hopper_work(op, kMultiprocessors);
  const hopper::Choice choice = hopper::choose(work, kHopperWidths);
  const double spent = hopper::longest_block(work, choice.tile_n, choice.splits, 0) * work.depth * hopper::kTileM *
                       choice.tile_n * kMultiprocessors;
  return op.flops() / 2 / spent;
}

TEST(HopperChoice, UtilisationForResNet50) {
  for (const Layer& layer : kLayers) {
    for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
      for (const std::int64_t batch : {32, 256}) {
        const double percent = 100 * utilisation_of(layer, batch, pass);
        const int least = (batch == 32 ? layer.batch_32 : layer.batch_256)[static_cast<int>(pass)];
        EXPECT_GE(percent, least) << layer.c << "x" << layer.size << " to " << layer.k << ", batch " << batch;
        EXPECT_LT(percent, least + 2) << "better than recorded above";
      }
    }
  }
}

}  // namespace
}  // namespace whygpu::cuda

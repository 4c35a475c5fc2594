// Compares the workload allreduce with a bare loop over MPI_Allreduce, as OSU's and Intel's benchmarks time it: start
// together, many operations, the time of the slowest rank. All ranks run this in step.
//
//   mpirun -np 2 bin/bare_mpi_allreduce 2 [bytes …]
#include <fmt/format.h>
#include <mpi.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "benchmarks/bare/worker_samples.h"
#include "benchmarks/worker/ranks.h"
#include "reports/results/statistics.h"

namespace whygpu {
namespace {

constexpr int kPairs = 41;

double bare_seconds(const Tensor& in, const Tensor& out, std::int64_t operations) {
  const auto count = static_cast<int>(in.bytes() / sizeof(float));
  MPI_Barrier(MPI_COMM_WORLD);
  const double start = MPI_Wtime();
  for (std::int64_t i = 0; i < operations; ++i) {
    MPI_Allreduce(in.address(), out.address(), count, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD);
  }
  double own = MPI_Wtime() - start, slowest = 0;
  MPI_Allreduce(&own, &slowest, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return slowest / static_cast<double>(operations);
}

void compare(std::int64_t bytes, Backend& backend) {
  const Case c = parse_case(fmt::format("allreduce bytes={} ranks={}", bytes, world()->ranks()));
  WorkerSamples samples(c, backend);
  // With buffers from the same place: their alignment is a third of the time of 64 KiB and more.
  const auto buffer = [&] { return backend.device().allocate(static_cast<std::size_t>(bytes)); };
  const auto in = buffer(), out = buffer();
  const std::vector<float> ones(static_cast<std::size_t>(bytes) / sizeof(float), 1.0F);
  in->upload(ones.data());
  out->upload(ones.data());
  bare_seconds(*in, *out, samples.batch());
  std::vector<double> ratios;
  for (int pair = 0; pair < kPairs; ++pair) {
    const double first = pair % 2 == 0 ? samples.next() : 0;
    const double bare = bare_seconds(*in, *out, samples.batch());
    ratios.push_back(std::log(bare / (pair % 2 == 0 ? first : samples.next())));
  }
  const auto interval = median_interval(ratios).value();
  if (world()->rank() > 0) return;
  fmt::print(
      "{:>10} bytes: bandwidth over that of the bare loop {:.3f} (95% interval of the median: {:.3f} to {:.3f})\n",
      bytes, std::exp(median(ratios)), std::exp(interval.low), std::exp(interval.high));
  std::fflush(stdout);
}

}  // namespace
}  // namespace whygpu

int main(int argc, char** argv) {
  using namespace whygpu;
  try {
    join_ranks(argc > 1 ? std::atoi(argv[1]) : 2);
    LoadedBackend backend(find_modules().at("host"), {1, 0});
    std::vector<std::int64_t> sizes;
    for (int i = 2; i < argc; ++i) sizes.push_back(std::atoll(argv[i]));
    if (sizes.empty()) sizes = {8, 1024, 65536, 262144, 1048576, 4194304, 16777216};
    for (const std::int64_t bytes : sizes) compare(bytes, *backend);
    leave_ranks();
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}

// Collective operations between ranks, as nccl-tests measures them (its doc/PERFORMANCE.md): `bytes` is the size of the
// larger buffer of a rank, the time is that of the slowest rank (its -a 3), and bytes over time is called the algorithm
// bandwidth.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "backends/dtypes.h"
#include "benchmarks/oracles/random_input.h"
#include "benchmarks/worker/ranks.h"
#include "benchmarks/workloads/probes.h"
#include "benchmarks/workloads/workload.h"

namespace whygpu {
namespace {

constexpr std::int64_t kExactInBf16 = 256;  // sums of whole numbers up to here

const std::vector<Parameter>& collective_parameters() {
  static const std::vector<Parameter> parameters = {
      {"bytes", "", {}, 1, "size of the larger buffer of each rank, rounded down to whole elements for every rank"},
      {"ranks", "2", {}, 2, "processes, each with a device or its share of the CPUs"},
      {"dtype", "f32", {"f32", "bf16", "s32"}, 0, "type of the elements"},
      {"in_place", "no", {"no", "yes"}, 0, "one buffer instead of two"},
  };
  return parameters;
}

// A power of two of small whole numbers, all of whose sums over the ranks are exact.
std::uint64_t value_kinds(std::int64_t ranks) {
  return ranks <= kExactInBf16 / 8 ? 8 : ranks <= kExactInBf16 / 4 ? 4 : 2;
}

class RankInputs {
 public:
  RankInputs(std::uint64_t seed, std::int64_t ranks) : seed_(seed), ranks_(ranks), mask_(value_kinds(ranks) - 1) {}

  // Element i of the input of a rank. The mixing is that of splitmix64, as in Random.
  std::uint64_t input(std::int64_t rank, std::int64_t i) const {
    return Random(seed_ + 0x632be59bd9b4e019 * static_cast<std::uint64_t>(rank) + static_cast<std::uint64_t>(i))
               .bits() &
           mask_;
  }
  std::uint64_t sum(std::int64_t i) const {
    std::uint64_t sum = 0;
    for (std::int64_t rank = 0; rank < ranks_; ++rank) sum += input(rank, i);
    return sum;
  }

 private:
  std::uint64_t seed_;
  std::int64_t ranks_;
  std::uint64_t mask_;
};

class CollectiveTrial final : public Trial {
 public:
  CollectiveTrial(const Collective& collective, Device& device)
      : collective_(collective),
        device_(device),
        communicator_(communicator_for(device)),
        rank_(communicator_.rank()),
        part_(collective.elements / communicator_.ranks()) {
    sets_.push_back(make_set());
  }

  void load(std::uint64_t seed) override {
    seed_ = seed;
    fill(0);
  }

  Verdict verify() override {
    fill(0);
    enqueue(0);
    device_.synchronize();
    return check(0);
  }

  void enqueue(std::size_t set) override {
    const Set& buffers = sets_[set];
    communicator_.enqueue(collective_, buffers.in ? buffers.in->address() : nullptr, buffers.out->address());
  }

  void allocate_sets(std::size_t count) override {
    while (sets_.size() < count) {
      sets_.push_back(make_set());
      fill(sets_.size() - 1);
    }
  }

  // In place, a second operation has the result of the first one as its input.
  bool auditable() const override { return !collective_.in_place; }
  void renew(std::size_t set, std::uint64_t seed) override {
    sets_[set].seed = seed;
    upload_input(set);
  }
  void poison_results(std::size_t set) override { poison_buffer(*sets_[set].out); }
  Verdict check_again() override { return verify(); }

  Verdict check(std::size_t set) override {
    const Set& buffers = sets_[set];
    const RankInputs values(buffers.seed, communicator_.ranks());
    const std::int64_t first = collective_.kind == CollectiveKind::reduce_scatter && collective_.in_place
                                   ? communicator_.result_part(collective_) * part_
                                   : 0;
    const auto expected = [&](std::int64_t i) { return static_cast<double>(expected_value(values, i)); };
    if (Verdict verdict = compare(*buffers.out, first, result_elements(), "element", expected);
        verdict.status != Status::ok) {
      return verdict;
    }
    if (!buffers.out->intact()) return {Status::incorrect, "memory beside the result was overwritten"};
    if (!buffers.in) return {};
    return compare(*buffers.in, 0, input_elements(), "input",
                   [&](std::int64_t i) { return static_cast<double>(values.input(rank_, i)); });
  }

  std::size_t set_bytes() const override {
    return sets_.front().out->bytes() + (sets_.front().in ? sets_.front().in->bytes() : 0);
  }
  std::string implementation() const override {
    return fmt::format("{}, {} ranks", communicator_.implementation(collective_), communicator_.ranks());
  }

  // The bus bandwidth of nccl-tests is that of the algorithm times this.
  Details details() const override {
    const double ranks = communicator_.ranks(), passed_on = (ranks - 1) / ranks;
    const double factors[] = {2 * passed_on, passed_on, passed_on, 1, passed_on};  // by CollectiveKind
    return {{"bus_bandwidth_factor", factors[static_cast<std::size_t>(collective_.kind)]}};
  }

 private:
  struct Set {
    std::unique_ptr<Tensor> in, out;
    std::uint64_t seed = 1;
  };

  std::size_t bytes(std::int64_t elements) const {
    return static_cast<std::size_t>(elements) * dtype_bytes(collective_.dtype);
  }
  std::int64_t input_elements() const {
    return collective_.kind == CollectiveKind::all_gather ? part_ : collective_.elements;
  }
  std::int64_t result_elements() const {
    return collective_.kind == CollectiveKind::reduce_scatter ? part_ : collective_.elements;
  }

  Set make_set() {
    Set set;
    if (!collective_.in_place) set.in = device_.allocate(bytes(input_elements()));
    set.out = device_.allocate(bytes(collective_.in_place ? collective_.elements : result_elements()));
    set.seed = seed_;
    return set;
  }

  void fill(std::size_t set) {
    sets_[set].seed = seed_;
    poison_buffer(*sets_[set].out);
    upload_input(set);
  }

  void upload_input(std::size_t set) {
    const RankInputs values(sets_[set].seed, communicator_.ranks());
    std::vector<std::byte> storage(bytes(input_elements()));
    with_storage_type(collective_.dtype, [&]<class T>(T) {
      auto* out = reinterpret_cast<T*>(storage.data());
      for (std::int64_t i = 0; i < input_elements(); ++i) {
        out[i] = static_cast<T>(static_cast<float>(values.input(rank_, i)));
      }
    });
    if (sets_[set].in) {
      sets_[set].in->upload(storage.data());
      return device_.synchronize();
    }
    if (collective_.kind == CollectiveKind::broadcast && rank_ > 0) return;
    // A rank's part lies where all_gather looks for it.
    const std::int64_t place = collective_.kind == CollectiveKind::all_gather ? rank_ * part_ : 0;
    std::vector<std::byte> whole(sets_[set].out->bytes());
    sets_[set].out->download(whole.data());
    std::ranges::copy(storage, whole.begin() + static_cast<std::ptrdiff_t>(bytes(place)));
    sets_[set].out->upload(whole.data());
    device_.synchronize();
  }

  void poison_buffer(Tensor& tensor) {
    const auto elements = static_cast<std::int64_t>(tensor.bytes() / dtype_bytes(collective_.dtype));
    tensor.upload(poison({collective_.dtype, {elements}}).data());
    device_.synchronize();
  }

  std::uint64_t expected_value(const RankInputs& values, std::int64_t i) const {
    switch (collective_.kind) {
      case CollectiveKind::all_reduce: return values.sum(i);
      case CollectiveKind::all_gather: return values.input(i / part_, i % part_);
      case CollectiveKind::reduce_scatter: return values.sum(rank_ * part_ + i);
      case CollectiveKind::broadcast: return values.input(0, i);
      case CollectiveKind::all_to_all: return values.input(i / part_, rank_ * part_ + i % part_);
    }
    return 0;
  }

  // `count` elements from `first` on. The values are small whole numbers, and exact.
  template <class Expected>
  Verdict compare(const Tensor& tensor, std::int64_t first, std::int64_t count, std::string_view what,
                  const Expected& expected) const {
    std::vector<std::byte> storage(tensor.bytes());
    tensor.download(storage.data());
    Verdict verdict;
    with_storage_type(collective_.dtype, [&]<class T>(T) {
      const auto* values = reinterpret_cast<const T*>(storage.data()) + first;
      for (std::int64_t i = 0; i < count && verdict.status == Status::ok; ++i) {
        const auto value = static_cast<double>(static_cast<float>(values[i]));
        if (value == expected(i)) continue;
        verdict = {Status::incorrect,
                   fmt::format("{} {} of {} is {:g}, expected {:g}", what, i, count, value, expected(i))};
      }
    });
    return verdict;
  }

  Collective collective_;
  Device& device_;
  Communicator& communicator_;
  std::int64_t rank_, part_;
  std::uint64_t seed_ = 1;
  std::vector<Set> sets_;
};

class CollectiveWorkload final : public Workload {
 public:
  CollectiveWorkload(CollectiveKind kind, std::string_view name, std::string_view summary)
      : kind_(kind), name_(name), summary_(summary), probe_(fmt::format("{} bytes=64 dtype=f32,bf16,s32", name)) {}

  std::string_view name() const override { return name_; }
  std::string_view summary() const override { return summary_; }
  std::span<const Parameter> parameters() const override { return collective_parameters(); }
  std::string_view probe() const override { return probe_; }

  void validate(const Case& c) const override {
    const double needed = static_cast<double>(c.number("bytes")) * static_cast<double>(c.number("ranks"));
    if (needed > 1e15) {
      throw CaseError(
          fmt::format("{}: {} bytes on {} ranks are too much for any machine", c.text(), c["bytes"], c["ranks"]));
    }
  }

  Work work(const Case& c) const override {
    const Collective collective = collective_of(c);
    const double bytes = static_cast<double>(collective.elements) * static_cast<double>(dtype_bytes(collective.dtype));
    return {0, bytes, (collective.in_place ? 1 : 2) * bytes};
  }

  double verify_seconds(const Case& c) const override {
    return 3e-9 * static_cast<double>(collective_of(c).elements) * static_cast<double>(c.number("ranks"));
  }

  Support supports(const Case& c, Backend& backend) const override {
    Device& device = backend.device();
    // In host memory they are the same for all: one backend measures them, the one that computes nothing.
    if (device.kind() == DeviceKind::cpu && backend.supports(Gemm{.m = 8, .n = 8, .k = 8}, {})) {
      return Support::no("collectives in host memory are the same for all backends: host measures them");
    }
    if (!supports_probe(Stream{.elements = 64}, "", backend)) {
      return Support::no("collectives are measured by the backends that measure memory, such as host");
    }
    if (Support support = supports_ranks(c.number("ranks"), device); !support) return support;
    const Collective collective = collective_of(c);
    if (collective.elements == 0) {
      return Support::no(fmt::format("{} bytes are less than one {} for each rank", c["bytes"], c["dtype"]));
    }
    if (collective.dtype == DType::bf16 && c.number("ranks") > kExactInBf16) {
      return Support::no(fmt::format("sums over more than {} ranks cannot be checked exactly in bf16", kExactInBf16));
    }
    return world() == nullptr ? Support{} : communicator_for(device).supports(collective);
  }

  std::unique_ptr<Trial> prepare(const Case& c, Backend& backend) const override {
    return std::make_unique<CollectiveTrial>(collective_of(c), backend.device());
  }

 private:
  Collective collective_of(const Case& c) const {
    const DType dtype = parse_dtype(c["dtype"]);
    const bool in_parts = kind_ != CollectiveKind::all_reduce && kind_ != CollectiveKind::broadcast;
    const std::int64_t unit = in_parts ? c.number("ranks") : 1;
    const std::int64_t elements = c.number("bytes") / static_cast<std::int64_t>(dtype_bytes(dtype)) / unit * unit;
    return {kind_, dtype, elements, c["in_place"] == "yes"};
  }

  CollectiveKind kind_;
  std::string_view name_, summary_;
  std::string probe_;
};

}  // namespace

const Workload& allreduce_workload() {
  static const CollectiveWorkload workload(CollectiveKind::all_reduce, "allreduce", "sums over ranks, on all ranks");
  return workload;
}

const Workload& allgather_workload() {
  static const CollectiveWorkload workload(CollectiveKind::all_gather, "allgather", "every rank's part, on all ranks");
  return workload;
}

const Workload& reduce_scatter_workload() {
  static const CollectiveWorkload workload(CollectiveKind::reduce_scatter, "reduce_scatter",
                                           "sums over ranks, a part on each rank");
  return workload;
}

const Workload& broadcast_workload() {
  static const CollectiveWorkload workload(CollectiveKind::broadcast, "broadcast", "from the first rank to all ranks");
  return workload;
}

const Workload& alltoall_workload() {
  static const CollectiveWorkload workload(CollectiveKind::all_to_all, "alltoall",
                                           "a part from each rank to each rank");
  return workload;
}

}  // namespace whygpu

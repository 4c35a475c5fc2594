#include "benchmarks/training/network_trial.h"

#include "benchmarks/training/check.h"

namespace whygpu::training {

NetworkTrial::NetworkTrial(Network network, Network checked, const Case& c, Backend& backend, Build build)
    : backend_(backend),
      network_(std::move(network)),
      checked_network_(std::move(checked)),
      products_(parse_dtype(c["dtype"])),
      graph_(build(network_, products_)),
      feed_(c["feed"] == "host"),
      record_(c["launch"] == "graph") {
  for (int i = 0; i < kBatches; ++i) batches_.emplace_back(graph_, make_batch(network_, graph_, i));
  allocate_sets(1);
}

void NetworkTrial::allocate_sets(std::size_t count) {
  while (sets_.size() < count) {
    sets_.push_back(std::make_unique<Set>(Set{Program(graph_, backend_), nullptr, 0}));
    reset(sets_.size() - 1);
  }
}

void NetworkTrial::reset(std::size_t index) {
  Set& set = *sets_[index];
  set.program.reset();
  set.program.load(batches_[0]);
  if (record_ && !set.recording) {
    set.recording = backend_.device().capture([&set] { set.program.enqueue(); });
  }
}

void NetworkTrial::run(std::size_t index) const {
  Set& set = *sets_[index];
  if (feed_) {
    set.program.load(batches_[static_cast<std::size_t>(set.next_batch)]);
    set.next_batch = (set.next_batch + 1) % kBatches;
  }
  if (set.recording) {
    set.recording->enqueue();
  } else {
    set.program.enqueue();
  }
}

std::string NetworkTrial::implementation() const {
  return sets_.front()->program.implementation() + (record_ ? "; replayed from one recording" : "");
}

Details NetworkTrial::common_details() const {
  return {{"parameters", static_cast<double>(graph_.parameter_count())},
          {"peak_memory_bytes", static_cast<double>(sets_.front()->program.bytes())}};
}

}  // namespace whygpu::training

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

#include "benchmarks/meters/sources.h"

namespace whygpu {
namespace {

constexpr char kPerfSource[] = "rapl (perf)";
const std::filesystem::path kDevice = "sys/bus/event_source/devices/power";

// The CPUs of a list such as "0,24" or "0-1,4".
std::vector<int> parse_cpus(const std::string& text) {
  std::vector<int> cpus;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t used = 0;
    const int first = std::stoi(text.substr(at), &used);
    at += used;
    int last = first;
    if (at < text.size() && text[at] == '-') {
      last = std::stoi(text.substr(at + 1), &used);
      at += used + 1;
    }
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
    ++at;  // the comma
  }
  return cpus;
}

int open_counter(unsigned type, std::uint64_t config, int cpu) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = type;
  attributes.config = config;
  return static_cast<int>(syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC));
}

// One event, on one designated CPU per package. The kernel handles counter overflow.
class PerfMeter final : public Meter {
 public:
  PerfMeter(std::string event, double joules_per_count) : event_(std::move(event)), scale_(joules_per_count) {}
  ~PerfMeter() override {
    for (const int counter : counters_) close(counter);
  }

  // Returns false, with errno set, if the kernel refuses.
  bool add(unsigned type, std::uint64_t config, int cpu) {
    const int counter = open_counter(type, config, cpu);
    if (counter >= 0) counters_.push_back(counter);
    return counter >= 0;
  }

  std::string name() const override { return "rapl " + event_; }
  MeterScope scope() const override { return MeterScope::host; }
  std::string how() const override { return "energy counter of the perf event power/" + event_ + "/"; }
  double resolution_seconds() const override { return 0.01; }

  double joules() override {
    double total = 0;
    for (const int counter : counters_) {
      std::uint64_t count = 0;
      if (read(counter, &count, sizeof count) != sizeof count) {
        throw MeterError("perf event power/" + event_ + "/: " + std::strerror(errno));
      }
      total += scale_ * static_cast<double>(count);
    }
    return total;
  }

 private:
  std::string event_;
  double scale_;
  std::vector<int> counters_;
};

MeterOffer offer(const FileTree& files, const std::string& event) {
  const auto type = files.try_read(kDevice / "type"), cpus = files.try_read(kDevice / "cpumask");
  const auto config = files.try_read(kDevice / "events" / event);  // "event=0x02"
  const auto scale = files.try_read(kDevice / "events" / (event + ".scale"));
  if (!type || !cpus || !config || !scale || !config->starts_with("event=")) {
    return {kPerfSource, nullptr, "the kernel offers no perf event power/" + event + "/"};
  }
  try {
    auto meter = std::make_unique<PerfMeter>(event, std::stod(*scale));
    const std::vector<int> designated = parse_cpus(*cpus);
    if (designated.empty()) throw std::invalid_argument("no CPU");
    for (const int cpu : designated) {
      if (meter->add(static_cast<unsigned>(std::stoul(*type)), std::stoull(config->substr(6), nullptr, 0), cpu))
        continue;
      std::string reason = "perf event power/" + event + "/: " + std::strerror(errno);
      if (errno == EACCES || errno == EPERM) reason += "; `sudo sysctl kernel.perf_event_paranoid=0` grants it";
      return {kPerfSource, nullptr, reason};
    }
    return {kPerfSource, std::move(meter), {}};
  } catch (const std::logic_error&) {  // from stoi and similar
    return {kPerfSource, nullptr, "the description of perf event power/" + event + "/ cannot be parsed"};
  }
}

}  // namespace

std::vector<MeterOffer> find_perf_meters(const FileTree& files) {
  std::vector<MeterOffer> offers;
  offers.push_back(offer(files, "energy-pkg"));
  if (offers.front().meter && files.try_read(kDevice / "events/energy-ram"))
    offers.push_back(offer(files, "energy-ram"));
  return offers;
}

}  // namespace whygpu

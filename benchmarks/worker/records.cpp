#include "benchmarks/worker/records.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>

namespace whygpu {

using nlohmann::json;

json to_json(const Facts& facts) {
  json object = json::object();
  for (const auto& [key, value] : facts) object[key] = value;
  return object;
}

json to_json(const Round& round) {
  json samples = json::array();
  for (const double sample : round.samples_ns) samples.push_back(std::round(sample * 1000) / 1000);
  json object = {{"batch", round.batch},           {"samples_ns", samples},        {"cpu_ns", round.cpu_ns},
                 {"prepare_ns", round.prepare_ns}, {"verify_ns", round.verify_ns}, {"warmup_ns", round.warmup_ns},
                 {"steady", round.steady},         {"discarded", round.discarded}};
  if (!round.disturbance.empty()) object["disturbance"] = round.disturbance;
  for (const auto& [name, value] : round.details) object["details"][name] = value;
  return object;
}

json describe_backend(std::string_view name, Backend& backend) {
  Device& device = backend.device();
  return {{"name", name},
          {"version", backend.version()},
          {"facts", to_json(backend.facts())},
          {"device",
           {{"kind", device_kind_name(device.kind())},
            {"name", device.name()},
            {"memory_bytes", device.memory_bytes()},
            {"cache_bytes", device.cache_bytes()},
            {"facts", to_json(device.facts())}}}};
}

std::string utc_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(static_cast<std::time_t>(milliseconds / 1000)),
                     milliseconds % 1000);
}

RecordWriter::RecordWriter(const std::string& fd_or_path) {
  const bool is_fd = !fd_or_path.empty() && std::all_of(fd_or_path.begin(), fd_or_path.end(), ::isdigit);
  fd_ = is_fd ? std::stoi(fd_or_path) : open(fd_or_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) throw std::runtime_error(fmt::format("{}: {}", fd_or_path, std::strerror(errno)));
}

void RecordWriter::write(const json& record) {
  if (fd_ < 0) return;
  const std::string line = record.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const auto written = ::write(fd_, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::runtime_error(fmt::format("records: {}", std::strerror(errno)));
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace whygpu

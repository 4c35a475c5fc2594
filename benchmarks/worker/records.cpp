#include "benchmarks/worker/records.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "reports/results/fields.h"

namespace whygpu {

using nlohmann::json;

namespace {

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<SupportRecord> support) {
  f.required("case", support.case_text);
  f.required("yes", support.yes);
  f.optional("reason", support.reason);
  f.optional("variants", support.variants);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<BeginRecord> begin) {
  f.required("case", begin.case_text);
}

template <class Fields>
void list_fields(Fields& f, typename Fields::template Ref<EndRecord> end) {
  f.required("case", end.case_text);
  f.required("status", end.status);
  f.if_set("reason", end.reason);
  f.if_set("implementation", end.implementation);
  f.optional("flops", end.flops);
  f.optional("bytes", end.bytes);
  f.if_set("set_bytes", end.set_bytes);
  f.if_set("ranks", end.ranks);
  f.if_set("round", end.round);
}

json encode_as(const char* event, const BackendRecord& record) {
  json object = encode(record);
  object["event"] = event;
  return object;
}

json encode_as(const char* event, const auto& record) {
  FieldWriter fields;
  fields.required("event", std::string(event));
  list_fields(fields, record);
  return fields.take();
}

template <class Record>
Record decode_fields(const JsonNode& node) {
  Record record;
  FieldReader fields(node);
  list_fields(fields, record);
  return record;
}

}  // namespace

json encode_worker_record(const WorkerRecord& record) {
  constexpr const char* events[] = {"backend", "support", "begin", "end"};  // in the order of the alternatives
  return std::visit([&](const auto& r) { return encode_as(events[record.index()], r); }, record);
}

std::optional<WorkerRecord> decode_worker_record(const json& object) {
  const auto found = object.is_object() ? object.find("event") : object.end();
  if (found == object.end() || !found->is_string()) return std::nullopt;
  const std::string event = *found;
  const JsonNode::Complain complain = [&](const std::string& complaint) {
    throw ResultFileError("record of a worker: " + event + ": " + complaint);
  };
  const JsonNode node(object, complain);
  if (event == "backend") return decode<BackendRecord>(object, "record of a worker: backend");
  if (event == "support") return decode_fields<SupportRecord>(node);
  if (event == "begin") return decode_fields<BeginRecord>(node);
  if (event == "end") return decode_fields<EndRecord>(node);
  return std::nullopt;
}

std::optional<WorkerRecord> parse_worker_record(const std::string& line) {
  return decode_worker_record(json::parse(line, nullptr, false));
}

TextFacts text_facts(const Facts& facts) { return {facts.begin(), facts.end()}; }

BackendRecord describe_backend(std::string_view name, Backend& backend) {
  Device& device = backend.device();
  return {std::string(name), backend.version(), "", text_facts(backend.facts()),
          DeviceRecord{OpenEnum<RecordedDevice>(std::string(device_kind_name(device.kind()))), device.name(),
                       device.memory_bytes(), device.cache_bytes(), text_facts(device.facts())}};
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

void RecordWriter::write(const WorkerRecord& record) {
  if (fd_ < 0) return;
  const std::string line = encode_worker_record(record).dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  for (std::size_t done = 0; done < line.size();) {
    const auto written = ::write(fd_, line.data() + done, line.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw std::runtime_error(fmt::format("records: {}", std::strerror(errno)));
    done += static_cast<std::size_t>(written);
  }
}

}  // namespace whygpu

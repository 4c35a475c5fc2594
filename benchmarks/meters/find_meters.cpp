#include "benchmarks/meters/find_meters.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "backends/devices/nvml.h"
#include "backends/devices/pci_bus_id.h"
#include "benchmarks/meters/sources.h"

namespace whygpu {
namespace {

bool has_scope(const std::vector<MeterOffer>& offers, MeterScope scope) {
  return std::ranges::any_of(offers, [&](const MeterOffer& o) { return o.meter && o.meter->scope() == scope; });
}

// Whether one of `offers` already counts what `meter` does: the host, the machine, or the same accelerator.
bool counted_by(const std::vector<MeterOffer>& offers, const Meter& meter) {
  if (meter.scope() != MeterScope::device) return has_scope(offers, meter.scope());
  return std::ranges::any_of(offers, [&](const MeterOffer& o) {
    return o.meter && o.meter->scope() == MeterScope::device &&
           same_pci_device(o.meter->pci_bus_id(), meter.pci_bus_id());
  });
}

// Adds `more`, except meters of what an earlier source already counts.
void add(std::vector<MeterOffer>& offers, std::vector<MeterOffer> more) {
  std::vector<MeterOffer> kept;
  for (auto& offer : more) {
    if (!offer.meter || !counted_by(offers, *offer.meter)) kept.push_back(std::move(offer));
  }
  std::ranges::move(kept, std::back_inserter(offers));
}

}  // namespace

std::vector<MeterOffer> find_meters(const FileTree& files, const std::string& nvml_library) {
  std::vector<MeterOffer> offers = find_powercap_meters(files);
  if (!has_scope(offers, MeterScope::host)) add(offers, find_perf_meters(files));
  add(offers, find_nvml_meters(nvml_library));
  add(offers, find_hwmon_meters(files));
  add(offers, find_card_meters(files));
  return offers;
}

FileTree meter_files() {
  const char* root = std::getenv("WHYGPU_METER_ROOT");
  return FileTree(root != nullptr ? root : "/");
}

std::vector<MeterOffer> find_meters() { return find_meters(meter_files(), kNvmlLibrary); }

std::vector<MeterRecord> meter_records(const std::vector<MeterOffer>& offers) {
  std::vector<MeterRecord> records;
  for (const auto& offer : offers) {
    MeterRecord& record = records.emplace_back();
    record.source = offer.source;
    record.usable = offer.meter != nullptr;
    if (offer.meter) {
      record.name = offer.meter->name();
      record.scope = scope_name(offer.meter->scope());
      record.how = offer.meter->how();
    } else {
      record.reason = offer.reason;
    }
  }
  return records;
}

std::vector<std::unique_ptr<Meter>> take_meters(std::vector<MeterOffer>& offers) {
  std::vector<std::unique_ptr<Meter>> meters;
  for (auto& offer : offers) {
    if (offer.meter) meters.push_back(std::move(offer.meter));
  }
  return meters;
}

std::vector<std::unique_ptr<Meter>> take_meters_for(std::vector<MeterOffer>& offers, const std::string& pci_bus_id) {
  auto meters = take_meters(offers);
  std::erase_if(meters, [&](const auto& meter) {
    return meter->scope() == MeterScope::device && !same_pci_device(meter->pci_bus_id(), pci_bus_id);
  });
  return meters;
}

std::string why_no_meter(const std::vector<MeterOffer>& offers) {
  std::string text;
  for (const auto& offer : offers) text += (text.empty() ? "" : " · ") + offer.source + ": " + offer.reason;
  return text;
}

}  // namespace whygpu

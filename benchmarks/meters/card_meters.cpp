#include "backends/devices/hwmon.h"
#include "benchmarks/meters/counter.h"
#include "benchmarks/meters/sampled_meter.h"
#include "benchmarks/meters/sources.h"

namespace whygpu {
namespace {

constexpr char kCardSource[] = "hwmon (cards)";
constexpr double kCardLagSeconds = 1.0;  // the firmware's averaging time is not documented: assumed to be at most that

std::string file_name(const CardEnergy& energy) { return "/" + energy.file.string(); }

// The driver extends the card's counter to 64 bits, so that it does not wrap around.
class CardCounterMeter final : public Meter {
 public:
  CardCounterMeter(HwmonCard card, CardEnergy energy, std::string name)
      : card_(std::move(card)), energy_(std::move(energy)), name_(std::move(name)) {}

  std::string name() const override { return name_; }
  MeterScope scope() const override { return MeterScope::device; }
  std::string how() const override { return "energy counter of " + energy_.covers + " in " + file_name(energy_); }
  std::string pci_bus_id() const override { return card_.pci_bus_id(); }
  double resolution_seconds() const override { return 0.1; }
  double joules() override {
    try {
      return counter_.update(card_.read(energy_), file_name(energy_));
    } catch (const HwmonError& error) {
      throw MeterError(error.what());
    }
  }

 private:
  HwmonCard card_;
  CardEnergy energy_;
  std::string name_;
  MonotonicCounter counter_;
};

std::unique_ptr<Meter> make_card_meter(const HwmonCard& card) {
  const CardEnergy energy = card.energy();
  const std::string name = "hwmon " + card.pci_bus_id() + " (" + card.driver() + ")";
  if (energy.counter) return std::make_unique<CardCounterMeter>(card, energy, name);
  const std::string how = energy.averaging + "; of " + energy.covers + ", in " + file_name(energy);
  const auto watts = [card, energy] {
    try {
      return card.read(energy);
    } catch (const HwmonError& error) {
      throw MeterError(error.what());
    }
  };
  return std::make_unique<SampledMeter>(name, card.integrated() ? MeterScope::host : MeterScope::device, how,
                                        kCardLagSeconds, watts, card.pci_bus_id());
}

}  // namespace

std::vector<MeterOffer> find_card_meters(const FileTree& files) {
  std::vector<MeterOffer> offers;
  for (const auto& address : HwmonCard::addresses(files)) {
    try {
      offers.push_back({kCardSource, make_card_meter(HwmonCard(address, files)), {}});
    } catch (const HwmonError& error) {
      offers.push_back({kCardSource, nullptr, error.what()});
    }
  }
  return offers;
}

}  // namespace whygpu

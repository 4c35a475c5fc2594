#include "tools/result_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>
#include <stdexcept>

#include "benchmarks/runner/output_file.h"
#include "reports/catalogue/catalogue.h"
#include "reports/views/projected.h"

namespace whygpu {
namespace {

std::set<std::string> devices_of(const std::vector<ResultFile>& files) {
  std::set<std::string> devices;
  for (const auto& file : files) {
    for (const auto& backend : file.backends) {
      if (backend.device) devices.insert(backend.device->name);
    }
  }
  return devices;
}

bool has_gpu(const std::vector<ResultFile>& files) {
  return std::ranges::any_of(files, [](const ResultFile& file) {
    return !file.imported &&
           std::ranges::any_of(file.backends, [](const auto& backend) { return backend.on_accelerator(); });
  });
}

// By its full name, or a part that only one card has: "RTX 4090".
const CatalogueDevice& card_named(const Catalogue& catalogue, const std::string& name) {
  if (const auto* found = catalogue.find(name); found && found->kind == CatalogueKind::gpu) return *found;
  std::vector<const CatalogueDevice*> matching;
  std::vector<std::string> names;
  for (const auto& device : catalogue.devices()) {
    if (device.kind != CatalogueKind::gpu) continue;
    names.push_back(device.name);
    if (!name.empty() && device.name.find(name) != std::string::npos) matching.push_back(&device);
  }
  if (matching.size() == 1) return *matching.front();
  if (matching.size() > 1) {
    names.clear();
    for (const auto* device : matching) names.push_back(device->name);
  }
  throw std::invalid_argument(fmt::format("card \"{}\": {}; accepted: {}, all, typical or none", name,
                                          matching.empty() ? "not in the catalogue" : "more than one has that name",
                                          fmt::join(names, ", ")));
}

struct Amount {
  std::string device;  // empty: all devices
  double dollars = 0;
};

// "DEVICE=USD", or just "USD".
Amount parse_amount(const std::string& option, const std::string& text, const std::set<std::string>& devices) {
  const auto equals = text.rfind('=');
  Amount amount{equals == std::string::npos ? std::string() : text.substr(0, equals)};
  const char* end = text.data() + text.size();
  const auto [rest, error] =
      std::from_chars(text.data() + (equals == std::string::npos ? 0 : equals + 1), end, amount.dollars);
  const bool known = error == std::errc() && rest == end && amount.dollars > 0 && std::isfinite(amount.dollars);
  if (!known || equals == 0) {
    throw std::invalid_argument(
        fmt::format("{} {}: a positive amount in dollars is needed, such as 'NVIDIA T4=2000'", option, text));
  }
  if (!amount.device.empty() && !devices.contains(amount.device)) {
    throw std::invalid_argument(
        fmt::format("{} {}: no such device; accepted: {}", option, text, fmt::join(devices, ", ")));
  }
  return amount;
}

// Apply the rate for all devices first, so that one for a single device overrides it.
DevicePrices known_rents(const std::vector<std::string>& texts, const std::set<std::string>& devices) {
  DevicePrices rents, single;
  for (const auto& text : texts) {
    const auto rent = parse_amount("--hourly", text, devices);
    if (!rent.device.empty()) single[rent.device] = rent.dollars;
    if (!rent.device.empty()) continue;
    for (const auto& device : devices) rents[device] = rent.dollars;
  }
  single.merge(rents);
  return single;
}

// What the link names, so that pages and errors name the file.
std::string newest_result() {
  namespace fs = std::filesystem;
  const fs::path link = fs::path(kResultFolder) / kLatestLink;
  std::error_code error;
  const fs::path target = fs::read_symlink(link, error);
  if (error && fs::exists(fs::symlink_status(link, error))) {
    throw std::invalid_argument(
        fmt::format("no FILE, and {} is not a link to the newest run: name a result file", link.string()));
  }
  if (error || !fs::exists(link, error)) {
    throw std::invalid_argument(fmt::format(
        "no FILE, and no {} of an earlier run: name a result file, or measure with `whygpu run quick`", link.string()));
  }
  return (link.parent_path() / target).string();
}

}  // namespace

void add_result_arguments(CLI::App& command, ResultArguments& arguments) {
  command.add_option("FILE", arguments.paths, "result files written by whygpu run (default: the newest in results/)");
  command.parse_complete_callback([&arguments] {
    if (arguments.paths.empty()) arguments.paths.push_back(newest_result());
  });
  command.add_option("--price", arguments.prices,
                     "DEVICE=USD, overrides the launch price of the catalogue; may be repeated");
  command.add_option("--hourly", arguments.rents,
                     "USD per hour of rent, or DEVICE=USD if machines differ; may be repeated");
  command.add_option("--kwh", arguments.kwh, "USD per kilowatt-hour")->check([](const std::string& text) {
    double dollars = 0;
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, dollars);
    const bool known = error == std::errc() && rest == end && dollars > 0 && std::isfinite(dollars);
    return known ? std::string() : text + ": a positive amount in dollars is needed, such as 0.30";
  });
  command
      .add_option("--devices", arguments.catalogues,
                  "file of additional devices, in the format of reports/catalogue/devices.json")
      ->check(CLI::ExistingFile);
}

void add_card_option(CLI::App& command, ResultArguments& arguments, const std::string& option) {
  command.add_option(option, arguments.cards,
                     "card of the catalogue whose times are projected (a model, not a measurement); may be repeated; "
                     "\"all\", \"typical\" or \"none\"");
}

std::vector<CatalogueDevice> cards_to_project(const ResultArguments& arguments, const std::vector<ResultFile>& files) {
  auto catalogue = Catalogue::standard();
  for (const auto& path : arguments.catalogues) catalogue.add(path);
  std::vector<std::string> names = arguments.cards;
  if (names.empty() && !has_gpu(files)) names = {"typical"};
  std::vector<CatalogueDevice> cards;
  const auto add = [&](const CatalogueDevice& card) {
    const bool known = std::ranges::any_of(cards, [&](const auto& other) { return other.name == card.name; });
    if (!known) cards.push_back(card);
  };
  for (const auto& name : names) {
    if (name == "none") continue;
    if (name == "typical") {
      for (const auto typical : typical_cards()) add(*catalogue.find(typical));
    } else if (name == "all") {
      for (const auto& device : catalogue.devices()) {
        if (device.kind == CatalogueKind::gpu) add(device);
      }
    } else {
      add(card_named(catalogue, name));
    }
  }
  return cards;
}

std::vector<ResultFile> load(const ResultArguments& arguments) {
  std::vector<ResultFile> files;
  for (const auto& path : arguments.paths) files.push_back(load_result_file(path));
  return files;
}

PriceList known_prices(const ResultArguments& arguments, const std::vector<ResultFile>& files) {
  auto catalogue = Catalogue::standard();
  for (const auto& path : arguments.catalogues) catalogue.add(path);
  const auto devices = devices_of(files);
  PriceList list{{}, known_rents(arguments.rents, devices), arguments.kwh};
  for (const auto& name : devices) {
    const auto* device = catalogue.find(name);
    if (device && device->launch_price_usd) list.devices[name] = *device->launch_price_usd;
  }
  for (const auto& text : arguments.prices) {
    const auto price = parse_amount("--price", text, devices);
    if (price.device.empty()) {
      throw std::invalid_argument(fmt::format("--price {}: DEVICE=USD is needed, such as 'NVIDIA T4=2000'", text));
    }
    list.devices[price.device] = price.dollars;
  }
  return list;
}

}  // namespace whygpu

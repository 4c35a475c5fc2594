#include "tools/result_arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <set>
#include <stdexcept>

#include "reports/catalogue.h"

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

}  // namespace

void add_result_arguments(CLI::App& command, ResultArguments& arguments) {
  command.add_option("FILE", arguments.paths, "result files of whygpu run")->required();
  command.add_option("--price", arguments.prices, "DEVICE=USD, over the catalogue's launch price; may be repeated");
  command.add_option("--devices", arguments.catalogues, "a file of further devices, as reports/devices.json")
      ->check(CLI::ExistingFile);
}

std::vector<ResultFile> load(const ResultArguments& arguments) {
  std::vector<ResultFile> files;
  for (const auto& path : arguments.paths) files.push_back(load_result_file(path));
  return files;
}

DevicePrices known_prices(const ResultArguments& arguments, const std::vector<ResultFile>& files) {
  auto catalogue = Catalogue::standard();
  for (const auto& path : arguments.catalogues) catalogue.add(path);
  DevicePrices prices;
  const auto devices = devices_of(files);
  for (const auto& name : devices) {
    const auto* device = catalogue.find(name);
    if (device && device->launch_price_usd) prices[name] = *device->launch_price_usd;
  }
  for (const auto& text : arguments.prices) {
    const auto equals = text.rfind('=');
    const auto name = text.substr(0, equals);
    double dollars = 0;
    const auto [end, error] = equals == std::string::npos
                                  ? std::from_chars_result{text.data(), std::errc::invalid_argument}
                                  : std::from_chars(text.data() + equals + 1, text.data() + text.size(), dollars);
    if (error != std::errc() || end != text.data() + text.size() || !(dollars > 0)) {
      throw std::invalid_argument(fmt::format("--price {}: DEVICE=USD is needed, such as 'NVIDIA T4=2000'", text));
    }
    if (!devices.contains(name)) {
      throw std::invalid_argument(
          fmt::format("--price {}: no such device; there are {}", text, fmt::join(devices, ", ")));
    }
    prices[name] = dollars;
  }
  return prices;
}

}  // namespace whygpu

// Arguments shared by the commands that read result files.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/catalogue/costs.h"
#include "reports/results/result_file.h"

namespace whygpu {

struct ResultArguments {
  std::vector<std::string> paths;
  std::vector<std::string> prices;      // DEVICE=USD
  std::vector<std::string> rents;       // USD or DEVICE=USD
  std::optional<double> kwh;            // USD
  std::vector<std::string> catalogues;  // additional devices
  std::vector<std::string> cards;       // to project: names, "all", "typical" or "none"
};

void add_result_arguments(CLI::App& command, ResultArguments& arguments);

// Adds the option with which cards are named.
void add_card_option(CLI::App& command, ResultArguments& arguments, const std::string& option);

// The cards named; without any, the typical ones if no file has a GPU. Throws std::invalid_argument for an unknown
// name.
std::vector<CatalogueDevice> cards_to_project(const ResultArguments& arguments, const std::vector<ResultFile>& files);

// Throws ResultFileError.
std::vector<ResultFile> load(const ResultArguments& arguments);

// Prices of the devices in the files: from the user, else from the catalogue, else unknown. Rent and electricity prices
// come from the user only. Throws std::invalid_argument if an amount is not positive, or is for a device that no file
// contains.
PriceList known_prices(const ResultArguments& arguments, const std::vector<ResultFile>& files);

}  // namespace whygpu

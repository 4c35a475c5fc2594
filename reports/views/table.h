// The tables printed by `whygpu table`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/catalogue/costs.h"
#include "reports/render/document.h"
#include "reports/results/result_file.h"

namespace whygpu {

struct TableOptions {
  std::string view = "speed";       // one of views()
  std::string format = "terminal";  // terminal, markdown, csv or json
  std::string baseline;             // "naive" or "onednn:variant"; empty: chosen automatically and shown
  int width = 80;                   // of the terminal
  bool color = false;
  PriceList prices;
  std::vector<CatalogueDevice> cards;  // to project
  bool allow_cpu_opencl = false;       // as a candidate of the view "crossover"
};

// How the page of `whygpu report` shows a view.
enum class OnPage : std::uint8_t {
  open,      // unfolded, unless it is long
  folded,    // opens on demand
  left_out,  // the view "speed" shows the same
};

struct View {
  std::string_view name;
  std::string_view summary;  // one line for --help
  Document (*build)(const std::vector<ResultFile>& files, const TableOptions& options);
  OnPage on_page = OnPage::folded;
};

std::span<const View> views();

// Throws std::invalid_argument when the view, format or baseline is unknown.
std::string render_table(const std::vector<ResultFile>& files, const TableOptions& options);

}  // namespace whygpu

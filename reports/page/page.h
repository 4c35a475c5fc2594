// A self-contained page: the answer, charts, tables, and the origin of every number. No network, no server.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/catalogue/costs.h"
#include "reports/render/document.h"
#include "reports/results/result_file.h"

namespace whygpu {

// A build without Vega writes a page without charts, with a note.
// `history` is the HTML of the history section; empty: no section.
std::string render_page(const std::vector<ResultFile>& files, const PriceList& prices, const std::string& history = {},
                        std::span<const CatalogueDevice> cards = {});

// The tables of a document as HTML, with all text escaped.
std::string render_html(const Document& document);

}  // namespace whygpu

// One self-contained page: the answer, charts, tables, and where every number comes from. No network, no server.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/catalogue/costs.h"
#include "reports/render/document.h"
#include "reports/results/result_file.h"

namespace whygpu {

// A build without Vega writes a page without charts, which says so.
// `history` is the HTML of the section of that name; empty: no such section.
std::string render_page(const std::vector<ResultFile>& files, const PriceList& prices, const std::string& history = {});

// Tables of a document as HTML; every text of it is escaped.
std::string render_html(const Document& document);

}  // namespace whygpu

// The answer in words: does this work need a GPU on this machine, and from which size on?
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/catalogue/catalogue.h"
#include "reports/views/crossover.h"

namespace whygpu {

struct Answer {
  std::string headline;              // one sentence that answers the question for this machine
  std::vector<std::string> details;  // one sentence per workload, dtype and shape family
};

// One answer for all measured files; a sentence names its file where that is needed to tell them apart. Contests are
// inside one file.
Answer answer(const std::vector<ResultFile>& files, const PriceList& prices,
              std::span<const CatalogueDevice> cards = {});

// Of an imported file only that there is none. `cards`: without a measured GPU, what these would take (projected.h).
Answer answer(const ResultFile& file, const PriceList& prices, std::span<const CatalogueDevice> cards = {});

}  // namespace whygpu

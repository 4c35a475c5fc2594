// The answer in words: does this work need a GPU on this machine, and from which size on?
#pragma once

#include <string>
#include <vector>

#include "reports/views/crossover.h"

namespace whygpu {

struct Answer {
  std::string headline;              // one sentence that answers the question for this machine
  std::vector<std::string> details;  // one sentence per workload, dtype and shape family
};

Answer answer(const ResultFile& file, const PriceList& prices);

}  // namespace whygpu

// Lists of claims, and each claim judged without measurements.
#include "reports/claims/claims.h"

#include <stdexcept>

#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  try {
    judge_claims(parse_claims(text_of(bytes, size)), ResultFile{}, {});
  } catch (const std::invalid_argument&) {  // no such list, or no such measure
  }
  return 0;
}

// Sweeps: any text is a list of cases or a CaseError, and a case is what its own text says.
#include "benchmarks/cases/sweep.h"

#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  constexpr std::size_t kCompared = 16;  // cases
  try {
    for (const Case& c : spread_out(parse_sweep(text_of(bytes, size), "fuzz.sweep"), kCompared)) {
      expect(parse_case(c.text()) == c, "parse_case(c.text()) == c");
      expect(parse_case(c.problem()).problem() == c.problem(), "a problem is a case");
    }
  } catch (const CaseError&) {
  }
  return 0;
}

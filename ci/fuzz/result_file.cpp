// Result files: what is read and written is read as the same.
#include "reports/results/result_file.h"

#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  ResultFile file;
  try {
    file = parse_result_file(text_of(bytes, size), "fuzz.json");
  } catch (const ResultFileError&) {
    return 0;
  }
  const std::string written = text_of(file);
  expect(text_of(parse_result_file(written, "fuzz.json")) == written, "a written result file is read as the same");
  return 0;
}

// Published files of others: any text is cases, which are written and read as the same, or an ImportError.
#include "benchmarks/import/import.h"

#include "ci/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  const auto text = text_of(bytes, size);
  ImportOptions options;
  options.source = "fuzz";
  options.date = "2020-01-01";
  options.dtype = "f32";
  for (const char* device : {"", "X"}) {
    options.device = device;
    try {
      for (const auto& [name, file, left_out] : import_published(text, "fuzz.txt", options).devices) {
        const auto written = whygpu::text_of(file);
        expect(whygpu::text_of(parse_result_file(written, "fuzz.json")) == written,
               "a written file is read as the same");
      }
    } catch (const ImportError&) {
    }
  }
  return 0;
}

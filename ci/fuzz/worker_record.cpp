// Worker records, one a line: what is read and written is read as the same.
#include "benchmarks/worker/records.h"

#include <sstream>

#include "ci/fuzz/fuzz.h"
#include "reports/results/codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  std::istringstream stream(text_of(bytes, size));
  for (std::string line; std::getline(stream, line);) {
    std::optional<WorkerRecord> record;
    try {
      record = parse_worker_record(line);
    } catch (const ResultFileError&) {
    }
    if (!record) continue;
    const std::string written = encode_worker_record(*record).dump();
    const auto again = parse_worker_record(written);
    expect(again && encode_worker_record(*again).dump() == written, "a written record is read as the same");
  }
  return 0;
}

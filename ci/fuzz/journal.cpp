// Journals, as --resume reads them: the header is what it was when it is written again, and the records make a result
// file that can be read.
#include "benchmarks/runner/journal.h"

#include <fstream>

#include "benchmarks/machine/temporary_folder.h"
#include "benchmarks/runner/plan.h"
#include "ci/fuzz/fuzz.h"

namespace whygpu {
namespace {

void resume(const std::vector<nlohmann::json>& records) {
  const auto planned = PlannedRun::from_header(records.front(), "fuzz.journal");
  const auto header = planned.header();
  expect(PlannedRun::from_header(header, "fuzz.journal").header() == header, "a written header is read as the same");
  RunState state(planned.cases);
  for (const auto& line : records) {
    if (const auto record = decode_worker_record(line)) state.apply(*record);
  }
  const std::string written = text_of(result_file(state, planned.facts));
  expect(text_of(parse_result_file(written, "fuzz.json")) == written, "the result file is read as the same");
}

}  // namespace
}  // namespace whygpu

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace whygpu;
  static const TemporaryFolder folder;
  const auto file = folder.path() / "fuzz.json";
  std::ofstream(Journal::path_for(file)) << text_of(bytes, size);
  std::vector<nlohmann::json> records;
  try {
    Journal journal(file);
    records = journal.replay();
    expect(journal.replay() == records, "a journal is read twice as the same");
  } catch (const std::runtime_error&) {  // a damaged line
  }
  try {
    if (!records.empty()) resume(records);
  } catch (const ResultFileError&) {
  } catch (const CaseError&) {
  }
  return 0;
}

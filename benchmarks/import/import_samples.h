// What the tests of the formats share. All figures are invented.
#pragma once

#include <string>

#include "benchmarks/import/import.h"

namespace whygpu {

inline ImportOptions import_options(const std::string& device = "") {
  ImportOptions options;
  options.source = "https://example.org/results";
  options.date = "2020-02-29";
  options.device = device;
  return options;
}

// The message of the ImportError; "nothing" if there is none.
inline std::string import_error(const std::string& text, const ImportOptions& options) {
  try {
    import_published(text, "theirs.txt", options);
  } catch (const ImportError& error) {
    return error.what();
  }
  return "nothing";
}

// The only device of a file.
inline ImportedDevice imported_device(const std::string& text, const ImportOptions& options) {
  auto imported = import_published(text, "theirs.txt", options);
  if (imported.devices.size() != 1) throw std::logic_error("expected one device");
  return imported.devices.front();
}

inline double only_sample(const CaseRecord& record) { return record.rounds.at(0).samples_ns.at(0); }

}  // namespace whygpu

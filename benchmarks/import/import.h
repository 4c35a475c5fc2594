// Published results of others as result files. They are marked as imported: shown beside our own, never judged.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

enum class ImportFormat : std::uint8_t { deepbench, cutlass, nvbench, llama_bench, rocblas_bench, google_benchmark };
constexpr auto enum_names(ImportFormat) {
  return std::array<std::string_view, 6>{"deepbench",   "cutlass",       "nvbench",
                                         "llama-bench", "rocblas-bench", "google-benchmark"};
}

// what() is one line: the file and the line or key in it, what was found, and what is accepted.
class ImportError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kLargestImportBytes = 100'000'000;

struct ImportOptions {
  std::optional<ImportFormat> format;  // nullopt: recognised by the contents
  std::string source;                  // a URL, or words
  std::string date;                    // of the publication, YYYY-MM-DD
  std::string device;                  // the only one wanted of those that the file names; its name if it names none
  std::optional<RecordedDevice> kind;  // of the device; nullopt: what the format or the name implies
  std::string dtype;                   // of operands, where the file does not say it
  // Maps names of others onto cases: an ECMAScript regular expression, and a case with its groups, such as
  // "gemm m=$1 n=$2 k=$3". Both or neither.
  std::string match, case_line;
  std::vector<std::string> command;  // as typed; recorded
};

// Rows of the source that are no case, by reason.
struct LeftOut {
  std::string reason;
  std::size_t rows = 0;
  std::string example;  // the first of them
};

// The figures of one device.
struct ImportedDevice {
  std::string device;
  ResultFile file;  // its name: that of the source and of the device, in letters that fit into a file name
  std::vector<LeftOut> left_out;
};

struct ImportedFile {
  ImportFormat format = ImportFormat::deepbench;
  std::vector<ImportedDevice> devices;  // in the order of the file; each has at least one case
};

// Throws ImportError if the source, date, dtype or the mapping of names is missing or wrong.
void check_import(const ImportOptions& options);

// `text` is the contents of `path`, which names it in messages and in the result. Throws ImportError.
ImportedFile import_published(std::string_view text, const std::string& path, const ImportOptions& options);

}  // namespace whygpu

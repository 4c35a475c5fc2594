// Output of rocblas-bench (and of hipblas-bench, which prints the same): a line that names values, the values below it,
// and above them, in logs of scripts, the command.
//   ./rocblas-bench -f gemm -r f32_r --transposeA N …
//   transA,transB,M,N,K,alpha,lda,ldb,beta,ldc,rocblas-Gflops,us
//   N,N,4096,4096,4096,1,4096,4096,0,4096,11941.5,11509.4
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "benchmarks/import/reader.h"

namespace whygpu::published {
namespace {

constexpr std::string_view kHeader = "transA,transB,M,N,K,";

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) {
    const auto first = part.find_first_not_of(" \t\r"), last = part.find_last_not_of(" \t\r");
    parts.push_back(first == std::string::npos ? "" : part.substr(first, last - first + 1));
  }
  return parts;
}

// The types that a command line asks for; empty where it does not say.
struct Command {
  std::string operands, compute;
  bool mixed = false;  // A and B have different types
};

Command command_of(const std::string& line) {
  Command command;
  std::string first, second;
  std::istringstream words(line);
  for (std::string word, value; words >> word;) {
    const bool precision = word == "-r" || word == "--precision";
    if (!precision && word != "--a_type" && word != "--b_type" && word != "--compute_type") continue;
    if (!(words >> value)) break;
    if (word == "--b_type") {
      second = value;
      continue;
    }
    if (word == "--a_type") first = value;
    (word == "--compute_type" ? command.compute : command.operands) = dtype_named(value);
    if (dtype_named(value).empty()) (word == "--compute_type" ? command.compute : command.operands) = value;
  }
  command.mixed = !first.empty() && !second.empty() && first != second;
  return command;
}

bool is_operation(const std::string& text) { return text == "N" || text == "T" || text == "C"; }

class RocblasReader {
 public:
  explicit RocblasReader(const Input& input) : input_(input) {}

  Source read() {
    Source source;
    source.backend = "rocblas";
    source.version = "rocblas-bench";
    std::istringstream lines{std::string(input_.text)};
    Command command;
    std::vector<std::string> names;  // of the values that come next
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      const auto fields = split(line, ',');
      if (line.find("-bench ") != std::string::npos) {
        command = command_of(line);
        names.clear();
      } else if (line.find(kHeader) != std::string::npos) {
        names = fields;
        std::ranges::transform(names, names.begin(), lower_case);
      } else if (!names.empty() && fields.size() > 1 && is_operation(fields.front())) {
        source.rows.push_back(row_of(names, fields, command, number));
      }
    }
    if (source.rows.empty()) {
      throw ImportError(
          fmt::format("{}: no line of values follows a line that begins with \"{}\"; expected a log of "
                      "rocblas-bench",
                      input_.path, kHeader));
    }
    return source;
  }

 private:
  Row row_of(const std::vector<std::string>& names, const std::vector<std::string>& fields, const Command& command,
             std::size_t line) const {
    if (fields.size() != names.size()) {
      throw ImportError(fmt::format("{}:{}: {} values; expected {}, as the line above them names", input_.path, line,
                                    fields.size(), names.size()));
    }
    std::map<std::string, std::string> values;
    for (std::size_t i = 0; i < names.size(); ++i) values.emplace(names[i], fields[i]);
    Row row;
    row.kind = RecordedDevice::other;
    row.place = fmt::format("line {}", line);
    const auto dtype = command.operands.empty() ? input_.options.dtype : command.operands;
    const auto us = positive(values["us"]);
    const auto transposed = [&](const char* key) { return values[key] != "N"; };
    if (dtype.empty()) {
      row.left_out = "no precision in the log: --dtype is needed";
    } else if (dtype_named(dtype).empty()) {
      row.left_out = fmt::format("precision {}: none of ours", dtype);
    } else if (command.mixed) {
      row.left_out = "operands of two types: no dtype of ours";
    } else if (const auto other = other_compute(dtype, command); !other.empty()) {
      row.left_out = other;
    } else if (!is_operation(values["transb"])) {
      row.left_out = "transB is none of N, T and C";
    } else if (!is_zero_or_missing(values["beta"])) {
      row.left_out = kBeta;
    } else if (!us) {
      row.left_out = kNoTime;
    } else {
      row.ns = {1e3 * *us};
      row.case_line = from_column_major({values["m"], values["n"], values["k"],
                                         values.contains("batch_count") ? values["batch_count"] : "1",
                                         transposed("transa"), transposed("transb"), dtype})
                          .case_line();
    }
    return row;
  }

  // Why products are computed in another type than ours. Without a compute type, rocblas-bench computes in that of the
  // operands.
  static std::string other_compute(const std::string& dtype, const Command& command) {
    if (command.operands.empty()) return {};
    const auto compute = command.compute.empty() ? dtype : command.compute == "i32_r" ? "s32" : command.compute;
    const auto ours = accumulator_named(dtype);
    return compute == ours ? std::string() : fmt::format("{} computed in {}, ours in {}", dtype, compute, ours);
  }

  const Input& input_;
};

}  // namespace

Source read_rocblas_bench(const Input& input) { return RocblasReader(input).read(); }

}  // namespace whygpu::published

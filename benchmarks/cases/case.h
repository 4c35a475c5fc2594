// A case: one line of text that fully describes a measurement.
//
//   gemm m=1024 n=1024 k=1024 dtype=f32 backend=onednn
//
// The same text is a sweep row, a command-line argument, the id in the result file and the line that reproduces a
// number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace whygpu {

// An invalid case or sweep; what() states the error and what would be accepted.
class CaseError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// A key of a workload.
struct Parameter {
  std::string name;
  // Default value, or a key to copy, which texts leave out; "=m": copies m and stands in texts. Empty: required, unless
  // it is a word.
  std::string fallback;
  std::vector<std::string> choices;  // accepted values; empty: any whole number of at least `minimum`, or any word
  std::int64_t minimum = 1;
  std::string help;
  bool word = false;  // takes a name, such as that of a backend
};

inline constexpr std::string_view kRanksKey = "ranks";  // of workloads whose cases several processes can measure

struct Case {
  std::string workload;
  std::vector<std::pair<std::string, std::string>> values;  // every parameter, in the workload's order

  std::string_view operator[](std::string_view key) const;  // throws std::out_of_range
  std::int64_t number(std::string_view key) const;
  int ranks() const;            // processes that measure it together; 1 without that key
  std::string text() const;     // canonical: in the workload's order, without default values
  std::string problem() const;  // text() without backend and variant: the computation only
  Case with(std::string_view key, std::string_view value) const;

  bool operator==(const Case&) const = default;
};

// Keys of every workload, after its own: mode, regime, offload, reuse, variant, backend.
std::span<const Parameter> common_parameters();

inline constexpr std::size_t kMostCases = 100'000;  // of a line and of a sweep

// The cases of one line, in the order of its product: `gemm m=256..8192*2 n=m k=m dtype=f32,bf16`. A value is
// a number or word, a list `a,b,c`, a range `a..b*f` (powers) or `a..b+s` (steps), or the name of another key. Comments
// start with #; an empty line has no cases. Throws CaseError.
std::vector<Case> parse_cases(std::string_view line);

// The single case of a line that fixes every value. Throws CaseError.
Case parse_case(std::string_view line);

}  // namespace whygpu

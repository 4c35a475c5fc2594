// What the readers of the formats share: each turns a published file into rows, of which import.cpp makes result files.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/import/import.h"
#include "reports/results/json_node.h"

namespace whygpu::published {

// A figure, or the reason why it is none.
struct Row {
  std::string device;                  // empty: the source names none
  std::optional<RecordedDevice> kind;  // of the device, where the source says it
  std::string place;                   // in messages: "line 12", or the benchmark's name
  std::string name;                    // rows with equal names and cases are samples of one case
  std::string case_line;               // in our grammar; without a backend it gets the source's
  std::optional<CaseRecord> record;    // in place of case_line: work that the grammar does not have
  std::string implementation;
  std::vector<double> ns;  // times of one operation
  std::string left_out;    // why; empty: it is a case
};

struct Source {
  std::string backend = "published";
  std::string version;
  std::string host;
  std::vector<Row> rows;
};

struct Input {
  std::string_view text;
  const std::string& path;
  const ImportOptions& options;
};

Source read_deepbench(const Input& input);
Source read_cutlass(const Input& input);
Source read_nvbench(const Input& input);
Source read_llama_bench(const Input& input);
Source read_rocblas_bench(const Input& input);
Source read_google_benchmark(const Input& input);

// Reasons that several readers give.
inline constexpr const char* kNoTime = "no time above 0";
inline constexpr const char* kBeta = "beta is not 0: C is read too";

// The whole text as a number; nullopt unless it is finite and above 0.
std::optional<double> positive(std::string_view text);

// Whether the text is the number 0, or empty where a source has no such column.
bool is_zero_or_missing(std::string_view text);

// A product with operands in row-major order, as our cases have them.
struct Product {
  std::string m, n, k, batch = "1";  // as the source writes them
  bool a_transposed = false, b_transposed = false;
  std::string dtype;

  std::string case_line() const;
};

// C = op(A)·op(B) in column-major order is Cᵀ = op(B)ᵀ·op(A)ᵀ in row-major order on the same memory.
Product from_column_major(const Product& product);

std::string lower_case(std::string text);  // of ASCII letters

// Our dtype for a name that others use: "half", "fp32", "f16_r", "__nv_bfloat16"; empty if there is none.
std::string dtype_named(std::string_view name);

// The type in which we accumulate products of a dtype of ours.
std::string accumulator_named(std::string_view dtype);

// The case of a benchmark of others, by --match and --case; or the name itself, if it is a case of ours.
class NameMapping {
 public:
  explicit NameMapping(const ImportOptions& options);  // throws ImportError
  bool given() const { return expression_.has_value(); }
  std::optional<std::string> case_of(const std::string& name) const;

 private:
  std::optional<std::regex> expression_;
  std::string case_line_;
};

// `expected`: what the file should be, in messages. Throws ImportError.
nlohmann::json parse_json(std::string_view text, const std::string& place, std::string_view expected);

// Calls read(root) with the JSON document. Errors name the place and the key. Throws ImportError.
template <class Read>
void read_json(std::string_view text, const std::string& place, std::string_view expected, Read&& read) {
  const auto document = parse_json(text, place, expected);
  const JsonNode::Complain complain = [&](const std::string& what) { throw ImportError(place + ": " + what); };
  read(JsonNode(document, complain));
}

}  // namespace whygpu::published

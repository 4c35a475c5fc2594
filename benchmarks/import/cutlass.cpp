// CSV of cutlass_profiler, a row per problem and kernel:
//   Problem,Provider,OperationKind,Operation,Disposition,Status,gemm_kind,m,n,k,A,B,C,D,…,Runtime,GB/s,GFLOPs
// with operands such as f16:column and Runtime in ms. Of each problem the fastest kernel with a correct answer counts.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "benchmarks/import/csv.h"
#include "benchmarks/import/reader.h"

namespace whygpu::published {
namespace {

struct Operand {
  std::string type, layout;
};

Operand operand(const std::string& text) {
  const auto colon = text.find(':');
  return {text.substr(0, colon), colon == std::string::npos ? std::string() : text.substr(colon + 1)};
}

bool known_layout(const Operand& operand) { return operand.layout == "row" || operand.layout == "column"; }

class CutlassReader {
 public:
  CutlassReader(std::string_view text, const Input& input, std::size_t first_line)
      : table_(text, input.path, first_line) {}

  Source read() {
    Source source;
    source.backend = "cutlass";
    source.version = "CUTLASS profiler";
    std::map<std::string, std::size_t> fastest;  // row by case
    for (const CsvRow& csv : table_.rows()) {
      Row row = row_of(csv);
      if (!row.left_out.empty()) {
        source.rows.push_back(std::move(row));
        continue;
      }
      const auto [known, is_new] = fastest.try_emplace(row.case_line, source.rows.size());
      if (is_new) {
        source.rows.push_back(std::move(row));
        continue;
      }
      Row& best = source.rows[known->second];
      if (row.ns.front() < best.ns.front()) std::swap(row, best);
      row.left_out = "slower kernel of the same problem";
      source.rows.push_back(std::move(row));
    }
    return source;
  }

 private:
  Row row_of(const CsvRow& csv) {
    Row row;
    row.kind = RecordedDevice::cuda;
    row.place = fmt::format("line {}", csv.line);
    row.implementation = table_(csv, "Operation");
    if (const auto& provider = table_(csv, "Provider"); provider != "CUTLASS") {
      row.left_out = fmt::format("provider {}, not CUTLASS", provider);
    } else if (const auto& kind = table_(csv, "OperationKind"); kind != "gemm") {
      row.left_out = fmt::format("operation {}: only gemm is imported", kind);
    } else if (const auto& answer = table_(csv, "Disposition"); answer != "passed") {
      row.left_out = "disposition " + answer;
    } else {
      set_case(csv, row);
    }
    return row;
  }

  void set_case(const CsvRow& csv, Row& row) {
    const auto a = operand(table_(csv, "A")), b = operand(table_(csv, "B"));
    auto c = operand(table_.optional(csv, "D"));
    if (c.type.empty()) c = operand(table_(csv, "C"));
    const auto dtype = dtype_of(a.type, row.implementation);
    const auto accumulator = table_.optional(csv, "accum"), beta = table_.optional(csv, "beta");
    if (dtype.empty() || a.type != b.type) {
      row.left_out = fmt::format("operands {} and {}: no dtype of ours", a.type, b.type);
    } else if (!known_layout(a) || !known_layout(b) || !known_layout(c)) {
      row.left_out = "layout is neither row nor column";
    } else if (!accumulator.empty() && accumulator != accumulator_named(dtype)) {
      row.left_out = fmt::format("{} accumulated in {}, ours in {}", dtype, accumulator, accumulator_named(dtype));
    } else if (!is_zero_or_missing(beta)) {
      row.left_out = kBeta;
    } else if (const auto ms = positive(table_(csv, "Runtime")); !ms) {
      row.left_out = kNoTime;
    } else {
      row.ns = {1e6 * *ms};
      row.case_line = product_of(csv, a, b, c, dtype).case_line();
    }
  }

  // f32 operands may be rounded to fewer bits before they are multiplied; the kernel's name says so.
  static std::string dtype_of(const std::string& type, const std::string& kernel) {
    const auto dtype = dtype_named(type);
    if (dtype != "f32") return dtype;
    if (kernel.find("tf32gemm") != std::string::npos) return "tf32";
    return kernel.find("f16gemm") != std::string::npos ? std::string() : dtype;
  }

  Product product_of(const CsvRow& csv, const Operand& a, const Operand& b, const Operand& c,
                     const std::string& dtype) const {
    const auto batch = table_.optional(csv, "batch_count");
    Product product{
        table_(csv, "m"), table_(csv, "n"), table_(csv, "k"), batch.empty() ? "1" : batch, false, false, dtype};
    // An operand is transposed if it is not stored in the order of the result.
    product.a_transposed = a.layout != c.layout;
    product.b_transposed = b.layout != c.layout;
    return c.layout == "row" ? product : from_column_major(product);
  }

  CsvTable table_;
};

}  // namespace

// The profiler prints the table below other output, or writes it alone.
Source read_cutlass(const Input& input) {
  constexpr std::string_view kHeader = "Problem,Provider,OperationKind,";
  std::size_t begin = 0, line = 1;
  for (; !input.text.substr(begin).starts_with(kHeader); ++line) {
    begin = std::min(input.text.find('\n', begin), input.text.size() - 1) + 1;
    if (begin == input.text.size()) {
      throw ImportError(
          fmt::format("{}: no line begins with \"{}\"; expected CSV of cutlass_profiler", input.path, kHeader));
    }
  }
  return CutlassReader(input.text.substr(begin), input, line).read();
}

}  // namespace whygpu::published

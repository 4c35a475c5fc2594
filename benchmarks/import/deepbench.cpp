// DeepBench's results as CSV: a row per device, precision and problem, with times in ms. GEMM:
//   device,precision,m,n,k,a_transposed,b_transposed,ms
// Convolution: device,precision,w,h,c,n,k,s,r,pad_w,pad_h,stride_w,stride_h,forward_ms,backward_data_ms,
//   backward_weights_ms and, optionally, forward_algorithm. A pass without a time has an empty cell, or 0.
#include <fmt/format.h>

#include "benchmarks/import/csv.h"
#include "benchmarks/import/reader.h"

namespace whygpu::published {
namespace {

constexpr const char* kPasses[] = {"forward", "backward_data", "backward_weights"};

// DeepBench's own names, such as NV_V100 and IA_KNL7250.
RecordedDevice kind_of(std::string_view device) {
  return device.starts_with("NV_")   ? RecordedDevice::cuda
         : device.starts_with("IA_") ? RecordedDevice::cpu
                                     : RecordedDevice::other;
}

// f16_f32: f16 operands, accumulated in f32, as ours. f16: stored as f16, calculated in whatever the card has.
std::string dtype_of(std::string_view precision) {
  return precision == "f16_f32" ? "f16" : precision == "f16" ? "" : dtype_named(precision);
}

void set_time(Row& row, const std::string& ms) {
  if (const auto time = positive(ms)) {
    row.ns = {1e6 * *time};
  } else {
    row.left_out = kNoTime;
  }
}

class DeepBenchReader {
 public:
  explicit DeepBenchReader(const Input& input) : table_(input.text, input.path) {}

  std::vector<Row> read() {
    const bool gemm = table_.has("ms");
    for (const CsvRow& csv : table_.rows()) {
      Row row;
      row.device = table_(csv, "device");
      row.kind = kind_of(row.device);
      row.place = fmt::format("line {}", csv.line);
      const auto& precision = table_(csv, "precision");
      const auto dtype = dtype_of(precision);
      if (dtype.empty()) {
        row.left_out = precision == "f16" ? "pseudo f16: stored in 16 bits, not calculated in them"
                                          : fmt::format("precision {}: none of ours", precision);
        rows_.push_back(std::move(row));
      } else if (gemm) {
        add_gemm(csv, row, dtype);
      } else {
        add_passes(csv, row, dtype);
      }
    }
    return std::move(rows_);
  }

 private:
  void add_gemm(const CsvRow& csv, Row row, const std::string& dtype) {
    const auto& a = table_(csv, "a_transposed");
    const auto& b = table_(csv, "b_transposed");
    set_time(row, table_(csv, "ms"));
    if ((a != "N" && a != "T") || (b != "N" && b != "T")) row.left_out = "transposed is neither N nor T";
    // Calls of cuBLAS and its like, which are column-major.
    row.case_line =
        from_column_major({table_(csv, "m"), table_(csv, "n"), table_(csv, "k"), "1", a == "T", b == "T", dtype})
            .case_line();
    rows_.push_back(std::move(row));
  }

  void add_passes(const CsvRow& csv, const Row& common, const std::string& dtype) {
    for (const char* pass : kPasses) {
      Row row = common;
      std::string line = "convolution";
      for (const char* key : {"n", "c", "h", "w", "k", "r", "s"}) line += fmt::format(" {}={}", key, table_(csv, key));
      line += both_directions(csv, "stride") + both_directions(csv, "pad");
      row.case_line = fmt::format("{} pass={} dtype={}", line, pass, dtype);
      row.place += fmt::format(" {}", pass);
      set_time(row, table_(csv, fmt::format("{}_ms", pass)));
      if (pass == kPasses[0]) row.implementation = table_.optional(csv, "forward_algorithm");
      rows_.push_back(std::move(row));
    }
  }

  // As our sweeps write it: "stride=2" where both are equal.
  std::string both_directions(const CsvRow& csv, const std::string& key) const {
    const auto& vertical = table_(csv, key + "_h");
    const auto& horizontal = table_(csv, key + "_w");
    if (vertical == horizontal) return fmt::format(" {}={}", key, vertical);
    return fmt::format(" {0}_h={1} {0}_w={2}", key, vertical, horizontal);
  }

  CsvTable table_;
  std::vector<Row> rows_;
};

}  // namespace

Source read_deepbench(const Input& input) {
  Source source;
  source.version = "DeepBench";
  source.rows = DeepBenchReader(input).read();
  return source;
}

}  // namespace whygpu::published

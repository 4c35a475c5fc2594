#include "ci/projection/published.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>

#include "benchmarks/import/csv.h"

namespace whygpu::projection {
namespace {

// The columns of one row.
struct Row {
  const CsvTable& table;
  const CsvRow& fields;

  const std::string& operator[](std::string_view column) const { return table(fields, column); }
};

double number(const Row& row, std::string_view column) {
  const std::string& text = row[column];
  double value = 0;
  const auto end = text.data() + text.size();
  if (std::from_chars(text.data(), end, value).ptr != end || value < 0)
    throw std::runtime_error(fmt::format("line {}: {}: \"{}\" is not a number", row.fields.line, column, text));
  return value;
}

std::optional<std::string> dtype_of(const Row& row) {
  if (row["precision"] == "f32") return "f32";
  if (row["precision"] == "f16_f32") return "f16";
  return std::nullopt;
}

// All sizes but n, as text.
std::string family_of(const Row& row, std::string_view workload) {
  std::string text(workload);
  for (const std::string_view key :
       {"m", "k", "a_transposed", "b_transposed", "w", "h", "c", "s", "r", "pad_w", "pad_h", "stride_w", "stride_h"}) {
    if (row.table.has(key)) text += fmt::format(" {}={}", key, row[key]);
  }
  return text;
}

void add_gemm(const Row& row, const Card* card, const std::string& dtype, std::vector<Sample>& samples) {
  // Column-major there: aᵀ·b reads both operands along k.
  const bool along_k = row["a_transposed"] == "T" && row["b_transposed"] == "N";
  if (row["ms"].empty()) return;
  const Gemm gemm{number(row, "m"), number(row, "n"), number(row, "k"), 1, dtype, along_k};
  samples.push_back({card, gemm, number(row, "ms") / 1e3, family_of(row, "gemm"), gemm.n});
}

void add_convolution(const Row& row, const Card* card, const std::string& dtype, std::vector<Sample>& samples) {
  Convolution conv;
  conv.n = number(row, "n"), conv.c = number(row, "c"), conv.h = number(row, "h"), conv.w = number(row, "w");
  conv.k = number(row, "k"), conv.r = number(row, "r"), conv.s = number(row, "s");
  conv.stride_h = number(row, "stride_h"), conv.stride_w = number(row, "stride_w");
  conv.pad_h = number(row, "pad_h"), conv.pad_w = number(row, "pad_w");
  conv.dtype = dtype;
  for (const Pass pass : {Pass::forward, Pass::backward_data, Pass::backward_weights}) {
    const std::string key = std::string(name_of(pass)) + "_ms";
    if (row[key].empty() || number(row, key) == 0) continue;
    conv.pass = pass;
    samples.push_back({card, conv, number(row, key) / 1e3, family_of(row, name_of(pass)), conv.n});
  }
}

CsvTable table_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw std::runtime_error(file.string() + ": cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return {text, file.string()};
}

void read_cards(const std::filesystem::path& file, Published& published) {
  std::ifstream stream(file);
  if (!stream) throw std::runtime_error(file.string() + ": cannot be opened");
  const auto root = nlohmann::json::parse(stream);
  published.cpu = root.at("cpu");
  for (const auto& json : root.at("cards")) {
    Card card;
    card.name = json.at("name");
    card.generation = json.at("generation");
    const std::string libraries = json.at("libraries");
    card.libraries = libraries == "of_2016"   ? Libraries::of_2016
                     : libraries == "of_2017" ? Libraries::of_2017
                                              : Libraries::since_2019;
    card.flops = json.at("flops").get<std::map<std::string, double>>();
    card.multiprocessors = json.at("multiprocessors");
    card.boost_clock_hz = json.at("boost_clock_hz");
    card.bandwidth = json.at("bandwidth");
    card.memory_bytes = json.at("memory_bytes");
    published.ids.push_back(json.at("id"));
    published.cards.push_back(std::move(card));
  }
}

}  // namespace

const std::string& Sample::dtype() const {
  return is_gemm() ? std::get<Gemm>(problem).dtype : std::get<Convolution>(problem).dtype;
}

double Sample::projected(const Constants& constants) const {
  return std::visit([&](const auto& one) { return estimate(one, *card, constants).seconds; }, problem);
}

Published read_published(const std::filesystem::path& cards, const std::vector<std::filesystem::path>& folders) {
  Published published;
  read_cards(cards, published);
  std::vector<std::filesystem::path> files;
  for (const auto& folder : folders) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    const std::string name = file.filename().string();
    const bool gemm = name.ends_with("-gemm.csv");
    if (!gemm && !name.ends_with("-convolution.csv")) continue;
    const CsvTable table = table_of(file);
    for (const CsvRow& fields : table.rows()) {
      const Row row{table, fields};
      const auto id = std::find(published.ids.begin(), published.ids.end(), row["device"]);
      const auto dtype = dtype_of(row);
      const auto add = gemm ? add_gemm : add_convolution;
      if (dtype && row["device"] == published.cpu) {
        add(row, nullptr, *dtype, published.cpu_samples);
      } else if (id == published.ids.end() || !dtype) {
        ++published.left_out;
      } else {
        add(row, &published.cards[static_cast<std::size_t>(id - published.ids.begin())], *dtype, published.samples);
      }
    }
  }
  if (published.samples.empty()) throw std::runtime_error("no *-gemm.csv or *-convolution.csv with a known device");
  return published;
}

}  // namespace whygpu::projection

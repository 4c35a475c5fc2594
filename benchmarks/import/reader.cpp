#include "benchmarks/import/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "benchmarks/workloads/workload.h"

namespace whygpu::published {

std::optional<double> positive(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(value) && value > 0 ? std::optional(value) : std::nullopt;
}

bool is_zero_or_missing(std::string_view text) {
  if (text.empty()) return true;
  double value = 1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value == 0;
}

std::string Product::case_line() const {
  return fmt::format("gemm m={} n={} k={} batch={} trans={}{} dtype={}", m, n, k, batch, a_transposed ? 't' : 'n',
                     b_transposed ? 't' : 'n', dtype);
}

Product from_column_major(const Product& product) {
  Product result = product;
  std::swap(result.m, result.n);
  result.a_transposed = product.b_transposed;
  result.b_transposed = product.a_transposed;
  return result;
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

std::string dtype_named(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> names = {{"f64", "f64"},
                                                                        {"fp64", "f64"},
                                                                        {"float64", "f64"},
                                                                        {"double", "f64"},
                                                                        {"f64_r", "f64"},
                                                                        {"d", "f64"},
                                                                        {"f32", "f32"},
                                                                        {"fp32", "f32"},
                                                                        {"float32", "f32"},
                                                                        {"float", "f32"},
                                                                        {"f32_r", "f32"},
                                                                        {"s", "f32"},
                                                                        {"tf32", "tf32"},
                                                                        {"f16", "f16"},
                                                                        {"fp16", "f16"},
                                                                        {"float16", "f16"},
                                                                        {"half", "f16"},
                                                                        {"__half", "f16"},
                                                                        {"f16_r", "f16"},
                                                                        {"h", "f16"},
                                                                        {"bf16", "bf16"},
                                                                        {"bfloat16", "bf16"},
                                                                        {"bf16_r", "bf16"},
                                                                        {"nv_bfloat16", "bf16"},
                                                                        {"__nv_bfloat16", "bf16"},
                                                                        {"e4m3", "f8e4m3"},
                                                                        {"f8e4m3", "f8e4m3"},
                                                                        {"s8", "s8"},
                                                                        {"i8", "s8"},
                                                                        {"int8", "s8"},
                                                                        {"int8_t", "s8"},
                                                                        {"i8_r", "s8"}};
  const auto found = names.find(lower_case(std::string(name)));
  return found == names.end() ? std::string() : found->second;
}

std::string accumulator_named(std::string_view dtype) {
  return std::string(dtype_name(accumulator_of(parse_dtype(dtype))));
}

NameMapping::NameMapping(const ImportOptions& options) : case_line_(options.case_line) {
  if (options.match.empty() && options.case_line.empty()) return;
  if (options.match.empty() || options.case_line.empty()) {
    throw ImportError(fmt::format("--match and --case are needed together; only {} is given",
                                  options.match.empty() ? "--case" : "--match"));
  }
  try {
    expression_.emplace(options.match);
  } catch (const std::regex_error& error) {
    throw ImportError(
        fmt::format("--match {}: not a regular expression (ECMAScript): {}", options.match, error.what()));
  }
}

std::optional<std::string> NameMapping::case_of(const std::string& name) const {
  if (expression_) {
    // The library's expressions take stack for every character.
    constexpr std::size_t kLongestName = 1000;
    std::smatch match;
    if (name.size() > kLongestName || !std::regex_search(name, match, *expression_)) return std::nullopt;
    return match.format(case_line_);
  }
  // Google Benchmark appends "/manual_time" and the like.
  const std::string line = name.substr(0, name.find('/'));
  if (line.find("..") != std::string::npos) return std::nullopt;
  try {
    return parse_case(line).text();
  } catch (const CaseError&) {
    return std::nullopt;
  }
}

nlohmann::json parse_json(std::string_view text, const std::string& place, std::string_view expected) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::parse_error& error) {
    throw ImportError(
        error.byte > text.size()
            ? fmt::format("{}: truncated: the JSON ends after {} bytes; expected {}", place, text.size(), expected)
            : fmt::format("{}: not JSON at byte {}; expected {}", place, error.byte, expected));
  } catch (const nlohmann::json::exception&) {
    throw ImportError(fmt::format("{}: a number is too large for double precision; expected {}", place, expected));
  }
}

}  // namespace whygpu::published

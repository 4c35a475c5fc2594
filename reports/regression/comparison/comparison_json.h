// The file of a comparison.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "reports/regression/gate/comparison.h"

namespace whygpu {

inline constexpr int kComparisonSchema = 1;

// The head's times as Google Benchmark JSON; the rest under the key "whygpu_comparison".
nlohmann::json to_json(const Comparison& comparison);

// Reads it back; `source` is named in errors. Throws std::runtime_error, one line, when it is not a comparison or
// has a newer schema.
Comparison comparison_from_json(const nlohmann::json& document, std::string_view source);

// The comparisons in a file: one JSON document, or several one after the other. Throws std::runtime_error, one line.
std::vector<Comparison> load_comparisons(const std::filesystem::path& file);
std::vector<Comparison> parse_comparisons(const std::string& text, std::string_view source);

}  // namespace whygpu

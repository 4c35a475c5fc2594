#include "benchmarks/cases/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include "benchmarks/cases/nearest.h"
#include "benchmarks/machine/environment.h"

namespace whygpu {

namespace fs = std::filesystem;

std::vector<Case> parse_sweep(std::string_view text, std::string_view source) {
  const auto is_binary = [](unsigned char c) { return c == 127 || (c < ' ' && c != '\n' && c != '\r' && c != '\t'); };
  if (std::ranges::any_of(text, is_binary)) {
    throw CaseError(
        fmt::format("{}: not a text file; a sweep has lines such as gemm m=256..1024*2 n=m k=m dtype=f32", source));
  }
  std::vector<Case> cases;
  std::set<std::string> seen;
  std::istringstream stream{std::string(text)};
  std::string line;
  std::size_t parsed = 0;
  for (int number = 1; std::getline(stream, line); ++number) {
    try {
      auto of_line = parse_cases(line);
      parsed += of_line.size();
      if (parsed > kMostCases) throw CaseError(fmt::format("more than {} cases up to here", kMostCases));
      for (auto& c : of_line) {
        if (seen.insert(c.text()).second) cases.push_back(std::move(c));
      }
    } catch (const CaseError& error) {
      throw CaseError(fmt::format("{}:{}: {}", source, number, error.what()));
    }
  }
  if (cases.empty()) throw CaseError(fmt::format("{}: contains no cases", source));
  return cases;
}

// In share/ of the nearest folder above the program, which is in bin/ of a build or bundle, or in lib/TRIPLET/whygpu/
// of a system.
fs::path sweep_folder() {
  std::error_code ignored;
  fs::path above = program_folder().parent_path();
  while (above.has_relative_path() && !fs::is_directory(above / "share/whygpu/sweeps", ignored))
    above = above.parent_path();
  return above / "share/whygpu/sweeps";
}

std::vector<std::string> shipped_sweeps() {
  std::vector<std::string> names;
  std::error_code unreadable;
  for (const auto& entry : fs::directory_iterator(sweep_folder(), unreadable)) {
    if (entry.path().extension() == ".sweep") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<Case> load_sweep(std::string_view name_or_path) {
  fs::path file(name_or_path);
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored)) file = sweep_folder() / (std::string(name_or_path) + ".sweep");
  std::ifstream stream(file);
  if (!stream) {
    throw CaseError(fmt::format("no sweep or file \"{}\"; {}", name_or_path, suggest(name_or_path, shipped_sweeps())));
  }
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_sweep(text, file.filename().string());
}

std::vector<Case> spread_out(std::vector<Case> cases, std::size_t count) {
  if (cases.size() <= count || count < 2) return cases;
  std::vector<Case> chosen;
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(cases[i * (cases.size() - 1) / (count - 1)]);
  return chosen;
}

}  // namespace whygpu

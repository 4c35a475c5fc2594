// Synthetic result files for tests. All numbers are invented.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "reports/results/result_file.h"

namespace whygpu {

class SyntheticFile {
 public:
  explicit SyntheticFile(const std::string& host = "synthetic-host");

  SyntheticFile& backend(const std::string& name, const std::string& kind = "cpu", const std::string& device = "");

  // Adds a case with status ok and one time per round, in ns. Returns its JSON for further edits.
  nlohmann::json& ok(const std::string& problem, const std::string& backend, const std::vector<double>& round_ns,
                     double flops, double bytes = 1000);

  nlohmann::json& not_ok(const std::string& problem, const std::string& backend, const std::string& status,
                         const std::string& reason);

  nlohmann::json& whygpu() { return document_["whygpu"]; }
  nlohmann::json& document() { return document_; }
  std::string text() const;
  ResultFile file(const std::string& name = "synthetic.json") const;

 private:
  nlohmann::json& add(const std::string& problem, const std::string& backend, const std::string& status);

  nlohmann::json document_;
};

// Seven rounds around `ns` whose 95% interval is ns·(1 ± relative).
std::vector<double> seven_rounds(double ns, double relative = 0.01);

std::string square_gemm(int size, const std::string& dtype = "f32");

inline double gemm_flops(double size) { return 2 * size * size * size; }

}  // namespace whygpu

// Published times: DeepBench's spreadsheets as CSV, and the cards that they name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "reports/projection/model.h"

namespace whygpu::projection {

struct Sample {
  const Card* card = nullptr;  // null: the CPU
  Problem problem;
  double seconds = 0;
  std::string family;  // all sizes of the row but n
  double size = 0;     // n

  bool is_gemm() const { return std::holds_alternative<Gemm>(problem); }
  const std::string& dtype() const;
  double projected(const Constants& constants) const;
};

struct Published {
  std::vector<Card> cards;
  std::vector<std::string> ids;  // of the cards, in files
  std::vector<Sample> samples;
  std::string cpu;  // its id in files
  std::vector<Sample> cpu_samples;
  std::size_t left_out = 0;  // rows of other devices or precisions
};

// Reads every file of the form *-gemm.csv and *-convolution.csv in the folders. Throws std::runtime_error.
Published read_published(const std::filesystem::path& cards, const std::vector<std::filesystem::path>& folders);

}  // namespace whygpu::projection

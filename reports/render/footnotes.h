// Numbered reasons; cells with the same reason share a number.
#pragma once

#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "reports/render/text.h"

namespace whygpu {

class Footnotes {
 public:
  // The mark for a cell, such as "failed [2]". A case shown twice is counted once.
  std::string mark(const std::string& word, const std::string& reason, bool counted = true) {
    return mark_as(word, word, reason, counted);
  }

  // The same for differing cells that share a reason: the note begins with `subject`.
  std::string mark_as(const std::string& word, const std::string& subject, const std::string& reason,
                      bool counted = true) {
    const std::string text = subject + ": " + (reason.empty() ? "no reason given" : reason);
    std::size_t number = 0;
    while (number < notes_.size() && notes_[number].first != text) ++number;
    if (number == notes_.size()) notes_.emplace_back(text, 0);
    if (counted) ++notes_[number].second;
    return fmt::format("{} [{}]", word, number + 1);
  }

  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const auto& [text, count] : notes_) {
      lines.push_back(fmt::format("[{}] {}", lines.size() + 1, text));
      if (count > 1) lines.back() += fmt::format(" ({})", count_of(count, "case"));
    }
    return lines;
  }

 private:
  std::vector<std::pair<std::string, std::size_t>> notes_;
};

}  // namespace whygpu

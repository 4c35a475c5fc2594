// The history of comparisons: one SQLite file, safe against concurrent and killed writers.
//
// Comparisons are stored completely: raw samples, order, times, revisions, code hashes, verdicts, machine. Series chain
// the paired log-ratios of successive revisions, because absolute times drift and pairs do not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "reports/regression/gate/comparison.h"

struct sqlite3;

namespace whygpu {

inline constexpr int kHistorySchema = 1;

// Thrown when a history cannot be used; what() is one line.
class HistoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Identifies a series: one case on one kind of machine.
struct SeriesKey {
  std::string machine;
  int threads = 1;
  std::string text;  // of the case

  auto operator<=>(const SeriesKey&) const = default;
};

// The measured step from one revision to another.
struct Link {
  std::string base, head;  // revisions
  std::string started;
  std::string base_code, head_code;
  Ruling ruling = Ruling::undecided;
  std::vector<double> log_ratios;  // of all pairs, including repeated measurements; empty for identical code
  bool simulated = false;
};

struct Series {
  SeriesKey key;
  std::vector<Link> links;  // in the order of first addition
};

// A reviewed and accepted change.
struct Acceptance {
  std::string revision;  // the first with the change
  std::string pattern;   // case text; * matches anything
  std::string reason;
  std::string when;
};

class History {
 public:
  enum class Access { existing, create };

  // Opens the file; `create` creates it when missing. Throws HistoryError when the file is not a history, is
  // corrupt, or has a newer schema.
  History(const std::filesystem::path& file, Access access);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Adds the comparison atomically. Returns false for a duplicate. Both builds need a revision, or names
  // instead. Throws HistoryError.
  bool add(const Comparison& comparison);

  std::vector<Series> series() const;
  std::size_t comparisons() const;

  // All revisions in the comparisons, in order of appearance.
  std::vector<std::string> revisions() const;

  // Throws HistoryError unless the revision is in the history or is the prefix of exactly one.
  void accept(const Acceptance& acceptance);
  std::vector<Acceptance> acceptances() const;

 private:
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

}  // namespace whygpu

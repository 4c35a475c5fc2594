// The history of comparisons: one SQLite file, written by several processes at once, safe against being killed.
//
// Every comparison is kept whole: raw samples, order, times, revisions, code hashes, verdicts, machine. Series chain
// the paired log-ratios of successive revisions, since absolute times drift and pairs do not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "reports/regression/comparison/comparison.h"

struct sqlite3;

namespace whygpu {

inline constexpr int kHistorySchema = 1;

// A history that cannot be used; what() is one line.
class HistoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What a series is about: times of one case on one kind of machine.
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
  std::vector<double> log_ratios;  // of all pairs, also of repeated measurements; empty when the code was identical
  bool simulated = false;
};

struct Series {
  SeriesKey key;
  std::vector<Link> links;  // in the order in which they were first added
};

// A change that was looked at and taken.
struct Acceptance {
  std::string revision;  // the first with the change
  std::string pattern;   // case text, * standing for anything
  std::string reason;
  std::string when;
};

class History {
 public:
  enum class Access { existing, create };

  // Opens the file; with `create` it is made when missing. Throws HistoryError on a file that is no history, is
  // corrupt, or of a newer schema.
  History(const std::filesystem::path& file, Access access);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Keeps the comparison, all of it or nothing. False when it is there already. Both builds need a revision, or names
  // in place of it. Throws HistoryError.
  bool add(const Comparison& comparison);

  std::vector<Series> series() const;
  std::size_t comparisons() const;

  // Every revision that some comparison names, in the order in which they came.
  std::vector<std::string> revisions() const;

  // Throws HistoryError unless the acceptance's revision is one of the history, or the beginning of just one.
  void accept(const Acceptance& acceptance);
  std::vector<Acceptance> acceptances() const;

 private:
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

}  // namespace whygpu

// The history of comparisons, in an SQLite file or a PostgreSQL database, safe against concurrent and killed writers.
//
// Comparisons are stored completely: raw samples, order, times, revisions, code hashes, verdicts, machine. Series chain
// the paired log-ratios of successive revisions, because absolute times drift and pairs do not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "reports/regression/gate/comparison.h"

namespace whygpu {

class HistoryStore;
struct StoredCase;

// Thrown when a history cannot be used; what() is one line.
class HistoryError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Identifies a series: one case on one machine, or on machines of a kind.
struct SeriesKey {
  std::string machine;  // fingerprint, or kind
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
  std::int64_t added = 0;                  // number of the first comparison with this step
  std::vector<std::size_t> per_host = {};  // how many of `log_ratios` each host measured; empty: one host
};

struct Series {
  SeriesKey key;
  std::vector<Link> links;   // in the order of first addition
  std::size_t hosts = 1;     // joined into this series
  double host_variance = 0;  // of a step between the hosts
};

// Which machines share a series: those with equal fingerprints, or all of a kind (hosts.h).
enum class Grouping : std::uint8_t { machine, kind };

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

  // Opens an SQLite file; `create` creates it when missing. Throws HistoryError when the file is not a history, is
  // corrupt, or has a newer schema.
  History(const std::filesystem::path& file, Access access);
  explicit History(std::unique_ptr<HistoryStore> store);
  ~History();
  History(const History&) = delete;
  History& operator=(const History&) = delete;

  // Where it is, without a password.
  std::string name() const;

  // Both builds need a revision, or names instead. Throws HistoryError.
  static void check_addable(const Comparison& comparison);

  // Adds the comparison atomically. Returns false for a duplicate. Throws HistoryError.
  bool add(const Comparison& comparison);

  std::vector<Series> series(Grouping grouping = Grouping::machine) const;
  std::size_t comparisons() const;

  // Calls `visit` for every case in the order of addition, with its comparison, whose own list of cases is empty.
  void each_case(const std::function<void(const Comparison&, const StoredCase&)>& visit) const;

  // All revisions in the comparisons, in order of appearance.
  std::vector<std::string> revisions() const;

  // Throws HistoryError unless the revision is in the history or is the prefix of exactly one.
  void accept(const Acceptance& acceptance);
  std::vector<Acceptance> acceptances() const;

 private:
  std::unique_ptr<HistoryStore> store_;
};

// Whether `location` is that of a database: postgresql://…
bool is_database(std::string_view location);

// Opens a PostgreSQL database. What the connection string leaves open comes from the environment, as libpq has it.
History open_database(const std::string& connection, History::Access access);

// Opens a database for postgresql://…, else a file.
History open_history(const std::string& location, History::Access access);

}  // namespace whygpu

// Where a history keeps its comparisons. Errors are HistoryErrors that name the store.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "reports/regression/history/history.h"

namespace whygpu {

struct StoredComparison {
  std::int64_t id = 0;  // grows in the order of addition
  std::string base, head, machine, started;
  int threads = 1;
  bool simulated = false;
  std::string facts;  // JSON of the comparison without its cases
};

struct StoredCase {
  std::int64_t comparison = 0;
  std::string text, verdict, base_code, head_code;
  std::string pairs;  // JSON: [{started, head_first, base_ns[], head_ns[]}]
};

class HistoryStore {
 public:
  HistoryStore() = default;
  virtual ~HistoryStore() = default;
  HistoryStore(const HistoryStore&) = delete;
  HistoryStore& operator=(const HistoryStore&) = delete;

  virtual std::string name() const = 0;

  // Adds the document of a comparison (comparison_json.h) in one transaction; false for a duplicate, which has the same
  // identity().
  virtual bool add(const nlohmann::json& document, const std::string& base, const std::string& head) = 0;
  virtual void accept(const Acceptance& acceptance) = 0;

  virtual std::size_t comparisons() const = 0;

  // Every comparison in the order of addition; `facts` stay empty unless asked for.
  virtual void each_comparison(bool with_facts, const std::function<void(StoredComparison)>& visit) const = 0;

  // Every case, by comparison and text.
  virtual void each_case(const std::function<void(StoredCase)>& visit) const = 0;

  virtual std::vector<Acceptance> acceptances() const = 0;
};

// The document without what each build says in its own words.
std::string identity(const nlohmann::json& document);

std::unique_ptr<HistoryStore> open_sqlite(const std::filesystem::path& file, History::Access access);

// `connection` is a connection string of libpq; what is missing in it comes from the environment, as libpq has it.
// Throws HistoryError in a build without PostgreSQL.
std::unique_ptr<HistoryStore> open_postgres(const std::string& connection, History::Access access);

}  // namespace whygpu

#include "reports/regression/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "reports/regression/comparison/comparison_json.h"
#include "reports/regression/history/chain.h"
#include "reports/regression/history/sqlite.h"
#include "reports/render/text.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kPatienceMilliseconds = 60'000;  // for other writers
constexpr int kApplicationId = 0x77687967;     // "whyg" in the file's header

// `measurement` holds a case of a comparison with its pairs as JSON: [{started, head_first, base_ns[], head_ns[]}].
constexpr const char* kCreate = R"(
CREATE TABLE comparison (
  id INTEGER PRIMARY KEY,
  digest TEXT NOT NULL UNIQUE,
  started TEXT NOT NULL,
  finished TEXT NOT NULL,
  base TEXT NOT NULL,
  head TEXT NOT NULL,
  machine TEXT NOT NULL,
  threads INTEGER NOT NULL,
  simulated INTEGER NOT NULL,
  facts TEXT NOT NULL
) STRICT;
CREATE TABLE measurement (
  comparison INTEGER NOT NULL REFERENCES comparison(id),
  text TEXT NOT NULL,
  verdict TEXT NOT NULL,
  base_code TEXT NOT NULL,
  head_code TEXT NOT NULL,
  pairs TEXT NOT NULL,
  PRIMARY KEY (comparison, text)
) STRICT, WITHOUT ROWID;
CREATE TABLE acceptance (
  revision TEXT NOT NULL,
  pattern TEXT NOT NULL,
  reason TEXT NOT NULL,
  time TEXT NOT NULL
) STRICT;
)";

std::string revision_of(const BuildRecord& build) { return build.revision.empty() ? build.name : build.revision; }

// Runs `f`, adding the file name to SQLite errors.
template <class F>
auto naming(const fs::path& file, F&& f) {
  try {
    return f();
  } catch (const SqliteError& error) {
    const bool foreign = error.code() == SQLITE_NOTADB || error.code() == SQLITE_CORRUPT;
    throw HistoryError(
        fmt::format("{}: {}{}", file.string(), foreign ? "not a history, or damaged: " : "", error.what()));
  } catch (const json::exception&) {
    throw HistoryError(fmt::format("{}: damaged history: the pairs of a case cannot be read", file.string()));
  } catch (const std::invalid_argument& error) {
    throw HistoryError(fmt::format("{}: damaged history: {}", file.string(), error.what()));
  }
}

std::int64_t pragma(sqlite3* database, const char* name) {
  Statement statement(database, fmt::format("PRAGMA {}", name));
  return statement.step() ? statement.integer(0) : 0;
}

// Creates the tables in an empty file; refuses other databases and newer schemas.
void check_schema(sqlite3* database, const fs::path& file, bool may_create) {
  if (may_create) {
    Transaction transaction(database);
    Statement tables(database, "SELECT count(*) FROM sqlite_schema");
    if (tables.step() && tables.integer(0) == 0 && pragma(database, "application_id") == 0) {
      execute(database, kCreate);
      execute(database,
              fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kApplicationId, kHistorySchema));
      transaction.commit();
      return;
    }
  }
  if (pragma(database, "application_id") != kApplicationId) {
    throw HistoryError(fmt::format("{}: a database, but not a whygpu history", file.string()));
  }
  if (const auto schema = pragma(database, "user_version"); schema > kHistorySchema) {
    throw HistoryError(fmt::format("{}: history schema {} is newer than this build reads ({})", file.string(), schema,
                                   kHistorySchema));
  }
}

// Refuses a revision that is not in `known` or is a prefix of several, naming some that would be accepted.
void check_known(const fs::path& file, const std::vector<std::string>& known, const std::string& revision) {
  constexpr std::size_t kNamed = 3;
  std::vector<std::string> meant;
  for (const auto& name : known) {
    if (same_revision(name, revision)) meant.push_back(name);
  }
  if (meant.size() == 1 || std::ranges::find(meant, revision) != meant.end()) return;
  if (known.empty())
    throw HistoryError(fmt::format("{}: no comparisons yet; add one with: whygpu history add FILE", file.string()));
  const auto& named = meant.empty() ? known : meant;
  std::vector<std::string> last(named.end() - static_cast<std::ptrdiff_t>(std::min(kNamed, named.size())), named.end());
  throw HistoryError(fmt::format(
      "{}: {} revision{}; {} {}; all: whygpu history log --json", file.string(),
      meant.empty() ? fmt::format("no \"{}\" among its {}", printable(revision), known.size())
                    : fmt::format("\"{}\" is a prefix of {}", printable(revision), meant.size()),
      named.size() == 1 ? "" : "s", meant.empty() ? "the last are" : "such as", printable(join(last, ", "))));
}

std::vector<double> log_ratios(const std::string& pairs) {
  std::vector<double> ratios;
  for (const auto& pair : json::parse(pairs)) {
    ratios.push_back(Pair{{}, false, pair.at("base_ns"), pair.at("head_ns")}.log_ratio());
  }
  return ratios;
}

}  // namespace

History::History(const fs::path& file, Access access) : file_(file), database_(nullptr, sqlite3_close) {
  if (access == Access::existing && !fs::exists(file))
    throw HistoryError(fmt::format("{}: no such history", file.string()));
  sqlite3* database = nullptr;
  const int flags = access == Access::existing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int code = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
  database_.reset(database);
  if (code != SQLITE_OK) throw HistoryError(fmt::format("{}: {}", file.string(), sqlite3_errstr(code)));
  naming(file_, [&] {
    sqlite3_busy_timeout(database, kPatienceMilliseconds);
    execute(database, "PRAGMA foreign_keys = ON");
    check_schema(database, file, access == Access::create);
  });
}

History::~History() = default;

bool History::add(const Comparison& comparison) {
  const std::string base = revision_of(comparison.base), head = revision_of(comparison.head);
  if (base.empty() || head.empty()) throw HistoryError("a comparison without revisions or names cannot be added");
  const json document = to_json(comparison).at("whygpu_comparison");
  const std::string digest = fmt::format("{:016x}", std::hash<std::string>{}(document.dump()));
  return naming(file_, [&] {
    Transaction transaction(database_.get());
    Statement known(database_.get(), "SELECT 1 FROM comparison WHERE digest = ?1");
    if (known.bind(digest).step()) return false;

    json facts = document;
    facts.erase("cases");
    Statement(database_.get(),
              "INSERT INTO comparison (digest, started, finished, base, head, machine, threads, simulated, facts) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
        .bind(digest, comparison.started, comparison.finished, base, head, comparison.machine,
              static_cast<std::int64_t>(comparison.threads), static_cast<std::int64_t>(comparison.simulated),
              facts.dump())
        .step();
    const std::int64_t id = sqlite3_last_insert_rowid(database_.get());
    Statement insert(database_.get(),
                     "INSERT INTO measurement (comparison, text, verdict, base_code, head_code, pairs) VALUES (?1, ?2, "
                     "?3, ?4, ?5, ?6)");
    for (const auto& c : document.at("cases")) {
      insert
          .bind(id, c.at("case").get<std::string>(), c.at("verdict").get<std::string>(),
                c.at("base_code").get<std::string>(), c.at("head_code").get<std::string>(), c.at("measured").dump())
          .step();
    }
    transaction.commit();
    return true;
  });
}

std::vector<Series> History::series() const {
  return naming(file_, [&] {
    std::map<SeriesKey, Series> all;
    Statement rows(
        database_.get(),
        "SELECT machine, threads, text, base, head, started, base_code, head_code, verdict, pairs, simulated "
        "FROM comparison JOIN measurement ON comparison = id ORDER BY id");
    while (rows.step()) {
      const Ruling ruling = parse_ruling(rows.text(8));
      if (ruling == Ruling::missing || ruling == Ruling::incorrect) continue;
      const SeriesKey key{rows.text(0), static_cast<int>(rows.integer(1)), rows.text(2)};
      auto& series = all[key];
      series.key = key;
      Link link{rows.text(3),
                rows.text(4),
                rows.text(5),
                rows.text(6),
                rows.text(7),
                ruling,
                log_ratios(rows.text(9)),
                rows.integer(10) != 0};
      // A repeated measurement adds pairs to the same step.
      const auto again = std::find_if(series.links.begin(), series.links.end(), [&](const Link& other) {
        return other.base == link.base && other.head == link.head;
      });
      if (again == series.links.end()) {
        series.links.push_back(std::move(link));
      } else {
        again->log_ratios.insert(again->log_ratios.end(), link.log_ratios.begin(), link.log_ratios.end());
        again->ruling = link.ruling;
      }
    }
    std::vector<Series> result;
    for (auto& [key, series] : all) result.push_back(std::move(series));
    return result;
  });
}

std::size_t History::comparisons() const {
  return naming(file_, [&] {
    Statement count(database_.get(), "SELECT count(*) FROM comparison");
    return count.step() ? static_cast<std::size_t>(count.integer(0)) : 0;
  });
}

std::vector<std::string> History::revisions() const {
  return naming(file_, [&] {
    std::vector<std::string> all;
    Statement rows(database_.get(), "SELECT base, head FROM comparison ORDER BY id");
    while (rows.step()) {
      for (const auto& name : {rows.text(0), rows.text(1)}) {
        if (std::ranges::find(all, name) == all.end()) all.push_back(name);
      }
    }
    return all;
  });
}

void History::accept(const Acceptance& acceptance) {
  check_known(file_, revisions(), acceptance.revision);
  naming(file_, [&] {
    Transaction transaction(database_.get());
    Statement(database_.get(), "INSERT INTO acceptance (revision, pattern, reason, time) VALUES (?1, ?2, ?3, ?4)")
        .bind(acceptance.revision, acceptance.pattern, acceptance.reason, acceptance.when)
        .step();
    transaction.commit();
  });
}

std::vector<Acceptance> History::acceptances() const {
  return naming(file_, [&] {
    std::vector<Acceptance> all;
    Statement rows(database_.get(), "SELECT revision, pattern, reason, time FROM acceptance ORDER BY time");
    while (rows.step()) all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3)});
    return all;
  });
}

}  // namespace whygpu

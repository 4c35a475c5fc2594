// A history as one SQLite file.
#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "reports/regression/history/sqlite.h"
#include "reports/regression/history/store.h"

namespace whygpu {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kPatienceMilliseconds = 60'000;  // for other writers
constexpr std::int64_t kPage = 1000;           // rows that are fetched at once
constexpr int kSqliteSchema = 1;
constexpr int kApplicationId = 0x77687967;  // "whyg" in the file's header

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
PRAGMA application_id = 0x77687967;
PRAGMA user_version = 1;
)";

// Runs `f`, adding the file name to SQLite errors.
template <class F>
auto naming(const fs::path& file, F&& f) {
  try {
    return f();
  } catch (const SqliteError& error) {
    const bool foreign = error.code() == SQLITE_NOTADB || error.code() == SQLITE_CORRUPT;
    throw HistoryError(
        fmt::format("{}: {}{}", file.string(), foreign ? "not a history, or damaged: " : "", error.what()));
  }
}

std::int64_t number(sqlite3* database, const char* sql) {
  Statement statement(database, sql);
  return statement.step() ? statement.integer(0) : 0;
}

// The hash of Fowler, Noll and Vo, which is the same in every build.
std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

// Creates the tables in an empty file; refuses other databases and newer schemas.
void check_schema(sqlite3* database, const fs::path& file, bool may_create) {
  if (may_create) {
    Transaction transaction(database);
    if (number(database, "SELECT count(*) FROM sqlite_schema") == 0 && number(database, "PRAGMA application_id") == 0) {
      execute(database, kCreate);
      transaction.commit();
      return;
    }
  }
  if (number(database, "PRAGMA application_id") != kApplicationId) {
    throw HistoryError(fmt::format("{}: a database, but not a whygpu history", file.string()));
  }
  if (const auto schema = number(database, "PRAGMA user_version"); schema > kSqliteSchema) {
    throw HistoryError(
        fmt::format("{}: history schema {} is newer than this build reads ({})", file.string(), schema, kSqliteSchema));
  }
}

class SqliteStore : public HistoryStore {
 public:
  SqliteStore(const fs::path& file, History::Access access) : file_(file), database_(nullptr, sqlite3_close) {
    if (access == History::Access::existing && !fs::exists(file))
      throw HistoryError(fmt::format("{}: no such history", file.string()));
    sqlite3* database = nullptr;
    const int flags =
        access == History::Access::existing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    const int code = sqlite3_open_v2(file.c_str(), &database, flags, nullptr);
    database_.reset(database);
    if (code != SQLITE_OK) throw HistoryError(fmt::format("{}: {}", file.string(), sqlite3_errstr(code)));
    naming(file_, [&] {
      sqlite3_busy_timeout(database, kPatienceMilliseconds);
      execute(database, "PRAGMA foreign_keys = ON");
      check_schema(database, file, access == History::Access::create);
    });
  }

  std::string name() const override { return file_.string(); }

  bool add(const json& document, const std::string& base, const std::string& head) override {
    const std::string digest = fmt::format("{:016x}", fnv1a(identity(document)));
    // Of an earlier version.
    const std::string old_digest = fmt::format("{:016x}", std::hash<std::string>{}(document.dump()));
    return naming(file_, [&] {
      Transaction transaction(database_.get());
      Statement known(database_.get(), "SELECT 1 FROM comparison WHERE digest IN (?1, ?2)");
      if (known.bind(digest, old_digest).step()) return false;

      json facts = document;
      facts.erase("cases");
      Statement(database_.get(),
                "INSERT INTO comparison (digest, started, finished, base, head, machine, threads, simulated, facts) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
          .bind(digest, document.at("started").get<std::string>(), document.at("finished").get<std::string>(), base,
                head, document.at("machine").get<std::string>(), document.at("threads").get<std::int64_t>(),
                static_cast<std::int64_t>(document.at("simulated").get<bool>()), facts.dump())
          .step();
      const std::int64_t id = sqlite3_last_insert_rowid(database_.get());
      Statement insert(database_.get(),
                       "INSERT INTO measurement (comparison, text, verdict, base_code, head_code, pairs) VALUES (?1, "
                       "?2, ?3, ?4, ?5, ?6)");
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

  void accept(const Acceptance& acceptance) override {
    naming(file_, [&] {
      Transaction transaction(database_.get());
      Statement(database_.get(),
                "INSERT INTO acceptance (revision, pattern, reason, time) SELECT ?1, ?2, ?3, ?4 WHERE NOT EXISTS "
                "(SELECT 1 FROM acceptance WHERE revision = ?1 AND pattern = ?2 AND reason = ?3)")
          .bind(acceptance.revision, acceptance.pattern, acceptance.reason, acceptance.when)
          .step();
      transaction.commit();
    });
  }

  std::size_t comparisons() const override {
    return naming(file_,
                  [&] { return static_cast<std::size_t>(number(database_.get(), "SELECT count(*) FROM comparison")); });
  }

  void each_comparison(bool with_facts, const std::function<void(StoredComparison)>& visit) const override {
    std::int64_t last = 0;
    each_page<StoredComparison>(
        "SELECT id, base, head, machine, started, threads, simulated, iif(?1, facts, '') "
        "FROM comparison WHERE id > ?2 ORDER BY id LIMIT ?3",
        [&](Statement& rows) { rows.bind(static_cast<std::int64_t>(with_facts), last, kPage); },
        [](const Statement& row) -> StoredComparison {
          return {row.integer(0),      row.text(1), row.text(2),
                  row.text(3),         row.text(4), static_cast<int>(row.integer(5)),
                  row.integer(6) != 0, row.text(7)};
        },
        [&](StoredComparison row) {
          last = row.id;
          visit(std::move(row));
        });
  }

  void each_case(const std::function<void(StoredCase)>& visit) const override {
    std::int64_t last = 0;
    std::string last_text;
    each_page<StoredCase>(
        "SELECT comparison, text, verdict, base_code, head_code, pairs FROM measurement "
        "WHERE (comparison, text) > (?1, ?2) ORDER BY comparison, text LIMIT ?3",
        [&](Statement& rows) { rows.bind(last, last_text, kPage); },
        [](const Statement& row) -> StoredCase {
          return {row.integer(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)};
        },
        [&](StoredCase row) {
          last = row.comparison, last_text = row.text;
          visit(std::move(row));
        });
  }

  std::vector<Acceptance> acceptances() const override {
    return naming(file_, [&] {
      std::vector<Acceptance> all;
      Statement rows(database_.get(), "SELECT revision, pattern, reason, time FROM acceptance ORDER BY time");
      while (rows.step()) all.push_back({rows.text(0), rows.text(1), rows.text(2), rows.text(3)});
      return all;
    });
  }

 private:
  // Nothing is locked while a page is visited: the visitor may wait for a pipe.
  template <class Row, class Bind, class Read, class Visit>
  void each_page(const char* sql, Bind&& bind, Read&& read, Visit&& visit) const {
    for (bool more = true; more;) {
      std::vector<Row> page;
      naming(file_, [&] {
        Statement rows(database_.get(), sql);
        bind(rows);
        while (rows.step()) page.push_back(read(rows));
      });
      more = page.size() == static_cast<std::size_t>(kPage);
      for (Row& row : page) visit(std::move(row));
    }
  }

  fs::path file_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
};

}  // namespace

std::unique_ptr<HistoryStore> open_sqlite(const fs::path& file, History::Access access) {
  return std::make_unique<SqliteStore>(file, access);
}

}  // namespace whygpu

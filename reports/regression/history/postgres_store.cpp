// A history in a PostgreSQL database: the tables of the schema `whygpu`, one transaction for each comparison.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "reports/regression/history/postgres.h"
#include "reports/regression/history/store.h"

namespace whygpu {
namespace {

using nlohmann::json;

constexpr int kPage = 1000;  // rows that are fetched at once

constexpr Query kKnown{"known", R"(
SELECT digest, EXISTS (SELECT FROM whygpu.comparison WHERE comparison.digest = given.digest)
FROM (SELECT encode(sha256(convert_to($1::text, 'UTF8')), 'hex') AS digest) AS given)"};

// No row where another writer has added it meanwhile.
constexpr Query kAddComparison{"add_comparison", R"(
INSERT INTO whygpu.comparison (digest, started, finished, base, head, machine, threads, simulated, facts)
SELECT $1::text, f->>'started', f->>'finished',
  $3::text, $4::text,
  (SELECT id FROM whygpu.machine WHERE fingerprint = f->>'machine'),
  (f->>'threads')::integer, (f->>'simulated')::boolean, f
FROM (SELECT $2::json AS f) AS given
ON CONFLICT (digest) DO NOTHING
RETURNING id)"};

constexpr Query kAddCases{"add_cases", R"(
INSERT INTO whygpu.measurement (comparison, text, verdict, base_code, head_code, pairs)
SELECT $1::bigint, c->>'case', c->>'verdict', c->>'base_code', c->>'head_code', c->'measured'
FROM json_array_elements($2::json) AS c)"};

constexpr Query kAccept{"accept",
                        R"(
INSERT INTO whygpu.acceptance (revision, pattern, reason, time) SELECT $1::text, $2::text, $3::text, $4::text
WHERE NOT EXISTS (SELECT FROM whygpu.acceptance WHERE revision = $1 AND pattern = $2 AND reason = $3))"};

constexpr Query kCount{"count", "SELECT count(*) FROM whygpu.comparison"};

constexpr Query kComparisons{"comparisons", R"(
SELECT comparison.id, base, head, fingerprint, started, threads, simulated,
  CASE WHEN $1::boolean THEN facts::text ELSE '' END
FROM whygpu.comparison JOIN whygpu.machine ON machine.id = machine
WHERE comparison.id > $2::bigint ORDER BY comparison.id LIMIT $3::integer)"};

constexpr Query kCases{"cases", R"(
SELECT comparison, text, verdict, base_code, head_code, pairs::text FROM whygpu.measurement
WHERE (comparison, text) > ($1::bigint, $2::text) ORDER BY comparison, text LIMIT $3::integer)"};

constexpr Query kAcceptances{"acceptances",
                             "SELECT revision, pattern, reason, time FROM whygpu.acceptance ORDER BY time, id"};

// Runs `f`, making PostgreSQL's errors one line that names the database.
template <class F>
auto in_session(const Session& session, F&& f) {
  const auto fail = [&](const std::string& what) { return HistoryError(fmt::format("{}: {}", session.name(), what)); };
  try {
    return f();
  } catch (const pqxx::in_doubt_error&) {
    throw fail("the connection was lost at the end of a transaction; repeat the command: nothing is added twice");
  } catch (const pqxx::broken_connection& error) {
    throw fail("the connection was lost: " + one_line(error.what()));
  } catch (const pqxx::sql_error& error) {
    const bool waited = error.sqlstate() == "55P03";
    throw fail((waited ? "waited a minute for another writer: " : "") + first_line(error.what()));
  } catch (const pqxx::failure& error) {
    throw fail(one_line(error.what()));
  }
}

class PostgresStore : public HistoryStore {
 public:
  PostgresStore(const std::string& connection, History::Access access) : session_(connection) {
    in_session(session_, [&] { prepare_schema(session_, access == History::Access::create); });
  }

  std::string name() const override { return session_.name(); }

  bool add(const json& document, const std::string& base, const std::string& head) override {
    json without_cases = document;
    without_cases.erase("cases");
    const std::string facts = without_cases.dump();
    return in_session(session_, [&] {
      pqxx::work work(session_.connection());
      const auto known = session_.run(work, kKnown, identity(document));
      if (known[0][1].as<bool>()) return false;
      session_.run(work, kAddMachine, facts);
      session_.run(work, kAddDevices, facts);
      const auto added = session_.run(work, kAddComparison, known[0][0].as<std::string>(), facts, base, head);
      if (added.empty()) return false;
      const auto id = added[0][0].as<std::int64_t>();
      session_.run(work, kAddComparisonDevices, facts, id);
      session_.run(work, kAddCases, id, document.at("cases").dump());
      work.commit();
      return true;
    });
  }

  void accept(const Acceptance& acceptance) override {
    in_session(session_, [&] {
      pqxx::work work(session_.connection());
      session_.run(work, kAccept, acceptance.revision, acceptance.pattern, acceptance.reason, acceptance.when);
      work.commit();
    });
  }

  std::size_t comparisons() const override {
    return in_session(session_, [&] {
      pqxx::work work(session_.connection());
      return session_.run(work, kCount)[0][0].as<std::size_t>();
    });
  }

  void each_comparison(bool with_facts, const std::function<void(StoredComparison)>& visit) const override {
    std::int64_t last = 0;
    each_page([&](pqxx::work& work) { return session_.run(work, kComparisons, with_facts, last, kPage); },
              [&](const pqxx::row& row) {
                last = row[0].as<std::int64_t>();
                visit({last, row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<std::string>(),
                       row[4].as<std::string>(), row[5].as<int>(), row[6].as<bool>(), row[7].as<std::string>()});
              });
  }

  void each_case(const std::function<void(StoredCase)>& visit) const override {
    std::int64_t last = 0;
    std::string last_text;
    each_page([&](pqxx::work& work) { return session_.run(work, kCases, last, last_text, kPage); },
              [&](const pqxx::row& row) {
                last = row[0].as<std::int64_t>();
                last_text = row[1].as<std::string>();
                visit({last, last_text, row[2].as<std::string>(), row[3].as<std::string>(), row[4].as<std::string>(),
                       row[5].as<std::string>()});
              });
  }

  std::vector<Acceptance> acceptances() const override {
    return in_session(session_, [&] {
      std::vector<Acceptance> all;
      pqxx::work work(session_.connection());
      for (const auto& row : session_.run(work, kAcceptances)) {
        all.push_back(
            {row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<std::string>(), row[3].as<std::string>()});
      }
      return all;
    });
  }

 private:
  // Fetches pages until one is not full.
  template <class Fetch, class Visit>
  void each_page(Fetch&& fetch, Visit&& visit) const {
    in_session(session_, [&] {
      pqxx::work work(session_.connection());
      for (bool more = true; more;) {
        const pqxx::result page = fetch(work);
        for (const auto& row : page) visit(row);
        more = page.size() == kPage;
      }
    });
  }

  mutable Session session_;
};

}  // namespace

std::unique_ptr<HistoryStore> open_postgres(const std::string& connection, History::Access access) {
  return std::make_unique<PostgresStore>(connection, access);
}

}  // namespace whygpu

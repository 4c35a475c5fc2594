// libpqxx 6 and 7 as the history uses it: every statement is prepared, and its values are parameters.
#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <set>
#include <string>

namespace whygpu {

struct Query {
  const char* name;
  const char* sql;
};

// A connection. Its errors are libpqxx's, except in the constructor.
class Session {
 public:
  // Throws HistoryError, without the password, when there is no connection.
  explicit Session(const std::string& connection);

  pqxx::connection& connection() { return connection_; }
  const std::string& name() const { return name_; }  // database "fleet" on db.example:5432

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // libpqxx 7 has another name for it, which 6 does not know
  template <class... Values>
  pqxx::result run(pqxx::work& work, const Query& query, const Values&... values) {
    if (prepared_.insert(query.name).second) connection_.prepare(query.name, query.sql);
    return work.exec_prepared(query.name, values...);
  }
#pragma GCC diagnostic pop

 private:
  pqxx::connection connection_;
  std::string name_;
  std::set<std::string> prepared_;
};

// The first line of a message of PostgreSQL, or all of them as one.
std::string first_line(const std::string& message);
std::string one_line(const std::string& message);

// Creates the tables, if `may_create`, or migrates older ones, in one transaction. Throws HistoryError where there are
// none, or newer ones.
void prepare_schema(Session& session, bool may_create);

// Rows of tables that comparisons refer to. The parameters are the facts of a comparison as JSON, and its number.
extern const Query kAddMachine, kAddDevices, kAddComparisonDevices;

}  // namespace whygpu

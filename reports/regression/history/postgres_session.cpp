#include <fmt/format.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <sstream>

#include "reports/regression/history/history.h"
#include "reports/regression/history/postgres.h"

namespace whygpu {
namespace {

constexpr Query kConfigure{
    "configure",
    "SELECT set_config('lock_timeout', '60s', false), set_config('client_min_messages', 'warning', false), "
    "set_config('client_encoding', 'UTF8', false), "
    "set_config('default_transaction_isolation', 'read committed', false)"};

// libpq's own message about a connection string may repeat a part of the password, as may its message about a host
// "ss@host" or a port "pa" of postgresql://me:pa/ss@host. Such strings go no further.
void refuse_malformed(const std::string& connection) {
  bool well_formed = true;
  if (is_database(connection)) {
    const auto begin = connection.find("://") + 3;
    const auto at = connection.find('@', begin);
    const auto slash = connection.find('/', begin);
    well_formed = at == std::string::npos || (at < slash && connection.find('@', at + 1) == std::string::npos);
  }
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> parsed(
      PQconninfoParse(connection.c_str(), &message), PQconninfoFree);
  PQfreemem(message);
  if (!well_formed || !parsed) {
    throw HistoryError(
        "PostgreSQL: not a connection string; one is postgresql://USER@HOST/DATABASE, where %40 stands for @, %2F for "
        "/, %3A for : and %25 for %");
  }
}

pqxx::connection connect(const std::string& connection) {
  refuse_malformed(connection);
  // What the environment and the connection string leave open.
  setenv("PGCONNECT_TIMEOUT", "10", 0);
  setenv("PGAPPNAME", "whygpu", 0);
  try {
    return pqxx::connection(connection);
  } catch (const pqxx::failure& error) {
    throw HistoryError("PostgreSQL: " + one_line(error.what()));
  }
}

// Notices within a minute that the server's machine is gone. libpqxx 6 would also connect again without a word, and
// without this session's settings.
template <class Connection>
void stay_connected_or_fail(Connection& connection) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"  // version 7 has no such thing
  if constexpr (requires { connection.inhibit_reactivation(true); }) connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
  const auto set = [&](int name, int value) { setsockopt(connection.sock(), IPPROTO_TCP, name, &value, sizeof value); };
  set(TCP_KEEPIDLE, 30);
  set(TCP_KEEPINTVL, 10);
  set(TCP_KEEPCNT, 3);
  set(TCP_USER_TIMEOUT, 60'000);  // ms
}

}  // namespace

Session::Session(const std::string& connection) : connection_(connect(connection)) {
  const char* host = connection_.hostname();
  const char* port = connection_.port();
  const std::string on = host == nullptr ? "this machine" : *host == '/' ? host : fmt::format("{}:{}", host, port);
  name_ = fmt::format("database \"{}\" on {}", connection_.dbname(), on);
  stay_connected_or_fail(connection_);
  try {
    pqxx::work work(connection_);
    run(work, kConfigure);
    work.commit();
  } catch (const pqxx::failure& error) {
    throw HistoryError(name_ + ": " + one_line(error.what()));
  }
}

std::string first_line(const std::string& message) {
  const std::string line = message.substr(0, message.find('\n'));
  constexpr std::string_view kLabel = "ERROR:  ";
  return line.starts_with(kLabel) ? line.substr(kLabel.size()) : line;
}

std::string one_line(const std::string& message) {
  std::istringstream lines(message);
  std::string whole;
  for (std::string line; std::getline(lines >> std::ws, line);) whole += (whole.empty() ? "" : "; ") + line;
  return whole;
}

}  // namespace whygpu

// In a build without PostgreSQL.
#include "reports/regression/history/store.h"

namespace whygpu {

std::unique_ptr<HistoryStore> open_postgres(const std::string&, History::Access) {
  throw HistoryError("built without PostgreSQL: apt-get install libpqxx-dev, rebuild");
}

}  // namespace whygpu

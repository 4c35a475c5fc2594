// The tables of a history in PostgreSQL, and how older ones become newer ones.
#include <fmt/format.h>

#include <array>

#include "reports/regression/history/history.h"
#include "reports/regression/history/postgres.h"

namespace whygpu {

// cpu and isa are empty until a comparison has an environment.
const Query kAddMachine{"add_machine", R"(
INSERT INTO whygpu.machine (fingerprint, cpu, isa, cpus_usable, cpus_online, memory_bytes)
SELECT f->>'machine',
  coalesce(f#>>'{environment,cpu,model}', ''),
  coalesce((SELECT string_agg(name, ' ' ORDER BY name COLLATE "C")
            FROM json_array_elements_text(f#>'{environment,cpu,isa}') AS name), ''),
  (f#>>'{environment,cpu,usable}')::integer,
  (f#>>'{environment,cpu,online}')::integer,
  (f#>>'{environment,memory_bytes}')::numeric
FROM (SELECT $1::json AS f) AS given
ON CONFLICT (fingerprint) DO UPDATE SET cpu = excluded.cpu, isa = excluded.isa, cpus_usable = excluded.cpus_usable,
  cpus_online = excluded.cpus_online, memory_bytes = excluded.memory_bytes
  WHERE machine.cpu = '' AND excluded.cpu <> '')"};

// In one order, so that no two writers wait for each other.
const Query kAddDevices{"add_devices", R"(
INSERT INTO whygpu.device (kind, name)
SELECT DISTINCT d->>'kind', d->>'name' FROM json_array_elements($1::json->'devices') AS d ORDER BY 1, 2
ON CONFLICT (kind, name) DO NOTHING)"};

const Query kAddComparisonDevices{"add_comparison_devices", R"(
INSERT INTO whygpu.comparison_device (comparison, backend, device)
SELECT $2::bigint, d->>'backend', device.id
FROM json_array_elements($1::json->'devices') AS d
JOIN whygpu.device ON device.kind = d->>'kind' AND device.name = d->>'name')"};

namespace {

// The tables of an SQLite history. `facts` is a comparison without its cases, `pairs` the measured ones of a case.
void create_tables(Session&, pqxx::work& work) {
  work.exec(R"(
CREATE TABLE whygpu.comparison (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text NOT NULL UNIQUE,
  started text NOT NULL,
  finished text NOT NULL,
  base text NOT NULL,
  head text NOT NULL,
  machine text NOT NULL,
  threads integer NOT NULL,
  simulated boolean NOT NULL,
  facts json NOT NULL
);
CREATE TABLE whygpu.measurement (
  comparison bigint NOT NULL REFERENCES whygpu.comparison,
  text text COLLATE "C" NOT NULL,
  verdict text NOT NULL,
  base_code text NOT NULL,
  head_code text NOT NULL,
  pairs json NOT NULL,
  PRIMARY KEY (comparison, text)
);
CREATE TABLE whygpu.acceptance (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  revision text NOT NULL,
  pattern text NOT NULL,
  reason text NOT NULL,
  time text COLLATE "C" NOT NULL
))");
}

// Machines and devices become tables of their own.
void separate_machines(Session& session, pqxx::work& work) {
  work.exec(R"(
CREATE TABLE whygpu.machine (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  fingerprint text NOT NULL UNIQUE,
  cpu text NOT NULL,
  isa text NOT NULL,
  cpus_usable integer,
  cpus_online integer,
  memory_bytes numeric
);
CREATE TABLE whygpu.device (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL,
  name text NOT NULL,
  UNIQUE (kind, name)
);
CREATE TABLE whygpu.comparison_device (
  comparison bigint NOT NULL REFERENCES whygpu.comparison,
  backend text NOT NULL,
  device bigint NOT NULL REFERENCES whygpu.device,
  PRIMARY KEY (comparison, backend)
))");
  constexpr Query kFacts{"facts_to_migrate", "SELECT id, facts FROM whygpu.comparison ORDER BY id"};
  for (const auto& row : session.run(work, kFacts)) {
    const auto facts = row[1].as<std::string>();
    session.run(work, kAddMachine, facts);
    session.run(work, kAddDevices, facts);
    session.run(work, kAddComparisonDevices, facts, row[0].as<std::int64_t>());
  }
  work.exec(R"(
ALTER TABLE whygpu.comparison RENAME COLUMN machine TO fingerprint;
ALTER TABLE whygpu.comparison ADD COLUMN machine bigint REFERENCES whygpu.machine;
UPDATE whygpu.comparison SET machine = machine.id FROM whygpu.machine
  WHERE machine.fingerprint = comparison.fingerprint;
ALTER TABLE whygpu.comparison ALTER COLUMN machine SET NOT NULL;
ALTER TABLE whygpu.comparison DROP COLUMN fingerprint;
CREATE INDEX ON whygpu.comparison (machine);
CREATE INDEX ON whygpu.comparison_device (device))");
}

// From each schema to the next; the newest schema is their number.
constexpr std::array<void (*)(Session&, pqxx::work&), 2> kMigrations = {create_tables, separate_machines};
constexpr auto kPostgresSchema = static_cast<std::int64_t>(kMigrations.size());

constexpr std::int64_t kLock = 0x77687967;  // "whyg"

// 0: there are no tables.
std::int64_t schema_of(Session& session, pqxx::work& work) {
  // A look at the catalogue, unlike to_regclass(), sees what others committed during this transaction.
  constexpr Query kTable{"schema_table",
                         "SELECT EXISTS (SELECT FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace n ON n.oid = "
                         "relnamespace WHERE nspname = 'whygpu' AND relname = 'schema')"};
  constexpr Query kVersion{"schema_version", "SELECT coalesce(max(version), 0) FROM whygpu.schema"};
  if (!session.run(work, kTable)[0][0].as<bool>()) return 0;
  return session.run(work, kVersion)[0][0].as<std::int64_t>();
}

}  // namespace

void prepare_schema(Session& session, bool may_create) {
  pqxx::work work(session.connection());
  auto schema = schema_of(session, work);
  if (schema > 0 || may_create) {
    if (schema == kPostgresSchema) return;
    // Others may do so at the same time.
    constexpr Query kWait{"wait_for_migrations", "SELECT pg_advisory_xact_lock($1)"};
    session.run(work, kWait, kLock);
    schema = schema_of(session, work);
  }
  if (schema > kPostgresSchema) {
    throw HistoryError(fmt::format("{}: history schema {} is newer than this build reads ({})", session.name(), schema,
                                   kPostgresSchema));
  }
  if (schema == 0) {
    if (!may_create) throw HistoryError(session.name() + ": no history in it; `whygpu history add` creates one");
    work.exec("CREATE SCHEMA IF NOT EXISTS whygpu; CREATE TABLE whygpu.schema (version integer NOT NULL)");
    constexpr Query kFirst{"first_version", "INSERT INTO whygpu.schema (version) VALUES (0)"};
    session.run(work, kFirst);
  }
  for (auto next = schema; next < kPostgresSchema; ++next) kMigrations[static_cast<std::size_t>(next)](session, work);
  constexpr Query kMigrated{"set_version", "UPDATE whygpu.schema SET version = $1"};
  session.run(work, kMigrated, kPostgresSchema);
  work.commit();
}

}  // namespace whygpu

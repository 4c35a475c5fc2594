#!/usr/bin/env python3
"""`whygpu history --db` on a PostgreSQL server of its own, beside `--file`.

    postgres_test.py SOURCE BUILD with_postgres|without_postgres

Exits with 77 where PostgreSQL's server is not installed; where CI is set that is a failure.
"""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

from postgres_server import PASSWORD, Server, wait_until

SOURCE, BUILD = map(pathlib.Path, sys.argv[1:3])
SAMPLE = SOURCE / "reports/regression/samples/simulated_history.jsonl"
CASES = ["gemm m=8 n=8 k=8 dtype=f32 backend=naive", "gemm m=8 n=8 k=8 dtype=f32 backend=cublas"]
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("PG")} | {"PGPASSFILE": "/none"}


def start_whygpu(*words, **variables):
    return subprocess.Popen([BUILD / "bin/whygpu", "history", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, env={**ENVIRONMENT, **variables})


def whygpu(*words, code=0, **variables):
    process = start_whygpu(*words, **variables)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == code, f"{words}: {process.returncode}, not {code}\n{out}{errors}"
    return out


def refused(*words, says, **variables):
    """One line on standard error, exit status 2, and no password."""
    process = start_whygpu(*words, **variables)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 2 and not out and errors.count("\n") == 1 and says in errors, \
        f"{words}: {process.returncode}\n{out}{errors}"
    assert not any(part in errors for part in ("s3cret", "&word", "wrong-word")), errors


# ---- Comparisons ----

def gate(head, host="one", cpu="A CPU", devices=(), pairs=6, slower=0.0, base=None):
    """A comparison of revision `head` with the one before, of both cases."""
    random_values = random.Random(f"{head} {host}")
    measured = [{"started": "2026-01-01T00:00:00Z", "head_first": i % 2 == 0,
                 "base_ns": [round(1000 + random_values.random(), 3)],
                 "head_ns": [round(1000 * (1 + slower) + random_values.random(), 3)]} for i in range(pairs)]
    environment = {"host": host, "kernel": "Linux", "os": "Debian", "virtualization": None, "memory_bytes": 64000000000,
                   "cpu": {"model": cpu, "online": 8, "usable": 8, "isa": ["sse2", "avx2"]}, "variables": {}, "build": {}}
    comparison = {
        "schema": 1, "base": {"name": "base", "revision": f"r{1000 + (head - 1 if base is None else base)}"},
        "head": {"name": "head", "revision": f"r{1000 + head}"}, "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:01:00Z", "machine": f"{cpu}, 8 of 8 CPUs, 64 GB, {host}", "threads": 1, "threshold": 0.05,
        "strict": False, "simulated": False, "notes": [], "command": [], "environment": environment, "summary": "", "exit_code": 0,
        "cases": [{"case": text, "verdict": "same", "log_ratio": None, "interval": None, "p": None, "pairs": pairs, "reason": "",
                   "smallest_visible": None, "base_ns": 1000.0, "head_ns": 1000.0, "base_code": "a", "head_code": "b",
                   "measured": measured} for text in CASES]}
    if devices:
        comparison["devices"] = [{"backend": "cublas", "kind": "cuda", "name": name} for name in devices]
    return json.dumps({"context": None, "benchmarks": [], "whygpu_comparison": comparison}) + "\n"


def write(folder, name, comparisons):
    path = folder / name
    path.write_text("".join(comparisons))
    return path


# ---- Checks ----

def equal_answers(server, folder):
    """The same commands on the same comparisons print the same from both stores."""
    stores = ["--file", folder / "equal.db"], ["--db", server.database("equal")]
    own = write(folder, "own.jsonl", [gate(head, devices=["A GPU"], slower=0.1 if head == 21 else 0) for head in range(1, 41)] +
                [gate(1, pairs=0, host="two")])
    for words in (["add", SAMPLE, own], ["add", own], ["check"], ["check", "--json"], ["check", "--across-machines", "--json"],
                  ["log", "--json"], ["log", "--case", "*cublas", "--across-machines"], ["show", "r1021"], ["show", "0000002b"],
                  ["export"], ["accept", "r1021", "--reason", "known"], ["log"], ["check"]):
        answers = [whygpu(*store, *words) for store in stores]
        if words[0] == "add":
            answers = [answer.split(": ", 1)[1] for answer in answers]
        assert answers[0] == answers[1] and answers[0], f"{words}:\n{answers[0]}\n{answers[1]}"
    assert "1 slowdown to look at" in answers[0], answers[0]
    for store in stores:
        refused(*store, "accept", "nothing", "--reason", "why", says='no "nothing" among its')
        refused(*store, "accept", "r10", "--reason", "why", says="is a prefix of")

    lines = [json.loads(line) for line in whygpu(*stores[1], "export").splitlines()]
    assert len(lines) == 59 * 2 * 6 + 40 * 2 * 6 + 2, len(lines)
    assert len({tuple(line) for line in lines}) == 1, "every line has the same columns"
    assert sum(line["pair"] is None for line in lines) == 2
    gpu = [line for line in lines if line["devices"] == ["A GPU"]]
    assert len(gpu) == 40 * 2 * 6 and gpu[0]["cpu"] == "A CPU" and gpu[0]["base_ns"] == gpu[0]["base_samples_ns"][0], gpu[0]
    assert server.sql("SELECT count(*), max(cpu), max(isa) FROM whygpu.machine WHERE cpu != ''", "equal") == "2|A CPU|avx2 sse2"
    assert server.sql("SELECT kind, name, count(*) FROM whygpu.device JOIN whygpu.comparison_device ON device = id GROUP BY 1, 2",
                      "equal") == "cuda|A GPU|40"


def unit_tests(server, folder):
    """The tests that both stores share."""
    environment = {**ENVIRONMENT, "WHYGPU_TEST_DATABASE": server.database("unit"), "WHYGPU_TEST_PSQL": str(server.binaries / "psql")}
    done = subprocess.run([BUILD / "tests/history_test", "--gtest_filter=*Postgres*"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and "PASSED" in done.stdout and "SKIPPED" not in done.stdout, done.stdout + done.stderr


def kinds(server, folder):
    """Hosts of a kind share a series, others do not; cases for GPUs only with the same GPU."""
    file = write(folder, "kinds.jsonl", [
        gate(1, "one", devices=["GPU 1"]), gate(2, "two", devices=["GPU 1"]), gate(2, "three", devices=["GPU 2"]),
        gate(2, "four", cpu="Another CPU", devices=["GPU 1"])])
    database = ["--db", server.database("kinds")]
    whygpu(*database, "add", file)
    assert len(json.loads(whygpu(*database, "log", "--json"))["series"]) == 8
    joined = json.loads(whygpu(*database, "log", "--json", "--across-machines"))["series"]
    assert sorted((s["case"].rpartition("=")[2], s["machine"].split(",")[0], s["hosts"]) for s in joined) == [
        ("cublas", "A CPU", 1), ("cublas", "A CPU", 2), ("cublas", "Another CPU", 1), ("naive", "A CPU", 3),
        ("naive", "Another CPU", 1)], joined

    # More than is fetched at once.
    server.sql("INSERT INTO whygpu.comparison (digest, started, finished, base, head, machine, threads, simulated, facts) "
               "SELECT n, started, finished, base, head, machine, threads, simulated, facts "
               "FROM whygpu.comparison, generate_series(1, 1100) AS n WHERE id = 1; "
               "INSERT INTO whygpu.measurement SELECT id, text, verdict, base_code, head_code, pairs "
               "FROM whygpu.comparison, whygpu.measurement WHERE comparison = 1 AND id > 4", "kinds")
    lines = whygpu(*database, "export").splitlines()
    assert len(lines) == (4 + 1100) * 2 * 6 and len(set(lines)) == len(lines), len(lines)


def whole(server, database):
    """The heads in the database, where every comparison has all of its cases."""
    assert server.sql("SELECT count(*) FROM whygpu.comparison WHERE (SELECT count(*) FROM whygpu.measurement WHERE comparison = id)"
                      " != 2", database) == "0", "a comparison without all its cases"
    return server.sql("SELECT head FROM whygpu.comparison", database).split()


def session(server, database, statement):
    """A session of psql that has run the statement, and waits."""
    process = subprocess.Popen(server.psql(database), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(f"{statement}; SELECT 'done';\n")
    process.stdin.flush()
    while process.stdout.readline() != "done\n":
        assert process.poll() is None, f"psql ended: {statement}"
    return process


WHYGPU_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'whygpu' AND datname = current_database()"


def wait_for_lock(server, database, count):
    wait_until(lambda: server.sql(f"{WHYGPU_SESSIONS} AND wait_event_type = 'Lock'", database) == str(count),
               f"{count} sessions to wait for a lock")


def first_writers(server, folder):
    """Two that find an empty database: one creates the tables, and the other then uses them, whatever the isolation that
    the database gives its sessions."""
    database = server.database("first")
    server.sql("ALTER DATABASE first SET default_transaction_isolation = 'repeatable read'", "first")
    blocker = session(server, "first", f"SELECT pg_advisory_lock({0x77687967})")
    both = [start_whygpu("--db", database, "add", write(folder, f"first{head}.jsonl", [gate(head)])) for head in (1, 2)]
    wait_for_lock(server, "first", 2)
    blocker.communicate(timeout=30)
    for process in both:
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0 and ": 1 added" in out, errors
    assert sorted(whole(server, "first")) == ["r1001", "r1002"]


def writers(server, folder):
    """Eight at once, some of them killed: nothing is lost or doubled."""
    database = server.database("writers")
    files = [write(folder, f"writer{i}.jsonl", [gate(head, devices=["A GPU"]) for head in
                                                random.Random(i).sample(range(1, 301), 150)]) for i in range(8)]
    whygpu("--db", database, "add", write(folder, "tables.jsonl", [gate(500)]))
    blocker = session(server, "writers", "BEGIN; LOCK TABLE whygpu.measurement IN EXCLUSIVE MODE")
    processes = [start_whygpu("--db", database, "add", file) for file in files]
    wait_for_lock(server, "writers", 8)
    processes[0].kill()
    blocker.communicate("ROLLBACK;\n", timeout=30)
    for process in processes[1:3]:  # in the midst of it, unless they are faster than that
        before = int(server.sql("SELECT count(*) FROM whygpu.comparison", "writers"))
        wait_until(lambda: process.poll() is not None or
                   int(server.sql("SELECT count(*) FROM whygpu.comparison", "writers")) > before + 20, "20 comparisons")
        process.kill()
    for i, process in enumerate(processes):
        out, errors = process.communicate(timeout=60)
        assert process.returncode == 0 and " added, " in out or process.returncode == -signal.SIGKILL and i < 3, errors
    assert processes[0].returncode == -signal.SIGKILL
    heads = whole(server, "writers")
    assert len(heads) == len(set(heads)), "doubled"
    finished = {json.loads(line)["whygpu_comparison"]["head"]["revision"] for file in files[3:] for line in file.open()}
    assert finished <= set(heads), "lost"
    for file in files:
        whygpu("--db", database, "add", file)
    heads = whole(server, "writers")
    wanted = {json.loads(line)["whygpu_comparison"]["head"]["revision"] for file in files for line in file.open()} | {"r1500"}
    assert sorted(heads) == sorted(wanted), "lost or doubled after adding all again"

    # Killed, or cut off, within its transaction: the comparison is there already, its cases are not.
    for kill, head in (True, 501), (False, 502):
        file = write(folder, "midway.jsonl", [gate(head)])
        blocker = session(server, "writers", "BEGIN; LOCK TABLE whygpu.measurement IN EXCLUSIVE MODE")
        writer = start_whygpu("--db", database, "add", file)
        wait_for_lock(server, "writers", 1)
        if kill:
            writer.kill()
        else:
            server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'whygpu'", "writers")
        _, errors = writer.communicate(timeout=30)
        assert writer.returncode == (-signal.SIGKILL if kill else 2) and errors.count("\n") == (0 if kill else 1), errors
        assert kill or 'database "writers"' in errors, errors
        blocker.communicate("ROLLBACK;\n", timeout=30)
        wait_until(lambda: server.sql(WHYGPU_SESSIONS, "writers") == "0", "the writer's session to end")
        assert f"r{1000 + head}" not in whole(server, "writers"), "half a comparison was kept"
        assert ": 1 added" in whygpu("--db", database, "add", file)
        whole(server, "writers")


# Tables of schema 1, with one comparison.
SCHEMA_1 = """
CREATE SCHEMA whygpu;
CREATE TABLE whygpu.schema (version integer NOT NULL);
INSERT INTO whygpu.schema VALUES (1);
CREATE TABLE whygpu.comparison (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, digest text NOT NULL UNIQUE,
  started text NOT NULL, finished text NOT NULL, base text NOT NULL, head text NOT NULL, machine text NOT NULL,
  threads integer NOT NULL, simulated boolean NOT NULL, facts json NOT NULL);
CREATE TABLE whygpu.measurement (comparison bigint NOT NULL REFERENCES whygpu.comparison, text text COLLATE "C" NOT NULL,
  verdict text NOT NULL, base_code text NOT NULL, head_code text NOT NULL, pairs json NOT NULL, PRIMARY KEY (comparison, text));
CREATE TABLE whygpu.acceptance (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, revision text NOT NULL,
  pattern text NOT NULL, reason text NOT NULL, time text COLLATE "C" NOT NULL);
"""


def schema_1(server, name, documents):
    database = server.database(name)
    statements = [SCHEMA_1]
    for number, document in enumerate(documents, 1):
        c = json.loads(document)["whygpu_comparison"]
        cases = c.pop("cases")
        statements.append("INSERT INTO whygpu.comparison (digest, started, finished, base, head, machine, threads, simulated, facts) "
                          f"VALUES ('{number}', '{c['started']}', '{c['finished']}', '{c['base']['revision']}', "
                          f"'{c['head']['revision']}', '{c['machine']}', {c['threads']}, false, '{json.dumps(c)}');")
        statements += [f"INSERT INTO whygpu.measurement VALUES ({number}, '{case['case']}', 'same', 'a', 'b', "
                       f"'{json.dumps(case['measured'])}');" for case in cases]
    server.sql("".join(statements), name)
    return database


def schemas(server, folder):
    """Older tables are migrated, wholly or not at all; newer ones are refused."""
    documents = [gate(1, "one", devices=["A GPU"]), gate(2, "one", devices=["A GPU"]), gate(2, "two")]
    old = schema_1(server, "old", documents)
    new = server.database("new")
    whygpu("--db", new, "add", write(folder, "new.jsonl", documents))
    readers = [start_whygpu("--db", old, "log", "--json") for _ in range(4)]  # all of them find schema 1
    expected = whygpu("--db", new, "log", "--json")
    for reader in readers:
        out, errors = reader.communicate(timeout=60)
        assert out == expected, out + errors
    assert server.sql("SELECT version FROM whygpu.schema", "old") == "2"
    for table in ("machine", "device", "comparison_device"):
        rows = [server.sql(f"SELECT * FROM whygpu.{table} ORDER BY 1, 2", name) for name in ("old", "new")]
        assert rows[0] == rows[1] and rows[0], f"{table}: {rows}"
    assert ": 1 added" in whygpu("--db", old, "add", write(folder, "more.jsonl", [gate(3)]))

    # A migration that fails in its last statements leaves schema 1 as it was.
    failing = schema_1(server, "failing", documents)
    server.sql("CREATE VIEW whygpu.theirs AS SELECT machine FROM whygpu.comparison", "failing")
    refused("--db", failing, "check", says="cannot drop column")
    assert server.sql("SELECT version, to_regclass('whygpu.machine') IS NULL FROM whygpu.schema", "failing") == "1|t"

    server.sql("UPDATE whygpu.schema SET version = 9", "old")
    for verb in (["check"], ["add", folder / "more.jsonl"], ["export"]):
        refused("--db", old, *verb, says="history schema 9 is newer than this build reads (2)")


def machines(server, folder):
    """A machine's facts come from the first comparison that has them."""
    database = server.database("machines")
    unknown = json.loads(gate(1))
    del unknown["whygpu_comparison"]["environment"]
    facts = []
    for document in (json.dumps(unknown) + "\n", gate(2), gate(3)):
        assert ": 1 added" in whygpu("--db", database, "add", write(folder, "machine.jsonl", [document]))
        facts.append(server.sql("SELECT cpu, isa FROM whygpu.machine", "machines"))
    assert facts == ["|", "A CPU|avx2 sse2", "A CPU|avx2 sse2"], facts


def refusals(server, folder):
    nameless = json.loads(gate(4))
    nameless["whygpu_comparison"]["base"] = {"name": "", "revision": ""}
    file = write(folder, "nameless.jsonl", [gate(3), json.dumps(nameless) + "\n"])
    refused("--file", folder / "none.db", "add", file, says="without revisions or names")
    assert not (folder / "none.db").exists(), "an invalid comparison changes nothing"
    file = write(folder, "refused.jsonl", [gate(1)])
    empty = server.database("empty")
    refused("--db", empty, "check", says="no history in it; `whygpu history add` creates one")
    assert server.sql("SELECT to_regnamespace('whygpu') IS NULL", "empty") == "t", "reading creates nothing"
    refused("--db", server.at("missing"), "add", file, says='database "missing" does not exist')
    refused("--db", empty, "--file", "x.db", "check", says="--file excludes --db")
    refused("--file", "postgresql://me:s3cret@h/db", "check", says="--db takes a database")

    # With a password, over TCP; from the environment, as libpq has it.
    tcp = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port), "PGUSER": "fleet", "PGDATABASE": "empty"}
    assert "1 added" in whygpu("--db", "postgresql://", "add", file, PGPASSWORD=PASSWORD, **tcp)
    refused("--db", "postgresql://", "check", says="password authentication failed", PGPASSWORD="wrong-word", **tcp)
    refused("--db", "postgresql://", "check", says="no password supplied", **tcp)
    at = f"127.0.0.1:{server.port}/empty"
    encoded = PASSWORD.replace("/", "%2F").replace("&", "%26")
    assert "2 series" in whygpu("--db", f"postgresql://fleet:{encoded}@{at}", "check")
    assert "0 added" in whygpu("--db", f"host=127.0.0.1 port={server.port} user=fleet dbname=empty password={PASSWORD}", "add", file)
    refused("--db", f"postgresql://fleet:wrong-word@{at}", "check", says="password authentication failed")
    # Passwords that are not encoded, and other strings that libpq's messages would repeat.
    for bad in (f"postgresql://fleet:s3cret/&word@{at}", f"postgresql://fleet:a@s3cret@{at}", f"postgresql://fleet:%s3cret@{at}",
                "password=x s3cret", "s3cret", f"postgresql://{at}?s3cret"):
        refused("--db", bad, "check", says="not a connection string")
    refused("check", f"postgresql://fleet:s3cret@{at}", says="unexpected argument")

    server.sql("CREATE ROLE reader LOGIN; GRANT USAGE ON SCHEMA whygpu TO reader; "
               "GRANT SELECT ON ALL TABLES IN SCHEMA whygpu TO reader", "empty")
    reader = empty.replace("fleet@", "reader@")
    whygpu("--db", reader, "check")
    refused("--db", reader, "add", write(folder, "other.jsonl", [gate(2)]), says="permission denied for table")

    server.stop()
    for verb in (["check"], ["add", file]):
        refused("--db", empty, *verb, says="Is the server running")
        refused("--db", "postgresql://", *verb, says="Connection refused", PGPASSWORD=PASSWORD, **tcp)


def main():
    if sys.argv[3] == "without_postgres":
        refused("--db", "postgresql://", "check", says="built without PostgreSQL: apt-get install libpqxx-dev, rebuild")
        return 0
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not found:
        print("no PostgreSQL server: apt-get install postgresql")
        return 1 if os.environ.get("CI") else 77
    with tempfile.TemporaryDirectory(prefix="whygpu-pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder, home = pathlib.Path(name), pathlib.Path(name, "server")
        folder.chmod(0o755)
        home.mkdir()
        server = Server(home, found[-1].parent)
        try:
            server.start()
            for part in (unit_tests, equal_answers, kinds, first_writers, writers, schemas, machines, refusals):
                start = time.monotonic()
                part(server, folder)
                print(f"{part.__name__}: {time.monotonic() - start:.1f} s", flush=True)
        finally:
            server.stop()
    return 0


sys.exit(main())

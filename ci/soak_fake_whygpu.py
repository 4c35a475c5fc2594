#!/usr/bin/env python3
"""What ci/soak calls of whygpu, with the fault that SOAK_FAULT names, for soak_test.py."""
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

FAULT = os.environ.get("SOAK_FAULT", "")
CASES = ["gemm m=8 backend=naive", "gemm m=16 backend=naive"]
stopped = False


def option(name, default):
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


def run():
    if "--dry-run" in sys.argv:
        print("\n".join(CASES))
        return 0
    result, journal = pathlib.Path("result.json"), pathlib.Path("result.json.journal")
    resume = "--resume" in sys.argv
    if not resume and (result.exists() or journal.exists() and "--force" not in sys.argv):
        return 2
    records = [json.loads(line) for line in journal.read_text().splitlines()] if resume else []
    rounds = records[0]["rounds"] if resume else int(option("--rounds", 3))
    if FAULT == "journal cut" and resume:
        journal.write_text(json.dumps(records[0]) + "\n")
        return 130
    with open(journal, "a" if resume else "w", buffering=1) as log:
        if not resume:
            print(json.dumps({"event": "run", "rounds": rounds}), file=log)
        ends = [record for record in records if record["event"] == "end"]
        kept = []
        for number in range(1, rounds + 1):
            for case in CASES:
                if stopped or any(e["case"] == case and e["round"]["round"] == number for e in ends):
                    continue
                time.sleep(0.1 if FAULT == "descriptors" else 0.03)
                if FAULT == "descriptors":
                    kept += [open("/dev/null") for _ in range(5)]
                measured = {"round": number, "batch": 1, "samples_ns": [time.monotonic_ns() % 1000 + 1]}
                ends.append({"event": "end", "case": case, "round": measured})
                print(json.dumps(ends[-1]), file=log)
    if resume and FAULT == "record lost":
        del ends[0]
    if resume and FAULT == "record doubled":
        ends.append(ends[0])
    if FAULT == "process":
        subprocess.Popen(["sleep", "60"], start_new_session=True)
    if FAULT == "temporary folder":
        tempfile.mkdtemp()
    if FAULT == "file beside":
        pathlib.Path("result.json.part").touch()
    if FAULT == "shared memory":
        pathlib.Path(f"/dev/shm/soak-test-{os.getpid()}").touch()
    cases = [{"case": case, "status": "ok", "rounds": [e["round"] for e in ends if e["case"] == case]} for case in CASES]
    text = json.dumps({"benchmarks": [{"name": case} for case in CASES], "whygpu": {"complete": not stopped, "cases": cases}})
    result.write_text(text[:len(text) // 2] if FAULT == "half a file" else text)
    if not stopped:
        journal.unlink()
    return 130 if stopped and FAULT != "exit code" else 0


def gate():
    pairs = [{"base_ns": [1.0 + n], "head_ns": [2.0 + n]} for n in range(6)]
    if FAULT == "pair doubled":
        pairs[1] = pairs[0]
    facts = {"cases": [{"case": CASES[0], "verdict": "same", "measured": pairs}], "head": {"revision": "gate"}}
    pathlib.Path(option("--json", "")).write_text(json.dumps({"whygpu_comparison": facts}))
    return 0


def history():
    if "add" not in sys.argv:
        print("{}")
        return 0
    files = sys.argv[sys.argv.index("add") + 1:]
    database = sqlite3.connect(option("--file", ""))
    added = 0
    with database:
        database.execute("CREATE TABLE IF NOT EXISTS comparison (id INTEGER PRIMARY KEY, head TEXT)")
        database.execute("CREATE TABLE IF NOT EXISTS measurement (comparison INTEGER)")
        for file in files:
            head = json.loads(pathlib.Path(file).read_text())["whygpu_comparison"]["head"]["revision"]
            known = database.execute("SELECT 1 FROM comparison WHERE head = ?", (head,)).fetchone()
            if FAULT == "comparison lost" and file == files[-1] or known and FAULT != "comparison doubled":
                continue
            row = database.execute("INSERT INTO comparison (head) VALUES (?)", (head,)).lastrowid
            database.execute("INSERT INTO measurement VALUES (?)", (row,))
            added += 1
    total = database.execute("SELECT count(*) FROM comparison").fetchone()[0]
    print(f"{added} added, {len(files) - added} already present, {total} in total")
    return 0


def stop(*_):
    global stopped
    stopped = True


if __name__ == "__main__":
    if sys.argv[1] == "run":
        signal.signal(signal.SIGINT, stop)
        signal.signal(signal.SIGTERM, stop)
    code = {"run": run, "table": lambda: print("{}") or 0, "gate": gate, "history": history}[sys.argv[1]]()
    sys.stdout.flush()
    os._exit(code)  # the interpreter's own end would no longer handle signals

#!/usr/bin/env python3
"""Runs whygpu and checks its output and exit codes: the result file against its schema and for other tools, interrupted and
resumed runs, bad input, and the warning above the table."""
import json
import os
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile
import time

import jsonschema

source, build = map(pathlib.Path, sys.argv[1:3])
whygpu = build / "bin/whygpu"
folder = pathlib.Path(tempfile.mkdtemp())
short = ["--rounds", "2", "--sample-seconds", "0.001"]
quick = [*short, "--no-ceilings"]
environment = {**os.environ, "WHYGPU_BACKEND_PATH": str(build / "tests/backends"), "NO_COLOR": "1"}


def run(*arguments, code=0, **variables):
    done = subprocess.run([whygpu, *map(str, arguments)], capture_output=True, text=True, cwd=folder,
                          env={**environment, **variables})
    assert done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def one_line(text, *parts):
    assert text.count("\n") == 1 and all(part in text for part in parts), text


def load(name):
    result = json.loads((folder / name).read_text(), parse_constant=lambda c: sys.exit(f"{c} in {name}"))
    jsonschema.validate(result, json.loads((source / "reports/results/result.schema.json").read_text()))
    names = [row["name"] for row in result["benchmarks"]]
    assert len(names) == len(set(names)), "row names are not unique"
    ok = {c["case"] for c in result["whygpu"]["cases"] if c["status"] == "ok"}
    assert ok == set(names), "benchmarks[] must hold the timed cases and nothing else"
    assert all("items_per_second" in row or "bytes_per_second" in row for row in result["benchmarks"])
    return result


# A run with every status.
text = run("run", "gemm m=8 n=8 k=8 dtype=f32,tf32", "gemm m=9 n=9 k=64 backend=faulty variant=off_by_one,abort,right",
           "--backend", "naive,faulty", "-o", "all.json", *short, code=1)
status = {c["case"]: c["status"] for c in load("all.json")["whygpu"]["cases"]}
assert set(status.values()) == {"ok", "unsupported", "incorrect", "failed"}, status
assert "incorrect" in text and "signal 6 (Aborted)" in text, text
assert not (folder / "all.json.journal").exists()

# Measurements survive an attempt to overwrite them, and kill -9.
one_line(run("run", "gemm m=8 n=8 k=8", "--backend", "naive", "-o", "all.json", *quick, code=2), "all.json exists")
victim = subprocess.Popen([whygpu, "run", "gemm m=1..16+1 n=64 k=64", "--backend", "naive", "-o", "killed.json", "--rounds", "2",
                           "--sample-seconds", "0.05"], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
journal = folder / "killed.json.journal"
while not journal.exists() or journal.read_text().count('"end"') < 3:
    assert victim.poll() is None, "ended before it could be killed"
    time.sleep(0.01)
victim.send_signal(signal.SIGKILL)
victim.wait()
kept = {json.dumps(r["round"]) for r in map(json.loads, journal.read_text().splitlines()) if r["event"] == "end"}
one_line(run("run", "gemm m=8 n=8 k=8", "--backend", "naive", "-o", "killed.json", *quick, code=2), "--resume", "--force")
run("run", "--resume", "-o", "killed.json")
resumed = load("killed.json")
rounds = {json.dumps(r) for c in resumed["whygpu"]["cases"] for r in c["rounds"]}
assert kept <= rounds and all(len(c["rounds"]) == 2 for c in resumed["whygpu"]["cases"])

one_line(run("run", "--resume", "-o", "killed.json", "--threads", "1", code=2), "only -o FILE")

# Ctrl-C writes a valid file and prints how to resume.
victim = subprocess.Popen([whygpu, "run", "gemm m=1..16+1 n=64 k=64", "--backend", "naive", "-o", "stopped.json", "--rounds", "2",
                           "--sample-seconds", "0.05"], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True)
journal = folder / "stopped.json.journal"
while not journal.exists() or journal.read_text().count('"end"') < 1:
    time.sleep(0.01)
victim.send_signal(signal.SIGINT)
assert "whygpu run --resume -o stopped.json" in victim.communicate()[0] and victim.returncode == 130
assert load("stopped.json")["whygpu"]["complete"] is False

# Bad input: one line, exit code 2.
(folder / "bad.sweep").write_text("gemm m=1 n=1 k=1\ngemm m=1 n=1 k=1 dtype=fp32\n")
one_line(run("run", "bad.sweep", code=2), "bad.sweep:2:", 'did you mean "f32"')
one_line(run("run", "sqare", code=2), 'did you mean "square"')
one_line(run("run", "quick", "--backend", "openbals", code=2), "no backend")
one_line(run("run", "gemm m=0 n=1 k=1", code=2), "m=0")
one_line(run("run", "quick", "--budget", "soon", code=2), "soon", "90s")
one_line(run("run", "quick", "--rounds", "many", code=2), "--rounds many")
one_line(run("run", "gemm m=8 n=8 k=8", "--backend", "naive", "-o", "/dev/full/x.json", code=2), "/dev/full")
text = run("run", "gemm m=300000 n=300000 k=8", "--backend", "naive", "-o", "huge.json", *quick, code=1)
assert "GB of host memory" in text and load("huge.json")["whygpu"]["cases"][0]["status"] == "unsupported", text

# Published results of others are shown and not compared.
(folder / "theirs.csv").write_text("device,precision,m,n,k,a_transposed,b_transposed,ms\n"
                                   "NV_A,f32,8,9,10,T,N,0.5\nNV_B,f32,8,9,10,N,N,0\nNV_B,f32,8,9,10,N,N,0.25\n")
published = ["import", "theirs.csv", "--source", "a paper", "--date", "2017-06-28"]
text = run(*published)
assert "deepbench, recognised by its contents, 2 devices" in text and "left out 1 row: no time above 0 (line 3)" in text, text
theirs = load("results/theirs-NV_A.json")["whygpu"]
assert theirs["imported"] == {"format": "deepbench", "source": "a paper", "date": "2017-06-28", "file": "theirs.csv"}, theirs
assert theirs["cases"][0]["case"] == "gemm m=9 n=8 k=10 trans=nt backend=published", theirs["cases"]
one_line(run(*published, code=2), "results/theirs-NV_A.json exists", "--force")
run(*published, "-o", "one.json", "--device", "NV_B")
load("one.json")
text = run("table", "all.json", "one.json")
assert "published by others: a paper, 2017-06-28 (deepbench)" in text and "(published)" in text, text
one_line(run("compare", "all.json", "one.json", code=2), "one: published by others")
one_line(run("history", "add", "one.json", code=2), "published by others")
one_line(run("import", "theirs.csv", "--source", "a paper", "--date", "2017-02-29", code=2), "--date 2017-02-29", "YYYY-MM-DD")
one_line(run("import", "theirs.csv", "--date", "2017-02-28", code=2), "--source")
one_line(run(*published, "--device", "NV_C", code=2), 'did you mean "NV_A"?')
one_line(run("import", "all.json", "--source", "us", "--date", "2017-06-28", "--device", "x", code=2), "a result file of whygpu")

# No room for the result file, which is larger than its journal: it is reported, and the measurements stay in the journal.
roomy = ["run", "gemm m=8 n=8 k=8", "--backend", "naive", *quick]
run(*roomy, "-o", "fits.json")
room = (folder / "fits.json").stat().st_size * 9 // 10


def limit_files():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))


# The number of samples, and with it both sizes, varies with the load: more room where the journal had too little, less
# where both files had enough.
for attempt in range(40):
    done = subprocess.run([whygpu, *roomy, "-o", "full.json", "--force"], capture_output=True, text=True, cwd=folder,
                          env=environment, preexec_fn=limit_files)
    if "full.json: File too large" in done.stderr:
        break
    if done.returncode == 0:
        room = room * 19 // 20
    else:
        assert "full.json.journal: the disk is full" in done.stderr or "full.json.journal: File too large" in done.stderr, done
        room = room * 21 // 20
    for file in folder.glob("full.json*"):
        file.unlink()
assert done.returncode == 2 and "full.json: File too large" in done.stderr, done.stderr
assert '"end"' in (folder / "full.json.journal").read_text()
assert sorted(path.name for path in folder.glob("full.json*")) == ["full.json.journal"], "the unfinished file was left"

# Standard streams that are closed or full.
subprocess.run(["sh", "-c", 'exec "$0" "$@" 2>&-', whygpu, *roomy, "-o", "closed.json"], cwd=folder, env=environment,
               stdout=subprocess.DEVNULL, check=True)
load("closed.json")
for command in ["table", "closed.json"], ["--help"]:
    with open("/dev/full", "w") as full:
        assert subprocess.run([whygpu, *command], cwd=folder, env=environment, stdout=full).returncode == 2, command
    closed = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', whygpu, *command], cwd=folder, env=environment)
    assert closed.returncode == 2, command

with open("/dev/full", "w") as full:
    for command, code in (["table", "missing.json"], 2), ([*roomy, "-o", "silent.json"], 0):
        done = subprocess.run([whygpu, *command], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=full)
        assert done.returncode == code, f"{command} with a full standard error ended with {done.returncode}"
load("silent.json")

# A pinned OpenBLAS core on a newer CPU is reported above the table. An emulated build has another finding instead.
elf_machine = whygpu.read_bytes()[18:20]
if (build / "bin/backends/openblas.so").exists() and elf_machine == pathlib.Path(sys.executable).resolve().read_bytes()[18:20]:
    free = {key: value for key, value in environment.items() if key != "OPENBLAS_CORETYPE"}
    described = subprocess.run([build / "bin/gemm", "--backend=openblas", "--describe"], capture_output=True, text=True, env=free, check=True)
    chosen = json.loads(described.stdout.splitlines()[0])["facts"]["dispatch"]
    core = "Haswell" if chosen == "Prescott" else "Prescott"
    text = run("run", "gemm m=8 n=8 k=8", "--backend", "openblas", "-o", "pinned.json", *quick, OPENBLAS_CORETYPE=core)
    findings = load("pinned.json")["whygpu"]["findings"]
    assert any(f"OPENBLAS_CORETYPE={core}" in f["what"] and f["severity"] == "serious" for f in findings), findings
    assert text.index(f"OPENBLAS_CORETYPE={core}") < text.index("GFLOP/s"), "the warning must be above the table"

# Workers accept Google Benchmark's flags.
worker = [build / "bin/gemm", "--backend=naive", "--case=gemm m=8,9 n=8 k=8", "--benchmark_filter=m=9", "--benchmark_format=json",
          "--benchmark_repetitions=2", "--sample_seconds=0.001"]
rows = json.loads(subprocess.run(worker, capture_output=True, text=True, check=True).stdout)["benchmarks"]
assert {row["name"].split("/")[0] for row in rows} >= {"gemm m=9 n=8 k=8 backend=naive"}, rows
assert "completion" in run("--help") and "_whygpu" in run("completion", "bash")
print("1 passed, 0 failed")

#!/usr/bin/env python3
"""What whygpu does before it measures, and how it prints: refusals, the newest run without a name, widths, JSON.

    command_line_test.py SOURCE BUILD
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

build = pathlib.Path(sys.argv[2])
whygpu = build / "bin/whygpu"
folder = pathlib.Path(tempfile.mkdtemp())
quick = ["--rounds", "2", "--sample-seconds", "0.001", "--no-ceilings"]
environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "WHYGPU_BACKEND_PATH")}


def run(*arguments, code=0, **variables):
    """Standard output and standard error."""
    done = subprocess.run([whygpu, *arguments], capture_output=True, text=True, cwd=folder, env={**environment, **variables})
    assert done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    return done.stdout, done.stderr


def refused(*arguments, says):
    _, errors = run(*arguments, code=2)
    assert errors.count("\n") == 1 and says in errors, errors


# Backends that cannot run here, named by the option or in a case. no_device refuses to be created.
modules = {"WHYGPU_BACKEND_PATH": str(build / "tests/backends")}
for arguments in (["run", "gemm", "m=8", "--backend", "no_device"], ["run", "gemm m=8 backend=naive,no_device"],
                  ["run", "gemm", "m=8", "backend=no_device"]):
    _, errors = run(*arguments, code=2, **modules)
    assert errors.count("\n") == 1 and "no_device: no such device on this machine" in errors, errors
refused("run", "gemm m=8 backend=naive,naiv", says='no backend "naiv"; did you mean "naive"?')
assert not (folder / "results").exists()

# A folder that is not there is said, and stops nothing.
_, errors = run("run", "gemm", "m=8", "--dry-run", WHYGPU_BACKEND_PATH="missing")
assert errors.startswith("WHYGPU_BACKEND_PATH: missing is not a folder\n"), errors
_, errors = run("run", "gemm", "m=8", "--dry-run", **modules)
assert "is not a folder" not in errors, errors

# The newest run.
refused("table", says="no FILE, and no results/latest.json")
run("run", "gemm", "m=8", "--backend", "naive,openblas", *quick)
run("run", "gemm", "m=9", "--backend", "naive,openblas", *quick, "-o", "results/second.json")
assert os.readlink(folder / "results/latest.json") == "second.json"
table, _ = run("table")
assert table.startswith("second: ") and "gemm" in table, table
run("report", "-o", "page.html")
(folder / "results/latest.json").unlink()
(folder / "results/latest.json").write_text("{}")
refused("table", says="results/latest.json is not a link to the newest run")

# As wide as COLUMNS says, else as is needed.
second = ["table", "results/second.json"]
narrow, wide = run(*second, COLUMNS="60")[0], run(*second)[0]
assert max(map(len, narrow.splitlines())) <= 60 < max(map(len, wide.splitlines())), narrow + wide

# JSON of what can run.
backends = {backend["name"]: backend for backend in json.loads(run("list", "--json")[0])}
gemm = {entry["case"]: entry for entry in backends["naive"]["workloads"]["gemm"]}
assert any(entry["supported"] for entry in gemm.values()) and "device" in backends["naive"], backends["naive"]
assert all("reason" in entry for entry in gemm.values() if not entry["supported"]), gemm
for line in run(*second, "--format", "jsonl")[0].splitlines():
    assert json.loads(line)["m"] == 9, line
samples = run(*second, "--samples")[0].splitlines()
assert samples[0].startswith("file,workload,backend,") and len(samples) > 4, samples[:2]

#!/usr/bin/env python3
"""Runs `whygpu gate`, `compare` and `history` on builds with fake workers that report configured times."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

source, build = map(pathlib.Path, sys.argv[1:3])
CASE = ["gemm", "m=8", "n=8", "k=8"]
TEXT = "gemm m=8 n=8 k=8 backend=fake"


def whygpu(*words, code):
    words = [str(word) for word in words]
    done = subprocess.run([build / "bin/whygpu", *words], capture_output=True, text=True, env={**os.environ, "WHYGPU_CACHE": "cache"})
    assert done.returncode == code, f"whygpu {' '.join(words)}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def contains(text, *parts):
    for part in parts:
        assert part in text, f"{part!r} is missing in\n{text}"


def fake_build(name, nanoseconds):
    folder = pathlib.Path(name)
    (folder / "backends").mkdir(parents=True)
    shutil.copy(source / "benchmarks/runner/gate/fake_worker.sh", folder / "gemm")
    (folder / "nanoseconds").write_text(str(nanoseconds))
    (folder / "backends/fake.so").write_text(name)
    return name


def gate():
    base, head, slower = fake_build("base", 1000), fake_build("head", 1000), fake_build("slower", 1100)
    contains(whygpu("gate", "--base", build, "--head", build, *CASE, "--backend", "naive", code=0), "identical code, not measured")
    contains(whygpu("gate", "--base", base, "--head", head, *CASE, code=0), "1 same")
    contains(whygpu("gate", "--base", base, "--head", head, *CASE, "--threads", "4096", code=0), "4096 threads on")
    contains(whygpu("gate", "--base", base, "--head", head, "--backend", "fake", *CASE, code=0), "1 same")
    contains(whygpu("gate", "--base", base, "--head", head, *CASE, "--backend", "fakr", code=2), 'no backend "fakr"; did you mean "fake"?')
    outputs = ["--json", "gate.json", "--markdown", "gate.md", "--junit", "gate.xml", "--bmf", "gate.bmf", "--annotations"]
    contains(whygpu("gate", "--base", base, "--head", slower, *CASE, *outputs, code=1), "1 slower", f"::error title=whygpu gate%3A slower::{TEXT}")
    contains(pathlib.Path("gate.md").read_text(), "**Slower**: 1 slower", TEXT, "+10.0%")
    facts = json.loads(pathlib.Path("gate.json").read_text())["whygpu_comparison"]
    assert facts["command"][1:4] == ["gate", "--base", "base"] and facts["environment"]["cpu"]["online"] >= 1
    assert xml.etree.ElementTree.parse("gate.xml").getroot()[0].get("failures") == "1"
    assert json.loads(pathlib.Path("gate.bmf").read_text())[TEXT]["change"]["value"] > 9.9
    contains(whygpu("gate", "--base", base, "--head", slower, *CASE, "--threshold", "20%", code=0), "1 same")
    contains(whygpu("gate", "--base", base, "--head", slower, *CASE, "--budget", "0.000001", "--strict", code=3), "undecided")


def bad_builds():
    contains(whygpu("gate", "--base", "base", "--head", "nowhere", *CASE, code=2), "nowhere")
    contains(whygpu("gate", "--base", "base", "--head", "slower", "gemm", "n=8", code=2), "m=…")
    contains(whygpu("gate", "--base", "base", "--head", "slower", *CASE, "--threshold", "much", code=2), "is not a percentage")
    pathlib.Path("slower/status").write_text("incorrect")
    contains(whygpu("gate", "--base", "base", "--head", "slower", *CASE, code=2), "1 incorrect", "because of the test")


def history():
    sample = source / "reports/regression/samples/simulated_history.jsonl"
    contains(whygpu("history", "add", "gate.json", sample, code=0), "60 added")
    contains(whygpu("history", "add", "gate.json", code=0), "0 added, 1 already present")
    contains(whygpu("history", "check", code=0), "since 0000002b", "SIMULATED", "--base 0000002a --head 0000002b")
    contains(whygpu("history", "log", code=0), TEXT, "0000002b")
    contains(whygpu("history", "show", "slower", code=0), "base -> slower", "+10.0%")
    checked = json.loads(whygpu("history", "check", "--json", code=0))
    assert checked["slowdowns_to_look_at"] == 1 and checked["changes"][0]["first_after"] == "0000002b", checked
    assert len(json.loads(whygpu("history", "log", "--json", code=0))["series"]) == checked["series_checked"] == 3
    contains(whygpu("history", "accept", "abc", "--reason", "known", code=2), 'no "abc" among its', "whygpu history log")
    contains(whygpu("history", "accept", "0000002b", "--case", "nothing*", "--reason", "known", code=2), "no case matches")
    contains(whygpu("history", "--file", "none.db", "accept", "0000002b", "--reason", "known", code=2), "no such history")
    whygpu("history", "accept", "0000002b", "--reason", "known", code=0)
    contains(whygpu("history", "check", code=0), "0 slowdowns to look at", "accepted: known")
    before = pathlib.Path("history.db").read_bytes()
    contains(whygpu("history", "add", "gate.md", code=2), "gate.md:1:1: invalid JSON; files of `whygpu gate --json`")
    assert pathlib.Path("history.db").read_bytes() == before
    pathlib.Path("broken.db").write_bytes(before[:5000] + b"\xff" * 20000)
    whygpu("history", "--file", "broken.db", "check", code=2)
    contains(whygpu("history", "--file", "missing.db", "check", code=2), "no such history")


def bad_input():
    """Bad input: one line on stderr, and no file is written."""
    pathlib.Path("folder").mkdir()
    pathlib.Path("noise.sweep").write_bytes(bytes(range(256)))
    for words, expected in [
        (["run", *CASE, "-o", "folder"], "-o folder: is a folder"),
        (["run", *CASE, "-o", "/proc/x.json"], "-o /proc/x.json: /proc is not writable"),
        (["gate", "--base", "base", "--head", "head", *CASE, "--json", "/proc/x.json"], "--json /proc/x.json: /proc is not writable"),
        (["run", "gemm"], "needs values: `whygpu run gemm m="),
        (["run", "noise.sweep"], "noise.sweep: not a text file"),
        (["run", "quick", "--bakend", "naive"], 'did you mean "--backend"?'),
        (["tabel", "x.json"], 'did you mean "table"?'),
    ]:
        message = whygpu(*words, code=2)
        contains(message, expected)
        assert message.startswith("whygpu") and message.count("\n") == 1 and message.strip().isprintable(), message
    plan = whygpu("run", *CASE, "--backend", "naive", "--dry-run", code=0)
    contains(plan, "gemm m=8 n=8 k=8 backend=naive", "1 case would run on naive")


def compare():
    whygpu("run", *CASE, "--backend", "naive", "--rounds", "3", "--threads", "1", "--sample-seconds", "0.001",
           "--no-ceilings", "-o", "run.json", code=0)
    contains(whygpu("compare", "run.json", "run.json", code=0), "measured at different times")
    whygpu("report", "run.json", "--history", "history.db", "-o", "page.html", code=0)
    contains(pathlib.Path("page.html").read_text(), '<section id="history">', "since 0000002b, accepted: known")
    run = json.loads(pathlib.Path("run.json").read_text())
    run["whygpu"]["environment"]["cpu"]["model"] = "Another CPU"
    pathlib.Path("other.json").write_text(json.dumps(run))
    contains(whygpu("compare", "run.json", "other.json", code=2), "differs: CPU: ", "different machines", "Another CPU")
    contains(whygpu("compare", "run.json", "other.json", "--across-machines", code=0), "CPU: ", "-> Another CPU")
    run["whygpu"]["schema"] = 99
    pathlib.Path("newer.json").write_text(json.dumps(run))
    contains(whygpu("compare", "run.json", "newer.json", code=2), "99")


def extra_work():
    """The module that adds extra work to a backend computes the same results."""
    modules = pathlib.Path("wrapping/bin/backends")
    (modules / "wrapped").mkdir(parents=True)
    shutil.copy(build / "bin/gemm", "wrapping/bin")
    shutil.copy(build / "bin/backends/naive.so", modules / "wrapped")
    shutil.copy(build / "tests/backends/extra_work.so", modules / "naive.so")
    worker = ["wrapping/bin/gemm", "--backend=naive", "--sample_seconds=0.001", "--records=records", f"--case={' '.join(CASE)}"]
    subprocess.run(worker, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    records = [json.loads(line) for line in pathlib.Path("records").read_text().splitlines()]
    assert records[0]["name"] == "naive" and records[-1]["status"] == "ok", records


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for part in (gate, bad_builds, history, bad_input, compare, extra_work):
        part()

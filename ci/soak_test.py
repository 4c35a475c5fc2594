#!/usr/bin/env python3
"""ci/soak finds the faults of a fake whygpu, finds none where none is planted, and runs on this build."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
# Fault of the fake, what is played, what is said.
PLANTED = [
    ("record lost", "run/kill", "was in the journal and is not in the result"),
    ("record doubled", "run/kill", "doubled: gemm"),
    ("journal cut", "run/kill", "the journal lost records"),
    ("half a file", "run/none", "result.json is not a whole JSON file"),
    ("exit code", "run/kill", "exit code 0; expected 130"),
    ("process", "run/none", "a process was left alive: sleep 60"),
    ("temporary folder", "run/none", "left behind in tmp/"),
    ("file beside", "run/none", "left behind in out/: result.json.part"),
    ("shared memory", "run/none", "shared memory left"),
    ("descriptors", "run/none", "open descriptors grew"),
    ("pair doubled", "gate/none", "doubled: a pair of gemm"),
    ("comparison lost", "history/none", "lost: comparison"),
    ("comparison doubled", "history/none", "doubled: comparison"),
]


def soak(build, *words, fault=""):
    done = subprocess.run([source / "ci/soak", "--build", build, "--seed", "1", *words], capture_output=True, text=True,
                          env={**os.environ, "SOAK_FAULT": fault, "TMPDIR": folder})
    return done.returncode, done.stdout + done.stderr


def check(condition, text):
    if not condition:
        sys.exit(text)


def planted(fault):
    name, what, expected = fault
    code, text = soak(fake, "--only", what, "--episodes", "12", "--stop", fault=name)
    return None if code == 1 and expected in text else f"{name}: exit code {code}, expected {expected!r} in\n{text}"


with tempfile.TemporaryDirectory() as folder:
    fake = pathlib.Path(folder, "fake")
    (fake / "bin/backends").mkdir(parents=True)
    # Signals are ignored until the fake handles them.
    script = (source / "ci/soak_fake_whygpu.py").resolve()
    (fake / "bin/whygpu").write_text(f"#!/bin/sh\ntrap '' INT TERM\nexec {sys.executable} {script} \"$@\"\n")
    (fake / "bin/whygpu").chmod(0o755)
    (fake / "bin/backends/naive.so").touch()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        missed = [text for text in pool.map(planted, PLANTED) if text]
    for left in pathlib.Path("/dev/shm").glob("soak-test-*"):
        left.unlink()
    check(not missed, "\n\n".join(missed))
    code, text = soak(fake, "--episodes", "5", "--only", "none", "--only", "run/kill")
    check(code == 0, f"nothing is planted, but exit code {code}:\n{text}")
    code, text = soak(fake, "--only", "run/kil")
    check(code == 2 and "accepted: run, gate" in text, text)
    code, text = soak(build, "--minutes", "0.08")
    check(code == 0 and "all  " in text, text)
    print(f"{len(PLANTED)} planted faults found\n{text}")

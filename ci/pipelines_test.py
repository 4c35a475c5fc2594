#!/usr/bin/env python3
"""Runs the steps of github-actions.yml on a repository whose build copies files and whose workers report configured
times: base is where the branch left main, its build is what the cache keeps, and the summary survives a failed build."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml

source, build = map(pathlib.Path, sys.argv[1:3])
job = yaml.safe_load((source / "ci/github-actions.yml").read_text())["jobs"]["gate"]
PRESETS = {"version": 6, "configurePresets": [{"name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build"}],
           "buildPresets": [{"name": "release", "configurePreset": "release"}]}
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(fake LANGUAGES NONE)
add_custom_target(copied ALL COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/files ${PROJECT_BINARY_DIR}/bin)
"""


def git(*words):
    done = subprocess.run(["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *words], check=True,
                          capture_output=True, text=True)
    return done.stdout.strip()


def commit(nanoseconds):
    for file in ("nanoseconds", "backends/fake.so"):
        pathlib.Path("files", file).write_text(str(nanoseconds))
    git("add", ".")
    branch = git("branch", "--show-current")  # equal commits of one second would be one
    git("commit", "--quiet", "--allow-empty", "-m", f"{nanoseconds} ns on {branch}")
    return git("rev-parse", "HEAD")


def run_job(target):
    """The names of the steps that failed, the context and what is in the summary."""
    context = {"github.event.pull_request.base.sha": target, "github.workspace": os.getcwd()}
    expand = lambda text: re.sub(r"\$\{\{ (\S+) \}\}", lambda name: context[name.group(1)], text)
    for file in ("output", "summary"):
        pathlib.Path(file).write_text("")
    failed = []
    for step in job["steps"]:
        if "run" not in step or step.get("name") == "Dependencies" or (failed and "!cancelled()" not in step.get("if", "")):
            continue
        added = {name: expand(value) for name, value in {**job["env"], **step.get("env", {})}.items()}
        done = subprocess.run(["bash", "-e", "-c", expand(step["run"])], capture_output=True, text=True,
                              env={**os.environ, **added, "GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary"})
        if done.returncode != 0:
            failed.append(step["name"])
        for line in pathlib.Path("output").read_text().splitlines():
            context[f"steps.base.outputs.{line.split('=')[0]}"] = line.split("=")[1]
    kept = [path for step in job["steps"] if "actions/cache/" in step.get("uses", "")
            for path in pathlib.Path().glob(expand(step["with"]["path"]))]
    return failed, kept, pathlib.Path("summary").read_text()


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    pathlib.Path("files/backends").mkdir(parents=True)
    shutil.copy(source / "benchmarks/runner/gate/fake_worker.sh", "files/gemm")
    # One case in place of the gate's sweep.
    pathlib.Path("files/whygpu").write_text(f'#!/bin/sh\nexec "{build}/bin/whygpu" "$@" "gemm m=8"\n')
    pathlib.Path("files/whygpu").chmod(0o755)
    pathlib.Path("CMakeLists.txt").write_text(PROJECT)
    pathlib.Path("CMakePresets.json").write_text(json.dumps(PRESETS))
    pathlib.Path(".gitignore").write_text("/build/\n/.whygpu/\n/gate.*\n/output\n/summary\n")
    git("init", "--quiet", "--initial-branch=main")
    left = commit(1000)
    git("checkout", "--quiet", "-b", "branch")
    commit(1200)
    git("checkout", "--quiet", "main")
    target = commit(1200)  # main became slower after the branch left it, which is not the branch's change
    git("checkout", "--quiet", "branch")

    failed, kept, summary = run_job(target)
    assert failed == ["Gate"] and "**Slower**" in summary and "+20.0%" in summary, (failed, summary)
    assert json.loads(pathlib.Path("gate.json").read_text())["whygpu_comparison"]["base"]["revision"] == left
    assert {path.name for path in kept} == {left}, kept

    # With nothing but what the cache kept, the base is not built again.
    for path in pathlib.Path(".whygpu").glob("*/*"):
        if path not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    commit(1000)
    failed, _, summary = run_job(target)
    assert not failed and "**No slowdown**" in summary, (failed, summary)
    assert not list(pathlib.Path(".whygpu").glob("*/source")), "the base was built again"

    for file in pathlib.Path().glob("gate.*"):
        file.unlink()
    pathlib.Path("CMakeLists.txt").write_text("message(FATAL_ERROR broken)\n")
    commit(1000)
    failed, _, summary = run_job(target)
    assert failed == ["Build"] and "ended without a result" in summary, (failed, summary)

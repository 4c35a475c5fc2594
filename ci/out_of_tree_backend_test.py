#!/usr/bin/env python3
"""Follows backends/README.md outside the repository: installs whygpu's development files into a prefix, builds the example
of that page against them with the CMake lines of that page, and measures it together with a backend of this build."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
page = (source / "backends/README.md").read_text()
code = re.search(r"```cpp\n(.*?)```", page, re.S).group(1)
project = re.search(r"```cmake\n(cmake_minimum_required.*?)```", page, re.S).group(1)
assert len(project.strip().splitlines()) <= 6, "at most six lines of CMake are needed"

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    prefix = folder / "prefix"
    subprocess.run(["cmake", "--install", build, "--prefix", prefix, "--component", "development"], check=True,
                   stdout=subprocess.DEVNULL)
    (folder / "mine.cpp").write_text(code)
    (folder / "CMakeLists.txt").write_text(project)
    subprocess.run(["cmake", "-G", "Ninja", "-B", folder / "build", "-S", folder, f"-DCMAKE_PREFIX_PATH={prefix}",
                    "-DCMAKE_BUILD_TYPE=Release"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder / "build"], check=True, stdout=subprocess.DEVNULL)
    environment = {**os.environ, "WHYGPU_BACKEND_PATH": str(folder / "build")}

    listed = subprocess.run([build / "bin/whygpu", "list", "--backend", "mine"], capture_output=True, text=True,
                            env=environment)
    assert listed.returncode == 0 and "mine 1.0" in listed.stdout, listed

    result = folder / "result.json"
    subprocess.run(
        [build / "bin/whygpu", "run", "gemm m=64 n=48 k=32 dtype=f32,f64", "--backend", "mine,naive", "--rounds", "1",
         "--sample-seconds", "0.001", "-o", result],
        check=True, env=environment)
    status = {c["case"]: c["status"] for c in json.loads(result.read_text())["whygpu"]["cases"]}

    # A module built for another interface is refused by name.
    header = prefix / "include/whygpu/version.h"
    header.write_text(re.sub(r"kInterface = 0x\w+", "kInterface = 0x12345678", header.read_text()))
    subprocess.run(["cmake", "--build", folder / "build"], check=True, stdout=subprocess.DEVNULL)
    refused = subprocess.run([build / "bin/whygpu", "list", "--backend", "mine"], capture_output=True, text=True,
                             env=environment)
    assert 'backend "mine" was built for interface 12345678' in refused.stdout + refused.stderr, refused

expected = {"gemm m=64 n=48 k=32 backend=mine": "ok", "gemm m=64 n=48 k=32 backend=naive": "ok",
            "gemm m=64 n=48 k=32 dtype=f64 backend=mine": "unsupported", "gemm m=64 n=48 k=32 dtype=f64 backend=naive": "ok"}
assert status == expected, status

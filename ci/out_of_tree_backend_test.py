#!/usr/bin/env python3
"""Follows backends/README.md outside the repository: takes the module and the CMake line of that page as they stand,
builds them against the sources, and measures the module beside the build's own backends."""
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
line = re.search(r"```cmake\n(add_backend.*?)```", page, re.S).group(1)

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    (folder / "mine.cpp").write_text(code)
    (folder / "CMakeLists.txt").write_text(f"""
cmake_minimum_required(VERSION 3.25)
project(mine LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(WHYGPU_MODULE_DIR ${{CMAKE_BINARY_DIR}}/modules)
set(PROJECT_SOURCE_DIR {source})
include({source}/cmake/whygpu.cmake)
add_library(whygpu_host_device STATIC {source}/backends/devices/host.cpp)
target_link_libraries(whygpu_host_device PRIVATE whygpu_options)
{line}""")
    subprocess.run(["cmake", "-G", "Ninja", "-B", folder / "build", "-S", folder], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder / "build"], check=True, stdout=subprocess.DEVNULL)
    result = folder / "result.json"
    subprocess.run(
        [build / "bin/whygpu", "run", "gemm m=64 n=48 k=32 dtype=f32,f64", "--backend", "mine,naive", "--rounds", "1",
         "--sample-seconds", "0.001", "-o", result],
        check=True, env={**os.environ, "WHYGPU_BACKEND_PATH": str(folder / "build/modules")})
    status = {c["case"]: c["status"] for c in json.loads(result.read_text())["whygpu"]["cases"]}

expected = {"gemm m=64 n=48 k=32 backend=mine": "ok", "gemm m=64 n=48 k=32 backend=naive": "ok",
            "gemm m=64 n=48 k=32 dtype=f64 backend=mine": "unsupported", "gemm m=64 n=48 k=32 dtype=f64 backend=naive": "ok"}
assert status == expected, status

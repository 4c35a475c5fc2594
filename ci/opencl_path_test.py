#!/usr/bin/env python3
"""The whole path of an OpenCL device, on PoCL: what is listed, every mode of timing, transfers and launches, what reports
make of it, two devices, none, and one that is lost in mid-run. Without PoCL it is skipped, except where CI is set.

    opencl_path_test.py SOURCE BUILD
"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

build = pathlib.Path(sys.argv[2]).resolve()
SKIPPED = 77
folder = pathlib.Path(tempfile.mkdtemp())
environment = {key: value for key, value in os.environ.items()
               if key not in ("COLUMNS", "WHYGPU_BACKEND_PATH", "OCL_ICD_VENDORS")}
# What other tests have compiled is not compiled again. The devices are those of PoCL alone.
environment["POCL_CACHE_DIR"] = str(build / "pocl_cache")
vendors = pathlib.Path("/etc/OpenCL/vendors")
pocl = folder / "vendors"
pocl.mkdir()
for file in vendors.glob("*pocl*.icd"):
    (pocl / file.name).write_text(file.read_text())
environment["OCL_ICD_VENDORS"] = str(pocl)
if not list(pocl.iterdir()) or not (build / "bin/backends/clblast.so").exists():
    print("no PoCL (pocl-opencl-icd), or no clblast in this build")
    sys.exit(1 if "CI" in os.environ else SKIPPED)

quick = ["--backend", "clblast", "--rounds", "1", "--sample-seconds", "0.005", "--no-ceilings", "--force"]


def run(what, *arguments, code=0, seconds=120, program="whygpu", **variables):
    """Standard output and errors of a step, which has a name and a limit."""
    began = time.monotonic()
    try:
        done = subprocess.run([build / "bin" / program, *arguments], capture_output=True, text=True, cwd=folder,
                              timeout=seconds, env={**environment, **variables})
    except subprocess.TimeoutExpired:
        sys.exit(f"{what}: not done within {seconds} s: {program} {' '.join(map(str, arguments))}")
    assert done.returncode == code, f"{what}: ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
    print(f"{what}: {time.monotonic() - began:.1f} s", flush=True)
    return done.stdout, done.stderr


def results(what, *arguments, **more):
    """The result file of a run, and its cases by text."""
    run(what, "run", *arguments, *quick, "-o", "result.json", **more)
    file = json.loads((folder / "result.json").read_text())["whygpu"]
    return file, {case["case"].removesuffix(" backend=clblast"): case for case in file["cases"]}


# ---- What is there ----

(listed,) = json.loads(run("list", "list", "--backend", "clblast", "--json")[0])
assert listed["device"]["kind"] == "cpu-opencl" and listed["device"]["name"] == "OpenCL on the CPU (PoCL)", listed
assert listed["device"]["facts"]["compute_units"] != "0" and "tuned" in listed["facts"]["database"], listed
assert any(entry["supported"] for entry in listed["workloads"]["gemm"]), listed

# ---- Timed in every mode; the check before each timing fails where no kernel ran ----

gemm = "gemm m=96 n=80 k=64"
file, cases = results("modes", gemm + " mode=hot,cold", gemm + " offload=once,always", gemm + " dtype=f64 trans=nt",
                      "gemm m=24 batch=3", "convolution n=2 c=8 h=9 w=8 k=8 r=3 s=3 pad=1 pass=forward,backward_weights",
                      "memory kernel=triad,sum bytes=1000000", seconds=200)
for text, case in cases.items():
    assert case["status"] == "ok", (text, case["status"], case.get("reason"))
    (taken,) = case["rounds"]
    assert min(taken["samples_ns"]) > 0, (text, taken)
    hot = "mode=cold" not in text and "offload=" not in text
    assert hot == ("synchronised_ns" in taken["details"]), (text, taken["details"])
assert "uploaded and result fetched each time" in next(c for t, c in cases.items() if "always" in t)["implementation"]
assert any("im2col + GEMM" in case["implementation"] for case in cases.values()), cases

_, cases = results("transfers", "memory kernel=to_device,to_host,both_ways bytes=65536 host_memory=pinned,pageable",
                   "memory kernel=launch wait=end,each", "memory kernel=launch launches=10", "memory kernel=to_device bytes=4 wait=each")
assert len(cases) == 10 and all(case["status"] == "ok" for case in cases.values()), cases
assert "two queues" in next(case for text, case in cases.items() if "both_ways" in text)["implementation"]
_, cases = results("no graphs", "memory kernel=launch replay=graph", code=1)
assert all(case["status"] == "unsupported" for case in cases.values()), cases

# ---- Only on request, and no GPU in any report ----

_, said = run("without asking", "run", "gemm m=8", *quick[2:], "-o", "result.json")
assert re.search(r"clblast.* left out: OpenCL on the CPU \(PoCL\) checks code", said), said

quick[1] = "openblas,clblast"
results("beside a CPU backend", "gemm m=64,96 n=m k=m")
table, _ = run("table", "table", "result.json")
assert "clblast: CLBlast" in table and "OpenCL on the CPU (PoCL)" in table and "--project typical" in table, table
crossover, _ = run("crossover", "table", "result.json", "--view", "crossover")
assert "no backend ran on a GPU" in crossover and "--allow-cpu-opencl" in crossover, crossover
allowed, _ = run("crossover of OpenCL on the CPU", "table", "result.json", "--view", "crossover", "--allow-cpu-opencl")
assert "clblast" in allowed and "no GPU was measured" in allowed, allowed
run("report", "report", "result.json", "--project", "none", "-o", "page.html")
assert "no GPU was measured" in (folder / "page.html").read_text()
quick[1] = "clblast"

# ---- Two devices, a wrong index, no platform ----

two = {"POCL_DEVICES": "pthread pthread"}
file, cases = results("second device", "gemm m=32", "--device", "1", **two)
assert file["run"]["device"] == 1 and all(case["status"] == "ok" for case in cases.values()), cases
_, errors = run("third of two devices", "run", "gemm m=32", *quick, "--device", "2", code=2, **two)
assert errors.count("\n") == 1 and "no OpenCL device 2; there are 0: " in errors and ", 1: " in errors, errors
nowhere = folder / "none"
nowhere.mkdir()
_, errors = run("no platform", "run", "gemm m=32", *quick, code=2, OCL_ICD_VENDORS=str(nowhere))
assert errors.count("\n") == 1 and "no OpenCL platform: install a vendor's driver or pocl-opencl-icd" in errors, errors

# ---- A device that is lost in mid-run: its case fails by name, the others are measured ----

_, cases = results("lost device", "gemm m=16,24,32,40 n=m k=m", code=1, LD_PRELOAD=str(build / "tests/opencl_loss_fake.so"),
                   OPENCL_LOSS_AT="60", OPENCL_LOSS_MARK=str(folder / "lost"))
assert (folder / "lost").exists() and len(cases) == 4, cases
failed = [case for case in cases.values() if case["status"] == "failed"]
assert len(failed) == 1 and "device not available (CL_DEVICE_NOT_AVAILABLE)" in failed[0]["reason"], cases
assert sum(case["status"] == "ok" for case in cases.values()) == 3, cases

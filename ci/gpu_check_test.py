#!/usr/bin/env python3
"""Verdicts of ci/gpu-check: on a machine without a GPU, and with fakes of whygpu, its workers and compute-sanitizer whose
results are correct, incorrect, not repeatable or slow, or whose libraries are missing or broken, as requested."""
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
folder = pathlib.Path(tempfile.mkdtemp())
fakes = folder / "bin"
fakes.mkdir()

# A description arrives in several writes, the last of them larger than a pipe: a reader that leaves after the first
# ends the worker by SIGPIPE. FAKE_CUDA, FAKE_CUBLAS and FAKE_CUDNN are reasons why a backend does not start.
# FAKE_OPENCL is the kind of OpenCL's device, without which there is none; FAKE_VENDOR is who made it.
WORKER = """#!/bin/sh
name=$(basename "$0")
case "$*" in
  *--backend=cuda*) reason=$FAKE_CUDA variants='"hopper","tensor","naive"' ;;
  *--backend=cublas*) reason=$FAKE_CUBLAS variants='"heuristic","best"' ;;
  *--backend=cudnn*) reason=$FAKE_CUDNN variants='"heuristic","best"' ;;
  *) [ -n "$FAKE_OPENCL" ] || reason="no OpenCL platform: install a vendor's driver or pocl-opencl-icd" ;;
esac
[ -z "$reason" ] || { echo "$name: $reason" >&2; exit 2; }
case "$*" in
  *--describe*) ;;
  *) exit 0 ;;
esac
shape="gemm m=32 n=32 k=32" simple='"register_tiled","naive"'
[ "$name" = gemm ] || shape="convolution n=1 c=16 h=8 w=8 k=16 r=3 s=3 pass=forward" simple='"cores"'
echo '{"event":"backend","name":"cuda","device":{"facts":{"compute_capability":"9.0","vendor":"'"$FAKE_VENDOR"'"},"kind":"'$FAKE_OPENCL'"}}'
sleep 0.05
echo '{"case":"'$shape' dtype=bf16","event":"support","reason":"","variants":['$variants'],"yes":true}'
echo '{"case":"'$shape' dtype=f64","event":"support","reason":"","variants":['$simple'],"yes":true}'
yes '{"case":"'$shape' dtype=s8","event":"support","reason":"none","variants":[],"yes":false}' | head -n 2000
"""

# Writes a result file as the variables FAKE_… request; by default correct, repeatable and as fast as cuBLASLt.
WHYGPU = """#!/usr/bin/env python3
import json, os, sys
setting = lambda name, default: os.environ.get("FAKE_" + name, default)
output = sys.argv[sys.argv.index("-o") + 1]
count = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 3
problem = "gemm m=4096 n=4096 k=4096"
def rounds(backend):
    hashes = [float(i) if setting("UNREPEATABLE", "") == backend else 7.0 for i in range(count)]
    return [{"details": {"output_hash": value}, "round": i} for i, value in enumerate(hashes)]
cases = [{"case": f"{problem} backend={b}", "rounds": rounds(b), "status": setting("STATUS", "ok")} for b in ("cuda", "cublas")]
times = {f"{problem} variant=best backend=cublas": 100.0, f"{problem} backend=cuda": float(setting("TIME", "100"))}
json.dump({"benchmarks": [{"name": n, "real_time": t} for n, t in times.items()], "whygpu": {"cases": cases}},
          open(output, "w"), indent=1, sort_keys=True)
"""

SANITIZER = "#!/bin/sh\n[ -z \"$FAKE_RACE\" ] || exit 99\n"

for name, text in {"whygpu": WHYGPU, "gemm": WORKER, "convolution": WORKER, "compute-sanitizer": SANITIZER}.items():
    (fakes / name).write_text(text)
    (fakes / name).chmod(0o755)


def check(*arguments, code, bin=fakes, **variables):
    environment = {**os.environ, "PATH": f"{fakes}:{os.environ['PATH']}", **variables}
    output = folder / "out"
    done = subprocess.run([source / "ci/gpu-check", "--bin", bin, "-o", output, *arguments], capture_output=True, text=True,
                          env=environment)
    text = done.stdout + done.stderr
    assert done.returncode == code, f"{arguments} {variables} ended with {done.returncode}, not {code}:\n{text}"
    return text, output


# No GPU: one line, exit code 77.
text, _ = check(code=77, bin=build / "bin", CUDA_VISIBLE_DEVICES="")
assert text.count("\n") == 1 and text.startswith("gpu-check: no usable GPU: cuda: "), text

text, output = check(code=0)
assert "all checks passed" in text and "2 cases correct, 0 incorrect" in text and "\nfailed " not in text, text
assert "skipped  library not found: clblast: no OpenCL platform" in text and "everything measured is above its floor" in text, text
assert "gemm: 6 outputs" in text and "large_gemm: 4 outputs" in text and "large_convolution: 4 outputs" in text, text
sweep = (output / "gemm-correctness.sweep").read_text()
assert "gemm m=1 n=1 k=1 dtype=bf16 variant=hopper,tensor,naive backend=cuda\n" in sweep and "s8" not in sweep, sweep
assert "gemm m=1 n=1 k=1 dtype=bf16 variant=heuristic,best backend=cudnn\n" in sweep, sweep
cube = "gemm m=4096 n=4096 k=4096 trans=nn,nt,tn,tt"
sweep = (output / "large_gemm-correctness.sweep").read_text()
for line in ("dtype=bf16 variant=hopper,tensor backend=cuda", "dtype=f64 backend=cuda"):
    assert f"{cube} {line}\n" in sweep, sweep
assert "backend=cublas" not in sweep, sweep
# Depthwise kernels are not among the variants of the described convolution, which has one group.
sweep = (output / "convolution-correctness.sweep").read_text()
assert " groups=8 dtype=f64 pass=forward backend=cuda\n" in sweep, sweep
assert re.search(r"f32 4096 and 8192 \| 1 \| 1\.000 \| 1\.000 \| 0\.93", (output / "goals.md").read_text())
assert {"log.txt", "summary.txt", "goals.json"} <= {path.name for path in output.iterdir()}
(fakes / "convolution").unlink()  # the runs below are shorter

assert "0 cases correct, 2 incorrect" in check(code=1, FAKE_STATUS="incorrect")[0]
assert "0 cases correct" in check(code=1, FAKE_STATUS="unsupported")[0]
assert "1 cases of our own kernels" in check(code=1, FAKE_UNREPEATABLE="cuda")[0]
assert "1 of the vendor's libraries" in check(code=0, FAKE_UNREPEATABLE="cublas")[0]
assert "failed   racecheck: gemm" in check(code=1, FAKE_RACE="1")[0]
assert "below the floor: f32 4096 and 8192 (0.800 of 0.93)" in check(code=1, FAKE_TIME="125")[0]
assert "skipped  performance" in check("--quick", code=0, FAKE_TIME="125")[0]
assert "unknown argument --fast" in check("--fast", code=2)[0]
assert "no whygpu in" in check(code=2, bin=folder / "nowhere")[0]

# ---- Libraries that are missing, and libraries that fail ----

def message_of(backend, **variables):
    """What a real worker says about a backend that does not start."""
    done = subprocess.run([build / "bin/gemm", f"--backend={backend}", "--describe"], capture_output=True, text=True,
                          env={**os.environ, **variables})
    assert done.returncode != 0, done.stdout
    return done.stderr.strip().removeprefix("gemm: ")


# A module whose library has gone, under a name that this build does not have.
modules = folder / "modules"
modules.mkdir()
compile_shared = ["c++", "-shared", "-x", "c++", os.devnull, "-x", "none"]
subprocess.run([*compile_shared, "-o", folder / "libgone.so.9", "-Wl,-soname,libgone.so.9"], check=True)
subprocess.run([*compile_shared, "-o", modules / "lost.so", "-Wl,--no-as-needed", folder / "libgone.so.9"], check=True)
(folder / "libgone.so.9").unlink()
gone = message_of("lost", WHYGPU_BACKEND_PATH=str(modules))
unbuilt = message_of("unbuilt").replace("unbuilt", "cudnn")

for reason in (gone, unbuilt):
    text, _ = check(code=0, FAKE_CUDNN=reason)
    assert f"skipped  library not found: cudnn: {reason}\n" in text and "all checks passed" in text, text
text, _ = check(code=0, FAKE_CUDNN=gone, FAKE_CUBLAS=gone)
assert "skipped  performance: needs both cuda and cublas" in text, text
broken = "starting cuDNN: CUDNN_STATUS_NOT_INITIALIZED"
assert f"failed   does not start: cudnn: {broken}\n" in check(code=1, FAKE_CUDNN=broken)[0]
for reason in (gone, unbuilt.replace("cudnn", "cuda"), broken):
    assert f"failed   does not start: cuda: {reason}\n" in check(code=1, FAKE_CUDA=reason)[0]
text, _ = check(code=77, FAKE_CUDA=broken, FAKE_CUBLAS=gone, FAKE_CUDNN=unbuilt)
assert text.startswith(f"gpu-check: no usable GPU: cuda: {broken}; cublas: "), text

# ---- OpenCL: a card of another vendor needs no CUDA, one of NVIDIA's does, and PoCL is no GPU ----

no_cuda = {"FAKE_CUDA": "no CUDA driver (libcuda.so.1) on this machine", "FAKE_CUBLAS": "no CUDA driver (libcuda.so.1) on this machine",
           "FAKE_CUDNN": gone}
text, output = check(code=0, FAKE_OPENCL="opencl", FAKE_VENDOR="Advanced Micro Devices, Inc.", **no_cuda)
assert "skipped  library not found: cuda: no CUDA driver" in text and "skipped  performance: needs both" in text, text
sweep = (output / "gemm-correctness.sweep").read_text()
assert "backend=clblast\n" in sweep and "backend=opencl\n" in sweep and "backend=cuda" not in sweep, sweep
assert "failed   does not start: cuda: no CUDA driver" in check(code=1, FAKE_OPENCL="opencl", FAKE_VENDOR="NVIDIA Corporation",
                                                                **no_cuda)[0]
text, _ = check(code=77, FAKE_OPENCL="cpu-opencl", FAKE_VENDOR="GenuineIntel", **no_cuda)
assert text.count("\n") == 1 and "clblast: OpenCL on the CPU is no GPU" in text, text

# ---- The list of shapes ----

nowhere = folder / "nowhere/gpu-check"  # neither a build nor a GPU beside it
nowhere.parent.mkdir()
shutil.copy(source / "ci/gpu-check", nowhere)
listed = subprocess.run([nowhere, "--list"], capture_output=True, text=True, check=True).stdout
sections = {}
for line in listed.splitlines():
    if line.startswith("# "):
        sections[line] = shapes = []
    else:
        shapes.append(line)


def tiles(line):
    """Blocks of 128 rows and 256 columns of the result, the largest tiles of our kernels; of a convolution, forward."""
    of = {key: value for key, value in (word.split("=") for word in line.split()[1:])}
    size = lambda key, default=1: int(of.get(key, default))
    if line.startswith("gemm"):
        return size("batch") * math.ceil(size("m") / 128) * math.ceil(size("n") / 256)
    step, pad = size("stride"), 2 * size("pad", 0)
    p, q = ((size(side) + pad - size(taps)) // step + 1 for side, taps in (("h", "r"), ("w", "s")))
    return math.ceil(size("n") * p * q / 128) * math.ceil(size("k") / 256)


large = [line for heading, lines in sections.items() if "tensor-core" in heading for line in lines]
assert cube in large and sum(" n=32 " in line for line in large) >= 5, large
for line in large:
    assert tiles(line) > 132, f"{line}: {tiles(line)} tiles, which an H100 computes at once"

# The list is a sweep.
(folder / "listed.sweep").write_text(listed)
planned = subprocess.run([build / "bin/whygpu", "run", folder / "listed.sweep", "--backend", "naive", "--dry-run"],
                         capture_output=True, text=True)
assert planned.returncode == 0 and "m=4096 n=4096 k=4096" in planned.stdout, planned.stderr

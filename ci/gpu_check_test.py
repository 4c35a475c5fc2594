#!/usr/bin/env python3
"""Verdicts of ci/gpu-check: on a machine without a GPU, and with fakes of whygpu, its workers and compute-sanitizer whose
results are correct, incorrect, not repeatable or slow as requested."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
folder = pathlib.Path(tempfile.mkdtemp())
fakes = folder / "bin"
fakes.mkdir()

WORKER = """#!/bin/sh
case "$*" in
  *--describe*) ;;
  *) exit 0 ;;
esac
echo '{"event":"backend","name":"cuda","device":{"facts":{"compute_capability":"9.0"}}}'
echo '{"case":"gemm m=32 n=32 k=32 dtype=bf16","event":"support","reason":"","variants":["naive","tensor"],"yes":true}'
echo '{"case":"gemm m=32 n=32 k=32 dtype=s8","event":"support","reason":"none","variants":[],"yes":false}'
"""

# Writes a result file as the variables FAKE_… request; by default correct, repeatable and as fast as cuBLASLt.
WHYGPU = """#!/usr/bin/env python3
import json, os, sys
setting = lambda name, default: os.environ.get("FAKE_" + name, default)
output = sys.argv[sys.argv.index("-o") + 1]
problem = "gemm m=4096 n=4096 k=4096"
def rounds(backend):
    return [{"details": {"output_hash": 7.0 if setting("UNREPEATABLE", "") != backend else float(i)}, "round": i} for i in (1, 2, 3)]
cases = [{"case": f"{problem} backend={b}", "rounds": rounds(b), "status": setting("STATUS", "ok")} for b in ("cuda", "cublas")]
times = {f"{problem} variant=best backend=cublas": 100.0, f"{problem} backend=cuda": float(setting("TIME", "100"))}
json.dump({"benchmarks": [{"name": n, "real_time": t} for n, t in times.items()], "whygpu": {"cases": cases}},
          open(output, "w"), indent=1, sort_keys=True)
"""

SANITIZER = "#!/bin/sh\n[ -z \"$FAKE_RACE\" ] || exit 99\n"

for name, text in {"whygpu": WHYGPU, "gemm": WORKER, "compute-sanitizer": SANITIZER}.items():
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
assert "gemm: 6 outputs" in text, text
sweep = (output / "gemm-correctness.sweep").read_text()
assert "gemm m=1 n=1 k=1 dtype=bf16 variant=naive,tensor backend=cudnn\n" in sweep and "s8" not in sweep, sweep
assert re.search(r"f32 4096 and 8192 \| 1 \| 1\.000 \| 1\.000 \| 0\.93", (output / "goals.md").read_text())
assert {"log.txt", "summary.txt", "goals.json"} <= {path.name for path in output.iterdir()}

assert "0 cases correct, 2 incorrect" in check(code=1, FAKE_STATUS="incorrect")[0]
assert "0 cases correct" in check(code=1, FAKE_STATUS="unsupported")[0]
assert "1 cases of cuda" in check(code=1, FAKE_UNREPEATABLE="cuda")[0]
assert "1 of the vendor's libraries" in check(code=0, FAKE_UNREPEATABLE="cublas")[0]
assert "failed   racecheck: gemm" in check(code=1, FAKE_RACE="1")[0]
assert "below the floor: f32 4096 and 8192 (0.800 of 0.93)" in check(code=1, FAKE_TIME="125")[0]
assert "skipped  performance" in check("--quick", code=0, FAKE_TIME="125")[0]
assert "unknown argument --fast" in check("--fast", code=2)[0]
assert "no whygpu in" in check(code=2, bin=folder / "nowhere")[0]

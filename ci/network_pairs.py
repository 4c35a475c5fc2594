"""What check-composition and compare-onnxruntime share: runs of whygpu on a network, ratios of pairs, tables."""
import csv
import io
import json
import math
import os
import re
import statistics
import subprocess


def run(command, **options):
    """Standard output. RuntimeError with the last line of what went wrong."""
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode != 0:
        lines = (done.stderr.strip() or done.stdout.strip() or f"exit code {done.returncode}").splitlines()
        raise RuntimeError(f"{os.path.basename(command[0])}: {lines[-1]}")
    return done.stdout


def size_arguments(options):
    arguments = [word for dim in options.dim for word in ("--dim", dim)]
    return arguments + (["--batch", str(options.batch)] if options.batch else [])


def passes(options, network, backend):
    """The operators back to back, as network_passes reports them."""
    return json.loads(run([os.path.join(options.bin, "network_passes"), network, "--backend", backend, "--threads",
                           str(options.threads), "--seconds", str(options.seconds)] + size_arguments(options)))


def keep_fastest(path):
    """Leaves the fastest sample of each process in a result file."""
    with open(path) as file:
        document = json.load(file)
    for case in document["whygpu"]["cases"]:
        for visit in case["rounds"]:
            visit["samples_ns"] = [min(visit["samples_ns"])] if visit["samples_ns"] else []
    with open(path, "w") as file:
        json.dump(document, file)


def network_run(options, network, backends, folder, ceilings, rounds=1, fastest=False):
    """The times that `whygpu network` composes, by backend; the name of the network; the shares of its FLOPs. `fastest`:
    from the fastest sample of each case instead of the median."""
    file = os.path.join(folder, "run.json")
    whygpu = os.path.join(options.bin, "whygpu")
    command = [whygpu, "network", network, "--backend", ",".join(backends), "--threads", str(options.threads),
               "--rounds", str(rounds), "--sample-seconds", str(options.seconds / 5), "-o", file, "--force"] + size_arguments(options)
    done = subprocess.run(command + ([] if ceilings else ["--no-ceilings"]), capture_output=True, text=True)
    if not os.path.exists(file):
        raise RuntimeError((done.stderr.strip().splitlines() or [f"{network}: exit code {done.returncode}"])[-1])
    try:
        if fastest:
            keep_fastest(file)
        records = list(csv.DictReader(io.StringIO(run([whygpu, "table", file, "--view", "network", "--format", "csv"]))))
    finally:
        os.remove(file)
    if not records:
        raise RuntimeError(f"{network}: no case was timed")
    times = {record["backend"]: {key: number(value) for key, value in record.items()} for record in records}
    return {"name": records[0]["network"], "times": times}


def number(text):
    try:
        return float(text)
    except ValueError:
        return text


def median_ratio(pairs):
    """The median of first / second by logarithms, with the smallest and the largest pair: for 3 pairs a 75% interval of
    the median, for 5 a 94%, for 7 a 98% one. From 8 on the pair at rank 2 from each end, and so on, at 95% or more."""
    logs = sorted(math.log(first / second) for first, second in pairs)
    low = 0
    while 2 * sum(math.comb(len(logs), i) for i in range(low + 2)) / 2**len(logs) <= 0.05:
        low += 1
    level = 1 - 2 * sum(math.comb(len(logs), i) for i in range(low + 1)) / 2**len(logs)
    return {"ratio": math.exp(statistics.median(logs)), "low": math.exp(logs[low]), "high": math.exp(logs[-1 - low]),
            "level": max(level, 0), "pairs": len(logs)}


def machine():
    try:
        with open("/proc/cpuinfo") as file:
            models = re.findall(r"^model name\s*:\s*(.*)$", file.read(), re.MULTILINE)
    except OSError:
        models = []
    return f"{models[0] if models else 'unknown CPU'}, {len(os.sched_getaffinity(0))} CPUs"


def table(columns, rows):
    widths = [max(len(str(line[i])) for line in [columns] + rows) for i in range(len(columns))]
    lines = ["  ".join(str(cell).ljust(width) for cell, width in zip(line, widths)).rstrip() for line in [columns] + rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths)] + lines[1:])

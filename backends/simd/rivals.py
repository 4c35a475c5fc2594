#!/usr/bin/env python3
"""Compares the simd backend with the fastest of its rivals, case by case, and writes the table of its README.

    backends/simd/rivals.py build/bin/whygpu FOLDER          measure, and print the table
    backends/simd/rivals.py build/bin/whygpu FOLDER --write  … and put it into backends/simd/README.md
    backends/simd/rivals.py build/bin/whygpu FOLDER --cases  print a line for each case

Result files stay in FOLDER; those that are there already are read, not measured again. Products are those of the sweeps
square, odd and deepbench (of deepbench every third), convolutions those of resnet50 at n=1 and 16, up to --most GFLOP; of products,
operands take 200 MB at most.

A ratio is the rival's time over simd's, so above 1 simd is faster. The rival is the backend that is fastest in that case
over all rounds. Each round gives a ratio of times that were measured within it; the table has the median of the rounds,
of each group that of their geometric means, with the smallest and the largest round.
"""
import argparse
import collections
import json
import math
import pathlib
import re
import statistics
import subprocess
import sys

from readme_table import write_table

RIVALS = {"gemm": ["openblas", "onednn", "blis", "xsmm"], "convolution": ["openblas", "onednn"]}
MOST_MEGABYTES = 200


def planned(whygpu, *sweep):
    text = subprocess.run([whygpu, "run", *sweep, "--backend", "simd", "--dry-run"], check=True, capture_output=True,
                          text=True).stdout
    return [line.removesuffix(" backend=simd") for line in text.splitlines() if line.endswith(" backend=simd")]


def sizes(case):
    return {key: float(text) for key, text in re.findall(r"(\w+)=([\d.]+)(?= |$)", case)}


def gflop(case):
    value = sizes(case)
    if case.startswith("gemm"):
        return 2e-9 * value.get("batch", 1) * value["m"] * value["n"] * value["k"]
    pixels = value["n"] * value["h"] * value["w"] / value.get("stride", 1) ** 2
    return 2e-9 * pixels * value["c"] * value["k"] * value["r"] * value["s"]


def megabytes(case):
    """Of the operands of a product, as if of f32."""
    value = sizes(case)
    return 4e-6 * (value["m"] * value["k"] + value["k"] * value["n"] + value["m"] * value["n"])


def measure(whygpu, workload, most, threads, rounds, seconds, file):
    if workload == "gemm":
        cases = planned(whygpu, "square") + planned(whygpu, "odd") + planned(whygpu, "deepbench")[::3]
        cases = [case for case in cases if megabytes(case) <= MOST_MEGABYTES]
    else:
        cases = [re.sub(r" n=\d+", f" n={n}", case) for n in (1, 16) for case in planned(whygpu, "resnet50")
                 if " n=1 " in case and "dtype=" not in case]
    cases = [case for case in dict.fromkeys(cases) if gflop(case) <= most]
    subprocess.run([whygpu, "run", *cases, "--backend", ",".join(["simd", *RIVALS[workload]]), "--threads", str(threads),
                    "--rounds", str(rounds), "--sample-seconds", str(seconds), "-o", file, "--force"],
                   stdout=subprocess.DEVNULL, stderr=sys.stderr)


def rounds_of(record):
    return {one["round"]: statistics.median(one["samples_ns"]) for one in record["rounds"] if one["samples_ns"]}


class Compared:
    """A case on simd and its fastest rival: the ratio of each round."""

    def __init__(self, problem, records):
        self.problem = problem
        times = {name: rounds_of(record) for name, record in records.items() if record["status"] == "ok"}
        ours = times.pop("simd", {})
        times = {name: rounds for name, rounds in times.items() if rounds}
        self.ratios = {}
        if not ours or not times:
            return
        self.rival = min(times, key=lambda name: statistics.median(times[name].values()))
        theirs = times[self.rival]
        self.ratios = {index: theirs[index] / ours[index] for index in ours.keys() & theirs.keys()}

    def median(self):
        return statistics.median(self.ratios.values())

    def group(self):
        words = dict(re.findall(r"(\w+)=(\S+)", self.problem))
        what = "products" if self.problem.startswith("gemm") else f"convolutions, {words.get('pass', 'forward')}"
        return what.replace("_", " "), words.get("dtype", "f32")


def compare(file):
    records = collections.defaultdict(dict)
    for record in json.loads(pathlib.Path(file).read_text())["whygpu"]["cases"]:
        records[record["problem"]][record["backend"]] = record
    return [case for case in (Compared(*item) for item in records.items()) if case.ratios]


def geometric_means(cases):
    """That of every round in which all cases were measured."""
    rounds = set.intersection(*(set(case.ratios) for case in cases))
    return [math.exp(statistics.fmean(math.log(case.ratios[index]) for case in cases)) for index in sorted(rounds)]


def interval(values):
    return f"{statistics.median(values):.3f} [{min(values):.3f}, {max(values):.3f}]"


def table(files):
    lines = ["| operation | dtype | threads | cases | geometric mean | below 0.9 | worst | best |",
             "|---|---|--:|--:|--:|--:|--:|--:|"]
    for (workload, threads), file in files.items():
        groups = collections.defaultdict(list)
        for case in compare(file):
            groups[case.group()].append(case)
        for (what, dtype), cases in sorted(groups.items()):
            medians = sorted(case.median() for case in cases)
            means = geometric_means(cases)
            lines.append(f"| {what} | {dtype} | {threads} | {len(cases)} | {interval(means) if means else 'n/a'} | "
                         f"{sum(ratio < 0.9 for ratio in medians)} | {medians[0]:.2f} | {medians[-1]:.2f} |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("whygpu", help="the program")
    parser.add_argument("folder", type=pathlib.Path, help="of the result files")
    parser.add_argument("--workload", choices=list(RIVALS), action="append", help="only that (default: both)")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--most", type=float, default=10, help="GFLOP of a case (default: 10)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sample-seconds", type=float, default=0.02)
    parser.add_argument("--cases", action="store_true", help="print a line for each case, the worst first")
    parser.add_argument("--write", action="store_true", help="replace the table in the README")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for workload in arguments.workload or RIVALS:
        for threads in map(int, arguments.threads.split(",")):
            file = arguments.folder / f"{workload}-{threads}.json"
            if not file.exists():
                measure(arguments.whygpu, workload, arguments.most, threads, arguments.rounds, arguments.sample_seconds,
                        file)
            files[workload, threads] = file
    if arguments.cases:
        for (workload, threads), file in files.items():
            for case in sorted(compare(file), key=Compared.median):
                print(f"{interval(case.ratios.values())}  {case.rival:8}  {threads} threads  {case.problem}")
    text = table(files)
    print(text)
    if arguments.write:
        write_table("rivals.py", text)


if __name__ == "__main__":
    main()

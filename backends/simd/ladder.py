#!/usr/bin/env python3
"""Measures the rungs of the simd backend and writes the table of its README.

    backends/simd/ladder.py build/bin/whygpu          measure for a minute, and print the table
    backends/simd/ladder.py build/bin/whygpu --write  … and put it into backends/simd/README.md

One thread, f32, hot; shares are of the arithmetic ceiling that the same run measured. With --file, an existing result
file of `whygpu run` is read instead.
"""
import argparse
import csv
import io
import subprocess
import tempfile

from readme_table import write_table

RUNGS = ["blocked", "vectorised", "tiled", "packed", "automatic"]
SIZES = [128, 512, 1024]


def measure(whygpu, file, budget):
    sizes = ",".join(map(str, SIZES))
    subprocess.run([whygpu, "run", f"gemm m={sizes} n=m k=m variant={','.join(RUNGS)}", "--backend", "simd", "--threads",
                    "1", "--budget", budget, "--output", file, "--force"], check=True, stdout=subprocess.DEVNULL)


def read(whygpu, file):
    text = subprocess.run([whygpu, "table", file, "--format", "csv"], check=True, capture_output=True, text=True).stdout
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["measure"] == "gflops" and row["status"] == "ok"]
    return {(row["variant"], int(row["m"])): row for row in rows}


def table(rows):
    lines = ["| variant | " + " | ".join(f"{size}³ GFLOP/s | of the ceiling" for size in SIZES) + " |",
             "|---|" + "--:|" * 2 * len(SIZES)]
    for rung in RUNGS:
        cells = []
        for size in SIZES:
            row = rows.get((rung, size))
            cells += [f"{float(row['value']):.3g}", f"{float(row['ceiling_fraction']):.1%}"] if row else ["n/a", "n/a"]
        lines.append(f"| `{rung}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("whygpu", help="the program")
    parser.add_argument("--file", help="a result file to read instead of measuring")
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--write", action="store_true", help="replace the table in the README")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = arguments.file or f"{folder}/ladder.json"
        if not arguments.file:
            measure(arguments.whygpu, file, arguments.budget)
        text = table(read(arguments.whygpu, file))
    print(text)
    if arguments.write:
        write_table("ladder.py", text)


if __name__ == "__main__":
    main()

"""Puts a measured table between two comments of backends/simd/README.md."""
import pathlib
import sys

README = pathlib.Path(__file__).resolve().parent / "README.md"


def write_table(script, text):
    begin, end = f"<!-- {script} -->", f"<!-- end of {script} -->"
    before, _, rest = README.read_text().partition(begin)
    _, _, after = rest.partition(end)
    if not after:
        sys.exit(f"{README} has no {begin} … {end}")
    README.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")

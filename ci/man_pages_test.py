#!/usr/bin/env python3
"""Makes the man pages: one for every command, with every option that the completion of the shell knows."""
import gzip
import pathlib
import re
import subprocess
import sys
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
completion = subprocess.run([build / "bin/whygpu", "completion", "bash"], check=True, capture_output=True, text=True).stdout
options = {name: re.findall(r"--[\w-]+", words) for name, words in re.findall(r'^    (\w+)\) words="(.*)" ;;$', completion, re.M)}
assert len(options) > 10 and "--backend" in options["run"], completion

with tempfile.TemporaryDirectory() as folder:
    subprocess.run([source / "ci/man-pages", build / "bin/whygpu", folder], check=True)
    pages = {file.name.removesuffix(".1.gz"): gzip.decompress(file.read_bytes()).decode() for file in pathlib.Path(folder).iterdir()}
assert set(pages) >= {"whygpu", "whygpu-history-add", *(f"whygpu-{name}" for name in options)}, set(pages)
for page, text in pages.items():
    assert f"\n.SH NAME\n{page} \\- " in text and text.startswith(".\\\""), text[:300]
for name, words in options.items():
    text = re.sub(r"\\f[BIR]", "", pages[f"whygpu-{name}"]).replace("\\", "")
    missing = [word for word in words if not re.search(rf"{word}\b", text)]
    assert not missing, f"whygpu-{name}: {missing} missing in\n{text}"
assert "within ± this" in pages["whygpu-run"], pages["whygpu-run"]
# Nothing of the machine that makes the pages.
assert "all usable CPUs" in pages["whygpu-run"] and not re.search(r"4096\]=", pages["whygpu-run"]), pages["whygpu-run"]

refused = subprocess.run([source / "ci/man-pages", "nowhere/whygpu", "folder"], capture_output=True, text=True)
assert refused.returncode == 2 and refused.stderr.startswith("usage: ci/man-pages"), refused

#!/usr/bin/env python3
"""Who may include whom: the rules of the architecture, and no vendor header outside its own backend."""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])

# Folder: the folders or files of this repository that it may include besides itself.
ALLOWED = {
    "backends": [],
    "benchmarks": ["backends/backend.h", "backends/dtypes.h", "backends/loader.h", "reports/results/"],
    "reports": [],
    "tools": ["backends/", "benchmarks/", "reports/"],
}
# Bare loops run on the threads of what they are compared with.
BARE_SEES = ["backends/host/team.h"]
# What backends/X sees of backends/ beside its own folder.
BACKEND_SEES = ["backends/backend.h", "backends/operations.h", "backends/layer_operations.h", "backends/dtypes.h", "backends/devices/"]
VENDOR = re.compile(r"^(cblas|openblas|oneapi/|dnnl|cuda|cublas|cudnn|nvml|omp\.h|mma\.h)")
# Meters read a vendor's counters; bare loops call a library as its own users do, to compare with.
VENDOR_HOMES = ("backends/", "benchmarks/meters/", "benchmarks/bare/")

errors = []
for path in sorted(p for folder in ALLOWED for p in (root / folder).rglob("*")):
    if path.suffix not in {".h", ".cpp", ".cu", ".cuh", ".in"}:
        continue
    name = path.relative_to(root).as_posix()
    top = name.split("/")[0]
    for number, text in enumerate(path.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+[<"]([^">]+)[">]', text)
        if not match:
            continue
        header = match.group(1)
        where = f"{name}:{number}: includes {header}"
        if VENDOR.match(header) and not name.startswith(VENDOR_HOMES):
            errors.append(f"{where}; vendor headers stay in their own backend")
        target = header.split("/")[0]
        if target not in {"backends", "benchmarks", "reports", "tools", "ci"}:
            continue
        if top == "backends":
            own = "/".join(name.split("/")[:2]) + "/"
            module = name.count("/") > 1
            if module and not header.startswith((own, *BACKEND_SEES)):
                errors.append(f"{where}; a backend sees {', '.join(BACKEND_SEES)} and its own folder")
            elif not header.startswith("backends/"):
                errors.append(f"{where}; backends/ knows nothing of {target}/")
        elif name.startswith("benchmarks/bare/") and header in BARE_SEES:
            continue
        elif not header.startswith((top + "/", *ALLOWED[top])):
            errors.append(f"{where}; {top}/ may include {', '.join(ALLOWED[top]) or 'itself only'}")

print("\n".join(errors))
sys.exit(1 if errors else 0)

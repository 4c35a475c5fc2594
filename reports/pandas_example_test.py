#!/usr/bin/env python3
"""The example for pandas in reports/README.md. Exits with 77 (skipped) without pandas.

    pandas_example_test.py SOURCE BUILD
"""
import os
import re
import sys

try:
    import pandas
except ImportError:
    print("skipped: no pandas (Debian: apt-get install python3-pandas)")
    sys.exit(77)

source, build = (os.path.abspath(path) for path in sys.argv[1:3])
os.chdir(source)
os.environ["PATH"] = os.path.join(build, "bin") + os.pathsep + os.environ["PATH"]
with open("reports/README.md", encoding="utf-8") as file:
    example = re.search("```python\n(.*?)```", file.read(), re.DOTALL).group(1)

names = {}
exec(compile(example, "reports/README.md", "exec"), names)  # pylint: disable=exec-used
assert set(names["hot"].backend) == {"naive", "openblas", "blis", "xsmm", "onednn", "simd"}, set(names["hot"].backend)
assert pandas.api.types.is_numeric_dtype(names["cases"].m)
assert len(names["samples"]) > 1000, len(names["samples"])
assert names["spread"].min() >= 0 and names["by_round"].min() > 0
timed = names["cases"][names["cases"].status == "ok"]
assert len(names["spread"]) == len(timed), (len(names["spread"]), len(timed))

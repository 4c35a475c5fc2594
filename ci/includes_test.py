#!/usr/bin/env python3
"""Include rules: what each part of the repository may include, and which folders may include a library's headers.

    includes_test.py REPOSITORY          checks the repository, then that violations of every rule are found
"""
import pathlib
import re
import sys
import tempfile

PARTS = ("backends", "benchmarks", "reports", "tools", "ci")
SUFFIXES = {".h", ".hpp", ".inc", ".in", ".cuh", ".cpp", ".cc", ".c", ".cu"}

# ---- Rules. Folders end in "/". The first line that matches a file applies. ----

PUBLIC = ["whygpu/"]  # the public interface, in backends/include/whygpu

BENCHMARKS = PUBLIC + ["backends/loader.h", "backends/communicators/communicator.h", "backends/layers/", "backends/dtypes.h", "reports/results/",
                       "reports/regression/gate/", "reports/regression/statistics/"]

# Files, and what they may include from this repository in addition to their own part (for backends/X/: their own folder).
REPOSITORY = [
    ("backends/include/whygpu/", PUBLIC),
    # The networks of cudnn multiply with cuBLASLt.
    ("backends/cudnn/", PUBLIC + ["backends/devices/", "backends/layers/", "backends/dtypes.h", "backends/cublas/products.h"]),
    ("backends/*/", PUBLIC + ["backends/devices/", "backends/im2col/", "backends/layers/", "backends/dtypes.h"]),
    ("backends/", PUBLIC + ["backends/"]),
    ("benchmarks/bare/", BENCHMARKS + ["backends/devices/thread_team.h"]),  # uses the threads of the backend it is compared with
    ("benchmarks/machine/", BENCHMARKS + ["backends/devices/cpu_model.h"]),
    ("benchmarks/meters/", BENCHMARKS + ["backends/devices/nvml.h", "backends/devices/nvml_fake.h", "backends/devices/pci_bus_id.h",
                                        "backends/devices/file_tree.h", "backends/devices/hwmon.h",
                                        "backends/devices/hwmon_trees.h"]),
    ("benchmarks/worker/", BENCHMARKS + ["backends/devices/held_queue_fake.h", "backends/devices/hwmon.h",
                                        "backends/devices/hwmon_trees.h", "backends/devices/pci_bus_id.h"]),
    ("benchmarks/", BENCHMARKS),
    ("reports/", []),
    ("tools/", PUBLIC + ["backends/", "benchmarks/", "reports/"]),
    ("ci/", PUBLIC + ["backends/", "benchmarks/", "reports/"]),
]

CUDA_FOLDERS = ["backends/communicators/", "backends/cuda/", "backends/cublas/", "backends/cudnn/", "backends/devices/", "backends/layers/"]

# Headers of libraries, and the folders that may include them.
LIBRARIES = [
    (r"cblas|openblas", ["backends/openblas/", "benchmarks/bare/"]),
    (r"blis\.h$", ["backends/blis/", "benchmarks/bare/"]),
    (r"libxsmm", ["backends/xsmm/", "benchmarks/bare/"]),
    (r"oneapi/|dnnl", ["backends/onednn/", "benchmarks/bare/"]),
    (r"omp\.h$", ["backends/im2col/", "backends/onednn/"]),
    (r"clblast", ["backends/clblast/", "benchmarks/bare/"]),
    (r"CL/", ["backends/devices/", "backends/clblast/", "backends/opencl/", "backends/layers/", "benchmarks/bare/"]),
    (r"cublas", ["backends/cublas/"]),
    (r"cudnn", ["backends/cudnn/"]),
    (r"mpi\.h$", ["backends/communicators/", "benchmarks/bare/"]),
    (r"nccl", ["backends/communicators/"]),
    (r"nvml", ["backends/devices/"]),
    (r"(cuda|mma\.h$|cooperative_groups|cub/|thrust/)", CUDA_FOLDERS),
    (r"(gtest|gmock)/", ["backends/", "benchmarks/", "reports/", "tools/", "ci/"]),
    (r"(fmt|nlohmann|boost)/", ["benchmarks/", "reports/", "tools/", "ci/"]),
    (r"CLI/", ["benchmarks/", "tools/", "ci/"]),
    (r"benchmark/benchmark\.h$", ["benchmarks/"]),
    (r"(onnx|google/protobuf)/", ["benchmarks/networks/onnx/"]),
    (r"(sqlite3|libpq-fe)\.h$|pqxx/|netinet/", ["reports/regression/history/"]),
]

STANDARD = re.compile(r"[a-z_]+$")  # the C++ standard library
# The C library and the operating system.
SYSTEM = re.compile(r"(sys|linux|sanitizer)/[a-z_0-9]+\.h$|(arm_neon|cpuid|dlfcn|fcntl|immintrin|math|poll|pthread|sched|signal|"
                    r"spawn|stdint|stdlib|string|termios|ucontext|unistd)\.h$")

# ---- Check ----

INCLUDE = re.compile(r'\s*#\s*(?:include|include_next|import)\s*(?:([<"])([^">]+)[">]|(\S+))')


def matches(pattern, name):
    if pattern.endswith("*/"):  # any subfolder
        return name.startswith(pattern[:-2]) and "/" in name[len(pattern) - 2:]
    return name.startswith(pattern)


def own_folder(name):
    """The folder whose files may include each other: backends/X/, or one of the other parts."""
    parts = name.split("/")
    return "/".join(parts[:2 if parts[0] == "backends" else 1]) + "/"


def violation(name, header, quoted):
    """The reason why `name` may not include `header`, or an empty string."""
    top = header.split("/")[0]
    if top in PARTS or top == "whygpu":
        if "/../" in header:
            return "the path must not contain .."
        if header.startswith("backends/include/"):
            return "the public interface is included as whygpu/..."
        folders = next(allowed for pattern, allowed in REPOSITORY if matches(pattern, name))
        if header.startswith((own_folder(name), *folders)):
            return ""
        return f"from this repository, {name.rpartition('/')[0]}/ may include only {', '.join(folders) or 'itself'}"
    if quoted:
        return "the path must start at the root of the repository"
    if STANDARD.match(header):
        return ""
    if name.startswith("backends/include/"):
        return "the public interface may include only itself and the standard library"
    if SYSTEM.match(header):
        return ""
    for pattern, folders in LIBRARIES:
        if re.match(pattern, header):
            return "" if name.startswith(tuple(folders)) else f"only {', '.join(folders)} may include this header"
    return f"no rule for this library: add one to {pathlib.Path(__file__).name}"


def check(root):
    """All violations in the tree, one line each, and the number of includes."""
    violations, seen = [], 0
    for path in sorted(p for part in PARTS for p in (root / part).rglob("*")):
        if path.suffix not in SUFFIXES or not path.is_file():
            continue
        name = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            seen += 1
            bracket, header, macro = match.groups()
            why = "the included file must not be a macro" if macro else violation(name, header, bracket == '"')
            if why:
                violations.append(f"{name}:{number}: includes {macro or header}: {why}")
    return violations, seen


# ---- Self-test ----

# One violation of each rule.
REFUSED = [
    ("backends/include/whygpu/tensor.h", '"backends/dtypes.h"'),
    ("backends/include/whygpu/tensor.h", '"backends/include/whygpu/device.h"'),
    ("backends/include/whygpu/tensor.h", "<cuda_runtime.h>"),
    ("backends/include/whygpu/tensor.h", "<unistd.h>"),
    ("backends/include/whygpu/tensor.h", "<fmt/format.h>"),
    ("backends/naive/naive.cpp", '"backends/host/host.h"'),
    ("backends/naive/naive.cpp", '"backends/loader.h"'),
    ("backends/naive/naive.cpp", '"backends/naive_other/x.h"'),
    ("backends/naive/naive.cpp", '"backends/naive/../host/host.h"'),
    ("tools/run_command.cpp", '"backends/include/whygpu/device.h"'),
    ("backends/naive/naive.cpp", "<backends/host/host.h>"),
    ("backends/naive/deep/er.inc", '"backends/host/host.h"'),
    ("backends/naive/naive.cpp", '"benchmarks/cases/case.h"'),
    ("backends/loader.cpp", '"reports/results/statistics.h"'),
    ("backends/devices/host.cpp", '"backends/host/host.h"'),
    ("backends/layers/add.cpp", '"backends/naive/naive.h"'),
    ("backends/layers/add.cpp", '"tools/command.h"'),
    ("backends/openblas/gemm.cpp", "<oneapi/dnnl/dnnl.hpp>"),
    ("backends/openblas/gemm.cpp", "<blis.h>"),
    ("backends/blis/gemm.cpp", "<cblas.h>"),
    ("backends/blis/gemm.cpp", "<libxsmm.h>"),
    ("backends/blis/gemm.cpp", '"backends/openblas/openblas.h"'),
    ("backends/im2col/convolution.cpp", '"backends/blis/blis.h"'),
    ("backends/onednn/gemm.cpp", "<cblas.h>"),
    ("backends/naive/gemm.cpp", "<omp.h>"),
    ("backends/naive/gemm.inc", "<openblas_config.h>"),
    ("backends/openblas/gemm.cpp", "<cuda_runtime.h>"),
    ("backends/openblas/gemm.cpp", "<CL/cl.h>"),
    ("benchmarks/worker/worker.cpp", "<CL/cl.h>"),
    ("backends/cublas/gemm.cpp", "<clblast.h>"),
    ("backends/clblast/gemm.cpp", '"backends/cublas/products.h"'),
    ("backends/cuda/gemm.cu", "<cublasLt.h>"),
    ("backends/cublas/gemm.cpp", "<cudnn.h>"),
    ("backends/cudnn/cudnn.cpp", '"backends/cublas/matmul.h"'),
    ("backends/cudnn/cudnn.cpp", "<cublasLt.h>"),
    ("backends/cublas/gemm.cpp", '"backends/cudnn/plans.h"'),
    ("backends/cuda/gemm.cu", "<nvml.h>"),
    ("backends/naive/gemm.cpp", "<fmt/format.h>"),
    ("backends/naive/gemm.cpp", "<mkl.h>"),
    ("backends/naive/gemm.cpp", '"gemm.h"'),
    ("backends/naive/gemm.cpp", '"math.h"'),
    ("backends/naive/gemm.cpp", "WHYGPU_HEADER"),
    ("benchmarks/workloads/gemm.cpp", '"backends/devices/host.h"'),
    ("benchmarks/workloads/gemm.cpp", '"backends/devices/nvml.h"'),
    ("benchmarks/workloads/gemm.cpp", '"backends/devices/thread_team.h"'),
    ("benchmarks/runner/plan.cpp", '"reports/views/table.h"'),
    ("benchmarks/runner/plan.cpp", '"reports/regression/comparison/comparison_text.h"'),
    ("benchmarks/runner/plan.cpp", '"tools/command.h"'),
    ("benchmarks/bare/gemm.cpp", "<cublasLt.h>"),
    ("benchmarks/meters/nvml.cpp", "<nvml.h>"),
    ("benchmarks/meters/nvml.cpp", '"backends/devices/cuda.h"'),
    ("benchmarks/oracles/gemm.cpp", "<cblas.h>"),
    ("benchmarks/bare/loops.inc", '"backends/openblas/openblas.h"'),
    ("reports/views/table.cpp", '"backends/dtypes.h"'),
    ("reports/views/table.cpp", '"whygpu/backend.h"'),
    ("reports/views/table.cpp", '"benchmarks/cases/case.h"'),
    ("reports/views/table.cpp", '"tools/command.h"'),
    ("reports/views/table.cpp", "<sqlite3.h>"),
    ("tools/history_command.cpp", "<pqxx/pqxx>"),
    ("tools/history_command.cpp", "<libpq-fe.h>"),
    ("reports/views/table.cpp", "<CLI/CLI.hpp>"),
    ("reports/views/table.cpp", "<benchmark/benchmark.h>"),
    ("tools/run_command.cpp", '"ci/accuracy/commands.h"'),
    ("tools/run_command.cpp", "<cblas.h>"),
    ("ci/accuracy/main.cpp", '"tools/command.h"'),
    ("ci/accuracy/main.cpp", "<cuda.h>"),
    ("ci/accuracy/main.cpp", '"commands.h"'),
]

ACCEPTED = [
    ("backends/include/whygpu/tensor.h", '"whygpu/device.h"'),
    ("backends/include/whygpu/tensor.h", "<vector>"),
    ("backends/naive/naive.cpp", '"whygpu/backend.h"'),
    ("backends/naive/naive.cpp", '"backends/naive/naive.h"'),
    ("backends/naive/naive.cpp", '"backends/devices/nvml.h"'),
    ("backends/naive/naive.cpp", '"backends/layers/add.h"'),
    ("backends/naive/naive_test.cpp", "<gtest/gtest.h>"),
    ("backends/loader.cpp", '"backends/loader.h"'),
    ("backends/loader.cpp", "<dlfcn.h>"),
    ("backends/openblas/gemm.cpp", "<cblas.h>"),
    ("backends/openblas/convolution.cpp", '"backends/im2col/convolution.h"'),
    ("backends/blis/gemm.cpp", "<blis.h>"),
    ("backends/xsmm/kernels.cpp", "<libxsmm.h>"),
    ("backends/onednn/gemm.cpp", "<omp.h>"),
    ("backends/layers/add.cu", "<cuda_fp16.h>"),
    ("backends/cublas/gemm.cpp", "<cublasLt.h>"),
    ("backends/cudnn/gemm.cpp", "<cudnn.h>"),
    ("backends/cudnn/cudnn.cpp", '"backends/cublas/products.h"'),
    ("backends/cudnn/cudnn.cpp", '"backends/devices/cuda.h"'),
    ("benchmarks/bare/gemm.cpp", "<cblas.h>"),
    ("benchmarks/bare/gemm.cpp", '"backends/devices/thread_team.h"'),
    ("benchmarks/meters/nvml_meter.cpp", '"backends/devices/nvml.h"'),
    ("benchmarks/worker/worker.cpp", '"backends/loader.h"'),
    ("benchmarks/worker/worker.cpp", '"reports/results/statistics.h"'),
    ("benchmarks/runner/gate.cpp", '"reports/regression/gate/judgement.h"'),
    ("benchmarks/runner/gate.cpp", "<sys/wait.h>"),
    ("reports/views/table.cpp", '"reports/results/result_file.h"'),
    ("reports/regression/history/sqlite.h", "<sqlite3.h>"),
    ("reports/regression/history/postgres.h", "<pqxx/pqxx>"),
    ("reports/regression/history/postgres_session.cpp", "<libpq-fe.h>"),
    ("tools/run_command.cpp", '"benchmarks/runner/rounds.h"'),
    ("tools/run_command.cpp", '"whygpu/backend.h"'),
    ("ci/accuracy/main.cpp", '"ci/accuracy/commands.h"'),
    ("ci/accuracy/main.cpp", '"reports/regression/statistics/paired.h"'),
    ("ci/script.py", '"tools/command.h"'),
]


def planted(name, header):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, name)
        path.parent.mkdir(parents=True)
        path.write_text(f"#pragma once\n#  include {header}\n")
        return check(pathlib.Path(folder))[0]


def self_test():
    wrong = []
    for name, header in REFUSED:
        violations = planted(name, header)
        if len(violations) != 1 or not violations[0].startswith(f"{name}:2: "):
            wrong.append(f"self-test: {name} may include {header}: {violations}")
    for name, header in ACCEPTED:
        wrong += [f"self-test: {violation}" for violation in planted(name, header)]
    return wrong


def main():
    violations, seen = check(pathlib.Path(sys.argv[1]))
    if seen == 0:
        violations.append(f"{sys.argv[1]}: no includes found")
    violations += self_test()
    print("\n".join(violations) if violations else f"{seen} includes, all {len(REFUSED)} violations of the self-test found")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

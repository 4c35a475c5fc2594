#!/usr/bin/env python3
"""Makes the bundle, unpacks it elsewhere, and runs it without this build and with an empty environment: every library must
come from the bundle, glibc, CUDA or the loader of OpenCL drivers. Then the same in the folders of a distribution."""
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile

source, build = map(pathlib.Path, sys.argv[1:3])
LIMIT = 56 << 20  # with eleven workers, and with PostgreSQL's client, which releases leave out
GLIBC = re.compile(r"^(linux-vdso|ld-linux-[a-z0-9-]+|lib(c|m|dl|rt|pthread|resolv))\.so")
VENDORS = re.compile(r"^lib(cublasLt|cudnn|OpenCL)\.so")

with tempfile.TemporaryDirectory() as folder:
    folder = pathlib.Path(folder)
    subprocess.run(["cpack", "--config", build / "CPackConfig.cmake", "-B", folder / "made"], check=True, cwd=build,
                   stdout=subprocess.DEVNULL)
    (archive,) = (folder / "made").glob("whygpu-*.tar.gz")
    assert archive.stat().st_size < LIMIT, f"{archive.stat().st_size} bytes"
    with tarfile.open(archive) as tar:
        tar.extractall(folder)
    root = folder / archive.name.removesuffix(".tar.gz")

    for file in [p for p in (root / "bin").rglob("*") if p.is_file() and p.read_bytes()[:4] == b"\x7fELF"]:
        if file.parent.name == "communicators":
            continue  # MPI's library is that of the machine, which has the launcher too
        listed = subprocess.run(["ldd", file], check=True, capture_output=True, text=True, env={}).stdout
        for line in listed.splitlines():
            name = pathlib.Path(line.split()[0]).name
            if GLIBC.match(name) or VENDORS.match(name):
                continue
            assert f"=> {root}/bin/" in line or f"=> {root}/lib/" in line or "/../lib/" in line, f"{file.name}:{line}"

    clean = {"PATH": "/nowhere"}
    listed = subprocess.run([root / "bin/whygpu", "list"], check=True, capture_output=True, text=True, env=clean).stdout
    modules = ("naive", "openblas", "blis", "onednn", "clblast", "cublas", "quick")
    assert all(name in listed for name in modules), listed
    result = folder / "result.json"
    subprocess.run([root / "bin/whygpu", "run", "gemm m=64 n=64 k=64", "--backend", "naive,openblas,blis,onednn", "--rounds",
                    "1", "--sample-seconds", "0.001", "-o", result], check=True, env=clean, capture_output=True)
    assert result.read_text().count('"status": "ok"') == 4

    # In the folders of a distribution: a link to the command, sweeps in share/, workers and modules beside the program.
    system = folder / "usr"
    (system / "bin").mkdir(parents=True)
    (system / "lib/triplet").mkdir(parents=True)
    (root / "bin").rename(system / "lib/triplet/whygpu")
    (root / "lib").rename(system / "lib/triplet/lib")
    (root / "share").rename(system / "share")
    (system / "bin/whygpu").symlink_to("../lib/triplet/whygpu/whygpu")
    work = folder / "work"
    work.mkdir()
    subprocess.run([system / "bin/whygpu", "run", "quick", "--backend", "naive", "--dry-run"], check=True, env=clean, cwd=work)
    subprocess.run([system / "bin/whygpu", "run", "gemm m=8", "--backend", "naive,openblas", "--rounds", "1", "--no-ceilings",
                    "--sample-seconds", "0.001"], check=True, env=clean, cwd=work, capture_output=True)
    assert len(list(work.glob("results/*.json"))) == 2, list(work.rglob("*"))  # and the link to the newest

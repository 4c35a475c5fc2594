#!/usr/bin/env python3
"""Several ranks under mpirun: correct, equal, named when one dies or hangs, and none left behind.

    ranks_test.py REPOSITORY BUILD
"""
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import unittest

BIN = pathlib.Path(sys.argv.pop(2)).resolve() / "bin"
del sys.argv[1]
SKIPPED = 77


def missing():
    if not shutil.which("mpirun"):
        return "no mpirun: apt-get install openmpi-bin"
    if not (BIN / "backends/communicators/mpi.so").exists():
        return "built without MPI: apt-get install libopenmpi-dev"
    return ""


def workers(name):
    """The processes of a worker, with what they were started with."""
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode().split("\0")
        except OSError:
            continue
        if words[0] == str(BIN / name):
            found[int(folder.name)] = words
    return found


def rank_of(pid):
    environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return int(dict(word.split("=", 1) for word in environment if "=" in word)["OMPI_COMM_WORLD_RANK"])


class Ranks(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def enterContext(self, context):  # Python 3.11 has it
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def start(self, *words, meters="/"):
        return subprocess.Popen([BIN / "whygpu", "run", *words, "--no-ceilings", "-o", self.folder / "r.json"],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=self.folder,
                                env=os.environ | {"WHYGPU_METER_ROOT": str(meters)})

    def run_whygpu(self, *words, meters="/"):
        process = self.start(*words, meters=meters)
        output = process.communicate(timeout=110)[0]
        return process.returncode, output

    def cases(self):
        return {case["case"]: case for case in json.loads((self.folder / "r.json").read_text())["whygpu"]["cases"]}

    def test_collectives_are_correct_in_all_types(self):
        problems = [word for name in ("allreduce", "allgather", "reduce_scatter", "broadcast", "alltoall")
                    for word in (name, "bytes=4000,65536", "dtype=f32,bf16,s32", "in_place=no,yes")]
        status, output = self.run_whygpu(*problems, "--ranks", "2,4", "--rounds", "1", "--sample-seconds", "0.002")
        self.assertEqual(status, 0, output)
        cases = self.cases()
        self.assertEqual(len(cases), 5 * 2 * 3 * 2 * 2)
        self.assertEqual({case["status"] for case in cases.values()}, {"ok"})
        self.assertEqual({case["backend"] for case in cases.values()}, {"host"})
        for case in cases.values():
            self.assertEqual(len(case["ranks"]), int(case["values"]["ranks"]))
            (one_round,) = case["rounds"]
            # The samples are those of the slowest rank, which the first one is not in a broadcast.
            fastest, mean = (one_round["details"][name] for name in ("rank_fastest_ns", "rank_mean_ns"))
            self.assertLessEqual(fastest, mean)
            self.assertLessEqual(mean, 1.001 * statistics.median(one_round["samples_ns"]), case["case"])

    def test_training_on_two_ranks_has_the_losses_of_one(self):
        status, output = self.run_whygpu("training_step", "model=mlp", "width=64", "batch=32", "allreduce", "bytes=64",
                                         "--backend", "naive,host", "--ranks", "1,2", "--rounds", "2")
        self.assertEqual(status, 0, output)
        one, two = (self.cases()[f"training_step model=mlp batch=32 width=64{ranks} backend=naive"]["rounds"][0]["details"]
                    for ranks in ("", " ranks=2"))
        for step in range(1, 11):
            self.assertAlmostEqual(one[f"loss_{step}"], two[f"loss_{step}"], delta=1e-4 * one["loss_1"])
        measured = [text for text, case in self.cases().items() if case["status"] == "ok"]
        self.assertEqual([text for text in measured if text.startswith("allreduce")],
                         ["allreduce bytes=64 backend=host"])  # on one rank there is none
        self.assertRegex(output, r"efficiency")
        self.assertRegex(output, r"naive +2 .*%")

    def test_rank_that_dies_costs_its_case_and_is_named(self):
        process = self.start("allreduce", "bytes=1024", "--ranks", "2", "--rounds", "1", "--sample-seconds", "30")
        self.with_rank(1, lambda pid: os.kill(pid, signal.SIGKILL))
        output = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 1, output)
        reason = self.cases()["allreduce bytes=1024 backend=host"]["reason"]
        self.assertRegex(reason, r"rank 1 .*exited on signal 9")
        self.assertEqual(workers("allreduce"), {})

    def test_rank_that_hangs_is_named(self):
        process = self.start("allreduce", "bytes=1024", "--ranks", "2", "--rounds", "1", "--sample-seconds", "30",
                             "--timeout", "4")
        self.with_rank(1, lambda pid: os.kill(pid, signal.SIGSTOP))
        output = process.communicate(timeout=60)[0]
        self.assertEqual(process.returncode, 1, output)
        reason = self.cases()["allreduce bytes=1024 backend=host"]["reason"]
        self.assertEqual(reason, "round 1: no answer for 4 s, killed: rank 1 does not answer")
        self.assertEqual(workers("allreduce"), {})

    def test_interrupted_run_leaves_no_rank_behind(self):
        process = self.start("allreduce", "bytes=1024", "--ranks", "2", "--rounds", "1", "--sample-seconds", "30")
        self.with_rank(0, lambda pid: process.send_signal(signal.SIGINT))
        process.communicate(timeout=60)
        self.assertEqual(workers("allreduce"), {})

    def test_killed_runner_leaves_no_rank_behind(self):
        process = self.start("allreduce", "bytes=1024", "--ranks", "2", "--rounds", "1", "--sample-seconds", "30")
        self.with_rank(1, lambda pid: os.kill(pid, signal.SIGSTOP))
        process.kill()
        process.communicate(timeout=60)
        self.wait_until(lambda: not workers("allreduce"))

    def test_what_cannot_have_ranks_is_refused(self):
        for words, complaint in ((("gemm", "m=64"), "--ranks: gemm runs in one process"),
                                 (("allreduce", "bytes=8", "--launcher", "ssh"), "accepted: mpirun or srun")):
            status, output = self.run_whygpu(*words, "--ranks", "2")
            self.assertEqual(status, 2, output)
            self.assertIn(complaint, output)
            self.assertEqual(len(output.strip().splitlines()), 1, output)

    def test_worker_without_launcher_says_so(self):
        done = subprocess.run([BIN / "allreduce", "--ranks=2", "--backend=host", "--case=allreduce bytes=8"],
                              capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("the launcher started this process alone where 2 ranks were asked for", done.stderr)

    # The counter of a processor that draws 50 W, whatever it does; both ranks see it.
    def test_energy_is_that_of_all_ranks(self):
        package = self.folder / "sys/class/powercap/intel-rapl:0"
        package.mkdir(parents=True)
        (package / "name").write_text("package-0\n")
        (package / "max_energy_range_uj").write_text("262143328850\n")
        start, done = time.monotonic(), threading.Event()

        energy = os.open(package / "energy_uj", os.O_WRONLY | os.O_CREAT)
        self.addCleanup(os.close, energy)

        def count():
            while not done.wait(0.005):
                os.pwrite(energy, b"%015d\n" % (50e6 * (time.monotonic() - start)), 0)
        os.pwrite(energy, b"1\n", 0)
        counter = threading.Thread(target=count)
        counter.start()
        try:
            status, output = self.run_whygpu("training_step", "model=mlp", "width=64", "batch=32", "--energy",
                                             "--backend", "naive", "--ranks", "1,2", "--rounds", "1", meters=self.folder)
        finally:
            done.set()
            counter.join()
        self.assertEqual(status, 0, output)
        self.assertIn("J a step", output)
        for text, case in self.cases().items():
            (one_round,) = case["rounds"]
            self.assertIn("energy_watts", one_round["details"], f"{text}: {one_round}")
            self.assertAlmostEqual(one_round["details"]["energy_watts"], 50, delta=5, msg=text)

    def test_model_whose_samples_depend_on_one_another_is_unsupported(self):
        self.run_whygpu("training_step", "model=resnet-block", "--backend", "naive", "--ranks", "2", "--rounds", "1")
        (case,) = self.cases().values()
        self.assertEqual(case["status"], "unsupported")
        self.assertIn("batch_norm", case["reason"])

    def wait_until(self, holds):
        deadline = time.monotonic() + 30
        while not holds():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def with_rank(self, rank, act):
        """Once both ranks run and measure."""
        self.wait_until(lambda: len(workers("allreduce")) == 2)
        time.sleep(1.5)  # past the start of MPI
        act(next(pid for pid in workers("allreduce") if rank_of(pid) == rank))


if __name__ == "__main__":
    if reason := missing():
        print(reason)
        sys.exit(1 if os.environ.get("CI") else SKIPPED)
    unittest.main()

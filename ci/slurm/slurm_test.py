#!/usr/bin/env python3
"""job.sh in a Slurm of one node that this test starts and stops, and the definitions for ReFrame and Ramble.

    slurm_test.py REPOSITORY BUILD
"""
import csv
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import time
import types
import unittest

REPOSITORY, BIN = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve() / "bin"
del sys.argv[1:3]
HERE = REPOSITORY / "ci/slurm"
sys.path.insert(0, str(HERE))
from instance import Slurm, missing_packages  # noqa: E402

SKIPPED = 77
WORKERS = ("allreduce", "training_step")
LONG = ("allreduce", "bytes=8", "--rounds", "1", "--sample-seconds", "60", "--no-ceilings")


def workers():
    found = []
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            program = (folder / "cmdline").read_bytes().split(b"\0")[0].decode()
        except OSError:
            continue
        if program in [str(BIN / name) for name in WORKERS]:
            found.append(int(folder.name))
    return found


def wait_until(holds, seconds=60):
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s")
        time.sleep(0.1)


class InSlurm(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="wg")  # munged's socket needs a short path
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.slurm = Slurm(cls.folder, cpus=2)
        cls.slurm.__enter__()
        cls.addClassCleanup(cls.stop)

    @classmethod
    def stop(cls):
        cls.slurm.__exit__(None, None, None)
        wait_until(lambda: not cls.slurm.processes() and not workers(), 10)

    def submit(self, name, *words):
        result = self.folder / f"{name}.json"
        os.environ.update(WHYGPU=str(BIN / "whygpu"), WHYGPU_RESULT=str(result))
        job = self.slurm.call("sbatch", "--parsable", "--ntasks=2", "--cpus-per-task=1", f"--chdir={self.folder}",
                              f"--output={self.folder}/{name}.txt", str(HERE / "job.sh"), *words).strip()
        return job, result, self.folder / f"{name}.txt"

    def state(self, job):
        shown = self.slurm.call("scontrol", "show", "job", job)
        return re.search(r"JobState=(\S+)", shown)[1]

    def test_job_measures_on_one_and_two_ranks(self):
        job, result, output = self.submit("measured", "training_step", "model=mlp", "width=64", "batch=16", "allreduce",
                                          "bytes=8,65536", "--backend", "naive,host", "--rounds", "1", "--no-ceilings")
        wait_until(lambda: self.state(job) not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"))
        self.assertEqual(self.state(job), "COMPLETED", output.read_text())
        cases = [case for case in json.loads(result.read_text())["whygpu"]["cases"] if case["status"] == "ok"]
        several = [case for case in cases if case["values"]["ranks"] == "2"]
        self.assertEqual(sorted(case["workload"] for case in several), ["allreduce", "allreduce", "training_step"])
        for case in several:
            self.assertEqual(len(case["ranks"]), 2)
            self.assertTrue(all(rank["host"] and rank["cpus"] for rank in case["ranks"]), case["ranks"])
        self.assertIn("efficiency", output.read_text())
        self.assertEqual(workers(), [])

    def test_cancelled_job_leaves_no_rank_behind(self):
        job, _, _ = self.submit("cancelled", *LONG)
        wait_until(lambda: len(workers()) == 2)
        self.slurm.call("scancel", job)
        wait_until(lambda: not workers())
        wait_until(lambda: self.state(job) == "CANCELLED")

    def test_interrupted_job_writes_its_result(self):
        job, result, output = self.submit("interrupted", *LONG)
        wait_until(lambda: len(workers()) == 2)
        self.slurm.call("scancel", "--batch", "--signal=INT", job)  # as Slurm does before the time limit
        wait_until(lambda: self.state(job) == "FAILED")
        self.assertFalse(json.loads(result.read_text())["whygpu"]["complete"], output.read_text())
        wait_until(lambda: not workers())

    def test_rank_that_dies_costs_its_case_and_is_named(self):
        job, result, output = self.submit("died", *LONG)
        wait_until(lambda: len(workers()) == 2)
        os.kill(max(workers()), signal.SIGKILL)
        wait_until(lambda: self.state(job) == "FAILED", 30)
        (case,) = json.loads(result.read_text())["whygpu"]["cases"]
        self.assertRegex(case["reason"], r"task [01]: Killed", output.read_text())
        wait_until(lambda: not workers())

    def test_step_without_pmi_is_explained(self):
        os.environ["WHYGPU_LAUNCHER"] = "srun --mpi=none"
        self.addCleanup(os.environ.pop, "WHYGPU_LAUNCHER")
        job, _, output = self.submit("pmi", "allreduce", "bytes=8", "--rounds", "1", "--no-ceilings")
        wait_until(lambda: self.state(job) == "FAILED")
        self.assertIn("MPI does not find the other ranks", output.read_text())

    def test_mpirun_starts_ranks_in_a_job(self):
        os.environ["WHYGPU_LAUNCHER"] = "mpirun"
        self.addCleanup(os.environ.pop, "WHYGPU_LAUNCHER")
        job, result, output = self.submit("mpirun", "allreduce", "bytes=8", "--rounds", "1", "--no-ceilings")
        wait_until(lambda: self.state(job) not in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING"))
        self.assertEqual(self.state(job), "COMPLETED", output.read_text())
        self.assertEqual(len(json.loads(result.read_text())["whygpu"]["cases"][0]["ranks"]), 2)


# As far as these files use them. ReFrame and Ramble are not in Debian.
def stub(**names):
    module = types.ModuleType("stub")
    module.__dict__.update(names)
    return module


class Definitions(unittest.TestCase):
    def test_ramble_reads_the_columns_of_the_view(self):
        calls = []

        def record(name):
            return lambda *words, **options: calls.append((name, words, options))

        names = ("tags", "executable", "workload", "workload_variable", "figure_of_merit_context", "figure_of_merit",
                 "success_criteria")
        appkit = stub(ExecutableApplication=object, **{name: record(name) for name in names})
        sys.modules.update({"ramble": stub(), "ramble.appkit": appkit})
        exec((HERE / "application.py").read_text(), {"__name__": "application"})
        rows = {words[0]: options for name, words, options in calls if name == "figure_of_merit"}

        def read(line):
            found = {name: re.match(row["fom_regex"], line) for name, row in rows.items()}
            return {name: match[rows[name]["group_name"]] for name, match in found.items() if match}

        step = "r,training_step,model=mlp,naive,2,false,1500000,0.9,,2000,,,1.25\n"
        self.assertEqual(read(step), {"time": "1500000", "efficiency": "0.9", "exposed communication": "2000",
                                      "energy of a step": "1.25"})
        allreduce = "r,allreduce,bytes=8,host,2,false,700,,,,1e-2,1.5,\n"
        self.assertEqual(read(allreduce), {"time": "700", "bus bandwidth": "1.5"})
        self.assertEqual(read(step.replace("false", "true")), {})  # projected
        for name, words, _ in calls:
            if name == "executable":
                for variable in re.findall(r"{(\w+)}", words[1]):
                    known = [w[0] for n, w, _ in calls if n == "workload_variable"]
                    self.assertIn(variable, known + ["n_ranks", "n_threads", "experiment_run_dir"])

    def test_view_has_the_columns(self):
        source = (REPOSITORY / "reports/views/view_scaling.cpp").read_text()
        listed = re.search(r"kColumns = {(.*?)};", source, re.S)[1]
        self.assertEqual(next(csv.reader([re.sub(r"\s", "", listed)])),
                         ["file", "workload", "problem", "backend", "ranks", "projected", "time_ns", "efficiency",
                          "averaging_ns", "exposed_ns", "algorithm_gbps", "bus_gbps", "joules"])

    def test_reframe_computes_its_values(self):
        def mark(*_):
            return lambda function: function

        base = type("RunOnlyRegressionTest", (), {})
        core = stub(parameter=lambda values, **_: values, variable=lambda *_, value: value, performance_function=mark,
                    run_after=mark, run_before=mark, sanity_function=lambda function: function)
        sys.modules.update({"reframe": stub(simple_test=lambda test: test, RunOnlyRegressionTest=base),
                            "reframe.utility.sanity": stub(assert_true=lambda holds, message: holds),
                            "reframe.core": stub(), "reframe.core.builtins": core})
        sys.modules["reframe.utility"] = stub(sanity=sys.modules["reframe.utility.sanity"])
        sys.modules["reframe"].utility = sys.modules["reframe.utility"]
        space = {"__name__": "reframe_whygpu"}
        exec((HERE / "reframe_whygpu.py").read_text(), space)
        test = space["WhygpuRanks"]()
        with tempfile.TemporaryDirectory() as folder:
            test.stagedir, test.model = folder, "mlp"

            def case(workload, ranks, ns, **details):
                return {"workload": workload, "values": {"ranks": str(ranks)}, "status": "ok", "bytes": 1000,
                        "rounds": [{"samples_ns": [ns], "details": details}]}

            cases = [case("training_step", 1, 100), case("training_step", 2, 80),
                     case("allreduce", 2, 500, bus_bandwidth_factor=1.5)]
            (pathlib.Path(folder) / test.result).write_text(json.dumps({"whygpu": {"cases": cases}}))
            self.assertTrue(test.all_are_correct())
            self.assertEqual(test.efficiency(), 62.5)
            self.assertEqual(test.bus_bandwidth(), 3)
        test.set_command()
        self.assertIn("--ranks=1,2", test.executable_opts)


if __name__ == "__main__":
    reasons = [f"no {package}" for package in missing_packages()]
    if not (BIN / "backends/communicators/mpi.so").exists():
        reasons.append("built without MPI: apt-get install libopenmpi-dev")
    if reasons:
        print("; ".join(reasons))
        sys.exit(1 if os.environ.get("CI") else SKIPPED)
    unittest.main()

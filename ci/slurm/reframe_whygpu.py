"""ReFrame (4.x): data-parallel steps and all-reduces of whygpu, with what they reach as performance values.

    reframe -c ci/slurm/reframe_whygpu.py -r -S whygpu=/opt/whygpu/bin/whygpu
"""
import json
import os

import reframe as rfm
import reframe.utility.sanity as sn
from reframe.core.builtins import parameter, performance_function, run_after, run_before, sanity_function, variable


@rfm.simple_test
class WhygpuRanks(rfm.RunOnlyRegressionTest):
    descr = "efficiency of data-parallel training steps, and bus bandwidth of all-reduces"
    valid_systems = ["*"]
    valid_prog_environs = ["*"]
    whygpu = variable(str, value="whygpu")
    model = parameter(["mlp", "lstm", "gpt-block"], type=str)  # another one: -P model=cnn
    backend = variable(str, value="simd")
    num_tasks = 2
    num_cpus_per_task = 1
    exclusive_access = True
    time_limit = "15m"
    result = "result.json"

    @run_after("setup")
    def set_command(self):
        # whygpu starts the ranks itself, in the allocation of the job.
        self.executable = self.whygpu
        self.executable_opts = ["run", "training_step", f"model={self.model}", "allreduce", "bytes=1048576",
                                f"--backend={self.backend},host", f"--ranks=1,{self.num_tasks}", "--rounds=5",
                                f"--threads={self.num_cpus_per_task}", "--launcher='srun --mpi=pmix'", "--no-ceilings",
                                f"-o {self.result}"]

    @run_before("run")
    def start_once(self):
        from reframe.core.backends import getlauncher

        self.job.launcher = getlauncher("local")()

    def cases(self):
        with open(os.path.join(self.stagedir, self.result)) as file:
            return json.load(file)["whygpu"]["cases"]

    def median_ns(self, workload, ranks):
        for case in self.cases():
            if case["workload"] == workload and case["values"]["ranks"] == str(ranks) and case["status"] == "ok":
                samples = sorted(sample for one in case["rounds"] for sample in one["samples_ns"])
                return samples[len(samples) // 2], case
        raise ValueError(f"no {workload} on {ranks} ranks was measured")

    @sanity_function
    def all_are_correct(self):
        # A training step is unsupported on host, which measures the collectives.
        states = {case["status"] for case in self.cases()}
        return sn.assert_true("ok" in states and states <= {"ok", "unsupported"}, f"statuses: {states}")

    @performance_function("%")
    def efficiency(self):
        return 100 * self.median_ns("training_step", 1)[0] / self.median_ns("training_step", self.num_tasks)[0] / self.num_tasks

    @performance_function("GB/s")
    def bus_bandwidth(self):
        nanoseconds, case = self.median_ns("allreduce", self.num_tasks)
        return case["bytes"] / nanoseconds * case["rounds"][0]["details"]["bus_bandwidth_factor"]

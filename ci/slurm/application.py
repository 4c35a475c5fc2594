"""Ramble: whygpu as an application. Put this folder, named whygpu, into a Ramble repository's applications/."""
import json
import os

from ramble.appkit import *


class Whygpu(ExecutableApplication):
    """Benchmark that tells whether deep learning needs a GPU: data-parallel training steps and collectives."""

    name = "whygpu"
    tags("benchmark-app", "mpi", "machine-learning")

    executable("training_step", "whygpu run training_step model={model} scaling={scaling} --ranks 1,{n_ranks}"
               " --threads {n_threads} --launcher '{whygpu_launcher}' --force -o {experiment_run_dir}/result.json",
               use_mpi=False)
    executable("allreduce", "whygpu run allreduce bytes={bytes} --ranks {n_ranks} --threads {n_threads}"
               " --launcher '{whygpu_launcher}' --force -o {experiment_run_dir}/result.json", use_mpi=False)
    executable("table", "whygpu table {experiment_run_dir}/result.json --view scaling --format csv", use_mpi=False,
               redirect="{experiment_run_dir}/scaling.csv")

    workload("training_step", executables=["training_step", "table"])
    workload("allreduce", executables=["allreduce", "table"])

    workload_variable("model", default="mlp", description="a model of benchmarks/models", workloads=["training_step"])
    workload_variable("scaling", default="strong", description="strong: the ranks divide the batch; weak: one each",
                      workloads=["training_step"])
    workload_variable("bytes", default="8..67108864*8", description="sizes", workloads=["allreduce"])
    workload_variable("whygpu_launcher", default="srun --mpi=pmix", description="how whygpu starts ranks",
                      workloads=["training_step", "allreduce"])

    # The columns of the view: file, workload, problem, backend, ranks, projected, time_ns, efficiency, averaging_ns,
    # exposed_ns, algorithm_gbps, bus_gbps, joules. What a row does not have is empty, and no figure of merit.
    start = r"^[^,]*,(?P<workload>[^,]*),(?P<problem>[^,]*),(?P<backend>[^,]*),(?P<ranks>\d+),false,"
    columns = ["time", "efficiency", "averaging", "exposed", "algorithm", "bus", "energy"]
    figure_of_merit_context("case", regex=start, output_format="{problem} {backend} ranks={ranks}")
    for name, column, units in (("time", "time", "ns"), ("efficiency", "efficiency", ""),
                                ("exposed communication", "exposed", "ns"), ("bus bandwidth", "bus", "GB/s"),
                                ("energy of a step", "energy", "J")):
        row = start + "[^,]*," * columns.index(column) + rf"(?P<{column}>[0-9.e+-]+)"
        figure_of_merit(name, fom_regex=row, group_name=column, units=units, contexts=["case"],
                        log_file="{experiment_run_dir}/scaling.csv")
    success_criteria("cases_are_correct", mode="application_function")

    def evaluate_success(self):
        result = self.expander.expand_var("{experiment_run_dir}/result.json")
        if not os.path.isfile(result):
            return False
        with open(result) as file:
            states = {case["status"] for case in json.load(file)["whygpu"]["cases"]}
        return "ok" in states and states <= {"ok", "unsupported"}

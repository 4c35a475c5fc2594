"""Ramble: whygpu as an application. Put this folder, named whygpu, into a Ramble repository's applications/."""
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
    # exposed_ns, algorithm_gbps, bus_gbps.
    row = (r"^[^,]*,(?P<workload>[^,]*),(?P<problem>[^,]*),(?P<backend>[^,]*),(?P<ranks>\d+),false,(?P<time>[^,]*),"
           r"(?P<efficiency>[^,]*),[^,]*,(?P<exposed>[^,]*),[^,]*,(?P<bus>[^,]*)$")
    figure_of_merit_context("case", regex=row, output_format="{problem} {backend} ranks={ranks}")
    log = "{experiment_run_dir}/scaling.csv"
    figure_of_merit("time", fom_regex=row, group_name="time", units="ns", log_file=log, contexts=["case"])
    figure_of_merit("efficiency", fom_regex=row, group_name="efficiency", units="", log_file=log, contexts=["case"])
    figure_of_merit("exposed communication", fom_regex=row, group_name="exposed", units="ns", log_file=log,
                    contexts=["case"])
    figure_of_merit("bus bandwidth", fom_regex=row, group_name="bus", units="GB/s", log_file=log, contexts=["case"])

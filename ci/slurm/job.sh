#!/bin/sh
# A batch script: a training step on one and on more ranks, with the all-reduces that its projection needs, and the table.
#
#   sbatch --nodes=4 --ntasks-per-node=2 --cpus-per-task=8 ci/slurm/job.sh [whygpu run's arguments]
#
# Without arguments it runs training_step model=mlp and allreduce on 1, 2 and all tasks of the job. WHYGPU is the program
# (default: whygpu on the PATH), WHYGPU_LAUNCHER how it starts ranks (default: srun --mpi=pmix), WHYGPU_RESULT the result
# file (default: whygpu-JOB.json). A minute before the time limit whygpu gets SIGINT and writes what it has measured.
#SBATCH --job-name=whygpu
#SBATCH --time=01:00:00
#SBATCH --signal=B:INT@60
set -eu
tasks=${SLURM_NTASKS:?is set in a job of Slurm only: sbatch $0}
whygpu=${WHYGPU:-whygpu}
result=${WHYGPU_RESULT:-whygpu-$SLURM_JOB_ID.json}
if [ $# -eq 0 ]; then
  set -- training_step model=mlp allreduce 'bytes=8..67108864*8'
fi
ranks=1
for count in 2 "$tasks"; do
  case ",$ranks," in *",$count,"*) continue ;; esac
  [ "$count" -le "$tasks" ] && ranks="$ranks,$count"
done
# In place of this shell, so that whygpu gets the signals of the job.
exec "$whygpu" run "$@" --ranks "$ranks" --threads "${SLURM_CPUS_PER_TASK:-1}" --launcher "${WHYGPU_LAUNCHER:-srun --mpi=pmix}" \
  -o "$result"

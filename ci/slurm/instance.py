"""A Slurm of one node for tests: munged, slurmctld and slurmd with keys, sockets, ports and folders of their own."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

PROGRAMS = {"munged": "munge", "slurmctld": "slurmctld", "slurmd": "slurmd", "sbatch": "slurm-client"}
START_SECONDS = 30


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def missing_packages():
    return [package for program, package in PROGRAMS.items() if not find(program)]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Slurm:
    """Runs while its `with` block does. The folder's path must be short: munged's socket lies in it."""

    def __init__(self, folder, cpus):
        self.folder = pathlib.Path(folder)
        self.cpus = cpus
        self.daemons = []

    def __enter__(self):
        try:
            self._configure()
            self._start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
        for daemon in self.daemons:
            try:
                daemon.wait(timeout=10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        for pid in self.processes():  # slurmstepd, which is no child of slurmd
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def processes(self):
        """Those that have a file of this instance open."""
        found = []
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                files = [os.readlink(file) for file in (folder / "fd").iterdir()]
            except OSError:
                continue
            if int(folder.name) != os.getpid() and any(file.startswith(f"{self.folder}/") for file in files):
                found.append(int(folder.name))
        return found

    @property
    def environment(self):
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def call(self, *words, timeout=60, check=True):
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=timeout)
        if check and done.returncode:
            raise RuntimeError(f"{words}: {done.stdout}{done.stderr}")
        return done.stdout

    def _configure(self):
        self.folder.chmod(0o755)
        for name in ("state", "spool", "log", "run", "pmix"):
            (self.folder / name).mkdir()
        # Every instance begins with job 1, and a folder of the last one's in /tmp would stop its steps.
        (self.folder / "mpi.conf").write_text(f"PMIxCliTmpDirBase={self.folder}/pmix\n")
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        host = socket.gethostname().split(".")[0]
        user = "root" if os.getuid() == 0 else str(os.getuid())
        (self.folder / "slurm.conf").write_text(f"""ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={free_port()}
SlurmdPort={free_port()}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={self.folder}/run/munge
CredType=cred/munge
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/run/slurmctld.pid
SlurmdPidFile={self.folder}/run/slurmd.pid
SlurmctldLogFile={self.folder}/log/slurmctld
SlurmdLogFile={self.folder}/log/slurmd
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
SlurmdParameters=config_overrides
ReturnToService=2
InactiveLimit=0
KillWait=5
NodeName={host} NodeAddr=127.0.0.1 CPUs={self.cpus} State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP
""")

    def _daemon(self, program, *words):
        with open(self.folder / "log" / f"{program}.output", "w") as log:
            # They end with this process, whatever ends it.
            self.daemons.append(subprocess.Popen(["setpriv", "--pdeathsig", "TERM", find(program), *words], stdout=log,
                                                 stderr=log, env=self.environment, start_new_session=True))

    def _start(self):
        run = self.folder / "run"
        self._daemon("munged", "--foreground", "--force", f"--key-file={self.folder}/munge.key", f"--socket={run}/munge",
                     f"--pid-file={run}/munged.pid", f"--seed-file={run}/munged.seed",
                     f"--log-file={self.folder}/log/munged")
        self._wait(lambda: (run / "munge").exists(), "munged")
        self._daemon("slurmctld", "-D", "-c", "-i")
        self._daemon("slurmd", "-D", "-c")
        self._wait(lambda: "idle" in self.call("sinfo", "-h", "-o", "%T", check=False), "slurmctld and slurmd")

    def _wait(self, holds, what):
        deadline = time.monotonic() + START_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                logs = "\n".join(f"{path.name}: {path.read_text()[-1500:]}" for path in (self.folder / "log").iterdir())
                raise RuntimeError(f"{what} did not start in {START_SECONDS} s\n{logs}")
            time.sleep(0.2)

"""A PostgreSQL server for a test, in a folder of the test's."""
import ctypes
import os
import pwd
import signal
import socket
import subprocess
import time

PASSWORD = "s3cret/&word"


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s for {what}"
        time.sleep(0.02)


class Server:
    """A cluster in `folder`: anybody through its socket, with a password through TCP."""

    def __init__(self, folder, binaries):
        self.folder, self.binaries, self.process = folder, binaries, None
        # PostgreSQL refuses to run as root.
        self.user = {}
        if os.getuid() == 0:
            names = {entry.pw_name for entry in pwd.getpwall()}
            owner = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        self.port = self.free_port()
        secret = folder / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.run("initdb", "-D", folder / "data", "-U", "fleet", "--pwfile", secret, "-A", "scram-sha-256", "--auth-local",
                 "trust", "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync")

    @staticmethod
    def free_port():
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def run(self, program, *words):
        done = subprocess.run([self.binaries / program, *map(str, words)], capture_output=True, text=True, cwd=self.folder,
                              **self.user)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self):
        # Ends with this test, whatever ends that.
        ends_with_parent = ctypes.CDLL(None).prctl
        log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen(
            [self.binaries / "postgres", "-D", "data", "-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port),
             "-c", "fsync=off", "-c", "shared_buffers=16MB"],
            cwd=self.folder, stdout=log, stderr=log, preexec_fn=lambda: ends_with_parent(1, signal.SIGINT), **self.user)
        wait_until(lambda: self.process.poll() is not None or self.answers(), "the server to start")
        assert self.process.poll() is None, (self.folder / "log").read_text()

    def answers(self):
        return subprocess.run([self.binaries / "pg_isready", "-q", "-h", self.folder, "-p", str(self.port)]).returncode == 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()

    def psql(self, database="postgres"):
        return [self.binaries / "psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U", "fleet",
                "-d", database]

    def sql(self, statement, database):
        done = subprocess.run([*self.psql(database), "-c", statement], capture_output=True, text=True)
        assert done.returncode == 0, f"{statement}: {done.stderr}"
        return done.stdout.strip()

    def database(self, name):
        """A new, empty one. Its connection string."""
        self.sql(f"CREATE DATABASE {name}", "postgres")
        return self.at(name)

    def at(self, name):
        return f"postgresql://fleet@/{name}?host={self.folder}&port={self.port}"

"""Disturbances of ci/soak: each is drawn from the random generator of its episode, and says what it did."""
import os
import pathlib
import resource
import signal
import subprocess
import time
from dataclasses import dataclass, field

import soak_host as host

SIGNALS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
WORKER_SIGNALS = [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGSEGV, signal.SIGSTOP]
CLOCK_STEPS = ["-400d", "-1d", "-3600", "-2", "+0", "+2", "+3600", "+1d", "+400d", "-0.5", "+0.5"]


@dataclass
class Disturbance:
    kind: str
    words: list = field(default_factory=list)        # what happened, in order
    actions: list = field(default_factory=list)      # (seconds after the start, call); a call that returns True is repeated
    environment: dict = field(default_factory=dict)
    output: str | None = None                        # standard output of the command, instead of a file
    errors: str | None = None                        # its standard error
    file_limit: int | None = None
    sent: list = field(default_factory=list)         # signals to the command itself
    endings: list = field(default_factory=list)      # calls after the command has ended
    commands: list = field(default_factory=list)     # further commands while it runs
    load: host.Load = field(default_factory=host.Load)

    def limit(self):
        """In the child, before it becomes the command."""
        host.die_with_parent()
        if self.file_limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_limit, self.file_limit))

    def end(self):
        for call in self.endings:
            call()
        self.load.stop()
        for command in self.commands:
            command.wait()


def none(episode, seconds):
    return Disturbance("none")


def kill(episode, seconds):
    """A signal to the command at some moment, or after some records; at times followed by a second one."""
    draw, result = episode.random, Disturbance("kill")
    by_records, more = episode.activity == "run" and draw.random() < 0.5, draw.randint(1, 6)
    wanted = episode.records() + more if by_records else 0

    def send(number):
        def act(process):
            if episode.records() < wanted:
                return True
            if process.poll() is None:
                process.send_signal(number)
                result.sent.append(number)
                result.words.append(f"{number.name} to whygpu")
        return act

    moment = 0 if by_records else draw.uniform(0, seconds)
    result.actions.append((moment, send(draw.choice(SIGNALS))))
    if draw.random() < 0.3:
        result.actions.append((moment + draw.uniform(0, 0.1), send(draw.choice(SIGNALS))))
    return result


def worker(episode, seconds):
    """A signal to one of the command's children."""
    draw, result = episode.random, Disturbance("worker")
    number, pick = draw.choice(WORKER_SIGNALS), draw.random()

    def act(process):
        children = sorted(host.descendants(process.pid))
        if not children:
            return True
        victim = children[int(pick * len(children))]
        what = host.command_line(victim)
        if number == signal.SIGSTOP and "--records=" not in what:
            return True  # only workers have a time limit
        try:
            os.kill(victim, number)
        except ProcessLookupError:
            return True
        result.words.append(f"{number.name} to {pathlib.Path(what.partition(' ')[0]).name}")

    result.actions.append((draw.uniform(0, seconds), act))
    return result


def disk(episode, seconds):
    """The file system of the results has only some bytes left, or files may not grow beyond some size."""
    draw, result = episode.random, Disturbance("disk")
    left, moment = draw.choice([0, draw.randrange(20_000), draw.randrange(100_000)]), draw.choice([0, draw.uniform(0, seconds)])
    if not episode.on_tmpfs:
        result.file_limit = left
        result.words.append(f"files end at {left} bytes")
        return result
    filler = episode.full_folder / "filler"

    def fill(process):
        free = os.statvfs(episode.full_folder)
        with open(filler, "wb", buffering=0) as file:
            try:
                file.write(b"x" * max(0, free.f_bavail * free.f_frsize - left))
            except OSError:
                pass
        result.words.append(f"{left} bytes left on the disk")

    result.actions.append((moment, fill))
    result.endings.append(lambda: filler.unlink(missing_ok=True))
    return result


def output(episode, seconds):
    """Standard output or standard error, or both, cannot be written."""
    output, errors = episode.random.choice([("/dev/full", None), (None, "/dev/full"), ("/dev/full", "/dev/full")])
    names = [name for name, full in (("standard output", output), ("standard error", errors)) if full]
    return Disturbance("output", words=[f"{' and '.join(names)} cannot be written"], output=output, errors=errors)


def clock(episode, seconds):
    """Steps of the wall clock; the monotonic clock goes on."""
    draw, result, file = episode.random, Disturbance("clock"), episode.folder / "clock"
    file.write_text("+0\n")
    result.environment = {"LD_PRELOAD": str(episode.session.faketime), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
                          "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"}

    def step(by):
        def act(process):
            new = file.with_name("clock.new")
            new.write_text(by + "\n")
            new.rename(file)
            result.words.append(f"clock {by}")
        return act

    for _ in range(draw.randint(1, 4)):
        result.actions.append((draw.uniform(0, seconds), step(draw.choice(CLOCK_STEPS))))
    return result


def load(episode, seconds):
    """Busy processes that start and end."""
    draw, result = episode.random, Disturbance("load")

    def switch(count):
        def act(process):
            result.load.switch(count)
            result.words.append(f"{count} busy")
        return act

    for _ in range(draw.randint(1, 3)):
        result.actions.append((draw.uniform(0, seconds), switch(draw.randint(0, os.cpu_count() + 1))))
    return result


def pause(episode, seconds):
    """The command is stopped for some time, longer than it waits for a worker; workers go on."""
    draw, result = episode.random, Disturbance("pause")

    def send(number):
        def act(process):
            if process.poll() is None:
                process.send_signal(number)
                result.words.append(number.name)
        return act

    moment = draw.uniform(0, seconds)
    result.actions += [(moment, send(signal.SIGSTOP)), (moment + draw.uniform(0.1, 4), send(signal.SIGCONT))]
    return result


def rival(episode, seconds):
    """The same file is written by another command."""
    draw, result = episode.random, Disturbance("rival")

    def act(process):
        words = episode.rival_words()
        log = open(episode.folder / f"rival-{len(episode.commands)}.txt", "ab")
        result.commands.append(subprocess.Popen(words, cwd=episode.out, env=episode.environment, stdout=log, stderr=log))
        log.close()
        result.words.append(f"rival: {' '.join(words[1:4])} …")

    result.actions.append((draw.uniform(0, seconds), act))
    return result


KINDS = {f.__name__: f for f in (none, kill, worker, disk, output, clock, load, pause, rival)}


def run_actions(disturbance, process, sampled, limit):
    """Carries the disturbance out until the process ends. False if it did not end within `limit` seconds."""
    start, waiting = time.monotonic(), sorted(disturbance.actions, key=lambda action: action[0])
    while process.poll() is None:
        passed = time.monotonic() - start
        if passed > limit:
            return False
        for action in [a for a in waiting if a[0] <= passed]:
            if action[1](process) is not True:  # done
                waiting.remove(action)
        if (count := host.count_descriptors(process.pid)) is not None:
            sampled.append(count)
        time.sleep(0.01)
    return True

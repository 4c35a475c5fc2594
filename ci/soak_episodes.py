"""Episodes of ci/soak: a command, disturbed, checked, repeated until it is done."""
import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass

import soak_checks as checks
import soak_disturbances as disturbances
import soak_host as host

COMMAND_SECONDS = 90
TMPFS_BYTES = 1 << 24
CASES = ["gemm m=8,16 n=8 k=8", "gemm m=8 n=8 k=8 dtype=f32,f64", "gemm m=24 n=8 k=8 mode=hot,cold", "gemm m=8..32*2 n=16 k=4",
         "memory kernel=copy,triad bytes=4096 passes=1"]
BACKENDS = ["naive", "naive,openblas", "naive,onednn", "naive,openblas,onednn"]


@dataclass
class Outcome:
    code: int
    text: str     # standard output and error
    hung: bool = False


class Episode:
    activity, kinds = "", []

    def __init__(self, session, number, kind):
        self.session, self.number, self.kind = session, number, kind
        self.random = random.Random(f"{session.seed}/{number}/{self.activity}/{kind}")
        self.folder = session.work / f"episode-{number:05}"
        self.out, self.tmp, self.home = (self.folder / name for name in ("out", "tmp", "home"))
        for folder in (self.out, self.tmp, self.home):
            folder.mkdir(parents=True)
        self.full_folder, self.on_tmpfs = self.out, False
        self.faults, self.commands, self.seconds = [], [], 0.0
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("WHYGPU_", "OPENBLAS_", "LD_", "FAKETIME"))}
        self.environment |= {"TMPDIR": str(self.tmp), "HOME": str(self.home), "XDG_CACHE_HOME": str(self.home), "NO_COLOR": "1",
                             "TERM": "dumb"}

    def fault(self, *texts):
        for text in texts:
            self.faults.append((len(self.commands), text))

    def command(self, words, disturbance=None):
        """Runs a command to its end, disturbed, and checks what every command has to keep."""
        disturbance = disturbance or disturbances.none(self, 0)
        shared, samples = host.shared_memory(), []
        words = [str(word) for word in words]
        self.commands.append([words, disturbance])
        log = self.folder / f"command-{len(self.commands)}.txt"
        with open(disturbance.errors or log, "ab") as errors, open(disturbance.output or log, "ab") as output:
            start = time.monotonic()
            process = subprocess.Popen(words, cwd=self.out, env=self.environment | disturbance.environment, stdin=subprocess.DEVNULL,
                                       stdout=output, stderr=errors, preexec_fn=disturbance.limit)
            ended = disturbances.run_actions(disturbance, process, samples, COMMAND_SECONDS)
            if not ended:
                self.fault(f"no end within {COMMAND_SECONDS} s")
                process.kill()
            code = process.wait()
            self.seconds += time.monotonic() - start
        disturbance.end()
        self.fault(*(f"a process was left alive: {line}" for line in host.left_processes(set())))
        self.fault(*(f"shared memory left: {name}" for name in sorted(host.shared_memory() - shared)))
        self.fault(*checks.descriptor_growth(samples))
        with open(self.folder / "commands.txt", "a") as file:
            print(f"{len(self.commands)}: {' '.join(words)}\n   {disturbance.kind}: {', '.join(disturbance.words) or 'nothing'}; "
                  f"exit code {code}, at most {max(samples, default=0)} descriptors", file=file)
        outcome = Outcome(code, log.read_text(errors="replace") if log.exists() else "", not ended)
        if -code in (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGPIPE, signal.SIGXFSZ):
            self.fault(f"whygpu ended with signal {-code}")
        return outcome

    def records(self):
        """Number of records that the command has written so far."""
        return 0

    def disturbed(self, seconds):
        return disturbances.KINDS[self.kind](self, seconds)

    def expect(self, outcome, accepted):
        if outcome.code not in accepted and not outcome.hung:
            last = outcome.text.strip().splitlines()[-1:]
            self.fault(f"exit code {outcome.code}; expected {' or '.join(map(str, sorted(accepted)))}: {' '.join(last)[:300]}")

    def document(self, file):
        """The JSON in a file; None if there is none, or if it is invalid, which is a fault."""
        try:
            return checks.parse(file.read_text()) if file.exists() else None
        except (checks.Invalid, UnicodeDecodeError) as error:
            self.fault(f"{file.name} is not a whole JSON file: {error}")
        return None

    def use_tmpfs(self, name):
        self.full_folder = self.folder / name
        self.on_tmpfs = self.session.mounts and host.mount_tmpfs(self.full_folder, TMPFS_BYTES)

    def finish(self):
        self.fault(*checks.strays(self.tmp, set()), *checks.strays(self.home, set()))
        kept = None
        if self.faults:
            kept = self.session.keep / self.folder.name
            shutil.copytree(self.folder, kept, dirs_exist_ok=True)
        if self.on_tmpfs:
            host.unmount(self.full_folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        return kept


class Run(Episode):
    """`whygpu run`, interrupted and resumed until the result is complete."""
    activity = "run"
    kinds = ["none", "kill", "kill", "kill", "worker", "worker", "disk", "disk", "output", "clock", "load", "pause", "rival"]

    def rival_words(self):
        return [str(self.session.whygpu), "run", *self.resume_words]

    def records(self):
        return self.journal.read_bytes().count(b"\n") if self.journal.exists() else 0

    def play(self):
        draw, whygpu = self.random, self.session.whygpu
        if self.kind == "disk":
            self.use_tmpfs("out")
        long = draw.random() < 0.1
        cases = draw.choice([c for c in CASES if not (long and "cold" in c)])
        backends = draw.choice([b for b in BACKENDS if set(b.split(",")) <= self.session.backends])
        self.rounds = None if draw.random() < 0.1 else draw.randint(25, 40) if long else draw.randint(1, 6)
        length = ["--budget", "2s"] if self.rounds is None else ["--rounds", self.rounds]
        extra = [] if draw.random() < 0.05 else ["--no-ceilings"]
        timeout = "3s" if self.kind in ("worker", "pause") else "60s"
        self.start_words = [cases, "--backend", backends, *length, "--threads", "1", "--sample-seconds",
                            draw.choice(["0.0005", "0.001", "0.005"]), "--timeout", timeout, "--seed", draw.randrange(1 << 32), *extra,
                            "-o", "result.json"]
        self.resume_words = ["--resume", "-o", "result.json"]
        self.result, self.journal, self.ledger = self.out / "result.json", self.out / "result.json.journal", checks.Ledger()
        self.cases = self.planned_cases(cases, backends)
        seconds = 0.3 + (2 if self.rounds is None else 0.04 * len(self.cases) * self.rounds) + (0 if extra else 5)
        for attempt in range(4):
            disturbance = self.disturbed(seconds) if attempt < 3 else None
            if self.ledger.has_header:
                words = self.resume_words
            else:
                # A header that was cut off is not a run that could be resumed.
                words = self.start_words + (["--force"] if self.journal.exists() else [])
                self.ledger.restart()
            if self.attempt([whygpu, "run", *words], disturbance) or self.faults:
                break
        else:
            self.fault("not complete after an undisturbed --resume")
        if self.faults:
            return
        if draw.random() < 0.3:
            before = self.result.read_bytes()
            self.expect(self.command([whygpu, "run", *self.start_words]), {2})
            if self.result.read_bytes() != before:
                self.fault("a refused run changed the result file")
        self.fault(*checks.strays(self.out, {"result.json"}))

    def planned_cases(self, cases, backends):
        plan = self.command([self.session.whygpu, "run", cases, "--backend", backends, "--dry-run"])
        self.expect(plan, {0})
        lines = [line for line in plan.text.splitlines() if " backend=" in line]
        return [line for line in lines if not line.startswith("whygpu")]

    def attempt(self, words, disturbance):
        """Whether the result is complete."""
        before = len(self.ledger.rounds)
        outcome = self.command(words, disturbance)
        disturbance = self.commands[-1][1]
        document = self.document(self.result)
        if self.journal.exists():
            self.fault(*self.ledger.read(self.journal))
        elif self.ledger.has_header and document is None:
            self.fault("lost: neither the journal nor a result is left")
        if document is None:
            self.expect(outcome, self.unfinished(disturbance, before))
            return False
        complete, bad = document["whygpu"]["complete"], checks.bad_cases(document)
        if complete or outcome.code in (0, 1, 130):
            self.fault(*checks.result_faults(document, self.ledger, self.cases, self.rounds, self.seconds))
        if not complete:
            self.expect(outcome, self.unfinished(disturbance, before))
            if not self.journal.exists():
                self.fault("an incomplete result without a journal")
            return self.table() and False
        if self.journal.exists() and outcome.code >= 0:
            self.fault("a complete result and still a journal")
        if bad and disturbance.kind not in ("worker", "pause"):
            self.fault(*(f"{case} is {reason}" for case, reason in bad.items()))
        # A second signal may arrive once the file is written.
        late = {-number for number in disturbance.sent if number == signal.SIGKILL}
        # Standard output, a file too, comes after the result.
        accepted = {2} if disturbance.output else {1 if bad else 0} | ({2} if disturbance.file_limit is not None else set())
        self.expect(outcome, late | accepted)
        self.table()
        if outcome.code < 0:
            self.journal.unlink(missing_ok=True)  # killed between the two last steps
        return True

    def unfinished(self, disturbance, rounds_before):
        """Exit codes of a command that did not complete the result."""
        accepted = {2} if disturbance.kind in ("disk", "rival") else set()
        for number in disturbance.sent:
            if number != signal.SIGKILL:
                accepted.add(130)
            # Before it measures anything, any signal ends the command at once.
            if number == signal.SIGKILL or len(self.ledger.rounds) == rounds_before:
                accepted.add(-number)
        return accepted

    def table(self):
        shown = self.command([self.session.whygpu, "table", "result.json", "--format", "json"])
        self.expect(shown, {0})
        return True


class Gate(Episode):
    """`whygpu gate` of a build against itself, and the history of its result."""
    activity = "gate"
    kinds = ["none", "kill", "kill", "worker", "disk", "output", "clock", "load", "pause"]

    def play(self):
        draw, session = self.random, self.session
        if self.kind == "disk":
            self.use_tmpfs(draw.choice(["out", "tmp"]))
        self.most_pairs, names = draw.randint(6, 10), ["gate.json", "gate.md", "gate.xml", "gate.bmf"]
        build = session.small_archive if draw.random() < 0.2 else session.small_build
        words = [session.whygpu, "gate", "--base", session.small_build, "--head", build, "--ignore-identity", "--backend", "naive",
                 "--threads", "1", "--sample-seconds", "0.001", "--most-pairs", self.most_pairs, "--json", names[0], "--markdown",
                 names[1], "--junit", names[2], "--bmf", names[3], "--seed", draw.randrange(1 << 32), "gemm m=8,16 n=8 k=8"]
        for disturbance in [self.disturbed(0.4 + 0.08 * self.most_pairs), None]:
            self.attempt(words, disturbance)
            if self.faults:
                return
        self.fault(*checks.strays(self.out, set(names)))
        self.expect(self.command([session.whygpu, "history", "--file", "gate.db", "add", names[0]]), {0})
        again = self.command([session.whygpu, "history", "--file", "gate.db", "add", names[0]])
        self.expect(again, {0})
        if "0 added, 1 already present, 1 in total" not in again.text:
            self.fault(f"the history took a comparison twice: {again.text.strip()}")

    def attempt(self, words, disturbance):
        outcome = self.command(words, disturbance)
        disturbance = self.commands[-1][1]
        document, accepted = self.document(self.out / "gate.json"), {0, 1}
        for number in disturbance.sent:
            accepted |= {-number} if number == signal.SIGKILL or document is None else {130}
            accepted |= {130} if number != signal.SIGKILL else set()
        if disturbance.kind in ("worker", "disk", "pause") or disturbance.output:
            accepted |= {2}
        self.expect(outcome, accepted)
        if document is None:
            if outcome.code in (0, 1, 130):
                self.fault("no gate.json")
            return
        self.fault(*checks.gate_faults(document))
        verdicts = {c["verdict"] for c in document["whygpu_comparison"]["cases"]}
        if disturbance.kind == "none" and verdicts & {"missing", "incorrect"}:
            self.fault(f"verdicts of equal builds: {sorted(verdicts)}")
        self.session.false_alarms += outcome.code == 1
        if outcome.code == 1 and "slower" not in verdicts:
            self.fault("exit code 1, and nothing is slower")


class History(Episode):
    """`whygpu history add` and what reads it."""
    activity = "history"
    kinds = ["none", "kill", "kill", "kill", "disk", "disk", "output", "load", "rival"]

    def rival_words(self):
        return [str(self.session.whygpu), "history", "--file", "history.db", "add", *map(str, self.files[:5])]

    def play(self):
        draw, whygpu = self.random, self.session.whygpu
        if self.kind == "disk":
            self.use_tmpfs("out")
        self.files = self.session.comparisons(self.folder / "in", draw.randint(5, 30))
        database, acknowledged = self.out / "history.db", set()
        history = [whygpu, "history", "--file", "history.db"]
        for attempt in range(3):
            chosen = draw.sample(self.files, draw.randint(1, len(self.files)))
            outcome = self.command([*history, "add", *chosen], self.disturbed(0.02 + 0.01 * len(chosen)))
            disturbance = self.commands[-1][1]
            accepted = {0} | {-number for number in disturbance.sent} | ({2} if disturbance.kind == "disk" or disturbance.output else set())
            self.expect(outcome, accepted)
            if outcome.code == 0:
                acknowledged |= {file.stem for file in chosen}
            # Reading it first lets SQLite undo what was cut off.
            self.fault(*checks.history_faults(database, acknowledged))
        last = self.command([*history, "add", *self.files])
        self.expect(last, {0})
        if f"{len(self.files)} in total" not in last.text:
            self.fault(f"{len(self.files)} comparisons, but: {last.text.strip()}")
        self.fault(*checks.history_faults(database, {file.stem for file in self.files}))
        for verb in ("check", "log"):
            shown = self.command([*history, verb, "--json"])
            self.expect(shown, {0})
            try:
                checks.parse(shown.text)
            except checks.Invalid as error:
                self.fault(f"history {verb} --json: {error}")
        self.fault(*checks.strays(self.out, {"history.db"}))


ACTIVITIES = {c.activity: c for c in (Run, Gate, History)}

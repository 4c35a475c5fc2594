"""What must hold after each command of ci/soak. Every check returns its findings as sentences."""
import json
import sqlite3
from collections import Counter

GROWTH = 3  # descriptors


class Invalid(Exception):
    pass


def parse(text):
    def no_duplicates(pairs):
        if len(dict(pairs)) != len(pairs):
            raise Invalid(f"a key twice among {', '.join(key for key, _ in pairs)[:200]}")
        return dict(pairs)

    def no_constant(word):
        raise Invalid(f"{word} is not JSON")

    try:
        return json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constant)
    except ValueError as error:
        raise Invalid(str(error)) from None


class Ledger:
    """What the journal of a run has acknowledged, over all commands on the same result file."""

    def __init__(self):
        self.text = b""
        self.rounds = {}  # (case, round): samples
        self.has_header = False

    def restart(self):
        self.__init__()

    def read(self, journal):
        """`journal` does not exist once the result is complete."""
        text = journal.read_bytes()
        whole = text[:text.rfind(b"\n") + 1]
        if not whole.startswith(self.text):
            return [f"the journal lost records: {len(self.text)} bytes of whole records before, {len(whole)} now"]
        faults, seen = [], set()
        for number, line in enumerate(whole.splitlines(), 1):
            try:
                record = parse(line)
            except Invalid as error:
                return [f"journal, line {number}: {error}"]
            self.has_header = self.has_header or number == 1 and record.get("event") == "run"
            if record.get("event") != "end" or not (measured := record.get("round")):
                continue
            key = record["case"], measured["round"]
            if key in seen:
                faults.append(f"journal: {key[0]}, round {key[1]} twice")
            seen.add(key)
            self.rounds[key] = measured["samples_ns"]
        self.text = whole
        return faults

    def missing_in(self, rounds):
        return [f"lost: {case}, round {number} was in the journal and is not in the result"
                for (case, number), samples in self.rounds.items() if rounds.get((case, number)) != samples]


def result_faults(document, ledger, expected_cases, expected_rounds, seconds):
    """Of a result file that was written after everything in the ledger."""
    facts = document["whygpu"]
    cases, faults, rounds, sampled_ns = Counter(c["case"] for c in facts["cases"]), [], {}, 0
    faults += [f"doubled: {case}" for case, count in cases.items() if count > 1]
    if set(cases) != set(expected_cases):
        faults.append(f"cases are {sorted(cases)} instead of {sorted(expected_cases)}")
    for case in facts["cases"]:
        seen = Counter()
        for measured in case.get("rounds", []):
            key = case["case"], measured["round"]
            if key in rounds:
                faults.append(f"doubled: {key[0]}, round {key[1]}")
            rounds[key] = measured["samples_ns"]
            seen[tuple(measured["samples_ns"])] += 1
            sampled_ns += sum(measured["samples_ns"]) * measured["batch"]
            if not measured["samples_ns"] or min(measured["samples_ns"]) <= 0:
                faults.append(f"{key[0]}, round {key[1]}: a sample is not above zero")
        if any(count > 1 and len(samples) > 2 for samples, count in seen.items()):
            faults.append(f"doubled: two rounds of {case['case']} have the same samples")
        complete = facts["complete"] and case["status"] == "ok" and expected_rounds is not None
        if complete and len(case["rounds"]) != expected_rounds:
            faults.append(f"{case['case']} has {len(case['rounds'])} rounds instead of {expected_rounds}")
    if sampled_ns > 1e9 * seconds:
        faults.append(f"samples of {sampled_ns / 1e9:.2f} s were taken in {seconds:.2f} s")
    timed = [row["name"] for row in document["benchmarks"]]
    ok = sorted(c["case"] for c in facts["cases"] if c["status"] == "ok")
    if sorted(timed) != ok:
        faults.append(f"benchmarks[] holds {sorted(timed)}, but the cases that are ok are {ok}")
    return faults + ledger.missing_in(rounds)


def bad_cases(document):
    return {c["case"]: f"{c['status']}: {c.get('reason', '')}" for c in document["whygpu"]["cases"]
            if c["status"] not in ("ok", "unsupported")}


def gate_faults(document, most_pairs=100):
    facts, faults = document["whygpu_comparison"], []
    faults += [f"doubled: {case}" for case, count in Counter(c["case"] for c in facts["cases"]).items() if count > 1]
    for case in facts["cases"]:
        pairs = Counter((tuple(p["base_ns"]), tuple(p["head_ns"])) for p in case["measured"])
        if any(count > 1 for count in pairs.values()):
            faults.append(f"doubled: a pair of {case['case']}")
        if len(case["measured"]) > most_pairs:
            faults.append(f"{case['case']}: {len(case['measured'])} pairs, more than {most_pairs}")
        if not all(samples and min(samples) > 0 for pair in pairs for samples in pair):
            faults.append(f"{case['case']}: a pair without samples above zero")
    return faults


def history_faults(file, acknowledged):
    """`acknowledged`: names of the heads whose addition was reported as done."""
    if not file.exists():
        return ["the history is gone"] if acknowledged else []
    database = sqlite3.connect(f"file:{file}", uri=True)
    try:
        if (state := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
            return [f"integrity_check: {state}"]
        if not database.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'comparison'").fetchone()[0]:
            return ["the history has no tables"] if acknowledged else []
        heads = Counter(row[0] for row in database.execute("SELECT head FROM comparison"))
        orphans = database.execute("SELECT count(*) FROM comparison WHERE id NOT IN (SELECT comparison FROM measurement)").fetchone()[0]
    except sqlite3.Error as error:
        return [f"{file.name}: {error}"]
    finally:
        database.close()
    faults = [f"doubled: comparison {head}" for head, count in heads.items() if count > 1]
    faults += [f"lost: comparison {head}" for head in sorted(acknowledged - set(heads))]
    return faults + ([f"{orphans} comparisons without measurements"] if orphans else [])


def descriptor_growth(samples):
    """Compares the second third of a long run with its last third, without a tenth at both ends of the sorted counts."""
    third = len(samples) // 3
    if third < 15:
        return []
    before, after = (sorted(part)[third // 10:third - third // 10] for part in (samples[third:2 * third], samples[2 * third:]))
    if after[0] < before[0] + GROWTH or after[-1] < before[-1] + GROWTH:
        return []
    return [f"open descriptors grew from {before[0]}..{before[-1]} to {after[0]}..{after[-1]}"]


def strays(folder, expected):
    """Files and folders that should not be there."""
    return [f"left behind in {folder.name}/: {path.name}" for path in sorted(folder.iterdir()) if path.name not in expected]

"""Exactly once: whatever moment the process is killed at, nothing is missing and nothing is there twice.

Files with numbered records arrive all the time; a pipeline brings them into bronze, a second one the
changes of bronze into silver. The process is killed with SIGKILL at random moments and started again.
At the end every row of both tables and of both dead-letter tables is compared with what was sent.
"""

import argparse
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import delta_rs
from lakeward import Project

PROJECT = """
project: kills
lake: ./lake
memory: 256MiB
"""

BRONZE = """
pipeline: bronze_events
from:
  file: {path: "input/*.jsonl", settle: 0s}
decode:
  json:
    columns: {n: BIGINT, device: VARCHAR, value: DOUBLE}
transform: SELECT n, device, value, _raw AS raw FROM input
to:
  delta: {table: bronze.events}
trigger: {every: 10ms}
limits: {rows: 400}
"""

SILVER = """
pipeline: silver_events
from:
  delta: {table: bronze.events}
transform: SELECT n, device, value FROM input
expect:
  value_in_range: {check: "value BETWEEN -40 AND 120", otherwise: dead_letter}
to:
  delta: {table: silver.events}
trigger: {every: 10ms}
"""

FILE_ROWS = 50


class Producer(threading.Thread):
    """Adds a file of numbered records every few milliseconds, each by a rename."""

    def __init__(self, folder, seed):
        super().__init__(daemon=True)
        self.folder = folder
        self.random = random.Random(seed)
        self.good, self.invalid, self.malformed = [], [], []  # what was sent
        self.stopped = threading.Event()
        folder.mkdir(parents=True)

    def run(self):
        while not self.stopped.is_set():
            self.add_file()
            self.stopped.wait(self.random.uniform(0.005, 0.06))

    def stop(self):
        self.stopped.set()
        self.join()

    def add_file(self):
        first = len(self.good) + len(self.invalid) + len(self.malformed)
        lines = [self.make_line(n) for n in range(first, first + FILE_ROWS)]
        hidden = self.folder / f".{first:08}"
        hidden.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        hidden.rename(self.folder / f"{first:08}.jsonl")

    def make_line(self, n):
        device = f"sensor-{self.random.randrange(100)} at an address that is long, número {n}"
        value = round(self.random.uniform(-40, 120), 2)
        fate = self.random.random()
        if fate < 0.02:
            line = json.dumps({"n": n, "device": device}, ensure_ascii=False)[:-1]  # no closing brace
            self.malformed.append(line)
            return line
        if fate < 0.05:
            value = 500.0 + n
            sent = self.invalid
        else:
            sent = self.good
        line = json.dumps({"n": n, "device": device, "value": value}, ensure_ascii=False)
        sent.append((n, device, value, line))
        return line


class Kills:
    """Starts the pipelines and kills them, over and over."""

    def __init__(self, project, seed, log):
        self.project = project
        self.random = random.Random(seed)
        self.log = log
        self.count = 0
        self.inside_epoch = 0  # kills that left an epoch planned but not finished

    def measure_start(self):
        """The seconds from the start to the end of a run over the first file."""
        start = time.monotonic()
        self.project.call("run", "--once")
        return time.monotonic() - start

    def kill_once(self, longest):
        once = ["--once"] if self.random.random() < 0.25 else []
        process = self.project.start("run", *once, stderr=self.log)
        time.sleep(self.random.uniform(0, longest))
        process.send_signal(signal.SIGKILL)
        code = process.wait()
        if code == -signal.SIGKILL:
            self.count += 1
            self.inside_epoch += self.has_open_epoch()
        elif not (once and code == 0):
            raise AssertionError(f"the run ended by itself with {code}; it said:\n{self.last_words()}")

    def has_open_epoch(self):
        """Whether some pipeline has planned an epoch that it has not finished."""
        def numbers(folder):
            return {f.name for f in folder.iterdir() if f.name.isdigit()} if folder.is_dir() else set()
        checkpoints = self.project.folder / "lake/_lakeward/checkpoints"
        return any(numbers(offsets) - numbers(offsets.parent / "commits")
                   for offsets in checkpoints.glob("**/offsets"))

    def last_words(self):
        return Path(self.log.name).read_text(encoding="utf-8", errors="replace")[-4000:]


def compare(what, expected, found):
    """Prints how two lists of rows differ, order aside; returns whether they are the same."""
    missing = Counter(expected) - Counter(found)
    surplus = Counter(found) - Counter(expected)
    print(f"{what}: {len(expected):,} rows sent, {len(found):,} landed, {missing.total():,} missing, "
          f"{surplus.total():,} too many", flush=True)
    for name, rows in (("missing", missing), ("too many", surplus)):
        for row in list(rows)[:5]:
            print(f"  {name}: {row}")
    return not missing and not surplus


def as_text(raw):
    return raw.decode() if isinstance(raw, bytes) else raw


def compare_tables(producer, reader, read):
    """Compares all four tables with what was sent; `read` gives a table's rows as dicts."""
    sent = producer.good + producer.invalid
    return all([
        compare(f"{reader}: bronze", sent,
                [(r["n"], r["device"], r["value"], as_text(r["raw"])) for r in read("bronze.events")]),
        compare(f"{reader}: silver", [row[:3] for row in producer.good],
                [(r["n"], r["device"], r["value"]) for r in read("silver.events")]),
        compare(f"{reader}: dead letters of bronze", producer.malformed,
                [as_text(r["raw"]) for r in read("dead_letter.bronze_events")]),
        compare(f"{reader}: dead letters of silver", [row[0] for row in producer.invalid],
                [json.loads(r["row"])["n"] for r in read("dead_letter.silver_events")]),
    ])


def run(folder, kills, seed):
    project = Project(folder)
    project.write("lakeward.yaml", PROJECT)
    project.write("pipelines/bronze.yaml", BRONZE)
    project.write("pipelines/silver.yaml", SILVER)
    producer = Producer(project.folder / "input", seed)
    producer.add_file()
    with open(project.folder / "stderr.log", "w", encoding="utf-8") as log:
        killer = Kills(project, seed, log)
        longest = 1.5 * killer.measure_start() + 0.1
        producer.start()
        start = time.monotonic()
        while killer.count < kills:
            killer.kill_once(longest)
        producer.stop()
    print(f"killed {killer.count} times in {time.monotonic() - start:.0f} s, {killer.inside_epoch} of them with an "
          f"epoch begun and not finished, each 0 to {longest:.2f} s after its start", flush=True)
    project.call("run", "--once")
    same = compare_tables(producer, "lakeward", lambda table: project.query(
        f"SELECT {'* REPLACE (decode(raw) AS raw)' if table.startswith('dead_letter') else '*'} FROM {table}"))
    return compare_tables(producer, "delta-rs", lambda table: delta_rs.rows(project.table_folder(table))) and same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--folder", type=Path, help="an empty folder to work in, which is kept")
    arguments = parser.parse_args()
    try:
        delta_rs.require()
    except delta_rs.unittest.SkipTest as skip:
        print(f"OK (skipped=1): {skip}")
        return 0
    print(f"seed {arguments.seed}", flush=True)
    if arguments.folder:
        return 0 if run(arguments.folder, arguments.kills, arguments.seed) else 1
    with tempfile.TemporaryDirectory(prefix="lakeward-kill-") as folder:
        return 0 if run(folder, arguments.kills, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())

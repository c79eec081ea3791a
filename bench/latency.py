"""How soon Lakeward commits, what it takes when there is nothing to do, and whether it stays quick."""

import json
import shutil
import time

from measure import (BINARY, cpu_seconds, make_project, mebibytes, median, resident_bytes, run, start, stop)

PROJECT = """
project: bench
lake: ./lake
memory: 512MiB
"""

FOLLOW = """
pipeline: follow
from:
  file: {path: "input/*.jsonl", settle: 0s}
decode:
  json: {columns: {n: BIGINT, text: VARCHAR}}
to:
  delta: {table: bronze.follow}
"""

SMALL_EPOCHS = """
pipeline: epochs
from:
  file: {path: "input/*.jsonl", settle: 0s}
decode:
  json: {columns: {n: BIGINT, text: VARCHAR}}
to:
  delta: {table: bronze.epochs}
limits: {rows: 10}
"""
# What starting up is compared with: a project in the middle of epochs 100 to 1,000.
YOUNG_EPOCHS = 550


def make_lines(count):
    return "".join(json.dumps({"n": n, "text": f"line {n}"}) + "\n" for n in range(count))


def benchmark_start(_arguments):
    times = []
    for _ in range(9):
        project = make_project("start", {"lakeward.yaml": PROJECT, "pipelines/follow.yaml": FOLLOW,
                                         "input/a.jsonl": make_lines(100)})
        commit = project / "lake/bronze/follow/_delta_log/00000000000000000000.json"
        begin = time.monotonic()
        process = start("--project", project, "run")
        while not commit.exists():
            if process.poll() is not None or time.monotonic() - begin > 30:
                raise RuntimeError("there was no commit")
            time.sleep(0.001)
        times.append(time.monotonic() - begin)
        stop(process)
    return [("start to first commit, empty lake", f"{median(times) * 1000:.0f} ms",
             f"median of {len(times)}; {min(times) * 1000:.0f} to {max(times) * 1000:.0f} ms")]


def benchmark_idle(arguments):
    project = make_project("idle", {"lakeward.yaml": PROJECT, "pipelines/follow.yaml": FOLLOW})
    (project / "input").mkdir()
    process = start("--project", project, "run")
    time.sleep(5)
    before, begin = cpu_seconds(process.pid), time.monotonic()
    time.sleep(arguments.idle_seconds)
    share = (cpu_seconds(process.pid) - before) / (time.monotonic() - begin)
    resident = resident_bytes(process.pid)
    stop(process)
    return [("idle, following an empty folder", f"{mebibytes(resident)} resident",
             f"{share * 100:.2f} % of a core over {arguments.idle_seconds} s")]


def commit_times(project):
    """When each version of the table was committed, in seconds, by version."""
    log = project / "lake/bronze/epochs/_delta_log"
    return [f.stat().st_mtime_ns / 1e9 for f in sorted(log.glob("[0-9]*.json")) if f.stem.isdigit()]


def median_step_ms(times, first, last):
    """The median time of an epoch, between two versions; by tens, as a file's time is coarse."""
    part = times[first:last + 1]
    return median([(b - a) * 100 for a, b in zip(part[::10], part[10::10])])


def benchmark_epochs(arguments):
    epochs = arguments.epochs
    files = {"lakeward.yaml": PROJECT, "pipelines/epochs.yaml": SMALL_EPOCHS}
    project = make_project("epochs", {**files, "input/a.jsonl": make_lines(epochs * 10)})
    used = run([BINARY, "--project", project, "run", "--once"])
    times = commit_times(project)
    if len(times) < epochs:
        raise RuntimeError(f"there were {len(times)} commits, not {epochs}")
    early, late = median_step_ms(times, 100, 1000), median_step_ms(times, epochs - 1000, epochs - 1)

    young = make_project("epochs-young", {**files, "input/a.jsonl": make_lines(YOUNG_EPOCHS * 10)})
    run([BINARY, "--project", young, "run", "--once"])
    starts = {p: median([run([BINARY, "--project", p, "run", "--once"]).wall_s for _ in range(9)])
              for p in (young, project)}
    for folder in (project, young):
        shutil.rmtree(folder)
    return [
        (f"{epochs:,} epochs of 10 rows", f"{late:.2f} ms an epoch, the last 1,000",
         f"{early:.2f} ms for epochs 100 to 1,000: ratio {late / early:.2f}; {used.wall_s:.0f} s in all, "
         f"peak {mebibytes(used.peak_bytes)}"),
        ("a run with nothing to do after them", f"{starts[project] * 1000:.0f} ms",
         f"{starts[young] * 1000:.0f} ms after {YOUNG_EPOCHS} epochs: ratio {starts[project] / starts[young]:.2f}"),
    ]

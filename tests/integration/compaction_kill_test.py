"""Exactly once while small files are merged: the process is killed with SIGKILL at random moments.

As kill_test.py, with epochs of so few rows that the sinks merge all the time, and with `lakeward
optimize` and `vacuum` beside the pipelines. At the end every row is compared with what was sent.
"""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

import delta_rs
import kill_test
from lakeward import Project

BRONZE = kill_test.BRONZE.replace("limits: {rows: 400}", "limits: {rows: 50}")
LONGEST_S = 3.0
TABLES = ("bronze.events", "silver.events")


def optimizes(project, table):
    """How many merges the table's log has: of the sinks, and of the command."""
    entries = kill_test.json.loads(project.call("history", table, "--limit", "1000000", "--json").stdout)
    merges = [entry for entry in entries if entry["operation"] == "OPTIMIZE"]
    automatic = sum(entry["parameters"]["auto"] == "true" for entry in merges)
    return automatic, len(merges) - automatic


def run(folder, kills, seed):
    project = Project(folder)
    project.write("lakeward.yaml", kill_test.PROJECT)
    project.write("pipelines/bronze.yaml", BRONZE)
    project.write("pipelines/silver.yaml", kill_test.SILVER)
    choice = random.Random(seed + 1)
    producer = kill_test.Producer(project.folder / "input", seed)
    producer.add_file()
    with open(project.folder / "stderr.log", "w", encoding="utf-8") as log:
        killer = kill_test.Kills(project, seed, log)
        killer.measure_start()
        producer.start()
        start = time.monotonic()
        while killer.count < kills:
            beside = project.start("optimize", choice.choice(TABLES), stderr=log)
            killer.kill_once(LONGEST_S)
            beside.kill()
            beside.wait()
            if choice.random() < 0.3:
                project.call("vacuum", choice.choice(TABLES))
        producer.stop()
    print(f"killed {killer.count} times in {time.monotonic() - start:.0f} s", flush=True)
    project.call("run", "--once")
    merged = True
    for table in TABLES:
        automatic, by_command = optimizes(project, table)
        files = len(delta_rs.open_table(project.table_folder(table)).file_uris())
        print(f"{table}: {automatic} merges by the sink, {by_command} by the command, {files} files", flush=True)
        merged = merged and automatic > 0
    same = kill_test.compare_tables(producer, "lakeward", lambda table: project.query(
        f"SELECT {'* REPLACE (decode(raw) AS raw)' if table.startswith('dead_letter') else '*'} FROM {table}"))
    same = kill_test.compare_tables(
        producer, "delta-rs", lambda table: delta_rs.rows(project.table_folder(table))) and same
    if not merged:
        print("no sink has merged anything: the test shows nothing")
    return same and merged


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=15)
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
    with tempfile.TemporaryDirectory(prefix="lakeward-compaction-kill-") as folder:
        return 0 if run(Path(folder), arguments.kills, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())

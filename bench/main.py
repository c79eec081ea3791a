"""Runs the benchmarks and prints one table; see README.md."""

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import date
from importlib.metadata import version
from pathlib import Path

import freshness
import job
import kafka
import latency
from measure import BINARY, SOURCE

RESULTS = SOURCE / "bench/RESULTS.md"


def benchmark_decode(_arguments):
    """The Google Benchmark programs of this folder."""
    results = []
    for program in sorted((SOURCE / "build/release/bench").glob("*_bench")):
        out = subprocess.run([program, "--benchmark_format=json"], check=True, capture_output=True, text=True).stdout
        for entry in json.loads(out)["benchmarks"]:
            rate = entry.get("items_per_second")
            results.append((f"{program.name}: {entry['name']}",
                            f"{rate / 1e6:.2f} M rows/s" if rate else f"{entry['real_time']:.0f} {entry['time_unit']}",
                            entry.get("label", "")))
    return results


BENCHMARKS = {
    "decode": benchmark_decode,
    "job": job.benchmark,
    "start": latency.benchmark_start,
    "idle": latency.benchmark_idle,
    "epochs": latency.benchmark_epochs,
    "kafka": kafka.benchmark,
    "freshness": freshness.benchmark,
}


def machine():
    """What the figures were taken on, a line each."""
    cpu = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.processor())
    memory_kib = int(Path("/proc/meminfo").read_text().split()[1])
    system = next((line.split("=", 1)[1].strip('"') for line in Path("/etc/os-release").read_text().splitlines()
                   if line.startswith("PRETTY_NAME=")), platform.system())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=SOURCE, capture_output=True, text=True,
                            check=False).stdout.strip()
    return [
        f"{len(os.sched_getaffinity(0))} cores of {cpu}, {memory_kib / 2**20:.0f} GiB of memory",
        f"{system}, Linux {platform.release()}",
        f"Lakeward {commit}, release build; DuckDB {version('duckdb')}, pyarrow {version('pyarrow')}, "
        f"deltalake {version('deltalake')} from their Python packages",
    ]


def format_table(rows):
    lines = ["| benchmark | result | beside |", "|---|---|---|"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def write_results(table):
    facts = "\n".join(f"- {fact}" for fact in machine())
    RESULTS.write_text(f"# Results\n\nTaken by `./bench/run --write` on {date.today()}:\n\n{facts}\n\n{table}\n",
                       encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(BENCHMARKS), help=f"some of {','.join(BENCHMARKS)}")
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the main job")
    parser.add_argument("--epochs", type=int, default=10_000)
    parser.add_argument("--kafka-rows", type=int, default=5_000_000, help="messages of the topic")
    parser.add_argument("--kafka-rounds", type=int, default=3, help="the middle one counts")
    parser.add_argument("--fresh-rate", type=int, default=100_000, help="messages a second")
    parser.add_argument("--fresh-seconds", type=int, default=600)
    parser.add_argument("--idle-seconds", type=int, default=30)
    parser.add_argument("--write", action="store_true", help="put the table into bench/RESULTS.md")
    arguments = parser.parse_args()
    names = arguments.only.split(",")
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    if not BINARY.exists():
        parser.error(f"{BINARY} is not built: ./bench/run builds it")
    rows, failed = [], False
    for name in names:
        print(f"bench: {name} …", file=sys.stderr, flush=True)
        try:
            rows += BENCHMARKS[name](arguments)
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            print(f"bench: {name} failed: {error}", file=sys.stderr)
            failed = True
    table = format_table(rows)
    print(table)
    if arguments.write and not failed:
        write_results(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

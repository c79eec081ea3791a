"""Starting processes and reading what they used."""

import os
import shutil
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1]
BINARY = SOURCE / "build/release/lakeward"
WORK = SOURCE / "build/bench"


@dataclass(frozen=True)
class Usage:
    wall_s: float
    cpu_s: float  # user and system
    peak_bytes: int


def run(command, cores=None, **options):
    """Runs the command to its end, on the first `cores` cores if given, and returns what it used."""
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    start = time.monotonic()
    process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, allowed), **options)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))} exited with {process.returncode}:\n{said.decode()[-3000:]}")
    return Usage(time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def start(*arguments):
    return subprocess.Popen([str(BINARY), *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)


def stop(process):
    process.send_signal(signal.SIGINT)
    process.wait(timeout=60)


def cpu_seconds(pid):
    """What the running process has used, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def median(values):
    return statistics.median(values)


def fresh_folder(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def make_project(name, files):
    """A new project of the given files: path to text."""
    folder = fresh_folder(name)
    for path, text in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def million(number):
    return f"{number / 1e6:.2f} M"


def mebibytes(number):
    return f"{number / 2**20:.0f} MiB"

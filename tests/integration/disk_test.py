"""A disk that is full, and one that is read-only: real ones, a small tmpfs in a mount namespace of its own."""

import os
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from lakeward import Project, lakeward

INSIDE = "--inside"
ENTER = ["unshare", "--mount"] + ([] if os.geteuid() == 0 else ["--map-root-user"])
DISK = "4m"
ROWS = 40_000

PIPELINE = """
pipeline: readings
from: {{file: {{path: "{input}", settle: 0s}}}}
decode: {{json: {{columns: {{timestamp: VARCHAR, device_id: VARCHAR, type: VARCHAR, value: DOUBLE}}}}}}
transform: SELECT *, _offset AS "offset" FROM input
expect: {{has_value: {{check: "value IS NOT NULL", otherwise: dead_letter}}}}
to: {{delta: {{table: bronze.readings}}}}
limits: {{rows: 4000}}
"""


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


class Disk(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakeward-disk-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.disk = self.folder / "disk"
        self.disk.mkdir()
        mount("-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", self.disk)
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        readings = self.folder / "readings.jsonl"
        lakeward("simulate", "sensors", "--count", ROWS, "--seed", 5, "--invalid", 0.05, "--to", readings)
        self.project = Project(self.disk / "project")
        self.project.write("lakeward.yaml", "project: disk\nmemory: 256MiB\n")
        self.project.write("pipelines/readings.yaml", PIPELINE.format(input=readings))

    def fill(self, left):
        """Leaves about so many bytes."""
        free = os.statvfs(self.disk)
        (self.disk / "filler").write_bytes(bytes(free.f_bavail * free.f_frsize - left))

    def said(self):
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def wait_until(self, condition, process):
        for _ in range(1500):
            if condition():
                return
            self.assertIsNone(process.poll(), self.said())
            time.sleep(0.02)
        self.fail(self.said())

    def assert_every_row_landed_once(self):
        counts = self.project.query("""SELECT (SELECT count(*) FROM bronze.readings) AS landed,
            (SELECT count(DISTINCT "offset") FROM bronze.readings) AS distinct_ones,
            (SELECT count(*) FROM dead_letter.readings) AS rejected,
            (SELECT count(DISTINCT "offset") FROM dead_letter.readings) AS distinct_rejected""")[0]
        self.assertEqual(ROWS, counts["landed"] + counts["rejected"], counts)
        self.assertEqual(counts["landed"], counts["distinct_ones"])
        self.assertEqual(counts["rejected"], counts["distinct_rejected"])

    def test_a_run_on_a_full_disk_waits_for_space_and_loses_nothing(self):
        self.fill(left=300_000)
        with open(self.folder / "stderr", "w", encoding="utf-8") as stderr:
            process = self.project.start("run", "--once", stderr=stderr)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_until(lambda: "retrying" in self.said() and "No space left on device" in self.said(), process)
        (self.disk / "filler").unlink()
        self.assertEqual(0, process.wait(timeout=60), self.said())
        self.assert_every_row_landed_once()

    def test_a_run_killed_on_a_full_disk_loses_nothing(self):
        self.fill(left=300_000)
        with open(self.folder / "stderr", "w", encoding="utf-8") as stderr:
            process = self.project.start("run", "--once", stderr=stderr)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.wait_until(lambda: "No space left on device" in self.said(), process)
        process.kill()
        process.wait()
        (self.disk / "filler").unlink()
        self.project.call("run", "--once")
        self.assert_every_row_landed_once()

    def test_a_read_only_lake_can_be_read_and_says_why_it_cannot_be_written(self):
        self.project.call("run", "--once")
        mount("-o", "remount,ro", self.disk)
        refused = self.project.call("run", "--once", expect=1)
        self.assertIn("Read-only file system", refused.stderr)
        self.assertIn("wrong  lake", self.project.call("doctor", expect=1).stdout)
        self.assertIn("readings", self.project.call("status").stdout)
        self.assert_every_row_landed_once()


def main():
    if INSIDE in sys.argv:
        sys.argv.remove(INSIDE)
        unittest.main()
    probe = subprocess.run([*ENTER, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, text=True, check=False)
    if probe.returncode == 0:
        os.execvp(ENTER[0], [*ENTER, sys.executable, "-B", __file__, INSIDE, *sys.argv[1:]])
    message = f"this machine lets nobody mount a small disk: {probe.stderr.strip()}"
    if os.environ.get("CI") == "true":
        sys.exit(message)
    print(f"{message}\nOK (skipped=3)")


if __name__ == "__main__":
    main()

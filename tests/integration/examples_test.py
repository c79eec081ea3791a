"""Each template runs at once, every row is accounted for, and another implementation reads the same."""

import json
import re
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

import delta_rs
from lakeward import SOURCE, Project, lakeward

sys.path.insert(0, str(SOURCE / "tests/services"))
from ports import reserve_ports  # noqa: E402


class Template(unittest.TestCase):
    def make_project(self, template):
        folder = tempfile.TemporaryDirectory(prefix=f"lakeward-{template}-")
        self.addCleanup(folder.cleanup)
        project = Project(Path(folder.name) / "project")
        lakeward("init", "--template", template, project.folder)
        return project

    def assert_reads_the_same(self, project, tables):
        """delta-rs and `lakeward query` see the same columns and rows in every table."""
        delta_rs.require()
        self.assertLessEqual(set(tables), set(project.tables()))
        for table in project.tables():
            with self.subTest(table=table):
                names, expected = delta_rs.rows_as_text(project.table_folder(table))
                found = project.query(f"SELECT {delta_rs.text_columns(names)} FROM {table}")
                self.assertEqual(expected, sorted((tuple(r[n] for n in names) for r in found), key=repr))


class Empty(Template):
    def test_runs_at_once(self):
        project = self.make_project("empty")
        project.call("validate")
        project.call("run", "--once")
        self.assertTrue(project.tables())
        self.assert_reads_the_same(project, [])


class Readme(Template):
    def test_its_first_pipeline_runs_as_printed(self):
        project = self.make_project("empty")
        for file in (project.folder / "pipelines").glob("*"):
            file.unlink()
        printed = re.search(r"```yaml\n(.*?)```", (SOURCE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
        project.write("pipelines/readings.yaml", printed.group(1))
        project.write("input/a.jsonl", "".join(
            json.dumps({"timestamp": "2026-01-01T02:00:00+02:00", "device_id": "a", "value": value}) + "\n"
            for value in (20, 200)))
        project.call("validate")
        project.call("run", "--once")
        self.assertEqual([20.0], [row["value"] for row in project.query("SELECT * FROM bronze.readings")])
        self.assertIn("in_range", project.call("dlq", "show", "readings").stdout)


class Sensors(Template):
    def make_project_without_input(self):
        project = self.make_project("sensors")
        for file in (project.folder / "input/sensor_data").glob("*"):
            file.unlink()
        return project

    def make_input(self, project, name, count, seed, invalid=0.05):
        folder = project.folder / "input/sensor_data"
        folder.mkdir(parents=True, exist_ok=True)
        lakeward("simulate", "sensors", "--count", count, "--seed", seed, "--invalid", invalid,
                 "--to", folder / name)
        return sum(1 for line in (folder / name).read_bytes().splitlines() if line.strip())

    def count(self, project, table):
        return project.query(f"SELECT count(*) AS n FROM {table}")[0]["n"] if table in project.tables() else 0

    def test_every_row_lands_or_is_a_dead_letter(self):
        project = self.make_project_without_input()
        sent = self.make_input(project, "a.jsonl", 1000, seed=7)
        project.call("validate")
        project.call("run", "--once")
        bronze = self.count(project, "bronze.sensor_data")
        self.assertEqual(sent, bronze + self.count(project, "dead_letter.bronze_sensor_data"))
        silver = self.count(project, "silver.sensor_data")
        rejected = self.count(project, "dead_letter.silver_sensor_data")
        self.assertEqual(bronze, silver + rejected)
        self.assertGreater(rejected, 0)
        broken = project.query("""SELECT count(*) AS n FROM silver.sensor_data WHERE
            type = 'temperature' AND NOT value BETWEEN -40 AND 120 OR type = 'humidity' AND NOT value BETWEEN 0 AND 100
            OR type = 'co2' AND NOT value BETWEEN 0 AND 10000 OR device_id IS NULL OR building IS NULL
            OR type IS NULL OR value IS NULL OR event_time IS NULL""")
        self.assertEqual(0, broken[0]["n"])
        self.assert_reads_the_same(project, ["bronze.sensor_data", "silver.sensor_data", "gold.building_hourly"])

    def test_gold_is_what_silver_says(self):
        project = self.make_project("sensors")
        self.make_input(project, "a.jsonl", 1000, seed=8)
        project.call("run", "--once")
        sums = project.query("SELECT count(*) AS n FROM silver.sensor_data")[0]["n"]
        columns = set(project.query("SELECT * FROM gold.building_hourly LIMIT 1")[0])
        counted = next(iter(columns & {"count", "readings", "n", "measurements", "rows"}), None)
        self.assertIsNotNone(counted, columns)
        self.assertEqual(sums, project.query(f'SELECT sum("{counted}")::BIGINT AS n FROM gold.building_hourly')[0]["n"])

    def test_the_sample_that_comes_with_it_runs_at_once(self):
        project = self.make_project("sensors")
        project.call("run", "--once")
        self.assertGreater(self.count(project, "silver.sensor_data"), 0)

    def test_a_second_run_takes_only_what_is_new(self):
        project = self.make_project_without_input()
        self.make_input(project, "a.jsonl", 100, seed=1, invalid=0)
        project.call("run", "--once")
        before = self.count(project, "bronze.sensor_data")
        project.call("run", "--once")
        self.assertEqual(before, self.count(project, "bronze.sensor_data"))
        added = self.make_input(project, "b.jsonl", 50, seed=2, invalid=0)
        project.call("run", "--once")
        self.assertEqual(before + added, self.count(project, "bronze.sensor_data"))
        self.assertEqual(before + added, self.count(project, "silver.sensor_data"))

    def test_its_own_tests_pass(self):
        project = self.make_project("sensors")
        self.assertEqual("passed  rules\n", project.call("test").stdout)

    def test_the_example_folder_is_the_template(self):
        project = self.make_project("sensors")
        example = SOURCE / "examples/sensors"
        for file in example.glob("**/*.yaml"):
            path = file.relative_to(example)
            self.assertEqual(file.read_text(encoding="utf-8"), (project.folder / path).read_text(encoding="utf-8"))


class IotApi(Template):
    def serve(self, port):
        import subprocess
        import time

        from lakeward import BINARY
        server = subprocess.Popen([BINARY, "simulate", "iot", "--serve", f"127.0.0.1:{port}"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        for _ in range(500):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/iot-data", timeout=5) as reply:
                    return reply.read()
            except OSError:
                self.assertIsNone(server.poll(), "the simulated device API ended")
                time.sleep(0.02)
        raise AssertionError("the simulated device API does not answer")

    def test_polls_the_device_api_into_hourly_partitions(self):
        project = self.make_project("iot_api")
        [port] = reserve_ports(1)
        for file in project.folder.glob("**/*.yaml"):
            file.write_text(re.sub(r"(127\.0\.0\.1|localhost):5000", f"127.0.0.1:{port}", file.read_text()))
        self.serve(port)
        project.call("run", "--for", "5s")
        rows = project.query("""SELECT device_id, temperature, humidity,
            CAST(data_referencia AS VARCHAR) AS hour FROM bronze.iot_emulado""")
        self.assertGreaterEqual(len(rows), 2)
        for row in rows:
            self.assertRegex(row["device_id"], r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
            self.assertTrue(4 <= row["temperature"] <= 45 and 40 <= row["humidity"] <= 90, row)
            self.assertRegex(row["hour"], r":00:00([+]00)?$")
        self.assert_reads_the_same(project, ["bronze.iot_emulado"])
        table = delta_rs.open_table(project.table_folder("bronze.iot_emulado"))
        self.assertEqual(["data_referencia"], table.metadata().partition_columns)


if __name__ == "__main__":
    unittest.main()

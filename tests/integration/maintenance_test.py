"""optimize and vacuum as users call them, and what another implementation of Delta makes of the table."""

import json
import tempfile
import unittest
from pathlib import Path

import delta_rs
from lakeward import Project

PIPELINE = """
pipeline: events
from:
  file: {path: "input/*.jsonl", settle: 0s}
decode:
  json: {columns: {n: BIGINT, day: VARCHAR, seen: TIMESTAMPTZ, name: VARCHAR}}
transform: SELECT n, CAST(day AS DATE) AS day, seen, struct_pack(name := name, length := length(name)) AS who FROM input
to:
  delta: {table: bronze.events, partition_by: [day]}
"""

RUNS = 4


class Maintenance(unittest.TestCase):
    def setUp(self):
        delta_rs.require()
        folder = tempfile.TemporaryDirectory(prefix="lakeward-maintenance-")
        self.addCleanup(folder.cleanup)
        self.project = Project(Path(folder.name) / "project")
        self.project.write("lakeward.yaml", "project: maintenance\nlake: ./lake\n")
        self.project.write("pipelines/events.yaml", PIPELINE)
        for run in range(RUNS):
            self.add_input(run)
            self.project.call("run", "--once")
        self.folder = self.project.table_folder("bronze.events")

    def add_input(self, run):
        lines = (f'{{"n": {run * 10 + i}, "day": "2026-01-0{1 + i % 2}", "seen": "2026-01-01T00:00:{i:02}.5Z", '
                 f'"name": "n° {i}"}}\n' for i in range(10))
        self.project.write(f"input/{run}.jsonl", "".join(lines))

    def json_of(self, *arguments):
        return json.loads(self.project.call(*arguments, "--json").stdout)

    def live_files(self):
        return len(delta_rs.open_table(self.folder).file_uris())

    def test_delta_rs_reads_the_same_before_and_after(self):
        before = delta_rs.rows_as_text(self.folder)
        self.assertEqual(self.live_files(), 2 * RUNS)
        planned = self.json_of("optimize", "bronze.events", "--dry-run")
        done = self.json_of("optimize", "bronze.events")
        self.assertEqual((planned["files_removed"], planned["files_added"]), (2 * RUNS, 2))
        self.assertEqual((done["files_removed"], done["files_added"], done["rows"]), (2 * RUNS, 2, 10 * RUNS))
        self.assertEqual(delta_rs.rows_as_text(self.folder), before)
        self.assertEqual(self.live_files(), 2)
        history = delta_rs.open_table(self.folder).history(1)[0]
        self.assertEqual(history["operation"], "OPTIMIZE")
        self.assertEqual(history["operationMetrics"]["numRemovedFiles"], str(2 * RUNS))

    def test_a_merged_file_has_the_statistics_of_its_rows(self):
        self.project.call("optimize", "bronze.events", "--where", "day = '2026-01-02'")
        self.assertEqual(self.live_files(), RUNS + 1)
        import pyarrow
        actions = pyarrow.table(delta_rs.open_table(self.folder).get_add_actions(flatten=True)).to_pylist()
        merged = [(row["min.n"], row["max.n"]) for row in actions if row["num_records"] == 5 * RUNS]
        self.assertEqual(merged, [(1, 10 * RUNS - 1)])

    def test_a_pipeline_goes_on_after_a_merge(self):
        self.project.call("optimize", "bronze.events")
        self.add_input(RUNS)
        self.project.call("run", "--once")
        self.assertEqual(sorted(row["n"] for row in delta_rs.rows(self.folder)), list(range(10 * (RUNS + 1))))

    def test_merges_what_delta_rs_wrote_and_added_a_column_to(self):
        import deltalake
        import pyarrow
        more = pyarrow.table({"n": pyarrow.array([100], pyarrow.int64()), "extra": pyarrow.array(["x"]),
                              "day": pyarrow.array([20454], pyarrow.int32()).cast(pyarrow.date32())})
        deltalake.write_deltalake(str(self.folder), more, mode="append", schema_mode="merge")
        before = delta_rs.rows_as_text(self.folder)
        done = self.json_of("optimize", "bronze.events")
        self.assertEqual(done["groups_dropped"], 0)
        self.assertEqual(self.live_files(), 2)
        self.assertEqual(delta_rs.rows_as_text(self.folder), before)

    def test_old_versions_can_be_read_until_vacuum(self):
        self.project.call("optimize", "bronze.events")
        count = "SELECT count(*) AS n FROM bronze.events"
        as_of = str(RUNS - 1)
        self.project.call("vacuum", "bronze.events")
        self.assertIn(str(10 * RUNS), self.project.call("query", count, "--as-of", as_of).stdout)
        refused = self.project.call("vacuum", "bronze.events", "--retain", "0s", expect=2)
        self.assertIn("--force", refused.stderr)
        done = self.json_of("vacuum", "bronze.events", "--retain", "0s", "--force")
        self.assertEqual((done["files"], done["orphans"]), (2 * RUNS, 0))
        self.assertIn("vacuum", self.project.call("query", count, "--as-of", as_of, expect=1).stderr)
        self.assertEqual(len(delta_rs.rows(self.folder)), 10 * RUNS)
        self.assertEqual([entry["operation"] for entry in self.json_of("history", "bronze.events", "-n", "3")],
                         ["VACUUM END", "VACUUM START", "OPTIMIZE"])


if __name__ == "__main__":
    unittest.main()

"""Avro records with Confluent's framing, from a broker and by a registry, into a Delta table."""

import decimal
import json
import signal
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from registry_case import (FOLDER, REGISTRY, WAIT_S, RegistryCase, create_topic, encode,  # noqa: E402
                           register, send)

V1 = {"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "customer", "type": "string"},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}
V2 = {"type": "record", "name": "Order", "namespace": "shop", "fields": [
    {"name": "id", "type": "long"},
    {"name": "note", "type": ["null", "string"], "default": None},
    {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 2}},
    {"name": "tags", "type": {"type": "array", "items": "string"}, "default": []},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "buyer", "type": "string", "aliases": ["customer"]}]}


def order(number, **more):
    return {"id": number, "amount": f"{number}.90", "at": 1741523696789, **more}


def with_types(value):
    return {**value, "amount": decimal.Decimal(value["amount"])}


# Needs no registry.
OTHER = """
pipeline: other
from: {file: {path: "input/*.jsonl", settle: 0s}}
decode: {json: {columns: {id: BIGINT}}}
to: {delta: {table: bronze.other}}
trigger: {every: 200ms}
"""


def avro(more=""):
    return "avro:\n    registry: registry\n" + more


class Registry(RegistryCase):
    def test_versions_of_a_schema_become_rows_of_one_table(self):
        create_topic("versions")
        first, second = register("versions-value", V1), register("versions-value", V2)
        self.assertNotEqual(first, second)
        send("versions", [encode(first, V1, with_types(order(n, customer=f"c{n}"))) for n in range(100)])
        send("versions", [encode(second, V2, with_types(order(n, buyer=f"b{n}", note="new", tags=["a", "b"])))
                          for n in range(100, 150)])
        project = self.make_project("versions", avro("    schema: {file: order.avsc}"))
        project.write("pipelines/order.avsc", json.dumps(V2))
        project.call("validate")
        self.assertIn(f"the schema registry {REGISTRY}", project.call("doctor").stdout)
        project.call("run", "--once")
        rows = project.query("""SELECT count(*) AS n, count(note) AS notes, sum(amount)::VARCHAR AS total,
            sum(len(tags))::INT AS tags, min("at")::VARCHAR AS "at", min(buyer) AS least, max(buyer) AS most
            FROM bronze.orders""")
        self.assertEqual([{"n": 150, "notes": 50, "total": "11310.00", "tags": 100,
                           "at": "2025-03-09 12:34:56.789+00", "least": "b100", "most": "c99"}], rows)
        self.assertNotIn("dead_letter.orders", project.tables())

    def test_a_record_of_an_unknown_schema_is_a_dead_letter_until_it_can_be_replayed(self):
        create_topic("unknown")
        # A schema of its own has the last id that was given.
        known = register("unknown-value", {**V1, "doc": "of this test alone"})
        unknown = known + 1
        send("unknown", [encode(known, V1, with_types(order(1, customer="c"))),
                         encode(unknown, V1, with_types(order(2, customer="d"))), b"{}"])
        project = self.make_project("unknown", avro("    columns: {id: BIGINT, customer: VARCHAR}"))
        project.call("run", "--once")
        self.assertEqual([{"id": 1}], project.query("SELECT id FROM bronze.orders"))
        reasons = [row["reason"] for row in project.query("SELECT reason FROM dead_letter.orders ORDER BY \"offset\"")]
        self.assertEqual(
            [f"schema {unknown} is not known to the schema registry {REGISTRY}",
             "the record does not begin with a zero byte and a schema's id"], [r.split(": ", 1)[-1] if r.startswith(
                 "malformed: ") else r for r in reasons])
        other = {**V1, "doc": "registered late"}
        self.assertEqual(unknown, register("late-value", other))
        project.call("dlq", "replay", "orders")
        self.assertEqual([{"id": 1}, {"id": 2}], project.query("SELECT id FROM bronze.orders ORDER BY id"))

    def test_the_schema_of_a_subject_stays_as_it_was_at_the_first_run(self):
        create_topic("pinned")
        first = register("pinned-value", V1)
        send("pinned", [encode(first, V1, with_types(order(1, customer="c")))])
        project = self.make_project("pinned", avro())
        project.call("validate")
        project.call("run", "--once")
        second = register("pinned-value", V2)
        send("pinned", [encode(second, V2, with_types(order(2, buyer="b", note="n", tags=[])))])
        project.call("run", "--once")
        columns = project.query("SELECT * FROM bronze.orders")
        self.assertEqual([["id", "customer", "amount", "at"]], [list(row) for row in columns])
        # The second record has no customer any more, and the first version no default for it.
        self.assertIn("no field 'customer'", project.query("SELECT reason FROM dead_letter.orders")[0]["reason"])
        pipeline = project.folder / "pipelines/orders.yaml"
        pipeline.write_text(pipeline.read_text().replace("registry: registry", "registry: registry\n    version: 2"))
        project.write("pipelines/orders.yaml", pipeline.read_text().replace("bronze.orders", "bronze.orders2"))
        send("pinned", [encode(first, V1, with_types(order(3, customer="c")))])
        project.call("run", "--once")
        self.assertEqual([{"id": 3, "buyer": "c"}], project.query("SELECT id, buyer FROM bronze.orders2"))

    def test_it_waits_while_the_registry_is_away(self):
        create_topic("away")
        known = register("away-value", V1)
        send("away", [encode(known, V1, with_types(order(n, customer="c"))) for n in range(10)])
        project = self.make_project("away", avro("    columns: {id: BIGINT, customer: VARCHAR}"))
        self.stop_registry()
        log = project.folder / "log"
        with log.open("w") as errors:
            run = project.start("run", stderr=errors)
            self.addCleanup(run.kill)
            try:
                self.wait_for(lambda: "schema registry" in log.read_text(), run, log)
                self.assertEqual([], project.tables())
                subprocess.run([FOLDER / "restart"], check=True, timeout=240)
                self.wait_for(lambda: "bronze.orders" in project.tables(), run, log)
            finally:
                run.send_signal(signal.SIGINT)
                run.wait(WAIT_S)
        self.assertEqual([{"n": 10}], project.query("SELECT count(*) AS n FROM bronze.orders"))
        self.assertNotIn("dead_letter.orders", project.tables())

    def test_a_subject_that_is_missing_stops_its_pipeline_alone(self):
        create_topic("lone")
        project = self.make_project("lone", "avro: {registry: registry, subject: nobody-value}")
        project.write("input/1.jsonl", '{"id": 1}\n')
        project.write("pipelines/other.yaml", OTHER)
        says = "register its schema, or correct 'subject' or 'version'"
        self.assertIn(says, project.call("validate", expect=2).stderr)
        found = {one["what"]: one for one in json.loads(project.call("doctor", "--json", expect=1).stdout)}
        self.assertIn(says, found["source of orders"]["detail"])
        self.assertTrue(found["source of other"]["ok"])
        project.call("run", "--once", "other")
        self.assertEqual([{"id": 1}], project.query("SELECT id FROM bronze.other"))
        failed = project.call("run", "--once", expect=1).stderr
        self.assertIn("pipelines/orders.yaml:5:3: the subject 'nobody-value'", failed)
        self.assertIn(says, failed)

    def test_a_first_run_waits_for_the_schema_of_its_subject(self):
        create_topic("first")
        known = register("first-value", V1)
        send("first", [encode(known, V1, with_types(order(n, customer="c"))) for n in range(10)])
        following, draining = self.make_project("first", avro()), self.make_project("first", avro())
        # What needs no registry goes on meanwhile.
        following.write("input/1.jsonl", '{"id": 1}\n')
        following.write("pipelines/other.yaml", OTHER)
        self.stop_registry()
        waits = "the subject 'first-value', whose schema is asked for before the first run"
        self.assertIn(waits, following.call("validate", expect=1).stderr)
        plan = following.call("plan", expect=1)
        self.assertIn(waits, plan.stderr)
        self.assertIn("note     the columns are not known yet: " + waits, plan.stdout)
        self.assertIn("other (stream)", plan.stdout)
        found = {one["what"]: one for one in json.loads(following.call("doctor", "--json", expect=1).stdout)}
        self.assertIn(waits, found["source of orders"]["detail"])
        self.assertFalse(found["schema registry of orders"]["ok"])
        self.assertTrue(found["source of other"]["ok"])
        logs = [project.folder / "log" for project in (following, draining)]
        with logs[0].open("w") as first, logs[1].open("w") as second:
            runs = [following.start("run", stderr=first), draining.start("run", "--once", stderr=second)]
            for run in runs:
                self.addCleanup(run.kill)
            try:
                for run, log in zip(runs, logs):
                    self.wait_for(lambda log=log: waits in log.read_text(), run, log)
                self.wait_for(lambda: "bronze.other" in following.tables(), runs[0], logs[0])
                self.wait_for(lambda: self.status(following)["state"] == "retrying", runs[0], logs[0])
                self.assertIn(waits, self.status(following)["last_error"])
                self.assertNotIn("bronze.orders", following.tables())
                subprocess.run([FOLDER / "restart"], check=True, timeout=240)
                self.wait_for(lambda: "bronze.orders" in following.tables(), runs[0], logs[0])
                self.assertEqual(0, runs[1].wait(WAIT_S))
            finally:
                for run in runs:
                    run.send_signal(signal.SIGINT)
                    run.wait(WAIT_S)
        for project in (following, draining):
            self.assertEqual([{"n": 10}], project.query("SELECT count(*) AS n FROM bronze.orders"))
        # From then on the schema is the checkpoint's.
        self.assertEqual("stopped", self.status(following)["state"])

    def status(self, project):
        return json.loads(project.call("status", "orders", "--json").stdout)[0]


if __name__ == "__main__":
    unittest.main()

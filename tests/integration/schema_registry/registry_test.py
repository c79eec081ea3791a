"""Avro records with Confluent's framing, from a broker and by a registry, into a Delta table."""

import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lakeward import Project  # noqa: E402

try:
    import confluent_kafka
    import confluent_kafka.admin
    import fastavro
except ImportError as error:
    if os.environ.get("CI") == "true":
        raise
    print(f"SKIPPED: {error}; run tools/setup --tests", file=sys.stderr)
    sys.exit(77)

BROKER = os.environ["LAKEWARD_KAFKA"]
REGISTRY = os.environ["LAKEWARD_REGISTRY"]
FOLDER = Path(os.environ["LAKEWARD_REGISTRY_FOLDER"])
WAIT_S = 60

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


def ask(path, body=None):
    request = urllib.request.Request(
        REGISTRY + path, data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


def register(subject, schema):
    return ask(f"/subjects/{subject}/versions", {"schema": json.dumps(schema)})["id"]


def encode(schema_id, schema, value):
    out = io.BytesIO(b"\0" + schema_id.to_bytes(4, "big"))
    out.seek(0, io.SEEK_END)
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(json.dumps(schema))), value)
    return out.getvalue()


def order(number, **more):
    return {"id": number, "amount": f"{number}.90", "at": 1741523696789, **more}


def with_types(value):
    import decimal
    return {**value, "amount": decimal.Decimal(value["amount"])}


def create_topic(topic):
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": BROKER})
    for future in admin.create_topics([confluent_kafka.admin.NewTopic(topic, 1, 1)]).values():
        future.result(30)


def send(topic, payloads):
    producer = confluent_kafka.Producer({"bootstrap.servers": BROKER})
    failures = []
    for payload in payloads:
        producer.produce(topic, payload, partition=0, on_delivery=lambda error, _: error and failures.append(error))
    if producer.flush(30) or failures:
        raise AssertionError(f"the messages were not delivered: {failures}")


class Registry(unittest.TestCase):
    def make_project(self, topic, decode):
        folder = tempfile.TemporaryDirectory(prefix="lakeward-registry-")
        self.addCleanup(folder.cleanup)
        project = Project(folder.name)
        project.write("lakeward.yaml", f"""
project: shop
connections:
  broker: {{kafka: {{brokers: "{BROKER}"}}}}
  registry: {{schema_registry: {{url: "{REGISTRY}", timeout: 5s}}}}
""")
        project.write("pipelines/orders.yaml", f"""
pipeline: orders
from: {{kafka: {{connection: broker, topic: {topic}, start: earliest}}}}
decode:
  avro:
    registry: registry
{decode}
to: {{delta: {{table: bronze.orders}}}}
trigger: {{every: 200ms}}
""")
        return project

    def test_versions_of_a_schema_become_rows_of_one_table(self):
        create_topic("versions")
        first, second = register("versions-value", V1), register("versions-value", V2)
        self.assertNotEqual(first, second)
        send("versions", [encode(first, V1, with_types(order(n, customer=f"c{n}"))) for n in range(100)])
        send("versions", [encode(second, V2, with_types(order(n, buyer=f"b{n}", note="new", tags=["a", "b"])))
                          for n in range(100, 150)])
        project = self.make_project("versions", "    schema: {file: order.avsc}")
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
        project = self.make_project("unknown", "    columns: {id: BIGINT, customer: VARCHAR}")
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
        project = self.make_project("pinned", "")
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
        project = self.make_project("away", "    columns: {id: BIGINT, customer: VARCHAR}")
        self.stop_registry()
        log = project.folder / "log"
        with log.open("w") as errors:
            run = project.start("run", stderr=errors)
            self.addCleanup(run.kill)
            try:
                self.wait_for(lambda: "schema registry" in log.read_text(), run, log)
                self.assertEqual([], project.tables())
                subprocess.run([FOLDER / "restart"], check=True, timeout=120)
                self.wait_for(lambda: "bronze.orders" in project.tables(), run, log)
            finally:
                run.send_signal(signal.SIGINT)
                run.wait(30)
        self.assertEqual([{"n": 10}], project.query("SELECT count(*) AS n FROM bronze.orders"))
        self.assertNotIn("dead_letter.orders", project.tables())

    def test_a_first_run_waits_for_the_schema_of_its_subject(self):
        create_topic("first")
        known = register("first-value", V1)
        send("first", [encode(known, V1, with_types(order(n, customer="c"))) for n in range(10)])
        following, draining = self.make_project("first", ""), self.make_project("first", "")
        # What needs no registry goes on meanwhile.
        following.write("input/1.jsonl", '{"id": 1}\n')
        following.write("pipelines/other.yaml", """
pipeline: other
from: {file: {path: "input/*.jsonl", settle: 0s}}
decode: {json: {columns: {id: BIGINT}}}
to: {delta: {table: bronze.other}}
trigger: {every: 200ms}
""")
        self.stop_registry()
        waits = "the subject 'first-value', whose schema is asked for before the first run"
        self.assertIn(waits, following.call("validate", expect=1).stderr)
        self.assertIn(waits, following.call("plan", expect=1).stderr)
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
                subprocess.run([FOLDER / "restart"], check=True, timeout=120)
                self.wait_for(lambda: "bronze.orders" in following.tables(), runs[0], logs[0])
                self.assertEqual(0, runs[1].wait(WAIT_S))
            finally:
                for run in runs:
                    run.send_signal(signal.SIGINT)
                    run.wait(30)
        for project in (following, draining):
            self.assertEqual([{"n": 10}], project.query("SELECT count(*) AS n FROM bronze.orders"))
        # From then on the schema is the checkpoint's.
        self.assertEqual("stopped", self.status(following)["state"])

    def status(self, project):
        return json.loads(project.call("status", "orders", "--json").stdout)[0]

    def make_writer(self, topic, select, encode=""):
        """A project that writes a topic as Avro, and one that reads it again."""
        project = self.make_project(topic, "    columns: {id: BIGINT}")
        project.write("input/1.jsonl", "".join(json.dumps({"id": n}) + "\n" for n in range(1, 4)))
        project.write("pipelines/publish.yaml", f"""
pipeline: publish
from: {{file: {{path: "input/*.jsonl", settle: 0s}}}}
decode: {{json: {{columns: {{id: BIGINT}}}}}}
transform: {select}
to:
  kafka:
    connection: broker
    topic: {topic}
    key: id
    create_topic: {{partitions: 1}}
    encode: {{avro: {{registry: registry{encode}}}}}
trigger: {{every: 200ms}}
""")
        return project

    def read_with_others(self, topic):
        """What confluent-kafka's consumer and fastavro make of the topic, and the ids of its schemas."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": BROKER, "group.id": f"other-{topic}",
                                             "auto.offset.reset": "earliest", "isolation.level": "read_committed",
                                             "enable.partition.eof": True})
        self.addCleanup(consumer.close)
        consumer.assign([confluent_kafka.TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING)])
        values, ids = [], set()
        while True:
            message = consumer.poll(30)
            self.assertIsNotNone(message, "the broker is silent")
            if message.error():
                self.assertEqual(confluent_kafka.KafkaError._PARTITION_EOF, message.error().code())
                return values, ids
            self.assertEqual(0, message.value()[0])
            ids.add(int.from_bytes(message.value()[1:5], "big"))
            schema = fastavro.parse_schema(json.loads(ask(f"/schemas/ids/{max(ids)}")["schema"]))
            rest = io.BytesIO(message.value()[5:])
            values.append(fastavro.schemaless_reader(rest, schema))
            self.assertEqual(b"", rest.read())

    def test_what_it_writes_is_read_by_others_and_by_itself(self):
        project = self.make_writer("written", """|
  SELECT id, CASE WHEN id > 1 THEN 'Grüße ' || id END AS note, (id * 1.5)::DECIMAL(12,2) AS amount,
         TIMESTAMPTZ '2025-03-09 12:34:56.789012Z' AS "at", DATE '2025-03-09' AS day, id % 2 = 0 AS even,
         ['a', NULL] AS tags, {'city': 'Belém', 'zip': id::INTEGER} AS place, MAP {'k': id} AS counts
  FROM input""", ", record_name: shop.Order")
        reader = project.folder / "pipelines/orders.yaml"
        reader.write_text(reader.read_text().replace("    columns: {id: BIGINT}", "    subject: written-value"))
        # The reader's columns are those of the subject, which the writer makes.
        project.write("kept.yaml", reader.read_text())
        reader.unlink()
        project.call("validate")
        doctor = project.call("doctor").stdout
        self.assertIn(f"sink of publish: kafka written will be made; the schema registry {REGISTRY}", doctor)
        project.call("run", "--once")
        self.assertIn("sink of publish: kafka written, 1 partition;", project.call("doctor").stdout)
        version = ask("/subjects/written-value/versions/latest")
        schema = json.loads(version["schema"])
        self.assertEqual(("shop", "Order"), (schema["namespace"], schema["name"]))
        values, ids = self.read_with_others("written")
        self.assertEqual({version["id"]}, ids)
        self.assertEqual([1, 2, 3], [value["id"] for value in values])
        self.assertEqual([None, "Grüße 2", "Grüße 3"], [value["note"] for value in values])
        self.assertEqual(["1.50", "3.00", "4.50"], [str(value["amount"]) for value in values])
        self.assertEqual("2025-03-09 12:34:56.789012+00:00", str(values[0]["at"]))
        self.assertEqual("2025-03-09", str(values[0]["day"]))
        self.assertEqual([False, True, False], [value["even"] for value in values])
        self.assertEqual(["a", None], values[0]["tags"])
        self.assertEqual({"city": "Belém", "zip": 3}, values[2]["place"])
        self.assertEqual({"k": 3}, values[2]["counts"])

        project.write("pipelines/orders.yaml", (project.folder / "kept.yaml").read_text())
        project.call("run", "orders", "--once")
        sql = """SELECT id, note, amount::VARCHAR AS amount, "at"::VARCHAR AS "at", day::VARCHAR AS day, even, tags,
                 place.city AS city, counts['k'] AS k FROM bronze.orders ORDER BY id"""
        self.assertEqual({"id": 3, "note": "Grüße 3", "amount": "4.50", "at": "2025-03-09 12:34:56.789012+00",
                          "day": "2025-03-09", "even": False, "tags": ["a", None], "city": "Belém", "k": 3},
                         project.query(sql)[2])
        # A second run adds a version that the first one's readers can read.
        text = (project.folder / "pipelines/publish.yaml").read_text()
        project.write("pipelines/publish.yaml", text.replace("SELECT id,", "SELECT 'new' AS source, id,"))
        project.write("input/2.jsonl", '{"id": 4}\n')
        project.call("run", "publish", "--once")
        self.assertEqual([1, 2], ask("/subjects/written-value/versions"))
        project.call("run", "orders", "--once")
        self.assertEqual([{"n": 4}], project.query("SELECT count(*) AS n FROM bronze.orders"))
        self.assertNotIn("dead_letter.orders", project.tables())

    def test_a_schema_that_does_not_fit_stops_the_writer_with_the_mend(self):
        project = self.make_writer("refused", "SELECT id FROM input")
        reader = project.folder / "pipelines/orders.yaml"
        reader.unlink()
        register("refused-value", {"type": "record", "name": "refused", "fields": [{"name": "id", "type": "string"}]})
        request = urllib.request.Request(f"{REGISTRY}/config/refused-value", method="PUT",
                                         data=b'{"compatibility": "BACKWARD"}',
                                         headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
        urllib.request.urlopen(request, timeout=20).close()
        said = project.call("run", "--once", expect=1).stderr
        self.assertIn("the subject 'refused-value'", said)
        self.assertIn("choose another 'subject', or let the registry allow it", said)
        self.assertEqual([1], ask("/subjects/refused-value/versions"))
        # Without leave to register it, the schema is asked for in vain.
        text = (project.folder / "pipelines/publish.yaml").read_text()
        project.write("pipelines/publish.yaml", text.replace(
            "registry: registry", "registry: registry, subject: elsewhere, auto_register: false"))
        said = project.call("run", "--once", expect=1).stderr
        self.assertIn("the subject 'elsewhere' does not have the schema of these columns", said)
        project.write("pipelines/publish.yaml", text.replace("registry: registry", "registry: registry, subject: other"))
        project.call("run", "--once")
        self.assertEqual([1, 2, 3], [value["id"] for value in self.read_with_others("refused")[0]])

    def test_it_writes_by_a_schema_of_the_project(self):
        project = self.make_writer("contract", """|
  SELECT id, 'c' || id AS buyer, (id * 1.5)::DECIMAL(12,2) AS amount,
         TIMESTAMPTZ '2025-03-09 12:34:56.789Z' AS "at" FROM input""", ", schema: {file: order.avsc}")
        (project.folder / "pipelines/orders.yaml").unlink()
        project.write("pipelines/order.avsc", json.dumps(V2))
        project.call("validate")
        project.call("run", "--once")
        version = ask("/subjects/contract-value/versions/latest")
        self.assertEqual(V2, json.loads(version["schema"]))
        values, ids = self.read_with_others("contract")
        self.assertEqual({version["id"]}, ids)
        self.assertEqual(["c1", "c2", "c3"], [value["buyer"] for value in values])
        self.assertEqual(([], None, "3.00"), (values[1]["tags"], values[1]["note"], str(values[1]["amount"])))
        text = (project.folder / "pipelines/publish.yaml").read_text()
        project.write("pipelines/publish.yaml", text.replace("order.avsc", "missing.avsc"))
        said = project.call("validate", expect=2)
        self.assertIn("'schema': there is no file", said.stdout + said.stderr)

    def test_it_names_a_registry_that_the_project_does_not_have(self):
        project = self.make_writer("misnamed", "SELECT id FROM input")
        text = (project.folder / "pipelines/publish.yaml").read_text()
        project.write("pipelines/publish.yaml", text.replace("registry: registry", "registry: registri"))
        said = project.call("validate", expect=2)
        self.assertIn("unknown connection 'registri'; did you mean 'registry'?", said.stdout + said.stderr)

    def test_a_writer_waits_while_the_registry_is_away(self):
        project = self.make_writer("waiting", "SELECT id FROM input")
        (project.folder / "pipelines/orders.yaml").unlink()
        self.stop_registry()
        log = project.folder / "log"
        with log.open("w") as errors:
            run = project.start("run", stderr=errors)
            self.addCleanup(run.kill)
            try:
                self.wait_for(lambda: "schema registry" in log.read_text(), run, log)
                subprocess.run([FOLDER / "restart"], check=True, timeout=120)
                epoch = project.folder / "lake/_lakeward/checkpoints/publish/commits/0"
                self.wait_for(epoch.exists, run, log)
            finally:
                run.send_signal(signal.SIGINT)
                run.wait(30)
        self.assertEqual([1, 2, 3], [value["id"] for value in self.read_with_others("waiting")[0]])

    def stop_registry(self):
        os.kill(int((FOLDER / "pid").read_text()), signal.SIGTERM)
        while ask_quietly():
            time.sleep(0.05)

    def wait_for(self, happens, run, log):
        end = time.monotonic() + WAIT_S
        while not happens():
            self.assertIsNone(run.poll(), log.read_text())
            self.assertLess(time.monotonic(), end, log.read_text())
            time.sleep(0.05)


def ask_quietly():
    try:
        return ask("/subjects") is not None
    except OSError:
        return False


if __name__ == "__main__":
    unittest.main()

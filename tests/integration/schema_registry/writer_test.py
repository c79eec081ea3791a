"""What Lakeward writes with a registry's schemas: into a real broker, read by others and by itself."""

import io
import json
import signal
import subprocess
import sys
import unittest
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import confluent_kafka  # noqa: E402
import fastavro  # noqa: E402
from confluent_kafka.schema_registry import SchemaRegistryClient  # noqa: E402
from confluent_kafka.schema_registry.avro import AvroDeserializer  # noqa: E402
from confluent_kafka.schema_registry.json_schema import JSONDeserializer  # noqa: E402
from confluent_kafka.serialization import MessageField, SerializationContext  # noqa: E402
from registry_case import (BROKER, FOLDER, REGISTRY, WAIT_S, RegistryCase, ask,  # noqa: E402
                           await_transactions, create_topic, register, send)
from registry_test import V2, avro  # noqa: E402


class Writer(RegistryCase):
    def make_writer(self, topic, select, encode="", sink="key: id", partitions=1):
        """A project whose pipeline `publish` writes a topic, as Avro unless `sink` says otherwise. Another reads it."""
        project = self.make_project(topic, avro("    columns: {id: BIGINT}"))
        project.write("input/1.jsonl", "".join(json.dumps({"id": n}) + "\n" for n in range(1, 4)))
        if "encode:" not in sink:
            sink += f", encode: {{avro: {{registry: registry{encode}}}}}"
        project.write("pipelines/publish.yaml", f"""
pipeline: publish
from: {{file: {{path: "input/*.jsonl", settle: 0s}}}}
decode: {{json: {{columns: {{id: BIGINT}}}}}}
transform: {select}
to:
  kafka: {{connection: broker, topic: {topic}, create_topic: {{partitions: {partitions}}}, {sink}}}
trigger: {{every: 200ms}}
""")
        return project

    def make_lone_writer(self, *arguments, **more):
        project = self.make_writer(*arguments, **more)
        (project.folder / "pipelines/orders.yaml").unlink()
        return project

    def records(self, topic, partitions=1):
        """What confluent-kafka's consumer reads of the topic."""
        await_transactions(topic, partitions)
        consumer = confluent_kafka.Consumer({"bootstrap.servers": BROKER, "group.id": f"other-{topic}",
                                             "auto.offset.reset": "earliest", "isolation.level": "read_committed",
                                             "enable.partition.eof": True})
        self.addCleanup(consumer.close)
        consumer.assign([confluent_kafka.TopicPartition(topic, number, confluent_kafka.OFFSET_BEGINNING)
                         for number in range(partitions)])
        messages, ended = [], 0
        while ended < partitions:
            message = consumer.poll(WAIT_S)
            self.assertIsNotNone(message, "the broker is silent")
            if message.error():
                self.assertEqual(confluent_kafka.KafkaError._PARTITION_EOF, message.error().code())
                ended += 1
            else:
                messages.append(message)
        return messages

    def read_with_others(self, topic):
        """What fastavro makes of the topic's values, and the ids of their schemas."""
        values, ids = [], set()
        for message in self.records(topic):
            self.assertEqual(0, message.value()[0])
            ids.add(int.from_bytes(message.value()[1:5], "big"))
            schema = fastavro.parse_schema(json.loads(ask(f"/schemas/ids/{max(ids)}")["schema"]))
            rest = io.BytesIO(message.value()[5:])
            values.append(fastavro.schemaless_reader(rest, schema))
            self.assertEqual(b"", rest.read())
        return values, ids

    def read_with_confluents(self, topic, key=None, value=None, partitions=1):
        """What Confluent's deserializers make of the topic's keys and values, in the order of the values' ids."""
        with SchemaRegistryClient({"url": REGISTRY}) as client:
            read = {"avro": lambda: AvroDeserializer(client),
                    "json": lambda: JSONDeserializer(None, schema_registry_client=client),
                    None: lambda: lambda payload, _: payload}
            of_key, of_value = read[key](), read[value]()
            pairs = [(of_key(message.key(), SerializationContext(topic, MessageField.KEY)),
                      of_value(message.value(), SerializationContext(topic, MessageField.VALUE)))
                     for message in self.records(topic, partitions)]
        return sorted(pairs, key=lambda pair: pair[1]["id"])

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
        self.assertIn(f"sink of publish: kafka written (exactly_once) will be made; the schema registry {REGISTRY}", doctor)
        project.call("run", "--once")
        self.assertIn("sink of publish: kafka written (exactly_once), 1 partition;", project.call("doctor").stdout)
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
        project = self.make_lone_writer("refused", "SELECT id FROM input")
        register("refused-value", {"type": "record", "name": "refused", "fields": [{"name": "id", "type": "string"}]})
        self.ask_for_compatibility("refused-value")
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
        project = self.make_lone_writer("contract", """|
  SELECT id, 'c' || id AS buyer, (id * 1.5)::DECIMAL(12,2) AS amount,
         TIMESTAMPTZ '2025-03-09 12:34:56.789Z' AS "at" FROM input""", ", schema: {file: order.avsc}")
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

    def ask_for_compatibility(self, subject):
        request = urllib.request.Request(f"{REGISTRY}/config/{subject}", method="PUT",
                                         data=b'{"compatibility": "BACKWARD"}',
                                         headers={"Content-Type": "application/vnd.schemaregistry.v1+json"})
        urllib.request.urlopen(request, timeout=20).close()

    def test_confluents_clients_read_json_with_a_schema(self):
        project = self.make_writer("objects", """|
  SELECT id, CASE WHEN id > 1 THEN 'Grüße ' || id END AS note, (id * 1.5)::DECIMAL(12,2) AS amount, id / 2 AS half,
         TIMESTAMPTZ '2025-03-09 12:34:56.789012Z' AS "at", DATE '2025-03-09' AS day, id % 2 = 0 AS even,
         ['a', NULL] AS tags, {'city': 'Belém', 'zip': id::INTEGER} AS place, MAP {'k': id} AS counts,
         'x'::BLOB AS bytes, '{"a": 1}'::JSON AS extra, 'no name of Avro' AS "a b"
  FROM input""", sink="key: id, encode: {json: {registry: registry, record_name: shop.Order}}")
        reader = project.folder / "pipelines/orders.yaml"
        reader.write_text(reader.read_text().replace(
            "  avro:\n    registry: registry\n    columns: {id: BIGINT}",
            "  json: {registry: registry, columns: {id: BIGINT, note: VARCHAR, amount: 'DECIMAL(12,2)'}}"))
        project.call("validate")
        # The topic to read is not there yet.
        self.assertIn(f"kafka objects (exactly_once) will be made; the schema registry {REGISTRY}",
                      project.call("doctor", expect=1).stdout)
        project.call("run", "publish", "--once")
        self.assertEqual("JSON", ask("/subjects/objects-value/versions/latest")["schemaType"])
        pairs = self.read_with_confluents("objects", value="json")
        self.assertEqual([b"1", b"2", b"3"], [key for key, _ in pairs])
        self.assertEqual({"id": 2, "note": "Grüße 2", "amount": 3.0, "half": 1.0,
                          "at": "2025-03-09T12:34:56.789012Z", "day": "2025-03-09", "even": True, "tags": ["a", None],
                          "place": {"city": "Belém", "zip": 2}, "counts": {"k": 2}, "bytes": "eA==",
                          "extra": {"a": 1}, "a b": "no name of Avro"}, pairs[1][1])
        self.assertIsNone(pairs[0][1]["note"])
        project.call("run", "orders", "--once")
        self.assertEqual([{"id": 1, "note": None, "amount": "1.50"}, {"id": 2, "note": "Grüße 2", "amount": "3.00"}],
                         project.query("SELECT id, note, amount::VARCHAR AS amount FROM bronze.orders ORDER BY id LIMIT 2"))
        unknown = register("last-value", {"type": "string", "doc": "this test's alone"}) + 1
        send("objects", [b"\0" + unknown.to_bytes(4, "big") + b'{"id": 4}'])
        project.call("run", "orders", "--once")
        self.assertEqual([{"reason": f"schema {unknown} is not known to the schema registry {REGISTRY}"}],
                         project.query("SELECT reason FROM dead_letter.orders"))

    def test_a_json_schema_may_gain_columns_and_refuses_other_types(self):
        project = self.make_lone_writer("evolving", "SELECT id FROM input",
                                        sink="encode: {json: {registry: registry}}")
        project.call("run", "--once")
        self.ask_for_compatibility("evolving-value")
        text = (project.folder / "pipelines/publish.yaml").read_text()
        project.write("pipelines/publish.yaml", text.replace("SELECT id", "SELECT id, 'new' AS source"))
        project.write("input/2.jsonl", '{"id": 4}\n')
        project.call("run", "--once")
        self.assertEqual([1, 2], ask("/subjects/evolving-value/versions"))
        project.write("pipelines/publish.yaml", text.replace("SELECT id", "SELECT id::VARCHAR AS id"))
        project.write("input/3.jsonl", '{"id": 5}\n')
        said = project.call("run", "--once", expect=1).stderr
        self.assertIn("the subject 'evolving-value'", said)
        self.assertIn("choose another 'subject', or let the registry allow it", said)
        self.assertEqual([{"id": 1}, {"id": 4, "source": "new"}],
                         [value for _, value in self.read_with_confluents("evolving", value="json")][::3])

    def test_it_writes_by_a_json_schema_of_the_project(self):
        order = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Order", "type": "object",
                 "required": ["id"], "additionalProperties": False,
                 "properties": {"id": {"type": "integer"}, "note": {"type": "string"}}}
        project = self.make_lone_writer(
            "agreed", "SELECT id, CASE WHEN id > 1 THEN 'n' || id END AS note FROM input",
            sink="encode: {json: {registry: registry, schema: {file: order.json}, subject_strategy: record_name}}")
        project.write("pipelines/order.json", json.dumps(order))
        project.call("validate")
        project.call("run", "--once")
        self.assertEqual(order, json.loads(ask("/subjects/Order/versions/latest")["schema"]))
        # What the schema does not allow to be null is left out.
        self.assertEqual([{"id": 1}, {"id": 2, "note": "n2"}, {"id": 3, "note": "n3"}],
                         [value for _, value in self.read_with_confluents("agreed", value="json")])

    def test_confluents_clients_read_keys_and_find_them_in_the_partition_of_their_own(self):
        for number, (key, encode_key, expected) in enumerate([
                ("id", "avro: {registry: registry}", lambda n: n),
                ("[id]", "avro: {registry: registry, record_name: shop.Key}", lambda n: {"id": n}),
                ("[region, id]", "avro: {registry: registry}", lambda n: {"region": f"r{n}", "id": n}),
                ("region", "json: {registry: registry}", lambda n: f"r{n}"),
                ("[region, id]", "json: {registry: registry}", lambda n: {"region": f"r{n}", "id": n})]):
            topic = f"keyed{number}"
            with self.subTest(key=key, encode_key=encode_key):
                project = self.make_lone_writer(
                    topic, "SELECT id, 'r' || id AS region FROM input", partitions=4,
                    sink=f"key: {key}, encode_key: {{{encode_key}}}, encode: {{json: {{registry: registry}}}}")
                project.call("validate")
                project.call("run", "--once")
                pairs = self.read_with_confluents(topic, encode_key[:4], "json", partitions=4)
                self.assertEqual([expected(n) for n in (1, 2, 3)], [pair[0] for pair in pairs])
                self.assertEqual([1], ask(f"/subjects/{topic}-key/versions"))
                ours = {message.key(): message.partition() for message in self.records(topic, 4)}
                self.assertEqual(ours, self.partitions_of(ours, f"other-{topic}", 4))

    def partitions_of(self, keys, topic, partitions):
        """Where a client with the partitioner of Kafka's own ones puts these keys."""
        create_topic(topic, partitions)
        producer = confluent_kafka.Producer({"bootstrap.servers": BROKER, "partitioner": "murmur2_random"})
        for key in keys:
            producer.produce(topic, b"", key=key)
        self.assertEqual(0, producer.flush(WAIT_S))
        return {message.key(): message.partition() for message in self.records(topic, partitions)}

    def test_what_cannot_be_written_is_refused_before_it_runs(self):
        for sink, said in [
                ("encode: {avro: {registry: registry}}", "column 'span': its type has no equal in Avro"),
                ("exclude: [span], key: [id, span], encode_key: {avro: {registry: registry}}",
                 "column 'span': its type has no equal in Avro")]:
            project = self.make_lone_writer("unwritten", "SELECT id, INTERVAL 1 DAY AS span FROM input", sink=sink)
            shown = project.call("validate", expect=2)
            self.assertRegex(shown.stdout + shown.stderr, r"publish\.yaml:\d+:\d+: " + said)
            self.assertIn(said, project.call("plan", expect=2).stderr)

    def test_it_names_a_registry_that_the_project_does_not_have(self):
        project = self.make_writer("misnamed", "SELECT id FROM input")
        text = (project.folder / "pipelines/publish.yaml").read_text()
        project.write("pipelines/publish.yaml", text.replace("registry: registry", "registry: registri"))
        said = project.call("validate", expect=2)
        self.assertIn("unknown connection 'registri'; did you mean 'registry'?", said.stdout + said.stderr)

    def test_a_writer_waits_while_the_registry_is_away(self):
        project = self.make_lone_writer("waiting", "SELECT id FROM input",
                                        sink="key: [id], encode_key: {json: {registry: registry}}")
        self.stop_registry()
        log = project.folder / "log"
        with log.open("w") as errors:
            run = project.start("run", stderr=errors)
            self.addCleanup(run.kill)
            try:
                self.wait_for(lambda: "schema registry" in log.read_text(), run, log)
                subprocess.run([FOLDER / "restart"], check=True, timeout=240)
                epoch = project.folder / "lake/_lakeward/checkpoints/publish/commits/0"
                self.wait_for(epoch.exists, run, log)
            finally:
                run.send_signal(signal.SIGINT)
                run.wait(WAIT_S)
        self.assertEqual([({"id": n}, {"id": n}) for n in (1, 2, 3)],
                         self.read_with_confluents("waiting", "json", "avro"))


if __name__ == "__main__":
    unittest.main()

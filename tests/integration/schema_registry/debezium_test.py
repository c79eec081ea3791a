"""Debezium's events in Avro give the rows that they give in JSON.

The events are Debezium's own (tests/format/debezium), with Kafka Connect's schema. Here they are
written as Confluent's AvroConverter writes them: the schema by its rules (`connect.name`, logical
types, optional fields as unions with null), the bytes by fastavro, into a real broker and registry.
"""

import base64
import decimal
import json
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))

from lakeward import SOURCE  # noqa: E402
from registry_case import REGISTRY, RegistryCase, create_topic, encode, register, send  # noqa: E402

SAMPLES = SOURCE / "tests/format/debezium"
DECIMAL = "org.apache.kafka.connect.data.Decimal"
PRIMITIVES = {"int8": "int", "int16": "int", "int32": "int", "int64": "long", "float32": "float",
              "float64": "double", "float": "float", "double": "double", "boolean": "boolean",
              "string": "string", "bytes": "bytes"}
COLUMNS = """{id: BIGINT, customer_id: INTEGER, amount: "DECIMAL(12,2)", qty: INTEGER, price: DOUBLE, paid: BOOLEAN,
       placed_on: DATE, at_local: TIMESTAMP, at_utc: TIMESTAMPTZ, note: VARCHAR, extra: JSON, ref: UUID,
       tags: "VARCHAR[]", blob: BLOB}"""


def avro_schema(connect, known):
    """What AvroConverter makes of a schema of Kafka Connect. `known`: the records that are defined."""
    kind, name = connect["type"], connect.get("name")
    if kind == "struct":
        schema = name
        if name not in known:
            known.add(name)
            space, _, own = name.rpartition(".")
            schema = {"type": "record", "name": own, "namespace": space, "connect.name": name, "fields": []}
            for field in connect["fields"]:
                described = {"name": field["field"], "type": avro_schema(field, known)}
                if field.get("optional"):
                    described["default"] = None
                elif "default" in field:
                    described["default"] = field["default"]
                schema["fields"].append(described)
    elif kind == "array":
        schema = {"type": "array", "items": avro_schema(connect["items"], known)}
    elif name is None:
        schema = PRIMITIVES[kind]
    else:
        schema = {"type": PRIMITIVES[kind], "connect.version": connect.get("version", 1), "connect.name": name}
        if "parameters" in connect:
            schema["connect.parameters"] = connect["parameters"]
        if name == DECIMAL:
            parameters = connect["parameters"]
            schema.update(logicalType="decimal", scale=int(parameters["scale"]),
                          precision=int(parameters["connect.decimal.precision"]))
    return ["null", schema] if connect.get("optional") else schema


def avro_value(connect, value):
    if value is None:
        return None
    if connect["type"] == "struct":
        return {field["field"]: avro_value(field, value.get(field["field"])) for field in connect["fields"]}
    if connect["type"] == "array":
        return [avro_value(connect["items"], item) for item in value]
    if connect["type"] == "bytes":
        data = base64.b64decode(value)
        if connect.get("name") != DECIMAL:
            return data
        unscaled = int.from_bytes(data, "big", signed=True)
        return decimal.Decimal(unscaled).scaleb(-int(connect["parameters"]["scale"]))
    return value


class Debezium(RegistryCase):
    def make_reader(self, topic, more):
        return self.make_project(topic, f"debezium: {{{more}, columns: {COLUMNS}}}",
                                 'transform: SELECT *, _offset AS "offset" FROM input')

    def rows(self, project):
        project.call("validate")
        project.call("run", "--once")
        self.assertNotIn("dead_letter.orders", project.tables())
        return project.query('SELECT CAST(COLUMNS(*) AS VARCHAR) FROM bronze.orders ORDER BY "offset"')

    def test_events_in_avro_give_the_rows_that_they_give_in_json(self):
        samples = sorted(SAMPLES.glob("orders-*.schema*.json"))
        self.assertGreaterEqual(len(samples), 6)
        texts, framed, ids = [], [], set()
        for sample in samples:
            event = json.loads(sample.read_text())
            schema = avro_schema(event["schema"], set())
            # Both kinds of decimals are versions of one subject that no compatibility binds.
            known = register("cdc.orders-value", schema)
            ids.add(known)
            texts.append(sample.read_bytes())
            framed.append(encode(known, schema, avro_value(event["schema"], event["payload"])))
        self.assertGreater(len(ids), 1)
        create_topic("cdc.orders.json")
        create_topic("cdc.orders")
        send("cdc.orders.json", [*texts, None])
        send("cdc.orders", [*framed, None])
        project = self.make_reader("cdc.orders", "registry: registry")
        rows = self.rows(project)
        self.assertEqual(self.rows(self.make_reader("cdc.orders.json", "timestamps: millis")), rows)
        self.assertEqual(len(samples), len(rows))
        self.assertEqual({"c", "d", "r", "u"}, {row["_op"] for row in rows})
        self.assertEqual({"public.orders"}, {row["_source_table"] for row in rows})
        self.assertTrue(all(row["_source_ts"].startswith("2026-11-21 ") and row["_source_lsn"] for row in rows))
        self.assertIn(f"the schema registry {REGISTRY}", project.call("doctor").stdout)


if __name__ == "__main__":
    unittest.main()

"""A broker, a schema registry, and projects that name both: what the tests of this folder share."""

import io
import json
import os
import signal
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
    import confluent_kafka.schema_registry
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


def create_topic(topic, partitions=1):
    admin = confluent_kafka.admin.AdminClient({"bootstrap.servers": BROKER})
    for future in admin.create_topics([confluent_kafka.admin.NewTopic(topic, partitions, 1)]).values():
        future.result(30)


def send(topic, payloads, keys=None):
    producer = confluent_kafka.Producer({"bootstrap.servers": BROKER, "enable.idempotence": True})
    failures = []
    for number, payload in enumerate(payloads):
        producer.produce(topic, payload, key=None if keys is None else keys[number], partition=0,
                         on_delivery=lambda error, _: error and failures.append(error))
    if producer.flush(30) or failures:
        raise AssertionError(f"the messages were not delivered: {failures}")


def ask_quietly():
    try:
        return ask("/subjects") is not None
    except OSError:
        return False


class RegistryCase(unittest.TestCase):
    def make_project(self, topic, decode, more=""):
        """A project whose pipeline `orders` reads a topic into bronze.orders. `decode`, `more`: blocks of it."""
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
  {decode}
{more}
to: {{delta: {{table: bronze.orders}}}}
trigger: {{every: 200ms}}
""")
        return project

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

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
    import confluent_kafka.schema_registry
    import fastavro
    import new_topic
except ImportError as error:
    if os.environ.get("CI") == "true":
        raise
    print(f"SKIPPED: {error}; run tools/setup --tests", file=sys.stderr)
    sys.exit(77)

BROKER = os.environ["LAKEWARD_KAFKA"]
REGISTRY = os.environ["LAKEWARD_REGISTRY"]
FOLDER = Path(os.environ["LAKEWARD_REGISTRY_FOLDER"])
WAIT_S = 120

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
    new_topic.create_topic(BROKER, topic, partitions)


def await_transactions(topic, partitions):
    """Waits until the markers of those that were committed are there, and so readers see what was written."""
    ends = [confluent_kafka.Consumer({"bootstrap.servers": BROKER, "group.id": "ends", "isolation.level": level})
            for level in ("read_uncommitted", "read_committed")]

    def are_over():
        written, readable = ([consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, number), WAIT_S)[1]
                              for number in range(partitions)] for consumer in ends)
        return all(end >= of_all for end, of_all in zip(readable, written))
    try:
        wait_until(f"no transaction is open in {topic}", are_over)
    finally:
        for consumer in ends:
            consumer.close()


def wait_until(what, happens):
    end = time.monotonic() + WAIT_S
    while not happens():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {WAIT_S} s")
        time.sleep(0.05)


def send(topic, payloads, keys=None):
    producer = confluent_kafka.Producer({"bootstrap.servers": BROKER, "enable.idempotence": True})
    failures = []
    for number, payload in enumerate(payloads):
        producer.produce(topic, payload, key=None if keys is None else keys[number], partition=0,
                         on_delivery=lambda error, _: error and failures.append(error))
    if producer.flush(WAIT_S) or failures:
        raise AssertionError(f"the messages were not delivered: {failures}")


def has_ended(pid):
    """Also if its parent has not asked for how yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


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
        pid = int((FOLDER / "pid").read_text())
        os.kill(pid, signal.SIGTERM)
        # As long as it lives it has its database, and the next one would not start.
        wait_until("the registry has ended", lambda: has_ended(pid))

    def wait_for(self, happens, run, log):
        end = time.monotonic() + WAIT_S
        while not happens():
            self.assertIsNone(run.poll(), log.read_text())
            self.assertLess(time.monotonic(), end, log.read_text())
            time.sleep(0.05)

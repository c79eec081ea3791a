"""The main job from a Kafka topic: JSON messages to a validated zstd Delta table."""

import contextlib
import importlib.machinery
import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import job
from competitors import CHECKS, COLUMNS
from measure import BINARY, SOURCE, Usage, cpu_seconds, fresh_folder, make_project, mebibytes, million, resident_bytes, run

TOPIC = "sensor_data"
PARTITIONS = 3

PIPELINE = job.PIPELINE.replace(
    '''file: {{path: "{source}", settle: 0s}}''',
    f'''kafka: {{{{brokers: "{{source}}", topic: {TOPIC}}}}}''').replace(
    "value, unit\n  FROM", '''value, unit,
         _partition AS "partition", _offset AS "offset"
  FROM''')


@contextlib.contextmanager
def broker():
    """A broker as the tests have it, but compiled fully and with a heap for millions of messages."""
    path = SOURCE / "tests/services/kafka/with_broker"
    loader = importlib.machinery.SourceFileLoader("with_broker", str(path))
    service = importlib.util.module_from_spec(importlib.util.spec_from_loader("with_broker", loader))
    loader.exec_module(service)
    server = sys.modules["server"]  # of the broker's folder
    reason = server.missing("java", "openssl")
    if reason is not None:
        raise RuntimeError(f"{reason}; run tools/setup --services")
    tests_java = server.java
    quick_start = {"-Xmx400m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"}
    server.java = lambda *arguments: [a for a in tests_java(*arguments) if a not in quick_start]
    with tempfile.TemporaryDirectory(prefix="lakeward-bench-kafka-", dir=fresh_folder("kafka")) as name:
        folder = Path(name)
        try:
            addresses = service.prepare(folder)
            service.start(folder)
            yield addresses["LAKEWARD_KAFKA"]
        finally:
            service.stop(folder)


def create_topic(address):
    from confluent_kafka.admin import AdminClient, NewTopic
    admin = AdminClient({"bootstrap.servers": address})
    admin.create_topics([NewTopic(TOPIC, PARTITIONS)])[TOPIC].result()


def fill_topic(address, source, rows):
    """The first `rows` lines of the file, a message each, spread over the partitions."""
    from confluent_kafka import Producer
    create_topic(address)
    producer = Producer({"bootstrap.servers": address, "acks": "all", "linger.ms": 20, "compression.type": "lz4",
                         "queue.buffering.max.messages": 1_000_000, "queue.buffering.max.kbytes": 1 << 20})
    with open(source, "rb") as lines:
        for number, line in zip(range(rows), lines):
            while True:
                try:
                    producer.produce(TOPIC, line.rstrip(b"\n"), partition=number % PARTITIONS)
                    break
                except BufferError:
                    producer.poll(0.1)
            if number % 10_000 == 0:
                producer.poll(0)
    producer.flush()


def run_lakeward(address):
    project = make_project("kafka-lakeward", {"lakeward.yaml": job.PROJECT,
                                              "pipelines/job.yaml": PIPELINE.format(source=address)})
    used = run([BINARY, "--project", project, "run", "--once"])
    return used, project / "lake/silver/sensor_data"


@contextlib.contextmanager
def lines_in_memory(source, rows):
    """The same lines as a file that is memory: what is left of the job without broker and messages."""
    with tempfile.TemporaryDirectory(prefix="lakeward-bench-", dir="/dev/shm") as folder:
        copy = Path(folder) / "readings.jsonl"
        with open(source, "rb") as lines, open(copy, "wb") as target:
            target.writelines(itertools.islice(lines, rows))
        yield copy


def run_from_memory(file):
    project = make_project("kafka-memory", {"lakeward.yaml": job.PROJECT,
                                            "pipelines/job.yaml": job.PIPELINE.format(source=file)})
    used = run([BINARY, "--project", project, "run", "--once"])
    return used, project / "lake/silver/sensor_data"


def run_python(address):
    target = fresh_folder("kafka-python") / "out"
    used = run([sys.executable, SOURCE / "bench/competitors.py", "kafka", address, target, "2"])
    return used, target


SPARK_FIELDS = ", ".join(f"{name} {'STRING' if kind == 'VARCHAR' else kind}" for name, kind in COLUMNS.items())
SPARK_SELECT = f"""SELECT * FROM (
    SELECT to_timestamp(r.timestamp) AS event_time, r.device_id, r.building, r.floor, r.type, r.value, r.unit,
           partition, offset
    FROM (SELECT from_json(CAST(value AS STRING), '{SPARK_FIELDS}') AS r, partition, offset FROM input)) WHERE {CHECKS}"""


def family(pid):
    """The process and all that it has started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def run_spark(address):
    """Structured Streaming, half a million messages a batch; what starting Spark takes is not counted."""
    folder = fresh_folder("kafka-spark")
    query = {"brokers": address, "topic": TOPIC, "select": SPARK_SELECT, "table": str(folder / "out"),
             "checkpoint": str(folder / "checkpoint"), "max_offsets": 500_000}
    environment = os.environ | {"LAKEWARD_SPARK_JAVA": "-XX:+UseParallelGC", "PYTHONDONTWRITEBYTECODE": "1"}
    process = subprocess.Popen([sys.executable, SOURCE / "tests/services/spark/run_queries"], env=environment,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        if "ready" not in json.loads(process.stdout.readline() or "{}"):
            raise RuntimeError("Spark did not start; run tools/setup --services")
        before, begin = sum(cpu_seconds(pid) for pid in family(process.pid)), time.monotonic()
        process.stdin.write(json.dumps({"run": query}) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline() or '{"error": "it died"}')
        if "error" in answer:
            raise RuntimeError(f"Spark: {answer['error'][:1000]}")
        used = Usage(time.monotonic() - begin, sum(cpu_seconds(pid) for pid in family(process.pid)) - before,
                     sum(resident_bytes(pid) for pid in family(process.pid)))
    finally:
        process.stdin.close()
        process.wait(timeout=60)
    return used, folder / "out"


def count_rows(table):
    import deltalake
    return deltalake.QueryBuilder().register("t", deltalake.DeltaTable(table)).execute(
        "SELECT count(*) FROM t").read_all().column(0)[0].as_py()


def benchmark(arguments):
    rows = min(arguments.kafka_rows, arguments.rows)
    source = job.make_input(arguments.rows)
    results = []
    counts = set()
    with broker() as address, lines_in_memory(source, rows) as file:
        fill_topic(address, source, rows)
        for name, contender, place, rounds in (
                ("lakeward run --once", run_lakeward, address, arguments.kafka_rounds),
                ("the same from a file in memory", run_from_memory, file, arguments.kafka_rounds),
                ("confluent-kafka, pyarrow, deltalake", run_python, address, arguments.kafka_rounds),
                ("Spark Structured Streaming", run_spark, address, 1)):
            measured = []
            for _ in range(rounds):
                used, table = contender(place)
                measured.append(used)
                counts.add(count_rows(table))
                shutil.rmtree(table)
            used = sorted(measured, key=lambda one: one.cpu_s)[len(measured) // 2]
            results.append((f"Kafka, {million(rows)} messages in {PARTITIONS} partitions, {name}",
                            f"{million(rows / used.cpu_s)} rows/CPU-s",
                            f"{used.wall_s:.1f} s ({million(rows / used.wall_s)} rows/s), "
                            f"peak {mebibytes(used.peak_bytes)}"))
    if len(counts) != 1:
        raise RuntimeError(f"the contenders' tables have different numbers of rows: {sorted(counts)}")
    return results

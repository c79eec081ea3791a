"""How old a message is when a committed Delta version has it, and how many files the table is made of."""

import json
import subprocess
import sys
import time
from collections import Counter
from urllib.parse import unquote

import duckdb

from job import PROJECT
from kafka import PARTITIONS, TOPIC, broker, create_topic
from measure import cpu_seconds, make_project, mebibytes, resident_bytes, start, stop

# Epochs of 200 ms: a message waits 100 ms for its epoch on average.
PIPELINE = f"""
pipeline: fresh
from:
  kafka: {{{{brokers: "{{address}}", topic: {TOPIC}}}}}
decode:
  json: {{{{columns: {{{{timestamp: VARCHAR, device_id: VARCHAR, building: VARCHAR, floor: INTEGER, type: VARCHAR,
    value: DOUBLE, unit: VARCHAR}}}}}}}}
transform: |
  SELECT TRY_CAST(timestamp AS TIMESTAMPTZ) AS event_time, device_id, building, floor, type, value, unit,
         _partition AS "partition", _offset AS "offset", _timestamp AS kafka_timestamp
  FROM input
expect:
  has_time: {{{{check: "event_time IS NOT NULL", otherwise: dead_letter}}}}
to:
  delta: {{{{table: silver.fresh}}}}
trigger: {{{{every: 200ms}}}}
"""

MESSAGE = ('{{"timestamp":"2026-01-01T00:00:{second:02d}Z","device_id":"plant-{plant}/hall-07/assembly-line-42/sensor-{device:05d}",'
           '"building":"{building}","floor":3,"type":"temperature","value":{value},"unit":"C"}}')


def produce(address, rate, seconds):
    """Sends `rate` messages a second, evenly, each with the time at which it was sent."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": address, "acks": "all", "linger.ms": 5, "compression.type": "lz4",
                         "queue.buffering.max.messages": 1_000_000})
    messages = [MESSAGE.format(second=n % 60, plant=n % 7, device=n % 5_000, building="ABCDE"[n % 5],
                               value=n % 4_000 / 100).encode() for n in range(10_000)]
    begin, sent = time.monotonic(), 0
    while (passed := time.monotonic() - begin) < seconds:
        for number in range(sent, int(passed * rate)):
            producer.produce(TOPIC, messages[number % len(messages)], partition=number % PARTITIONS)
        sent = max(sent, int(passed * rate))
        producer.poll(0)
        time.sleep(0.001)
    producer.flush()
    print(sent)


def read_log(table):
    """For each commit: when it was made, the files of new rows; and the most live files at any version."""
    live, most, commits = set(), 0, []
    for file in sorted((table / "_delta_log").glob("*.json")):
        added = []
        for line in file.read_text().splitlines():
            action = json.loads(line)
            if "add" in action:
                live.add(action["add"]["path"])
                if action["add"]["dataChange"]:
                    added.append(table / unquote(action["add"]["path"]))
            if "remove" in action:
                live.discard(action["remove"]["path"])
        most = max(most, len(live))
        if added:
            commits.append((file.stat().st_mtime, added))
    return commits, most


def ages_ms(commits):
    """How many rows had which age when they were committed."""
    ages = Counter()
    connection = duckdb.connect(config={"threads": 1})
    for committed, files in commits:
        rows = connection.execute("SELECT (? - epoch_ms(kafka_timestamp))::BIGINT AS age, count(*) FROM read_parquet(?) "
                                  "GROUP BY age", [int(committed * 1000), [str(f) for f in files]]).fetchall()
        ages.update(dict(rows))
    return ages


def percentile(ages, share):
    wanted = share * sum(ages.values())
    for age in sorted(ages):
        wanted -= ages[age]
        if wanted <= 0:
            return age
    raise ValueError("no rows")


def benchmark(arguments):
    rate, seconds = arguments.fresh_rate, arguments.fresh_seconds
    with broker() as address:
        create_topic(address)
        project = make_project("fresh", {"lakeward.yaml": PROJECT, "pipelines/fresh.yaml": PIPELINE.format(address=address)})
        table = project / "lake/silver/fresh"
        process = start("--project", project, "run")
        try:
            sent = int(subprocess.run([sys.executable, "-B", __file__, address, str(rate), str(seconds)], check=True,
                                      capture_output=True, text=True).stdout)
            end = time.monotonic() + 60
            while (sum((ages := ages_ms((log := read_log(table))[0])).values())) < sent and time.monotonic() < end:
                time.sleep(1)
            used, resident = cpu_seconds(process.pid), resident_bytes(process.pid)
        finally:
            stop(process)
    commits, most = log
    if sum(ages.values()) != sent:
        raise RuntimeError(f"{sent} messages were sent, and {sum(ages.values())} rows landed")
    return [(f"{rate:,} messages a second for {seconds} s, from the producer's time to a committed version",
             f"p50 {percentile(ages, 0.5)} ms, p99 {percentile(ages, 0.99)} ms",
             f"{len(commits):,} commits, at most {most} live files; {used / seconds * 100:.0f} % of a core, "
             f"{mebibytes(resident)} resident; worst {max(ages)} ms")]


if __name__ == "__main__":
    produce(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

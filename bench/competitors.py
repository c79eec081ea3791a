"""The main job as others do it: `competitors.py duckdb|pyarrow|kafka INPUT OUTPUT THREADS`.

Reads the lines, casts the time, keeps the rows that pass the same checks and writes zstd Parquet (in a
Delta table for pyarrow with deltalake). Neither keeps a checkpoint, dead letters or the raw text.
"""

import sys

COLUMNS = {"timestamp": "VARCHAR", "device_id": "VARCHAR", "building": "VARCHAR", "floor": "INTEGER",
           "type": "VARCHAR", "value": "DOUBLE", "unit": "VARCHAR"}

CHECKS = """device_id IS NOT NULL AND building IS NOT NULL AND type IS NOT NULL AND value IS NOT NULL
    AND event_time IS NOT NULL
    AND (type <> 'temperature' OR value BETWEEN -40 AND 120)
    AND (type <> 'humidity' OR value BETWEEN 0 AND 100)
    AND (type <> 'co2' OR value BETWEEN 0 AND 10000)"""


def run_duckdb(source, target, threads):
    import duckdb
    connection = duckdb.connect(config={"threads": threads, "memory_limit": "512MiB",
                                        "preserve_insertion_order": False})
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items())
    connection.execute(f"""
        COPY (SELECT * FROM (
                SELECT TRY_CAST(timestamp AS TIMESTAMPTZ) AS event_time, device_id, building, floor, type, value, unit
                FROM read_json('{source}', format = 'newline_delimited', ignore_errors = true, columns = {{{columns}}}))
              WHERE {CHECKS})
        TO '{target}' (FORMAT parquet, COMPRESSION zstd)""")


def json_options():
    import pyarrow as pa
    import pyarrow.json as pj
    kinds = {"VARCHAR": pa.string(), "INTEGER": pa.int32(), "DOUBLE": pa.float64()}
    return pj.ParseOptions(explicit_schema=pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()]))


def valid_rows(batch, more=()):
    """The rows that pass the checks, with the time cast; `more` are (name, array) beside them."""
    import pyarrow as pa
    import pyarrow.compute as pc
    time = pc.strptime(batch["timestamp"], format="%Y-%m-%dT%H:%M:%SZ", unit="us", error_is_null=True)
    kind, value = batch["type"], batch["value"]
    keep = pc.and_(pc.is_valid(time), pc.and_(pc.is_valid(batch["device_id"]), pc.is_valid(batch["building"])))
    for name, low, high in (("temperature", -40, 120), ("humidity", 0, 100), ("co2", 0, 10000)):
        inside = pc.and_(pc.greater_equal(value, low), pc.less_equal(value, high))
        keep = pc.and_(keep, pc.or_(pc.not_equal(kind, name), inside))
    columns = [time.cast(pa.timestamp("us", "UTC")), *batch.columns[1:], *(array for _, array in more)]
    names = ["event_time", *batch.schema.names[1:], *(name for name, _ in more)]
    return pa.table(dict(zip(names, columns))).filter(keep)


def valid_batches(source):
    import pyarrow.json as pj
    for batch in pj.open_json(source, parse_options=json_options()):
        yield valid_rows(batch).to_batches()[0]


def run_pyarrow(source, target, threads):
    import deltalake
    import pyarrow as pa
    pa.set_cpu_count(threads)
    batches = valid_batches(source)
    first = next(batches)

    def all_batches():
        yield first
        yield from batches

    deltalake.write_deltalake(target, pa.RecordBatchReader.from_batches(first.schema, all_batches()),
                              writer_properties=deltalake.WriterProperties(compression="ZSTD"))


def run_kafka(address, target, _threads):
    """What is in the topic now, half a million messages a commit, with the offsets in the table's txn."""
    import io

    import deltalake
    import pyarrow as pa
    import pyarrow.json as pj
    from confluent_kafka import Consumer, TopicPartition

    topic, group = "sensor_data", 500_000
    consumer = Consumer({"bootstrap.servers": address, "group.id": "bench", "enable.auto.commit": False,
                         "auto.offset.reset": "earliest", "fetch.message.max.bytes": 4 << 20,
                         "queued.max.messages.kbytes": 128 << 10, "queued.min.messages": 500_000})
    partitions = consumer.list_topics(topic).topics[topic].partitions
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p))[1] for p in partitions}
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    left, commit = sum(ends.values()), 0
    options = pj.ReadOptions(block_size=32 << 20)
    while left > 0:
        payloads, numbers, offsets = [], [], []
        while len(payloads) < min(group, left):
            for message in consumer.consume(min(50_000, min(group, left) - len(payloads)), timeout=1):
                if message.error():
                    raise RuntimeError(message.error())
                payloads.append(message.value())
                numbers.append(message.partition())
                offsets.append(message.offset())
        left -= len(payloads)
        batch = pj.read_json(io.BytesIO(b"\n".join(payloads)), read_options=options, parse_options=json_options())
        rows = valid_rows(batch, [("partition", pa.array(numbers, pa.int32())), ("offset", pa.array(offsets, pa.int64()))])
        deltalake.write_deltalake(target, rows, mode="append",
                                  writer_properties=deltalake.WriterProperties(compression="ZSTD"),
                                  commit_properties=deltalake.CommitProperties(
                                      app_transactions=[deltalake.Transaction("bench", commit)]))
        commit += 1
    consumer.close()


if __name__ == "__main__":
    engine, source_path, target_path, thread_count = sys.argv[1:]
    {"duckdb": run_duckdb, "pyarrow": run_pyarrow, "kafka": run_kafka}[engine](source_path, target_path, int(thread_count))

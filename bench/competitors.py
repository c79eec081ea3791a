"""The main job as others do it: `competitors.py duckdb|pyarrow INPUT OUTPUT THREADS`.

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


def valid_batches(source):
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.json as pj
    kinds = {"VARCHAR": pa.string(), "INTEGER": pa.int32(), "DOUBLE": pa.float64()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    reader = pj.open_json(source, parse_options=pj.ParseOptions(explicit_schema=schema))
    for batch in reader:
        time = pc.strptime(batch["timestamp"], format="%Y-%m-%dT%H:%M:%SZ", unit="us", error_is_null=True)
        kind, value = batch["type"], batch["value"]
        keep = pc.and_(pc.is_valid(time), pc.and_(pc.is_valid(batch["device_id"]), pc.is_valid(batch["building"])))
        for name, low, high in (("temperature", -40, 120), ("humidity", 0, 100), ("co2", 0, 10000)):
            inside = pc.and_(pc.greater_equal(value, low), pc.less_equal(value, high))
            keep = pc.and_(keep, pc.or_(pc.not_equal(kind, name), inside))
        columns = [time.cast(pa.timestamp("us", "UTC")), *batch.columns[1:]]
        yield pa.record_batch(columns, names=["event_time", *batch.schema.names[1:]]).filter(keep)


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


if __name__ == "__main__":
    engine, source_path, target_path, thread_count = sys.argv[1:]
    {"duckdb": run_duckdb, "pyarrow": run_pyarrow}[engine](source_path, target_path, int(thread_count))

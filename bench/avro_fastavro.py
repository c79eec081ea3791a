"""What avro_bench measures, by fastavro: framed records, one after the other, in memory, one thread.

Prints rows a second. Needs the Python environment of tools/setup --tests.
"""

import io
import time

import fastavro

RECORDS = 100_000
SENSOR = fastavro.parse_schema({"type": "record", "name": "Sensor", "fields": [
    {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "device_id", "type": "string"}, {"name": "building", "type": "string"},
    {"name": "floor", "type": ["null", "int"]}, {"name": "type", "type": "string"},
    {"name": "value", "type": "double"}, {"name": "unit", "type": "string"}]})
EVOLVED = fastavro.parse_schema({"type": "record", "name": "Sensor", "fields": [
    {"name": "value", "type": "double"}, {"name": "floor", "type": ["null", "long"]},
    {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "device_id", "type": "string"}, {"name": "building", "type": "string"},
    {"name": "type", "type": "string"}, {"name": "quality", "type": "string", "default": "unknown"}]})


def record(n):
    out = io.BytesIO(b"\0\0\0\0\1")
    out.seek(5)
    fastavro.schemaless_writer(out, SENSOR, {
        "timestamp": 1767225600000 + n * 1000, "device_id": f"sensor-building-0{n % 10}-{10000 + n * 7 % 9000}",
        "building": f"Building-{chr(65 + n % 26)}", "floor": n % 32, "type": ("temperature", "humidity", "co2")[n % 3],
        "value": n % 4096 / 37, "unit": ("Celsius", "%", "ppm")[n % 3]})
    return out.getvalue()


def measure(name, payloads, reader):
    best = float("inf")
    for _ in range(3):
        begin = time.process_time()
        for payload in payloads:
            stream = io.BytesIO(payload)
            stream.seek(5)
            fastavro.schemaless_reader(stream, SENSOR, reader)
        best = min(best, time.process_time() - begin)
    print(f"fastavro {fastavro.__version__} {name}: {len(payloads) / best / 1e6:.3f} M rows/s")


if __name__ == "__main__":
    encoded = [record(n) for n in range(RECORDS)]
    measure("same_schema", encoded, None)
    measure("evolved_schema", encoded, EVOLVED)

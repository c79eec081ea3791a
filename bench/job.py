"""The main job: JSON Lines to a validated zstd Delta table."""

import os
import sys

import duckdb

from measure import BINARY, SOURCE, WORK, fresh_folder, make_project, mebibytes, million, run

PROJECT = """
project: bench
lake: ./lake
memory: 512MiB
"""

PIPELINE = """
pipeline: job
from:
  file: {{path: "{source}", settle: 0s}}
decode:
  json:
    columns:
      timestamp: TIMESTAMPTZ
      device_id: VARCHAR
      building: VARCHAR
      floor: INTEGER
      type: VARCHAR
      value: DOUBLE
      unit: VARCHAR
transform: |
  SELECT timestamp AS event_time, device_id, building, floor, type, value, unit
  FROM input
expect:
  has_device: {{check: "device_id IS NOT NULL", otherwise: dead_letter}}
  has_building: {{check: "building IS NOT NULL", otherwise: dead_letter}}
  has_type: {{check: "type IS NOT NULL", otherwise: dead_letter}}
  has_value: {{check: "value IS NOT NULL", otherwise: dead_letter}}
  has_time: {{check: "event_time IS NOT NULL", otherwise: dead_letter}}
  temperature: {{check: "type <> 'temperature' OR value BETWEEN -40 AND 120", otherwise: dead_letter}}
  humidity: {{check: "type <> 'humidity' OR value BETWEEN 0 AND 100", otherwise: dead_letter}}
  co2: {{check: "type <> 'co2' OR value BETWEEN 0 AND 10000", otherwise: dead_letter}}
to:
  delta: {{table: silver.sensor_data}}
"""


# Readings of 5,000 devices, twenty a second, 165 bytes each; one in a thousand is out of its range. All
# times are in UTC with a Z, as the other tools cannot read several forms of a zone at once.
READINGS = """
COPY (
  SELECT concat(
      '{{"timestamp":"', strftime(TIMESTAMP '2026-01-01' + INTERVAL 1 SECOND * (i // 20), '%Y-%m-%dT%H:%M:%SZ'),
      '","device_id":"plant-', d % 7 + 1, '/hall-', lpad((d % 31)::VARCHAR, 2, '0'), '/assembly-line-',
      lpad((d % 89)::VARCHAR, 2, '0'), '/sensor-', lpad(d::VARCHAR, 5, '0'), '","building":"', chr(65 + d % 5),
      '","floor":', d % 9, ',"type":"', ['temperature', 'humidity', 'co2'][d % 3 + 1], '","value":',
      CASE WHEN h % 1000 = 0 THEN 20000 ELSE (h >> 20) % 10000 / 100 END, ',"unit":"',
      ['C', '%', 'ppm'][d % 3 + 1], '"}}')
  FROM (SELECT i, h, (h % 5000)::INTEGER AS d
        FROM (SELECT i, (hash(i) >> 1)::BIGINT AS h FROM range({rows}) AS r(i))))
TO '{file}' (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')"""


def make_input(rows):
    """The file of readings, made once."""
    file = WORK / f"readings-{rows}.jsonl"
    if not file.exists():
        WORK.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        connection = duckdb.connect()
        connection.execute("SET enable_progress_bar = false")
        connection.execute(READINGS.format(rows=rows, file=part))
        part.rename(file)
    # Every contender finds the file in the page cache.
    with open(file, "rb", buffering=0) as bytes_of_file:
        while bytes_of_file.read(1 << 24):
            pass
    return file


def run_lakeward(source, cores):
    project = make_project("job", {"lakeward.yaml": PROJECT,
                                   "pipelines/job.yaml": PIPELINE.format(source=source)})
    return run([BINARY, "--project", project, "run", "--once"], cores=cores)


def run_competitor(name):
    def run_it(source, cores):
        target = fresh_folder(f"job-{name}") / "out"
        return run([sys.executable, SOURCE / "bench/competitors.py", name, source, target, cores], cores=cores)
    return run_it


def benchmark(arguments):
    source = make_input(arguments.rows)
    line_bytes = source.stat().st_size / arguments.rows
    cores = len(os.sched_getaffinity(0))
    results = []
    for name, contender in (("lakeward run --once", run_lakeward),
                            ("DuckDB read_json, Parquet", run_competitor("duckdb")),
                            ("pyarrow + deltalake", run_competitor("pyarrow"))):
        for count in sorted({1, cores}):
            used = contender(source, count)
            results.append((f"{million(arguments.rows)} rows of {line_bytes:.0f} bytes, {name}, "
                            f"{count} core{'s' if count > 1 else ''}",
                            f"{million(arguments.rows / used.cpu_s)} rows/CPU-s",
                            f"{used.wall_s:.1f} s ({million(arguments.rows / used.wall_s)} rows/s), "
                            f"peak {mebibytes(used.peak_bytes)}"))
    return results

"""Pipelines that read the topic `numbers`, which topic_tool fills, and what they must have made of it."""

import json

from topics import dump

PARTITIONS = 3

COPY = """
pipeline: copy
from: {kafka: {connection: WAY, topic: numbers}}
decode: {json: {columns: {p: INTEGER, n: BIGINT, text: VARCHAR}}}
transform: SELECT p, n, text FROM input
to: {kafka: {connection: WAY, topic: copies, partition: p, create_topic: {partitions: 3}}}
trigger: {every: 10ms}
limits: {rows: 500}
"""

TABLE = """
pipeline: bronze
from: {kafka: {connection: WAY, topic: numbers, group_id: watched}}
decode: {json: {columns: {p: INTEGER, n: BIGINT, text: VARCHAR}}}
transform: SELECT p, n, text, _partition AS "partition", _offset AS "offset" FROM input
to: {delta: {table: bronze.numbers}}
trigger: {every: 10ms}
limits: {rows: 500}
"""


def compare(what, expected, found):
    """Prints how two lists differ; returns whether they are the same, order included."""
    missing, surplus = set(expected) - set(found), len(found) - len(set(found))
    same = expected == found
    print(f"{what}: {len(expected):,} expected, {len(found):,} found, {len(missing):,} missing, "
          f"{surplus:,} twice{'' if same or missing or surplus else ', in another order'}", flush=True)
    for example in sorted(missing)[:5]:
        print(f"  missing: {example}")
    return same


def compare_all(project, sent):
    def records(topic):
        return [(r["partition"], r["offset"], json.loads(r["value"])) for r in dump(topic)]

    source, copies = records("numbers"), records("copies")
    rows = project.query('SELECT p, n, "partition", "offset" FROM bronze.numbers ORDER BY p, n')
    same = [compare(f"partition {p} of the copy", list(range(sent)),
                    [record["n"] for partition, _, record in copies if partition == p and record["p"] == p])
            for p in range(PARTITIONS)]
    same.append(len(copies) == PARTITIONS * sent)
    same.append(compare("the table", [(p, r["n"], p, offset) for p, offset, r in source],
                        [(r["p"], r["n"], r["partition"], r["offset"]) for r in rows]))
    return all(same)

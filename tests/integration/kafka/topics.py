"""Topics of the broker that with_broker runs, made and read by topic_tool."""

import json
import os
import subprocess


def topic_tool(*arguments, stdin=None):
    tool = os.environ["LAKEWARD_TOPIC_TOOL"]
    done = subprocess.run([tool, *map(str, arguments)], capture_output=True, text=True, check=False, input=stdin)
    if done.returncode != 0:
        raise AssertionError(f"{tool} {' '.join(map(str, arguments))}:\n{done.stdout}{done.stderr}")
    return done.stdout


def send(topic, records):
    """Sends (key, value) pairs to partition 0."""
    topic_tool("send", topic, stdin="".join(f"{key}\t{value}\n" for key, value in records))


def _hex(data):
    return None if data is None else data.hex()


def _bytes(digits):
    return None if digits is None else bytes.fromhex(digits)


def send_bytes(topic, records):
    """Sends (key, value, headers, timestamp) to partition 0: bytes or None; headers are (name, bytes or None)."""
    topic_tool("send_hex", topic, stdin="".join(
        json.dumps({"key": _hex(key), "value": _hex(value), "timestamp": timestamp,
                    "headers": [(name, _hex(data)) for name, data in headers]}) + "\n"
        for key, value, headers, timestamp in records))


def dump_bytes(topic):
    """As dump(), in the form that send_bytes() takes."""
    lines = [json.loads(line) for line in topic_tool("dump_hex", topic).splitlines()]
    return [(_bytes(line["key"]), _bytes(line["value"]),
             [(name, _bytes(data)) for name, data in line["headers"]], line["timestamp"]) for line in lines]


def dump(topic):
    """All records that are committed, each partition in its order, as dicts."""
    return [json.loads(line) for line in topic_tool("dump", topic).splitlines()]

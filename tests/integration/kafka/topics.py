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


def dump(topic):
    """All records that are committed, each partition in its order, as dicts."""
    return [json.loads(line) for line in topic_tool("dump", topic).splitlines()]

"""Several brokers: leaders move while the pipelines run, and a log is cut off by an unclean election.

Brokers are killed and started again one after the other, so that each partition has another leader now and
then; nothing may be missing or twice, and the run does not end. Then the only replica that has all records
dies, and one that lacks some of them is elected: the run ends and says which offsets were read and are gone.
Last, so many brokers are down that the brokers left neither take records nor say where partitions end: this is
said, and waited for.

Arguments are the names of the tests to run; none: all.
"""

import contextlib
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "services/kafka")]
from cluster import Cluster  # noqa: E402
from lakeward import Project, lakeward  # noqa: E402
from numbered_records import COPY, PARTITIONS, TABLE, compare_all  # noqa: E402
from server import skipped  # noqa: E402
from topics import send, topic_tool  # noqa: E402

BROKERS = 3
RECORDS = 2_000  # to each partition, at a time
PATIENCE_S = 120

# What names the second one reads by librdkafka: our fetcher does not know the property.
PROJECT = """
project: moving
lake: ./lake
memory: 256MiB
connections:
  fetcher:
    kafka: {brokers: "${env:LAKEWARD_KAFKA}"}
  librdkafka:
    kafka: {brokers: "${env:LAKEWARD_KAFKA}", properties: {broker.address.family: v4}}
"""

UNCLEAN = """
pipeline: bronze
from: {kafka: {connection: fetcher, topic: unclean}}
decode: {json: {columns: {n: BIGINT}}}
transform: SELECT n, _offset AS "offset" FROM input
to: {delta: {table: bronze.unclean}}
trigger: {every: 20ms}
"""


def eventually(what, condition):
    """Asks until it holds. Brokers that are between two leaders may refuse an answer: then again."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            if condition():
                return
            why = "it does not hold"
        except AssertionError as refusal:
            why = refusal
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {PATIENCE_S} s: {why}")
        time.sleep(0.2)


def create_topic(name, partitions, replicas, *settings):
    lakeward("topics", "create", name, "--partitions", partitions, "--replication", replicas,
             *(word for setting in settings for word in ("--config", setting)), "--brokers",
             os.environ["LAKEWARD_KAFKA"])
    # Whichever of them is asked first.
    for broker in os.environ["LAKEWARD_KAFKA"].split(","):
        eventually(f"{broker} knows the topic {name}", lambda: all(
            partition["leader"] >= 0 for partition in partitions_of(name, broker)))


def partitions_of(topic, brokers=None):
    return json.loads(lakeward("topics", "describe", topic, "--json", "--brokers",
                               brokers or os.environ["LAKEWARD_KAFKA"]).stdout)["partitions"]


def in_sync(topic, replicas):
    return all(len(partition["in_sync"]) == replicas for partition in partitions_of(topic))


@contextlib.contextmanager
def running(project):
    """`lakeward run`, which must not end by itself; yields its process."""
    log = project.folder / "stderr.log"
    with log.open("w", encoding="utf-8") as stderr:
        process = project.start("run", stderr=stderr)
    try:
        yield process
        if process.poll() is not None:
            raise AssertionError(f"the run ended with {process.returncode}; it said:\n{log.read_text()}")
        process.send_signal(signal.SIGINT)
        if process.wait(timeout=PATIENCE_S) != 130:
            raise AssertionError(f"the stopped run ended with {process.returncode}; it said:\n{log.read_text()}")
    finally:
        process.kill()
        process.wait()


def test_leaders_that_move(cluster, project):
    create_topic("numbers", PARTITIONS, BROKERS)
    create_topic("copies", PARTITIONS, BROKERS)
    project.write("pipelines/copy.yaml", COPY.replace("WAY", "fetcher"))
    sent = 0

    def produce():
        nonlocal sent
        topic_tool("produce", "numbers", sent, RECORDS)
        sent += RECORDS

    leaders = set()
    for way in ("fetcher", "librdkafka"):
        project.write("pipelines/table.yaml", TABLE.replace("WAY", way))
        with running(project):
            for broker in cluster.brokers:
                produce()
                cluster.kill(broker)
                produce()
                leaders |= {(p["partition"], p["leader"]) for p in partitions_of("numbers")}
                cluster.start(broker)
                eventually("all replicas are in sync", lambda: in_sync("numbers", BROKERS))
    project.call("run", "--once")
    moved = all(len([leader for number, leader in leaders if number == p]) > 1 for p in range(PARTITIONS))
    print(f"leaders: {sorted(leaders)}", flush=True)
    return compare_all(project, sent) and moved


def test_log_that_is_cut_off(cluster, project):
    create_topic("unclean", 1, 2, "unclean.leader.election.enable=true", "min.insync.replicas=1")
    project.write("pipelines/bronze.yaml", UNCLEAN)

    def produce(first, count):
        send("unclean", [("", json.dumps({"n": n})) for n in range(first, first + count)])

    def rows():
        if "bronze.unclean" not in project.tables():
            return 0
        return project.query("SELECT count(*) AS n FROM bronze.unclean")[0]["n"]

    log = project.folder / "stderr.log"
    with log.open("w", encoding="utf-8") as stderr:
        process = project.start("run", stderr=stderr)
    try:
        produce(0, 100)
        [partition] = partitions_of("unclean")
        leader = partition["leader"]
        [follower] = [broker for broker in partition["replicas"] if broker != leader]
        cluster.kill(follower)
        eventually("the follower is left out", lambda: in_sync("unclean", 1))
        produce(100, 100)
        eventually("the records are read", lambda: rows() == 200)
        cluster.kill(leader)
        cluster.start(follower)
        eventually("the follower leads", lambda: partitions_of("unclean")[0]["leader"] == follower)
        produce(1_000, 150)  # in place of the 100, and beyond
        code = process.wait(timeout=PATIENCE_S)
    finally:
        process.kill()
        process.wait()
        cluster.start_all()
    said = log.read_text()
    print(said, flush=True)
    return code == 1 and rows() == 200 and "partition 0 of 'unclean'" in said and "100 to 199" in said


def test_brokers_that_are_too_few(cluster, project):
    create_topic("numbers", PARTITIONS, BROKERS)
    create_topic("copies", PARTITIONS, BROKERS)
    project.write("pipelines/copy.yaml", COPY.replace("WAY", "fetcher"))
    project.write("pipelines/table.yaml", TABLE.replace("WAY", "fetcher"))
    topic_tool("produce", "numbers", 0, RECORDS)
    for broker in cluster.brokers[1:]:
        cluster.kill(broker)
    eventually("the others are left out", lambda: in_sync("numbers", 1) and in_sync("copies", 1))
    doctor = project.call("doctor", expect=1).stdout
    print(doctor, flush=True)
    told = "of 'copies', only 1 is in sync, and min.insync.replicas is 2" in doctor and \
        "of 'numbers', only 1 is in sync" in doctor
    with running(project):
        said = project.folder / "stderr.log"
        for pipeline in ("copy", "bronze"):
            eventually("that is said", lambda: f"{pipeline}: retrying: kafka" in said.read_text())
        cluster.start_all()
        for pipeline in ("copy", "bronze"):
            eventually("it goes on", lambda: f"{pipeline}: goes on" in said.read_text())
    project.call("run", "--once")
    complete = compare_all(project, RECORDS)
    for topic in ("numbers", "copies"):
        topic_tool("delete", topic)
    return told and complete


def main():
    code = skipped("java")
    if code is not None:
        return code
    # However the test is ended, so are the brokers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with tempfile.TemporaryDirectory(prefix="lakeward-cluster-") as name, Cluster(Path(name), BROKERS) as cluster:
        os.environ["LAKEWARD_KAFKA"] = cluster.addresses
        passed = True
        for test in (test_log_that_is_cut_off, test_brokers_that_are_too_few, test_leaders_that_move):
            if test.__name__ not in (sys.argv[1:] or [test.__name__]):
                continue
            project = Project(Path(name) / test.__name__)
            project.write("lakeward.yaml", PROJECT)
            ok = test(cluster, project)
            print(f"{test.__name__}: {'passed' if ok else 'FAILED'}", flush=True)
            passed &= ok
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())

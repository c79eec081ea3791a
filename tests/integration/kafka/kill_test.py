"""Exactly once with Kafka: whatever moment the process or the broker is killed at or a connection is cut
at, nothing is missing, nothing is there twice, and the order of each partition is kept.

Numbered records arrive in a topic of three partitions. One pipeline copies them into another topic, a
second one into a Delta table. The process is killed with SIGKILL at random moments and started again; now
and then the broker is, too. With each start, both pipelines reach the brokers in the next of the ways given
by --ways. All the while proxies between them cut connections. At the end the output topic, as a
read_committed consumer sees it, and the table are compared with the input, and so is what the second
pipeline has told its consumer group. Run by tests/services/kafka/with_broker.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lakeward import Project  # noqa: E402
from numbered_records import COPY, PARTITIONS, TABLE, compare, compare_all  # noqa: E402
from proxy import Proxy  # noqa: E402
from topics import topic_tool  # noqa: E402

RECORDS_A_KILL = 4000  # to each partition
KILLS_A_BROKER = 5  # every fifth kill is of the broker, too: by turns in each of the ways
LONGEST_S = 2.5
# What the kills left unread is drained, 500 rows a transaction, while connections are still cut: the more
# kills, the longer.
LEAST_DRAIN_S, DRAIN_A_KILL_S = 120, 3
FETCHER_VERSION = 13  # of Fetch, by ids; librdkafka asks by the newest that both it and the broker have

# Connections of PROJECT: who fetches, and over what. The fetcher does not know the property of two of them.
WAYS = ["fetcher-plaintext", "librdkafka-plaintext", "fetcher-tls", "librdkafka-tls"]

PROJECT = """
project: kills
lake: ./lake
memory: 256MiB
connections:
  fetcher-plaintext:
    kafka: {brokers: "${env:LAKEWARD_KAFKA_PROXY}"}
  librdkafka-plaintext:
    kafka: {brokers: "${env:LAKEWARD_KAFKA_PROXY}", properties: {broker.address.family: v4}}
  fetcher-tls:
    kafka: &tls
      brokers: "${env:LAKEWARD_KAFKA_TLS_PROXY}"
      tls: true
      tls_ca: "${env:LAKEWARD_KAFKA_CA}"
      sasl: plain
      user: "${env:LAKEWARD_KAFKA_USER}"
      password: "${secret:LAKEWARD_KAFKA_PASSWORD}"
  librdkafka-tls:
    kafka: {<<: *tls, properties: {broker.address.family: v4}}
"""

class Broker:
    """The broker of with_broker, to be killed."""

    def __init__(self):
        self.folder = Path(os.environ["LAKEWARD_KAFKA_FOLDER"])
        self.restarting = None
        self.kills = 0

    def kill(self):
        self.wait()
        os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
        self.kills += 1
        self.restarting = threading.Thread(
            target=subprocess.run, args=([str(self.folder / "restart")],), kwargs={"check": True})
        self.restarting.start()

    def is_up(self):
        return self.restarting is None or not self.restarting.is_alive()

    def wait(self):
        if self.restarting is not None:
            self.restarting.join()


class Kills:
    """Starts the pipelines and kills them, over and over."""

    def __init__(self, project, broker, ways, seed, log):
        self.project = project
        self.broker = broker
        self.ways = ways
        self.random = random.Random(seed)
        self.log = log
        self.sent = 0  # to each partition
        self.count = 0
        self.inside_epoch = 0  # kills that left an epoch planned but not finished

    def produce(self):
        topic_tool("produce", "numbers", self.sent, RECORDS_A_KILL)
        self.sent += RECORDS_A_KILL

    def choose_ways(self):
        """The next one of both pipelines; never the same, if there are several."""
        for name, text, place in (("copy", COPY, self.count), ("table", TABLE, self.count + 1)):
            self.project.write(f"pipelines/{name}.yaml", text.replace("WAY", self.ways[place % len(self.ways)]))

    def kill_once(self):
        if self.broker.is_up():
            self.produce()
        self.choose_ways()
        process = self.project.start("run", stderr=self.log)
        if self.count % KILLS_A_BROKER == KILLS_A_BROKER - 1:
            time.sleep(self.random.uniform(0.5, LONGEST_S))
            self.broker.kill()
        time.sleep(self.random.uniform(0, LONGEST_S))
        process.send_signal(signal.SIGKILL)
        code = process.wait()
        if code != -signal.SIGKILL:
            words = Path(self.log.name).read_text(encoding="utf-8", errors="replace")[-4000:]
            raise AssertionError(f"the run ended by itself with {code}; it said:\n{words}")
        self.count += 1
        self.inside_epoch += self.has_open_epoch()

    def has_open_epoch(self):
        """Whether some pipeline has planned an epoch that it has not finished."""
        def numbers(folder):
            return {f.name for f in folder.iterdir() if f.name.isdigit()} if folder.is_dir() else set()
        checkpoints = self.project.folder / "lake/_lakeward/checkpoints"
        return any(numbers(offsets) - numbers(offsets.parent / "commits")
                   for offsets in checkpoints.glob("**/offsets"))


def has_tested(proxies, ways, inside_epoch):
    """Whether what this test is about has happened, in each of the ways."""
    missing = [f"no connection was cut in the middle of an answer by {name}" for name, proxy in proxies.items()
               if proxy.count_cuts_in("answer") == 0]
    if inside_epoch == 0:
        missing.append("no kill came while an epoch was begun and not finished")
    if "PROXY" in proxies:  # what is encrypted cannot be seen, but is chosen alike
        versions = proxies["PROXY"].fetch_versions()
        if ("fetcher-plaintext" in ways) != (FETCHER_VERSION in versions):
            missing.append(f"the fetcher's own questions were not, or should not have been, among {versions}")
        if ("librdkafka-plaintext" in ways) != bool(versions - {FETCHER_VERSION}):
            missing.append(f"librdkafka's questions were not, or should not have been, among {versions}")
    for what in missing:
        print(f"{what}: run it again, or raise --kills", flush=True)
    return not missing


def run(folder, kills, ways, seed):
    broker = Broker()
    proxies = {name: Proxy(name, seed) for name, suffix in (("PROXY", "-plaintext"), ("TLS_PROXY", "-tls"))
               if any(way.endswith(suffix) for way in ways)}
    project = Project(folder)
    project.write("lakeward.yaml", PROJECT)
    topic_tool("create", "numbers", PARTITIONS)
    start = time.monotonic()
    for proxy in proxies.values():
        proxy.start_cutting()
    with open(project.folder / "stderr.log", "w", encoding="utf-8") as log:
        killer = Kills(project, broker, ways, seed, log)
        while killer.count < kills:
            killer.kill_once()
    broker.wait()
    print(f"killed {killer.count} times in {time.monotonic() - start:.0f} s, {killer.inside_epoch} of them with "
          f"an epoch begun and not finished; the broker {broker.kills} times", flush=True)
    killer.choose_ways()
    # It ends well, though connections are still cut.
    project.call("run", "--once", timeout=max(LEAST_DRAIN_S, kills * DRAIN_A_KILL_S))
    for name, proxy in proxies.items():
        proxy.stop_cutting()
        print(f"{name}: {proxy.summary()}", flush=True)
    killer.produce()
    project.call("run", "--once")
    same = compare_all(project, killer.sent)
    told = topic_tool("committed", "watched", "numbers").split()
    same &= compare("the consumer group", [(p, killer.sent) for p in range(PARTITIONS)],
                    [(p, int(offset)) for p, offset in enumerate(told)])
    return has_tested(proxies, ways, killer.inside_epoch) and same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--long", action="store_true", help="200 kills")
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=WAYS, metavar="WAY",
                        help=f"by turns with each start, a pipeline after the other: {', '.join(WAYS)} (all)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--folder", type=Path, help="an empty folder to work in, which is kept")
    arguments = parser.parse_args()
    kills = 200 if arguments.long else arguments.kills
    print(f"seed {arguments.seed}", flush=True)
    if arguments.folder:
        return 0 if run(arguments.folder, kills, arguments.ways, arguments.seed) else 1
    with tempfile.TemporaryDirectory(prefix="lakeward-kafka-kill-") as folder:
        return 0 if run(folder, kills, arguments.ways, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())

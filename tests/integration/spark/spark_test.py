"""A pipeline from a Kafka topic into a Delta table, handed over between Lakeward and Apache Spark."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import delta_rs  # noqa: E402
from lakeward import SOURCE, Project, parse_json  # noqa: E402

try:
    import confluent_kafka
    import new_topic
    delta_rs.require()
except (ImportError, unittest.SkipTest) as error:
    if os.environ.get("CI") == "true":
        raise
    print(f"SKIPPED: {error}; run tools/setup --tests", file=sys.stderr)
    sys.exit(77)

BROKER = os.environ["LAKEWARD_KAFKA"]
PARTITIONS = 3
WAIT_S = 120
# The same query, once for each: a row whose check is NULL or false is dropped by both.
PIPELINE = """
pipeline: readings
from: {{kafka: {{connection: broker, topic: {topic}, start: earliest}}}}
decode: {{json: {{columns: {{n: BIGINT, device: VARCHAR, value: DOUBLE}}}}}}
transform: |
  SELECT n, upper(device) AS device, value, _topic AS topic, _partition AS "partition",
         _offset AS "offset", _timestamp AS kafka_timestamp, _ingest_time AS ingest_time
  FROM input
expect:
  in_range: {{check: value <= 90, otherwise: drop}}
to: {{delta: {{table: bronze.readings, partition_by: [{partition_by}]}}}}
trigger: {{every: 10ms}}
limits: {{rows: {rows}}}
"""
SPARK_SELECT = """
SELECT r.n, upper(r.device) AS device, r.value, topic, partition, offset, timestamp AS kafka_timestamp,
       current_timestamp() AS ingest_time
FROM (SELECT *, from_json(CAST(value AS STRING), 'n BIGINT, device STRING, value DOUBLE') AS r FROM input)
WHERE r.value <= 90
"""


class Spark:
    """A process of tests/services/spark/run_queries, which is started when it is first asked."""

    process = None
    log = tempfile.TemporaryFile("w+")

    @classmethod
    def start(cls):
        cls.process = subprocess.Popen(
            [SOURCE / "tests/services/spark/run_queries"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=cls.log, text=True, start_new_session=True)
        if not cls.process.stdout.readline():
            code = cls.process.wait()
            cls.log.seek(0)
            print(cls.log.read()[-3000:], file=sys.stderr)
            sys.exit(code)

    @classmethod
    def send(cls, request):
        if cls.process is None:
            cls.start()
        print(json.dumps(request), file=cls.process.stdin, flush=True)

    @classmethod
    def ask(cls, request):
        cls.send(request)
        answer = json.loads(cls.process.stdout.readline())
        if "error" in answer:
            raise AssertionError(answer["error"])
        return answer

    @classmethod
    def kill(cls):
        """Kills Java as well, which is a child of it."""
        os.killpg(cls.process.pid, signal.SIGKILL)
        cls.close()

    @classmethod
    def close(cls):
        if cls.process is not None:
            cls.process.stdin.close()
            cls.process.stdout.close()
            cls.process.wait()
            cls.process = None


class Topic:
    """A topic, and what was sent to it."""

    def __init__(self, name):
        self.name = name
        self.sent = []  # (n, device, value, partition, offset) of the rows that the query lets pass
        self.ends = [0] * PARTITIONS
        self.count = 0
        self.producer = confluent_kafka.Producer(
            # A record that is sent again must not come behind later ones: offsets are told beforehand.
            {"bootstrap.servers": BROKER, "enable.idempotence": True})
        new_topic.create_topic(BROKER, name, PARTITIONS)

    def send(self, count):
        failures = []
        for n in range(self.count, self.count + count):
            partition = n % PARTITIONS
            value = None if n % 97 == 0 else n % 100 / 1
            payload = json.dumps({"n": n, "device": f"sensor-{n % 7}", "value": value})
            self.producer.produce(self.name, payload, partition=partition,
                                  on_delivery=lambda error, _: error and failures.append(error))
            if value is not None and value <= 90:
                self.sent.append((n, f"SENSOR-{n % 7}", value, partition, self.ends[partition]))
            self.ends[partition] += 1
        self.count += count
        if self.producer.flush(120) or failures:
            raise AssertionError(f"the messages were not delivered: {failures}")


def numbers(folder):
    return sorted(int(file.name) for file in folder.iterdir() if file.name.isdigit()) if folder.is_dir() else []


class HandOver(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakeward-spark-")
        self.addCleanup(folder.cleanup)
        self.topic = Topic(self.id().rsplit(".", 1)[-1])
        self.project = Project(folder.name)
        self.project.write("lakeward.yaml",
                           f'project: shop\nconnections: {{broker: {{kafka: {{brokers: "{BROKER}"}}}}}}\n')
        self.limit(100)
        self.table = self.project.table_folder("bronze.readings")
        self.checkpoint = self.project.folder / "lake/_lakeward/checkpoints/readings"

    @classmethod
    def tearDownClass(cls):
        Spark.close()

    def limit(self, rows, partition_by=""):
        """The most rows that Lakeward takes in an epoch."""
        self.project.write("pipelines/readings.yaml",
                           PIPELINE.format(topic=self.topic.name, rows=rows, partition_by=partition_by))

    # ---- the two programs

    def run_lakeward(self):
        before = self.planned()
        self.project.call("run", "--once")
        self.assertGreater(self.planned(), before, "Lakeward had nothing to do")
        self.check_everything()

    def spark_request(self, max_offsets=150):
        return {"run": {"brokers": BROKER, "topic": self.topic.name, "select": SPARK_SELECT,
                        "table": str(self.table), "checkpoint": str(self.checkpoint), "max_offsets": max_offsets}}

    def run_spark(self, **options):
        before = self.planned()
        answer = Spark.ask(self.spark_request(**options))
        self.assertGreater(self.planned(), before, "Spark had nothing to do")
        self.assertEqual(self.query_id(), answer["id"])
        self.check_everything()

    # ---- what is there

    def query_id(self):
        return json.loads((self.checkpoint / "metadata").read_text())["id"]

    def planned(self):
        return max(numbers(self.checkpoint / "offsets"), default=-1)

    def committed(self):
        return max(numbers(self.checkpoint / "commits"), default=-1)

    def commits_of_table(self):
        """The actions of each version."""
        return [[json.loads(line) for line in file.read_text().splitlines()]
                for file in sorted((self.table / "_delta_log").glob("*.json"))]

    def transactions(self):
        return [(action["txn"]["appId"], action["txn"]["version"])
                for commit in self.commits_of_table() for action in commit if "txn" in action]

    def merges(self):
        return sum(action["commitInfo"]["operation"] == "OPTIMIZE"
                   for commit in self.commits_of_table() for action in commit if "commitInfo" in action)

    def epoch_time_ms(self, epoch):
        return json.loads((self.checkpoint / f"offsets/{epoch}").read_text().splitlines()[1])["batchTimestampMs"]

    def check_everything(self):
        """All that was sent is there once, by two readers; no epoch was committed twice, and all by one query."""
        last = self.planned()
        self.assertEqual(last, self.committed())
        # Lakeward makes no version of an epoch without rows.
        epochs = [version for _, version in self.transactions()]
        self.assertEqual(epochs, sorted(set(epochs) & set(range(last + 1))))
        self.assertEqual({query for query, _ in self.transactions()}, {self.query_id()})
        offsets = json.loads((self.checkpoint / f"offsets/{last}").read_text().splitlines()[2])
        self.assertEqual({self.topic.name: {str(i): end for i, end in enumerate(self.topic.ends)}}, offsets)
        names = ("n", "device", "value", "partition", "offset")
        rows = delta_rs.rows(self.table)
        self.compare("delta-rs", [tuple(row[name] for name in names) for row in rows])
        # Each row has the time of an epoch, whoever planned the epoch and whoever finished it.
        self.assertLessEqual({round(row["ingest_time"].timestamp() * 1_000_000) / 1000 for row in rows},
                             {self.epoch_time_ms(epoch) for epoch in range(last + 1)})
        if Spark.process is not None:
            rows = Spark.ask({"read": {"table": str(self.table), "select":
                                       "SELECT n, device, value, partition, offset FROM input"}})["rows"]
            self.compare("Spark", [tuple(row[name] for name in names) for row in rows])

    def compare(self, reader, rows):
        if sorted(rows) == self.topic.sent:
            return
        missing, surplus = set(self.topic.sent) - set(rows), set(rows) - set(self.topic.sent)
        self.fail(f"{reader}: {len(self.topic.sent)} rows expected, {len(rows)} found, {len(set(rows))} different; "
                  f"missing {sorted(missing)[:5]}, too many {sorted(surplus)[:5]}")

    def wait_for(self, happens, process):
        end = time.monotonic() + WAIT_S
        while not happens():
            self.assertIsNone(process.poll(), "the process ended by itself")
            self.assertLess(time.monotonic(), end, "nothing happened")

    # ---- the tests

    def test_from_lakeward_to_spark_and_back_while_lakeward_merges_small_files(self):
        self.limit(25)
        for _ in range(2):
            merges = self.merges() if self.table.exists() else 0
            self.topic.send(900)
            process = self.project.start("run")
            self.addCleanup(process.kill)
            self.wait_for(lambda: self.table.exists() and self.merges() > merges and self.reached_the_end(), process)
            process.send_signal(signal.SIGINT)
            self.assertEqual(130, process.wait(60))
            self.check_everything()
            self.topic.send(300)
            self.run_spark()
        self.topic.send(100)
        self.run_lakeward()

    def reached_the_end(self):
        last = self.committed()
        offsets = json.loads((self.checkpoint / f"offsets/{last}").read_text().splitlines()[2])
        return list(offsets[self.topic.name].values()) == self.topic.ends

    def test_from_spark_to_lakeward_and_back(self):
        # So many batches that Spark makes a checkpoint of the table's log.
        self.topic.send(330)
        self.run_spark(max_offsets=30)
        self.assertTrue((self.table / "_delta_log/_last_checkpoint").exists())
        status = parse_json(self.project.call("status", "--json").stdout)[0]
        self.assertEqual((self.planned(), 0), (status["epoch"], status["lag_records"]), status)
        self.assertNotIn("note", self.project.call("plan").stdout)
        self.topic.send(300)
        self.run_lakeward()
        self.topic.send(300)
        self.run_spark()
        self.topic.send(100)
        self.run_lakeward()

    def test_a_lakeward_that_runs_on_stops_at_the_epoch_that_spark_has_planned(self):
        self.topic.send(100)
        log = self.project.folder / "log"
        with log.open("w") as errors:
            process = self.project.start("run", stderr=errors)
            self.addCleanup(process.kill)
            self.wait_for(lambda: self.committed() >= 0 and self.reached_the_end(), process)
            process.send_signal(signal.SIGSTOP)
            self.topic.send(100)
            self.run_spark()
            self.topic.send(100)
            process.send_signal(signal.SIGCONT)
            self.assertEqual(1, process.wait(WAIT_S))
        self.assertIn("has been planned by another process", log.read_text())
        self.run_lakeward()

    def test_spark_finishes_an_epoch_in_which_lakeward_was_killed(self):
        # The first epoch: where it begins is nowhere but in sources/0/0.
        self.limit(1_000_000)
        self.kill_lakeward_before_the_commit()
        self.run_spark_on_an_unfinished_epoch()
        self.topic.send(100)
        self.run_lakeward()
        self.kill_lakeward_before_the_commit()
        self.run_spark_on_an_unfinished_epoch()

    def test_spark_skips_an_epoch_that_lakeward_committed_before_it_was_killed(self):
        self.limit(1_000_000, partition_by="device, partition")
        for _ in range(2):
            self.topic.send(300)
            version = len(list((self.table / "_delta_log").glob("*.json")))
            process = self.project.start("run")
            self.wait_for((self.table / f"_delta_log/{version:020}.json").exists, process)
            process.kill()
            process.wait()
            # Where the process was quicker than the signal, this is what it would have left.
            (self.checkpoint / f"commits/{self.planned()}").unlink(missing_ok=True)
            self.run_spark_on_an_unfinished_epoch()
        self.topic.send(100)
        self.run_lakeward()

    def kill_lakeward_before_the_commit(self):
        """Leaves offsets/N without commits/N and without a commit of the table."""
        for _ in range(20):
            self.topic.send(30_000)
            next_epoch = self.planned() + 1
            process = self.project.start("run")
            self.wait_for((self.checkpoint / f"offsets/{next_epoch}").exists, process)
            process.kill()
            process.wait()
            done = self.table.exists() and (self.query_id(), next_epoch) in self.transactions()
            if not done and self.planned() == next_epoch:
                return
            self.project.call("run", "--once")
        self.fail("no kill came before the commit")

    def run_spark_on_an_unfinished_epoch(self):
        unfinished = self.planned()
        self.assertEqual(unfinished - 1, self.committed())
        plan = (self.checkpoint / f"offsets/{unfinished}").read_bytes()
        self.topic.send(100)
        self.run_spark()
        self.assertEqual(plan, (self.checkpoint / f"offsets/{unfinished}").read_bytes())

    def test_what_spark_left_unfinished_lakeward_finishes(self):
        self.topic.send(300)
        self.run_spark()
        # As if it had been killed between the commit of the table and its own note.
        last = self.planned()
        (self.checkpoint / f"commits/{last}").unlink()
        (self.checkpoint / f"commits/.{last}.crc").unlink()
        self.topic.send(100)
        self.run_lakeward()
        # A kill after the plan.
        self.topic.send(3_000)
        Spark.send(self.spark_request(max_offsets=1_000))
        self.wait_for(lambda: self.planned() > self.committed(), Spark.process)
        Spark.kill()
        unfinished = self.planned()
        self.assertEqual(unfinished - 1, self.committed())
        plan = (self.checkpoint / f"offsets/{unfinished}").read_bytes()
        self.topic.send(100)
        self.run_lakeward()
        self.assertEqual(plan, (self.checkpoint / f"offsets/{unfinished}").read_bytes())


if __name__ == "__main__":
    Spark.start()
    unittest.main()

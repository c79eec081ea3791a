"""The program with Kafka, as a user drives it: simulated records, topics in and out, and dead letters in a
topic. Run by tests/services/kafka/with_broker.
"""

import json
import os
import shutil
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from lakeward import Project, lakeward, parse_json  # noqa: E402
from topics import dump, dump_bytes, send, send_bytes, topic_tool  # noqa: E402

BROKER = os.environ["LAKEWARD_KAFKA"]

PROJECT = f"""
project: kafka
lake: ./lake
connections:
  local: {{kafka: {{brokers: "{BROKER}"}}}}
"""

CHECKED = """
pipeline: checked
from: {kafka: {connection: local, topic: TOPIC}}
decode: {json: {columns: {n: BIGINT, value: DOUBLE}}}
transform: SELECT n, value, _topic AS topic, _offset AS "offset", _key AS k FROM input
expect:
  in_range: {check: "value < LIMIT", otherwise: dead_letter}
to:
  - delta: {table: silver.checked}
dead_letters:
  kafka: {connection: local, topic: TOPIC-dead, create_topic: {partitions: 1}}
"""

COPY = """
pipeline: copy
from: {kafka: {connection: local, topic: TOPIC}}
decode: {json: {columns: {p: INTEGER, n: BIGINT, text: VARCHAR}}}
transform: SELECT p, n, upper(text) AS text FROM input WHERE n >= 0
expect:
  has_number: {check: "n IS NOT NULL", otherwise: dead_letter}
to: {kafka: {connection: local, topic: TOPIC-copy, partition: p, create_topic: {partitions: 3}}}
"""

BYTES_COPY = """
pipeline: copy
from: {kafka: {connection: local, topic: TOPIC}}
decode: {raw: {type: BLOB}}
transform: SELECT value, _key_bytes AS k, _headers AS h, _timestamp_ms AS at FROM input
to:
  kafka: {connection: local, topic: TOPIC-copy, encode: {raw: value}, key: k, headers: h, timestamp: at,
          create_topic: {partitions: 1}}
"""

REPLAYED = """
pipeline: replayed
from: {kafka: {connection: local, topic: TOPIC}}
decode: {raw: {type: BLOB}}
transform: SELECT value, _key_bytes AS k, _timestamp AS at, _headers AS h FROM input
expect:
  wanted: {check: "CHECK", otherwise: dead_letter}
to:
  kafka: {connection: local, topic: TOPIC-out, encode: {raw: value}, key: k, headers: h, timestamp: at,
          create_topic: {partitions: 1}}
"""

LETTERS_IN_A_TOPIC = """
dead_letters:
  kafka: {connection: local, topic: TOPIC-dead, create_topic: {partitions: 1}}
"""

SEEN = """
pipeline: seen
from: {kafka: {connection: local, topic: TOPIC}}
decode: raw
transform: SELECT value, _raw AS raw, _offset AS "offset" FROM input
to: {delta: {table: bronze.seen}}
"""


class KafkaProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lakeward-kafka-program-")
        self.addCleanup(folder.cleanup)
        self.topic = self.id().rsplit(".", 1)[-1]
        self.project = Project(folder.name)
        self.project.write("lakeward.yaml", PROJECT)

    def test_simulated_records_go_to_a_topic_with_their_device_as_key(self):
        topic_tool("create", self.topic, 3)
        lakeward("simulate", "sensors", "--count", 1000, "--seed", 7, "--to", f"kafka:{self.topic}", "--brokers",
                 BROKER)
        self.project.call("simulate", "bonds", "--count", 10, "--to", f"kafka:{self.topic}", "--connection", "local")
        records = dump(self.topic)
        sensors = [r for r in records if r["key"] is not None]
        self.assertEqual(len(sensors), 1000)
        self.assertEqual(len(records), 1010)
        self.assertTrue(all(json.loads(r["value"])["device_id"] == r["key"] for r in sensors))
        partition_of = {(r["key"], r["partition"]) for r in sensors}
        self.assertEqual(len(partition_of), len({key for key, _ in partition_of}))
        expected = lakeward("simulate", "sensors", "--count", 1000, "--seed", 7).stdout.splitlines()
        self.assertEqual(sorted(r["value"] for r in sensors), sorted(expected))

    def test_simulate_fits_its_batches_to_the_topic(self):
        for most, code in [(2000, 0), (100, 1)]:
            topic = f"{self.topic}-{most}"
            lakeward("topics", "create", topic, "--partitions", 1, "--config", f"max.message.bytes={most}",
                     "--brokers", BROKER)
            done = lakeward("simulate", "sensors", "--count", 500, "--to", f"kafka:{topic}", "--brokers", BROKER,
                            expect=code)
            self.assertEqual(len(dump(topic)), 500 if code == 0 else 0)
            if code != 0:
                self.assertRegex(done.stderr, r"larger than the topic '.*' takes; raise 'max.message.bytes' of the topic$")

    def test_status_and_run_tell_of_a_topic_that_was_made_anew(self):
        topic_tool("create", self.topic, 1)
        send(self.topic, [("k", "a"), ("k", "b")])
        self.project.write("pipelines/seen.yaml", SEEN.replace("TOPIC", self.topic))
        self.project.call("run", "--once")
        topic_tool("delete", self.topic)
        topic_tool("create", self.topic, 1)
        send(self.topic, [("k", str(n)) for n in range(100)])
        checkpoint = self.project.folder / "lake/_lakeward/checkpoints/seen"
        self.assertTrue(checkpoint.is_dir())
        status = parse_json(self.project.call("status", "--json").stdout)[0]
        self.assertIn("was deleted and made anew", status["problem"])
        self.assertNotIn("lag_records", status)
        self.assertIn("/0 at 2", status["position"])
        failed = self.project.call("run", "--once", expect=1).stderr
        self.assertIn(f"remove the folder {checkpoint}, and name another table in 'to'", failed)
        self.assert_doctor_says_what_ended(failed, "seen")
        shutil.rmtree(checkpoint)
        self.assertEqual(self.doctor("seen"), {"ok": True, "detail": "kafka"})
        self.project.call("run", "--once")
        self.assertEqual(len(self.project.query("SELECT * FROM bronze.seen")), 102)

    def doctor(self, pipeline):
        found = parse_json(self.project.call("doctor", "--json", expect=None).stdout)
        finding = next(each for each in found if each.pop("what") == f"source of {pipeline}")
        return finding

    def assert_doctor_says_what_ended(self, run, pipeline):
        finding = self.doctor(pipeline)
        self.assertFalse(finding["ok"])
        self.assertIn(f"{pipeline}: {finding['detail']}\n", run)

    def test_doctor_looks_at_what_is_left_for_the_next_epoch(self):
        topic_tool("create", self.topic, 1)
        send(self.topic, [("k", str(n)) for n in range(10)])
        self.project.write("pipelines/seen.yaml", SEEN.replace("TOPIC", self.topic))
        checkpoint = self.project.folder / "lake/_lakeward/checkpoints/seen"
        self.assertEqual(self.doctor("seen"), {"ok": True, "detail": "kafka"})
        self.assertFalse(checkpoint.exists())
        self.project.call("run", "--once")
        send(self.topic, [("k", str(n)) for n in range(10)])
        topic_tool("delete_records", self.topic, 15)
        before = {path: path.read_bytes() for path in checkpoint.rglob("*") if path.is_file()}
        self.assert_doctor_says_what_ended(self.project.call("run", "--once", expect=1).stderr, "seen")
        self.assertIn("offsets 10 to 14", self.doctor("seen")["detail"])
        allowed = SEEN.replace("topic: TOPIC", f"topic: {self.topic}, on_lost_offsets: earliest")
        self.project.write("pipelines/seen.yaml", allowed)
        finding = self.doctor("seen")
        self.assertTrue(finding["ok"] and finding["note"])
        self.assertIn("5 records were deleted before the pipeline had read them", finding["detail"])
        self.assertIn("note   source of seen: kafka; 5 records were", self.project.call("doctor").stdout)
        after = {path: path.read_bytes() for path in checkpoint.rglob("*") if path.is_file()}
        for path in (checkpoint / "_lakeward").rglob("*"):  # of the run
            before.pop(path, None)
            after.pop(path, None)
        self.assertEqual(after, before)
        self.project.call("run", "--once")
        self.assertEqual(self.doctor("seen"), {"ok": True, "detail": "kafka"})

    def test_simulate_says_what_is_missing(self):
        def fail(*arguments, code):
            return lakeward("simulate", "sensors", "--count", 1, *arguments, expect=code).stderr
        self.assertIn("needs --brokers HOST:PORT", fail("--to", "kafka:x", code=2))
        self.assertIn("there is no topic 'missing'", fail("--to", "kafka:missing", "--brokers", BROKER, code=1))
        self.assertIn("of use only with --to kafka:TOPIC", fail("--brokers", BROKER, code=2))

    def test_the_order_of_each_partition_is_kept_by_all_threads(self):
        count = 60_000  # enough for several threads
        topic_tool("create", self.topic, 3)
        topic_tool("produce", self.topic, 0, count)
        self.project.write("pipelines/copy.yaml", COPY.replace("TOPIC", self.topic))
        self.project.call("run", "--once")
        found = {0: [], 1: [], 2: []}
        for record in dump(f"{self.topic}-copy"):
            value = json.loads(record["value"])
            self.assertEqual(value["p"], record["partition"])
            found[value["p"]].append(value["n"])
        for partition, numbers in found.items():
            self.assertEqual(numbers, list(range(count)), f"of partition {partition}")

    def write_pipeline(self, limit):
        self.project.write("pipelines/checked.yaml",
                           CHECKED.replace("TOPIC", self.topic).replace("LIMIT", str(limit)))

    def test_dead_letters_go_to_a_topic_and_come_back_from_it(self):
        topic_tool("create", self.topic, 1)
        send(self.topic, [("a", '{"n":1,"value":5}'), ("b", '{"n":2,"value":500}'), ("c", '{"n":3,'),
                          ("d", '{"n":4,"value":7}')])
        self.write_pipeline(100)
        self.project.call("run", "--once")
        self.project.call("run", "--once")
        letters = {letter["key"]: letter for letter in dump(f"{self.topic}-dead")}
        self.assertEqual(sorted(letters), ["b", "c"])
        self.assertEqual(letters["b"]["value"], '{"n":2,"value":500}')
        headers = letters["b"]["headers"]
        self.assertEqual(headers["__connect.errors.topic"], self.topic)
        self.assertEqual(headers["__connect.errors.partition"], "0")
        self.assertEqual(headers["__connect.errors.offset"], "1")
        self.assertEqual(headers["__connect.errors.connector.name"], "checked")
        self.assertIn("breaks in_range", headers["__connect.errors.exception.message"])
        self.assertEqual(headers["lakeward.epoch"], "0")
        self.assertRegex(headers["lakeward.rejected_at"], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(headers["lakeward.expectation"], "in_range")
        self.assertEqual(json.loads(headers["lakeward.row"])["n"], 2)
        self.assertNotIn("lakeward.row", letters["c"]["headers"])
        self.assertIn("malformed JSON", letters["c"]["headers"]["__connect.errors.exception.message"])
        self.assertEqual(self.project.tables(), ["silver.checked"])

        listed = parse_json(self.project.call("dlq", "list", "checked", "--json").stdout)
        self.assertEqual({row["reason"]: row["dead_letters"] for row in listed}, {"in_range": 1, "malformed": 1})
        shown = parse_json(self.project.call("dlq", "show", "checked", "--json").stdout)
        self.assertEqual({(row["source"], row["offset"], row["raw"]) for row in shown},
                         {(self.topic, 1, '{"n":2,"value":500}'), (self.topic, 2, '{"n":3,')})

        self.write_pipeline(1000)
        self.project.call("dlq", "replay", "checked")
        rows = self.project.query('SELECT n, topic, "offset", k FROM silver.checked ORDER BY n')
        self.assertEqual([(r["n"], r["topic"], r["offset"], r["k"]) for r in rows],
                         [(1, self.topic, 0, "a"), (2, self.topic, 1, "b"), (4, self.topic, 3, "d")])
        # What is malformed still is: a new dead letter, which the next replay takes.
        self.assertEqual(sorted(r["key"] for r in dump(f"{self.topic}-dead")), ["b", "c", "c"])

    def test_dead_letters_in_a_topic_are_counted_by_cause_and_by_replay(self):
        topic_tool("create", self.topic, 1)
        self.write_pipeline(100)

        def run(*command):
            done = parse_json(self.project.call(*command, "--json").stdout)[0]
            return done["pipelines"][0]["dead_letters"]

        def listed():
            return {row["reason"]: (row["dead_letters"], row["waiting"], row["replayed"])
                    for row in parse_json(self.project.call("dlq", "list", "checked", "--json").stdout)}
        send(self.topic, [("a", '{"n":1,"value":500}'), ("b", '{"n":2,'), ("c", '{"n":3,')])
        self.assertEqual(run("run", "--once"), {"in_range": 1, "malformed": 2})
        send(self.topic, [("d", '{"n":4,')])
        self.assertEqual(run("run", "--once"), {"malformed": 1})  # not those of the run before
        self.assertEqual(listed(), {"in_range": (1, 1, 0), "malformed": (3, 3, 0)})
        self.write_pipeline(1000)
        self.assertEqual(run("dlq", "replay", "checked"), {"malformed": 3})
        self.assertEqual(listed(), {"in_range": (1, 0, 1), "malformed": (6, 3, 3)})

    def send_all_sorts(self):
        now = int(time.time() * 1000)
        topic_tool("create", self.topic, 1)
        sent = [
            (b"a", b"x", [], now),
            (b"b", b"", [("h", b"1"), ("h", None), ("h", b""), ("i", b"\xff\x00")], now + 1),
            (b"a", None, [], now + 2),
            (b"\xff\xfe", b"\x00\xff", [("a", b"\\xFF"), ("b", b'{"base64":"/w=="}')], now + 3),
            (b"\\xFF\xc3\xa9", b"\\xFF", [("lakeward.file", b"theirs"), ("__connect.errors.topic", b"t")], now + 4),
            (None, b"{}", [], now + 5),
            (b"", b"y", [], now + 6),
        ]
        send_bytes(self.topic, sent)
        return sent

    def test_records_of_any_bytes_go_from_topic_to_topic_as_they_are(self):
        sent = self.send_all_sorts()
        self.project.write("pipelines/copy.yaml", BYTES_COPY.replace("TOPIC", self.topic))
        self.project.call("run", "--once")
        self.assertEqual(dump_bytes(f"{self.topic}-copy"), sent)

    def test_a_time_that_cannot_be_stops_nothing(self):
        settings = ("--config", "message.timestamp.after.max.ms=9223372036854775807")
        for topic in (self.topic, f"{self.topic}-copy"):
            self.project.call("topics", "create", topic, "--partitions", 1, *settings)
        now = int(time.time() * 1000)
        sent = [(b"a", b"x", [], now), (b"b", b"y", [], now * 1_000_000), (b"c", b"z", [], now * 1000)]
        send_bytes(self.topic, sent)
        self.project.write("pipelines/copy.yaml", BYTES_COPY.replace("TOPIC", self.topic))
        self.project.write("pipelines/seen.yaml", SEEN.replace("TOPIC", self.topic).replace(
            "_raw AS raw", "_timestamp AS at, date_trunc('hour', _timestamp) AS hour, _timestamp_ms AS ms"))
        for letters in ("", LETTERS_IN_A_TOPIC):
            name = "in_topic" if letters else "in_table"
            self.project.write(f"pipelines/{name}.yaml", (SEEN + letters).replace("seen", name).replace(
                "TOPIC", self.topic) + """expect: {wanted: {check: "value <> 'y'", otherwise: dead_letter}}\n""")
        self.project.call("run", "--once")
        self.assertEqual(dump_bytes(f"{self.topic}-copy"), sent)
        rows = self.project.query('SELECT ms, epoch_ms("at") AS "at" FROM bronze.seen ORDER BY "offset"')
        self.assertEqual([row["ms"] for row in rows], [record[3] for record in sent])
        self.assertEqual([row["at"] for row in rows], [now, 9_150_000_000_000_000, now * 1000])
        for name in ("in_table", "in_topic"):
            self.assertEqual(self.count_letters(name), 1)

    def replay_all(self, letters):
        def write(check):
            self.project.write("pipelines/replayed.yaml",
                               (REPLAYED + letters).replace("TOPIC", self.topic).replace("CHECK", check))
        sent = self.send_all_sorts()
        write("false")
        self.project.call("run", "--once")
        self.project.call("dlq", "replay", "replayed")  # refused again: of each there are two now
        write("true")
        self.project.call("dlq", "replay", "replayed")
        self.assertEqual(sorted(dump_bytes(f"{self.topic}-out"), key=lambda record: record[3]), sent)
        return sent

    def test_a_replay_from_a_table_brings_records_as_they_were(self):
        sent = self.replay_all("")
        rows = self.project.query("SELECT key, hex(key_bytes) AS bytes, epoch_ms(timestamp) AS at, headers, raw IS NULL "
                                  "AS tombstone FROM dead_letter.replayed ORDER BY timestamp LIMIT 8")
        self.assertEqual(rows[6], {"key": "\\xFF\\xFE", "bytes": "FFFE", "at": sent[3][3], "tombstone": False,
                                   "headers": json.dumps({"a": "\\xFF", "b": '{"base64":"/w=="}'}, separators=(",", ":"))})
        self.assertEqual([row["tombstone"] for row in rows], [False] * 4 + [True] * 2 + [False] * 2)

    def test_a_replay_from_a_topic_brings_records_as_they_were(self):
        sent = self.replay_all(LETTERS_IN_A_TOPIC)
        letters = dump_bytes(f"{self.topic}-dead")
        self.assertEqual([letter[:2] for letter in letters], [record[:2] for record in sent] * 2)
        for (_, _, own, _), (_, _, headers, _) in zip(sent * 2, letters):
            self.assertEqual(headers[:len(own)], own)
            names = [name for name, _ in headers[len(own):]]
            self.assertIn("lakeward.timestamp", names)
            self.assertEqual(len(names), len(set(names)))

    def test_list_and_show_see_all_dead_letters_of_a_topic(self):
        self.project.write("pipelines/replayed.yaml", (REPLAYED + LETTERS_IN_A_TOPIC)
                           .replace("TOPIC", self.topic).replace("CHECK", "value = decode('\\\\xFF'::BLOB)"))
        self.assertIn("has no dead letters", self.project.call("dlq", "list", "replayed").stderr)
        topic_tool("create", self.topic, 3)
        topic_tool("produce", self.topic, 0, 700)
        self.project.call("run", "--once")
        self.assertEqual(self.count_letters("replayed"), 2100)
        send(self.topic, [("k", "the newest")])
        self.project.call("run", "--once")
        self.assertEqual(self.count_letters("replayed"), 2101)
        shown = parse_json(self.project.call("dlq", "show", "replayed", "-n", 10_000, "--json").stdout)
        self.assertEqual(len(shown), 2101)
        self.assertEqual(len({(row["partition"], row["offset"]) for row in shown}), 2101)
        self.assertEqual(shown[0]["raw"], "the newest")
        newest = parse_json(self.project.call("dlq", "show", "replayed", "-n", 2, "--json").stdout)
        self.assertEqual(newest, shown[:2])

    def count_letters(self, pipeline):
        listed = parse_json(self.project.call("dlq", "list", pipeline, "--json").stdout)
        return sum(row["dead_letters"] for row in listed)

    def test_pipelines_that_share_a_topic_of_dead_letters_take_their_own(self):
        topic_tool("create", self.topic, 1)
        topic_tool("create", f"{self.topic}-dead", 1)
        send(self.topic, [("k", f'{{"n":{n},"value":{n}}}') for n in range(10)])
        # Of another program, one by name and one without any.
        send_bytes(f"{self.topic}-dead", [(b"k", b"theirs", [("__connect.errors.connector.name", b"jdbc")], 1),
                                          (b"k", b"nobody's", [], 1)])

        def write(limits):
            for name, limit in limits.items():
                text = CHECKED.replace("checked", name).replace("TOPIC", self.topic).replace("LIMIT", limit)
                self.project.write(f"pipelines/{name}.yaml", text)
        write({"low": "3", "high": "8 AND n <> 0"})
        self.project.call("run", "--once")
        self.assertEqual(len(dump(f"{self.topic}-dead")), 2 + 7 + 3)
        self.assertEqual((self.count_letters("low"), self.count_letters("high")), (7, 3))
        shown = parse_json(self.project.call("dlq", "show", "high", "--json").stdout)
        self.assertEqual(sorted(row["offset"] for row in shown), [0, 8, 9])
        write({"low": "100", "high": "100"})
        for name in ("low", "high"):
            replayed = self.project.call("dlq", "replay", name)
            self.assertIn("7 dead letters replayed" if name == "low" else "3 dead letters replayed", replayed.stderr)
            rows = self.project.query(f"SELECT n FROM silver.{name} ORDER BY n")
            self.assertEqual([row["n"] for row in rows], list(range(10)))
        # By our name, and not as we write them.
        send_bytes(f"{self.topic}-dead", [(b"k", b'{"n":10,"value":1}', [
            ("__connect.errors.connector.name", b"low"), ("__connect.errors.partition", b"none"),
            ("__connect.errors.offset", b"\xff"), ("lakeward.timestamp", b"yesterday")], 1)])
        self.assertIn("1 dead letter replayed: 1 row written", self.project.call("dlq", "replay", "low").stderr)
        self.assertEqual(len(parse_json(self.project.call("dlq", "show", "low", "--json").stdout)), 8)

    def test_a_value_that_is_not_there_is_null(self):
        topic_tool("create", self.topic, 1)
        now = int(time.time() * 1000)
        send_bytes(self.topic, [(b"a", b"x", [], now), (b"b", b"", [], now), (b"a", None, [], now)])
        self.project.write("pipelines/seen.yaml", SEEN.replace("TOPIC", self.topic))
        self.project.call("run", "--once")
        self.assertEqual(self.project.query('SELECT value, raw FROM bronze.seen ORDER BY "offset"'),
                         [{"value": "x", "raw": "x"}, {"value": "", "raw": ""}, {"value": None, "raw": None}])
        tail = parse_json(self.project.call("topics", "tail", self.topic, "--last", 9, "--no-follow", "--json").stdout)
        self.assertEqual([record["value"] for record in tail], ["x", "", None])

    def test_a_dead_letter_without_a_value_is_one(self):
        topic_tool("create", self.topic, 1)
        send_bytes(self.topic, [(b"a", None, [], 0), (b"b", b"", [], 0)])
        self.write_pipeline(100)
        self.project.call("run", "--once")
        self.assertEqual([letter[:2] for letter in dump_bytes(f"{self.topic}-dead")], [(b"a", None), (b"b", b"")])

    def test_validate_names_a_column_that_the_rows_do_not_have(self):
        self.project.write("pipelines/copy.yaml", COPY.replace("partition: p", "key: txt").replace("TOPIC", "t"))
        done = self.project.call("validate", expect=2)
        self.assertRegex(done.stdout + done.stderr, r"copy\.yaml:8:\d+: 'key' names a column 'txt' that the result "
                         r"does not have; did you mean 'text'\?")

    def test_dead_letters_are_refused_where_they_cannot_go(self):
        self.write_pipeline(1)
        text = (self.project.folder / "pipelines/checked.yaml").read_text()
        for change, message in [
                (("kafka: {connection: local, topic: TOPIC-dead".replace("TOPIC", self.topic), "console: {x: 1"),
                 "unknown"),
                (("create_topic: {partitions: 1}", "key: k"), "'key' does not apply to dead letters"),
                (("delta: {table: silver.checked}",
                  f"kafka: {{connection: local, topic: {self.topic}-dead}}"), "a topic of their own")]:
            self.project.write("pipelines/checked.yaml", text.replace(*change))
            done = self.project.call("validate", expect=2)
            self.assertIn(message, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)

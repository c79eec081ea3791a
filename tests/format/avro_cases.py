"""Writes avro_cases.json: records as fastavro 1.13 encodes them, and the rows that they must become.

Needs fastavro; run it by hand after a change of the cases below.
"""

import datetime
import decimal
import io
import json
import uuid
from pathlib import Path

import fastavro

UTC = datetime.timezone.utc


def record(*fields, name="R", **more):
    return {"type": "record", "name": name,
            "fields": [{"name": n, "type": t, **(rest[0] if rest else {})} for n, t, *rest in fields], **more}


def logical(kind, name, **more):
    return {"type": kind, "logicalType": name, **more}


def enum(*symbols, name="E", **more):
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(size, name="F", **more):
    return {"type": "fixed", "name": name, "size": size, **more}


ALL = record(
    ("b", "boolean"), ("i", "int"), ("l", "long"), ("f", "float"), ("d", "double"), ("s", "string"),
    ("y", "bytes"), ("x", fixed(2)), ("e", enum("RED", "GREEN")))
LOGICAL = record(
    ("date", logical("int", "date")), ("tm", logical("int", "time-millis")), ("tu", logical("long", "time-micros")),
    ("ts", logical("long", "timestamp-millis")), ("tsu", logical("long", "timestamp-micros")),
    ("lts", logical("long", "local-timestamp-millis")), ("ltsu", logical("long", "local-timestamp-micros")),
    ("dec", logical("bytes", "decimal", precision=12, scale=2)),
    ("decf", fixed(9, "D", logicalType="decimal", precision=20, scale=4)),
    ("id", logical("string", "uuid")))
NESTED = record(
    ("tags", {"type": "array", "items": "string"}), ("counts", {"type": "map", "values": "long"}),
    ("place", record(("lat", "double"), ("name", ["null", "string"]), ("at", logical("long", "timestamp-micros")),
                     ("fee", logical("bytes", "decimal", precision=8, scale=2)), ("raw", "bytes"), name="Place")),
    ("rows", {"type": "array", "items": record(("a", "int"), ("b", ["null", "boolean"]), name="Row")}))
LIST = record(("value", "long"), ("next", ["null", "List"]), name="List")

CASES = []


def case(name, writer, values, rows, reader=None, columns=None):
    if not isinstance(rows, str):
        rows = [[str(cell) if cell is not None else "NULL" for cell in row] for row in rows]
    parsed = fastavro.parse_schema(json.loads(json.dumps(writer)))
    encoded = []
    for value in values:
        out = io.BytesIO()
        fastavro.schemaless_writer(out, parsed, value)
        encoded.append(out.getvalue().hex())
    entry = {"name": name, "writer": writer, "bytes": encoded}
    if reader is not None:
        entry["reader"] = reader
    if columns is not None:
        entry["columns"] = columns
    entry["rejected" if isinstance(rows, str) else "rows"] = rows
    CASES.append(entry)


case("primitives", ALL,
     [{"b": True, "i": -7, "l": 2**40, "f": 1.5, "d": 0.1, "s": "Zürich", "y": b"\x00\xff", "x": b"ab", "e": "GREEN"},
      {"b": False, "i": 2**31 - 1, "l": -2**63, "f": -2.25, "d": -1e300, "s": "", "y": b"", "x": b"\x01z", "e": "RED"}],
     [["true", -7, 2**40, "1.5", "0.1", "Zürich", "\\x00\\xFF", "ab", "GREEN"],
      ["false", 2**31 - 1, -2**63, "-2.25", "-1e+300", "", "", "\\x01z", "RED"]])
case("logical types", LOGICAL,
     [{"date": datetime.date(2025, 3, 9), "tm": datetime.time(12, 34, 56, 789000), "tu": datetime.time(12, 34, 56, 789012),
       "ts": datetime.datetime(2025, 3, 9, 12, 34, 56, 789000, UTC),
       "tsu": datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, UTC),
       "lts": datetime.datetime(2025, 3, 9, 12, 34, 56, 789000), "ltsu": datetime.datetime(2025, 3, 9, 12, 34, 56, 789012),
       "dec": decimal.Decimal("19.90"), "decf": decimal.Decimal("-1234567890123456.7891"),
       "id": uuid.UUID("6f1e8a3e-6f0e-4a57-8d3a-0d1f1d9d1c11")}],
     [["2025-03-09", "12:34:56.789", "12:34:56.789012", "2025-03-09 12:34:56.789+00",
       "1969-12-31 23:59:59.999999+00", "2025-03-09 12:34:56.789", "2025-03-09 12:34:56.789012", "19.90",
       "-1234567890123456.7891", "6f1e8a3e-6f0e-4a57-8d3a-0d1f1d9d1c11"]])
case("nested values", NESTED,
     [{"tags": ["a", 'q"\\\n'], "counts": {"x": 1}, "place": {
         "lat": 47.5, "name": "Bern", "at": datetime.datetime(2025, 1, 2, 3, 4, 5, 6, UTC),
         "fee": decimal.Decimal("-0.05"), "raw": b"a\x00"}, "rows": [{"a": 1, "b": True}, {"a": 2, "b": None}]},
      {"tags": [], "counts": {}, "place": {"lat": 0.0, "name": None, "at": datetime.datetime(1970, 1, 1, tzinfo=UTC),
                                           "fee": decimal.Decimal("1.00"), "raw": b""}, "rows": []}],
     [["[a, 'q\"\\\\\n']", "{x=1}",
       "{'lat': 47.5, 'name': Bern, 'at': '2025-01-02 03:04:05.000006+00', 'fee': -0.05, 'raw': 'YQA='}",
       "[{'a': 1, 'b': true}, {'a': 2, 'b': NULL}]"],
      ["[]", "{}", "{'lat': 0.0, 'name': NULL, 'at': '1970-01-01 00:00:00+00', 'fee': 1.00, 'raw': ''}", "[]"]])
case("nullable fields", record(("a", ["null", "int"]), ("b", ["string", "null"]), ("c", "null")),
     [{"a": None, "b": None, "c": None}, {"a": 5, "b": "five", "c": None}],
     [[None, None, None], ["5", "five", None]])
case("a union of several types is JSON", record(("u", ["null", "int", "string", {"type": "array", "items": "int"}])),
     [{"u": None}, {"u": 1}, {"u": "one"}, {"u": [1, 2]}], [[None], ["1"], ['"one"'], ["[1,2]"]])
case("a recursive type is JSON", LIST,
     [{"value": 1, "next": {"value": 2, "next": None}}], [["1", '{"value":2,"next":null}']])

# Schema resolution.
V1 = record(("id", "long"), ("name", "string"), ("gone", {"type": "array", "items": "string"}))
case("the reader's order, defaults and ignored fields", V1,
     [{"id": 1, "name": "one", "gone": ["x", "y"]}],
     [["new", "one", 1, None, "[1, 2]", "{k=v}", "{'p': 1, 'q': z}", "BLUE", "\\xFFx", 2.5]],
     reader=record(
         ("fresh", "string", {"default": "new"}), ("name", "string"), ("id", "long"),
         ("maybe", ["null", "string"], {"default": None}),
         ("list", {"type": "array", "items": "int"}, {"default": [1, 2]}),
         ("map", {"type": "map", "values": "string"}, {"default": {"k": "v"}}),
         ("rec", record(("p", "int"), ("q", "string", {"default": "z"}), name="S"), {"default": {"p": 1}}),
         ("colour", enum("RED", "BLUE"), {"default": "BLUE"}), ("bin", "bytes", {"default": "\u00ffx"}),
         ("num", "double", {"default": 2.5})))
case("aliases of fields and of the record", record(("old", "int"), name="Old", namespace="a"),
     [{"old": 3}], [["3"]],
     reader=record(("new", "int", {"aliases": ["old"]}), name="New", namespace="b", aliases=["a.Old"]))
case("the namespace of a record does not count", record(("v", "int"), name="a.b.R"), [{"v": 3}], [["3"]],
     reader=record(("v", "int"), name="c.R"))
case("promotions",
     record(("a", "int"), ("b", "int"), ("c", "int"), ("d", "long"), ("e", "long"), ("f", "float"), ("g", "string"),
            ("h", "bytes")),
     [{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 1.5, "g": "text", "h": b"bytes"}],
     [["1", "2.0", "3.0", "4.0", "5.0", "1.5", "text", "bytes"]],
     reader=record(("a", "long"), ("b", "float"), ("c", "double"), ("d", "float"), ("e", "double"), ("f", "double"),
                   ("g", "bytes"), ("h", "string")))
case("promotions inside of nested values", record(("a", {"type": "array", "items": "int"})), [{"a": [1, 2]}],
     [["[1.0, 2.0]"]], reader=record(("a", {"type": "array", "items": "double"})))
case("an enum's default for symbols that the reader does not know", record(("e", enum("A", "B", "C"))),
     [{"e": "B"}, {"e": "C"}], [["B"], ["OTHER"]], reader=record(("e", enum("B", "OTHER", default="OTHER"))))
case("an enum without a default refuses unknown symbols", record(("e", enum("A", "B"))), [{"e": "B"}],
     "'e': the reader's enum has neither the symbol 'B' nor a default", reader=record(("e", enum("A"))))
case("a field that became nullable", record(("v", "int")), [{"v": 1}], [["1"]], reader=record(("v", ["null", "int"])))
case("a field that was nullable", record(("v", ["null", "int"])), [{"v": 1}], [["1"]], reader=record(("v", "int")))
case("null where the reader has none", record(("v", ["null", "int"])), [{"v": None}],
     "'v': the writer's null is not the reader's int", reader=record(("v", "int")))
case("unions whose branches are in another order", record(("v", ["null", "int", "string"])),
     [{"v": None}, {"v": 1}, {"v": "x"}], [[None], ["1"], ['"x"']],
     reader=record(("v", ["string", "long", "null"])))
case("a branch that the reader's union does not have", record(("v", ["int", "string"])), [{"v": "x"}],
     "'v': the writer's string is in no branch of the reader's union", reader=record(("v", ["null", "int"])))
case("the same branch goes before a promotion", record(("v", "int")), [{"v": 1}], [["1"]],
     reader=record(("v", ["double", "int"])))
case("a missing field without a default", record(("a", "int")), [{"a": 1}],
     "schema 1 cannot be read: the writer's record 'R' has no field 'b', and the reader's has no default for it",
     reader=record(("b", "int")))
case("another record", record(("a", "int"), name="Other"), [{"a": 1}],
     "schema 1 cannot be read: the writer's record 'Other' is not the reader's record 'R'",
     reader=record(("a", "int")))
case("types that do not match", record(("a", "string")), [{"a": "1"}],
     "'a': the writer's string is not the reader's int", reader=record(("a", "int")))
case("times in another unit keep their value", record(("t", logical("long", "timestamp-millis"))),
     [{"t": datetime.datetime(2025, 3, 9, 12, 34, 56, 789000, UTC)}], [["2025-03-09 12:34:56.789+00"]],
     reader=record(("t", logical("long", "timestamp-micros"))))
case("a decimal of another scale keeps its value", record(("v", logical("bytes", "decimal", precision=6, scale=1))),
     [{"v": decimal.Decimal("12.5")}], [["12.500"]],
     reader=record(("v", logical("bytes", "decimal", precision=9, scale=3))))
case("numbers that got a logical type", record(("t", "long")), [{"t": 1000}], [["1970-01-01 00:00:01+00"]],
     reader=record(("t", logical("long", "timestamp-millis"))))
case("nested records are resolved", record(("p", record(("x", "int"), ("old", "string"), name="P"))),
     [{"p": {"x": 1, "old": "o"}}], [["{'x': 1.0, 'y': 7}"]],
     reader=record(("p", record(("x", "double"), ("y", "int", {"default": 7}), name="P"))))

# Columns that are declared.
case("declared columns choose fields and types", ALL,
     [{"b": True, "i": 7, "l": 8, "f": 1.5, "d": 0.1, "s": "2025-03-09", "y": b"text", "x": b"ab", "e": "RED"}],
     [["2025-03-09", "7", "8.00", "0.1", "text", "true", "1.5"]],
     columns=[["s", "DATE"], ["i", "TINYINT"], ["l", "DECIMAL(10,2)"], ["d", "VARCHAR"], ["y", "VARCHAR"],
              ["b", "JSON"], ["f", "DOUBLE"]])
case("a declared column that the writer does not have is NULL", record(("a", "int")), [{"a": 1}], [[None, "1"]],
     columns=[["b", "VARCHAR"], ["a", "INTEGER"]])
case("declared structs take the fields that they name", record(
    ("p", record(("a", "int"), ("more", {"type": "array", "items": "long"}), ("q", ["null", record(("c", "string"), name="Q")]),
                 name="P")), ("l", {"type": "array", "items": "Q"})),
     [{"p": {"a": 1, "more": [1, 2], "q": {"c": "x"}}, "l": [{"c": "y"}]}],
     [["{'q': {'d': NULL, 'c': x}, 'b': NULL}", "[{'e': NULL}]"]],
     columns=[["p", "STRUCT(q STRUCT(d VARCHAR, c VARCHAR), b INTEGER[])"], ["l", "STRUCT(e DATE)[]"]])
case("a number out of a column's range", record(("a", "long")), [{"a": 300}],
     "'a': 300 is out of range for TINYINT", columns=[["a", "TINYINT"]])
case("a type that a column cannot hold", record(("a", "string")), [{"a": "1"}],
     "'a': the writer's string cannot be read as an INTEGER", columns=[["a", "INTEGER"]])
case("decimals that a column cannot hold", record(("a", logical("bytes", "decimal", precision=6, scale=3))),
     [{"a": decimal.Decimal("1.005")}], "'a': 1.005 is not a DECIMAL(6,2)", columns=[["a", "DECIMAL(6,2)"]])
case("text as timestamps and UUIDs", record(("t", "string"), ("u", "string")),
     [{"t": "2025-03-09T10:34:56.789012Z", "u": "6F1E8A3E-6f0e-4a57-8d3a-0d1f1d9d1c11"}],
     [["2025-03-09 10:34:56.789012+00", "6f1e8a3e-6f0e-4a57-8d3a-0d1f1d9d1c11"]],
     columns=[["t", "TIMESTAMPTZ"], ["u", "UUID"]])
case("text that is no UUID", record(("u", "string")), [{"u": "x"}], "'u': x is not a UUID", columns=[["u", "UUID"]])
case("a fixed duration", record(("v", fixed(12, logicalType="duration"))),
     [{"v": (14).to_bytes(4, "little") + (3).to_bytes(4, "little") + (1500).to_bytes(4, "little")}],
     [["1 year 2 months 3 days 00:00:01.5"]])
case("an unknown logical type is none", record(("v", logical("long", "furlongs")), ("w", logical("string", "date"))),
     [{"v": 1, "w": "x"}], [["1", "x"]])
case("Debezium's times", record(
    ("d", {"type": "int", "connect.name": "io.debezium.time.Date"}),
    ("t", {"type": "long", "connect.name": "io.debezium.time.MicroTimestamp"})),
     [{"d": 20156, "t": 1741523696789012}], [["2025-03-09", "2025-03-09 12:34:56.789012"]])

if __name__ == "__main__":
    lines = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in CASES)
    Path(__file__).with_name("avro_cases.json").write_text(f"[\n{lines}\n]\n")

"""tools/tidy finds each breach that it is there for, and nothing else."""

import importlib.util
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_tidy():
    loader = SourceFileLoader("tidy", str(ROOT / "tools" / "tidy"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
    loader.exec_module(module)
    return module


tidy = load_tidy()

CMAKE = """
lakeward_layer(base       USES Threads::Threads)
lakeward_layer(io         USES base CURL::libcurl)
lakeward_layer(stream     USES base io PRIVATELY spdlog::spdlog)
lakeward_layer(connectors USES base io stream)
"""

# The path of a file, its text, and a piece of the one message it must give (None: no message).
FILES = [
    ("src/io/a.cc", '#include "base/status.h"\n#include "io/store.h"\n', None),
    ("src/io/a.cc", '#include "stream/epoch.h"\n', "io may not use stream"),
    ("src/io/a.cc", '  #  include "stream/epoch.h"\n', "io may not use stream"),
    ("src/base/a.cc", '#include "io/store.h"\n', "base may not use io"),
    ("src/io/a.cc", "#include <duckdb.h>\n", "duckdb.h may be included only in"),
    ("src/connectors/file/a.cc", '#include "connectors/file/b.h"\n', None),
    ("src/connectors/file/a.cc", '#include "connectors/kafka/b.h"\n', "may not use another connector"),
    ("src/connectors/registry.cc", '#include "connectors/kafka/b.h"\n', None),
    ("src/io/a.h", "int f();\n", "without #pragma once"),
    ("src/io/a.h", "#pragma once\nint f();\n", None),
    ("src/io/CamelCase.cc", "int f();\n", "snake_case"),
    ("src/io/a.cc", 'void f() {\n  throw Error("x");\n}\n', "throws"),
    ("src/io/a.cc", "void f() {\n  try {\n    throw Bad();\n  } catch (const Bad&) {\n  }\n}\n", None),
    ("src/io/a.cc", '// They throw here.\nauto s = "throw";\n', None),
    ("src/io/a.cc", "using namespace std;\n", "whole namespace"),
    ("src/io/a.cc", "void f() { std::cerr << 1; }\n", "writes to the terminal"),
    ("tests/io/a.cc", "void f() { std::this_thread::sleep_for(1s); }\n", "sleeps"),
    ("tests/support/a.cc", "void f() { std::this_thread::sleep_for(1s); }\n", None),
    ("tests/io/a.cc", "TEST(LocalStore, PutsIfAbsent) {\n}\n", None),
    ("tests/io/a.cc", "TEST(LocalStore, puts_if_absent) {\n}\n", "CamelCase"),
    ("src/io/a.cc", "// TO" + "DO: more\n", "open end"),
    ("docs/a.md", "Look in /wo" + "rk/main\n", "path of one machine"),
    ("docs/a.md", "The folder build/wo" + "rk/main is fine, as is ~/ro" + "ot/x.\n", None),
    ("docs/a.md", "from https://py" + "pi.org/simple\n", "package registry's host"),
    ("docs/a.md", "[here](b.md) [web](https://example.com) [part](#part)\n", "b.md leads nowhere"),
    ("docs/a.md", "[here](a.md#part)\n", None),
    ("src/io/a.cc", "x\n" * 1001, "1001 lines"),
    ("src/io/a.cc", "void f() {\n" + "  g();\n" * 119 + "}\n", "a function of 121 lines"),
    ("src/io/a.cc", "namespace x {\n" + "int a;\n" * 300 + "}\n", None),
    ("tools/a.py", "def f(:\n", "not Python"),
    ("tools/a.py", "def f():\n" + "    pass\n" * 120, "has 121 lines"),
]


class Rules(unittest.TestCase):
    def test_each_file_gives_its_message(self):
        layers = tidy.read_layers(CMAKE)
        for path, text, expected in FILES:
            with self.subTest(path=path, text=text[:60]), tempfile.TemporaryDirectory() as folder:
                file = Path(folder, path)
                file.parent.mkdir(parents=True)
                file.write_text(text, encoding="utf-8")
                found = [f for f in tidy.check_file(Path(folder), path, layers, {path}) if not f.warning]
                if expected is None:
                    self.assertEqual([], found)
                else:
                    self.assertEqual(1, len(found), found)
                    self.assertIn(expected, found[0].message)

    def test_a_layer_may_use_only_what_is_below_it(self):
        layers = tidy.read_layers("lakeward_layer(base USES io)\nlakeward_layer(io USES base)\n")
        self.assertEqual(["the layer base uses io, which is declared above it"],
                         [f.message for f in tidy.check_layer_order(layers)])
        self.assertEqual([], tidy.check_layer_order(tidy.read_layers(CMAKE)))

    def test_what_a_layer_uses_privately_is_no_layer(self):
        self.assertEqual(["base", "io"], tidy.read_layers(CMAKE)["stream"])

    def test_a_folder_of_sources_needs_a_readme_and_a_connector_its_options(self):
        files = {"src/io/a.cc", "src/io/README.md", "src/stream/a.cc", "src/connectors/file/source.cc",
                 "src/connectors/file/README.md", "src/connectors/README.md", "tests/sql/cases/a.test",
                 "tests/sql/README.md"}
        self.assertEqual(
            [("src/connectors/file", "a connector without options.h: every option is declared there"),
             ("src/stream", "a folder without README.md")],
            [(f.path, f.message) for f in tidy.check_folders(files)])


class Definitions(unittest.TestCase):
    def test_of_two_classes_with_one_name_are_found(self):
        files = {"src/io/a.h": "namespace x::y {\nstruct A {\n};\nclass C;\nint f() {\n}\n}  // namespace x::y\n",
                 "src/io/b.h": "namespace x::y {\nclass A final\n    : public B {\n};\n}  // namespace x::y\n",
                 "src/io/c.h": "namespace x {\nclass A : B {\n};\n}  // namespace x\n",
                 "src/io/d.cc": "namespace x::y {\nnamespace {\nstruct A {\n};\n}  // namespace\n"
                                "struct A::Inner {\n};\nenum class C {\n};\n}  // namespace x::y\n"}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "src/io").mkdir(parents=True)
            for path, text in files.items():
                Path(folder, path).write_text(text)
            found = tidy.check_one_definition(Path(folder), set(files))
        self.assertEqual([("src/io/b.h", 2)], [(f.path, f.line) for f in found])
        self.assertIn("x::y::A is another class than that of src/io/a.h", found[0].message)


class Functions(unittest.TestCase):
    def lengths(self, text):
        return [lines for _, lines in tidy.functions_of(text)]

    def test_are_told_from_types_and_tables(self):
        self.assertEqual([], self.lengths("struct A {\n  int x{1};\n};\n"))
        self.assertEqual([], self.lengths("const std::map<int, int> kTable = {\n  {1, f(2)},\n};\n"))
        self.assertEqual([], self.lengths("class A : public B {\n  int f() const;\n};\n"))

    def test_are_measured_from_their_first_line_to_their_brace(self):
        self.assertEqual([3], self.lengths("int f(int x) {\n  return x;\n}\n"))
        self.assertEqual([4], self.lengths("template <class T>\nint f(T x) {\n  return x;\n}\n"))
        self.assertEqual([5], self.lengths("int f() {\n  if (x) {\n    g();\n  }\n}\n"))
        self.assertEqual([3, 3], self.lengths("class A {\n  A() : x_(1) {\n  f();\n}\n  int g() {\n  x();\n}\n};\n"))

    def test_are_not_misled_by_braces_in_text(self):
        self.assertEqual([4], self.lengths('int f() {\n  g("{{{", \'{\');  // {\n  h(R"({)");\n}\n'))


class Repository(unittest.TestCase):
    def test_files_that_are_not_under_version_control_are_found_too(self):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "src").mkdir()
            Path(folder, "src/a.cc").write_text("")
            Path(folder, "build").mkdir()
            Path(folder, "build/b.cc").write_text("")
            self.assertEqual(["src/a.cc"], tidy.list_files(Path(folder)))


if __name__ == "__main__":
    unittest.main()

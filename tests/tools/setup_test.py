"""tools/setup fetches what is missing, refuses what it does not know, and says what to do next."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Stands for the go command: "downloads" every module as a folder with the files of an archive.
FAKE_GO = """#!/bin/sh
echo "$*" >> "$FAKE_GO_LOG"
case "$1" in
  env) echo /nowhere ;;
  mod)
    if [ -n "$FAKE_GO_FAILS" ]; then echo "dial tcp: no route to host" >&2; exit 1; fi
    mkdir -p "$GOMODCACHE/m/kafka/librdkafka_vendor"
    for file in LICENSE duckdb.h libduckdb_static.a; do echo "$4" > "$GOMODCACHE/m/$file"; done
    for file in LICENSES.txt rdkafka.h rdkafka_mock.h librdkafka_glibc_linux_amd64.a \\
        librdkafka_glibc_linux_arm64.a; do
      echo "$4" > "$GOMODCACHE/m/kafka/librdkafka_vendor/$file"
    done
    sum=$(awk -v module="${4%@*}" '$3 == module { print $5; exit }' "$FAKE_GO_ARCHIVES")
    printf '{\\n\\t"Dir": "%s",\\n\\t"Sum": "%s"\\n}\\n' "$GOMODCACHE/m" "${FAKE_GO_SUM:-$sum}" ;;
esac
"""

# Says that every package is installed.
FAKE_DPKG = """#!/bin/sh
awk '!/^#/ { split($2, names, "|"); print "installed", names[1] }' "$FAKE_PACKAGES"
"""

# Stands for Maven: puts a file where the jars, or an archive's files, belong.
FAKE_MVN = """#!/bin/sh
echo "mvn $*" >> "$FAKE_GO_LOG"
if [ -n "$FAKE_MVN_FAILS" ]; then echo "Could not transfer artifact" >&2; exit 1; fi
for argument in "$@"; do
  case $argument in
    -DoutputDirectory=*) mkdir -p "${argument#*=}" && touch "${argument#*=}/of-maven.jar" ;;
  esac
done
"""

# Stands for python3: makes an environment whose pip "downloads" a source package of Spark.
FAKE_PYTHON = """#!/bin/sh
mkdir -p "$3/bin"
cat > "$3/bin/python" <<'TEXT'
#!/bin/sh
echo "python $*" >> "$FAKE_GO_LOG"
while [ "$1" != --dest ]; do shift; done
cd "$2" && mkdir -p p/pyspark-4.1.3/lib p/pyspark-4.1.3/examples
mkdir -p p/pyspark-4.1.3/deps/bin p/pyspark-4.1.3/deps/jars/connect-repl
for file in lib/pyspark.zip examples/pi.py deps/bin/spark-submit deps/jars/spark-core.jar \\
    deps/jars/rocksdbjni-9.jar deps/jars/connect-repl/shell.jar; do
  touch "p/pyspark-4.1.3/$file"
done
tar -czf pyspark-4.1.3.tar.gz -C p pyspark-4.1.3
TEXT
chmod +x "$3/bin/python"
"""


class Setup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.deps = self.folder / "deps"
        (self.folder / "bin").mkdir()
        self.put_command("go", FAKE_GO)

    def put_command(self, name, text):
        command = self.folder / "bin" / name
        command.write_text(text)
        command.chmod(0o755)

    def run_setup(self, *arguments, **environment):
        return subprocess.run(
            [ROOT / "tools" / "setup", *arguments], capture_output=True, text=True, check=False,
            env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
                 "LAKEWARD_DEPS": str(self.deps), "FAKE_GO_LOG": str(self.folder / "log"),
                 "FAKE_GO_ARCHIVES": str(ROOT / "tools" / "archives.txt"), **environment})

    def test_puts_the_archives_where_cmake_looks_for_them(self):
        done = self.run_setup()
        self.assertEqual((0, True), (done.returncode, (self.deps / "duckdb-1.5.5/duckdb.h").exists()), done.stderr)
        self.assertTrue((self.deps / "librdkafka-2.11.1/rdkafka.h").exists())
        self.assertEqual([], list(self.deps.glob(".fetch*")))

    def test_does_nothing_the_second_time(self):
        self.run_setup()
        asked = (self.folder / "log").read_text()
        again = self.run_setup()
        self.assertEqual((0, "", ""), (again.returncode, again.stdout, again.stderr))
        self.assertEqual(asked, (self.folder / "log").read_text())

    def test_replaces_a_link_that_was_made_by_hand(self):
        self.deps.mkdir()
        (self.deps / "duckdb-1.5.5").symlink_to(self.folder)
        self.assertEqual(0, self.run_setup().returncode)
        self.assertFalse((self.deps / "duckdb-1.5.5").is_symlink())

    def test_refuses_an_archive_with_another_checksum(self):
        done = self.run_setup(FAKE_GO_SUM="h1:something=")
        self.assertEqual(1, done.returncode)
        self.assertIn("is 'h1:something=', not the pinned", done.stderr)
        self.assertEqual([], list(self.deps.glob("*duckdb*")))

    def test_says_what_to_do_when_the_network_is_away(self):
        done = self.run_setup(FAKE_GO_FAILS="yes")
        self.assertEqual(1, done.returncode)
        self.assertIn("no route to host", done.stderr)
        self.assertIn("Is the network there", done.stderr)

    def test_names_the_packages_when_there_is_neither_root_nor_sudo(self):
        self.put_command("dpkg-query", "#!/bin/sh\necho installed cmake\n")
        self.put_command("id", "#!/bin/sh\necho 1000\n")
        (self.folder / "bin" / "bash").symlink_to("/bin/bash")
        # A PATH without sudo.
        for tool in ("dirname", "uname", "awk", "sed", "env"):
            (self.folder / "bin" / tool).symlink_to(f"/usr/bin/{tool}")
        self.put_command("apt-get", "#!/bin/sh\nexit 1\n")
        done = self.run_setup(PATH=f"{self.folder}/bin")
        self.assertEqual(1, done.returncode)
        self.assertIn("As root: apt-get install --no-install-recommends", done.stderr)
        self.assertIn("libyaml-cpp-dev", done.stderr)
        self.assertNotIn(" cmake ", done.stderr)

    def put_fake_services(self):
        for name, text in {"dpkg-query": FAKE_DPKG, "mvn": FAKE_MVN, "python3": FAKE_PYTHON}.items():
            self.put_command(name, text)
        return {"FAKE_PACKAGES": str(ROOT / "tools/packages.txt")}

    def test_fetches_the_servers_once_and_of_spark_only_what_is_needed(self):
        environment = self.put_fake_services()
        done = self.run_setup("--services", **environment)
        self.assertEqual(0, done.returncode, done.stderr)
        spark = self.deps / "spark-4.1.3"
        self.assertEqual([".complete", "bin/spark-submit", "jars/of-maven.jar", "jars/spark-core.jar", "lib/pyspark.zip"],
                         sorted(str(file.relative_to(spark)) for file in spark.rglob("*") if file.is_file()))
        self.assertEqual([], list(self.deps.glob(".fetch*")))
        asked = (self.folder / "log").read_text()
        again = self.run_setup("--services", **environment)
        self.assertEqual((0, "", ""), (again.returncode, again.stdout, again.stderr))
        self.assertEqual(asked, (self.folder / "log").read_text())

    def test_leaves_nothing_half_fetched(self):
        environment = self.put_fake_services()
        for server in ("kafka-4.1.1", "apicurio-3.0.9"):
            (self.deps / server).mkdir(parents=True)
            (self.deps / server / ".complete").touch()
        done = self.run_setup("--services", FAKE_MVN_FAILS="yes", **environment)
        self.assertEqual(1, done.returncode)
        self.assertIn("Could not transfer artifact", done.stderr)
        self.assertIn("Is the network there", done.stderr)
        self.assertEqual([], list(self.deps.glob("*spark*")) + list(self.deps.glob(".fetch*")))

    def test_refuses_an_unknown_option(self):
        done = self.run_setup("--everything")
        self.assertEqual(2, done.returncode)
        self.assertIn("unknown option '--everything'", done.stderr)


if __name__ == "__main__":
    unittest.main()

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

    def test_refuses_an_unknown_option(self):
        done = self.run_setup("--everything")
        self.assertEqual(2, done.returncode)
        self.assertIn("unknown option '--everything'", done.stderr)


if __name__ == "__main__":
    unittest.main()

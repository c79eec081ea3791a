"""The built program, driven from outside as a user would."""

import json
import os
import subprocess
from pathlib import Path

SOURCE = Path(os.environ.get("LAKEWARD_SOURCE", Path(__file__).resolve().parents[2]))
BINARY = Path(os.environ.get("LAKEWARD_BINARY", SOURCE / "build/release/lakeward"))
TIMEOUT_S = 120


def lakeward(*arguments, expect=0, timeout=TIMEOUT_S, **options):
    """Runs the program to its end; fails, showing what it printed, unless it exits with `expect` (None: with any code)."""
    command = [str(BINARY), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout,
                          stdin=subprocess.DEVNULL, **options)
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{' '.join(command)}\nexited with {done.returncode} instead of {expect}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def parse_json(text):
    """The values of a JSON text, or of several, a line each."""
    text = text.strip()
    if not text:
        return []
    try:
        value = json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]
    return value if isinstance(value, list) else [value]


class Project:
    """A project's folder."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def write(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def call(self, *arguments, expect=0, timeout=TIMEOUT_S):
        return lakeward(*arguments, "--project", self.folder, expect=expect, timeout=timeout)

    def start(self, *arguments, stderr=subprocess.DEVNULL):
        return subprocess.Popen([str(BINARY), *arguments, "--project", str(self.folder)],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr)

    def query(self, sql):
        """The rows of a query, each as a dict."""
        return parse_json(self.call("query", sql, "--format", "json").stdout)

    def table_folder(self, table):
        return self.folder / "lake" / Path(*table.split("."))

    def tables(self):
        """The names of all tables, as their folders in the lake tell."""
        lake = self.folder / "lake"
        return sorted(".".join(log.parent.relative_to(lake).parts) for log in lake.glob("**/_delta_log"))

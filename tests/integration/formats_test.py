"""The examples of docs/formats.md are projects without problems."""

import os
import re
import tempfile
import unittest
from pathlib import Path

from lakeward import SOURCE, Project


class Examples(unittest.TestCase):
    def test_every_example_is_valid(self):
        page = (SOURCE / "docs/formats.md").read_text(encoding="utf-8")
        blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
        pipelines = [block for block in blocks if block.startswith("pipeline:")]
        settings = [block for block in blocks if not block.startswith("pipeline:")]
        self.assertEqual((9, 1), (len(pipelines), len(settings)))
        with tempfile.TemporaryDirectory(prefix="lakeward-formats-") as folder:
            project = Project(Path(folder))
            project.write("lakeward.yaml", settings[0])
            for number, block in enumerate(pipelines):
                project.write(f"pipelines/{number}.yaml", block)
            os.environ["REGISTRY_PASSWORD"] = "secret"
            self.addCleanup(os.environ.pop, "REGISTRY_PASSWORD")
            project.call("validate")


if __name__ == "__main__":
    unittest.main()

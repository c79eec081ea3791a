"""./quickstart does what the README promises."""

import subprocess
import unittest

from lakeward import SOURCE


class Quickstart(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.done = subprocess.run([SOURCE / "quickstart"], capture_output=True, text=True, check=False, timeout=280,
                                  stdin=subprocess.DEVNULL)

    def test_ends_well(self):
        self.assertEqual(0, self.done.returncode, self.done.stdout + self.done.stderr)

    def test_shows_the_rows_that_landed(self):
        self.assertIn("FROM silver.sensor_data", self.done.stdout)
        self.assertIn("sensor-", self.done.stdout)

    def test_says_what_to_type_next(self):
        self.assertIn("What next?", self.done.stdout)

    def test_leaves_a_project_that_runs_again(self):
        again = subprocess.run([SOURCE / "build/release/lakeward", "--project", SOURCE / "build/quickstart", "run",
                                "--once"], capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual(0, again.returncode, again.stderr)


if __name__ == "__main__":
    unittest.main()

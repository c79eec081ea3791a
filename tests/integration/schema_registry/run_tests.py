"""All tests of this folder, beside one broker and one schema registry."""

import unittest

from registry_test import Registry  # noqa: F401  first: it skips what cannot run here
from debezium_test import Debezium  # noqa: F401
from writer_test import Writer  # noqa: F401

if __name__ == "__main__":
    unittest.main()

"""Reading tables with delta-rs, an implementation of Delta that shares no code with Lakeward."""

import os
import unittest


def require():
    """Skips the calling test if delta-rs is not here; when CI=true, fails it."""
    try:
        import deltalake  # noqa: F401
        import duckdb  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError as error:
        message = f"{error.name} is not installed: tools/setup --tests installs it"
        if os.environ.get("CI") == "true":
            raise AssertionError(message) from error
        raise unittest.SkipTest(message) from error


def open_table(folder):
    import deltalake
    return deltalake.DeltaTable(str(folder))


def rows(folder):
    """All rows of the table, each as a dict."""
    return open_table(folder).to_pyarrow_table().to_pylist()


def rows_as_text(folder):
    """All rows, each value cast to VARCHAR by DuckDB, sorted; and the columns' names."""
    import duckdb
    table = open_table(folder).to_pyarrow_table()
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("t", table)
    names = table.column_names
    return names, sorted(connection.execute(f"SELECT {text_columns(names)} FROM t").fetchall(), key=repr)


def text_columns(names):
    quoted = ('"' + name.replace('"', '""') + '"' for name in names)
    return ", ".join(f"CAST({name} AS VARCHAR) AS {name}" for name in quoted)

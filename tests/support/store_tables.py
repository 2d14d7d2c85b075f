"""What scripts over a store begin with: its current version's tables as views of a DuckDB database, and its models.

The first argument is the store.
"""

import json
import sys
from pathlib import Path

import duckdb

store = Path(sys.argv[1])
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
models = (store / latest["manifest"]).parent / "models"

parts = {}
for file in manifest["files"]:
    if file.get("format") == "parquet":
        parts.setdefault(file["table"], []).append(str(store / file["path"]))

database = duckdb.connect()
database.execute("SET TimeZone = 'UTC'")
# It would be printed with the answer.
database.execute("SET enable_progress_bar = false")
for name, paths in parts.items():
    database.read_parquet(paths).create_view(name)


def table(name):
    return database.execute(f"SELECT * FROM {name}").df()

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


def publication(name):
    """How a table is made and published, as the version's own schema says."""
    return json.loads((models.parent / "schemas" / f"{name}.json").read_text())["guichets"]


def step(table):
    """How a table is made again that leaves in no format: once, or as often as it is read where it is made of some months."""
    return "VIEW" if publication(table).get("partition") else "TABLE"


# Steps on the way to other tables: they are made again, each once what it reads is there.
STEPS = {table: step(table) for table in (model.stem for model in models.glob("*.sql")) if not publication(table)["formats"]}


def make_steps(folder):
    missing = set(STEPS)
    while missing:
        made = set()
        for name in sorted(missing):
            try:
                database.execute(f"CREATE {STEPS[name]} {name} AS {(folder / f'{name}.sql').read_text()}")
                made.add(name)
            except duckdb.CatalogException:
                continue
        assert made, f"nothing makes {missing}"
        missing -= made


def table(name):
    return database.execute(f"SELECT * FROM {name}").df()

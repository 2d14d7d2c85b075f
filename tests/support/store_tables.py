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


schemas = models.parent / "schemas"


def declared(name):
    """What the version's own schema says of a table."""
    return json.loads((schemas / f"{name}.json").read_text())


def publication(name):
    """How a table is made and published."""
    return declared(name)["guichets"]


# Steps on the way to other tables leave in no format: they are made again, each once what it reads is there.
STEPS = {model.stem for model in models.glob("*.sql") if not publication(model.stem)["formats"]}


def make_steps(folder):
    missing = set(STEPS)
    while missing:
        made = set()
        for name in sorted(missing):
            # What is made of some months at a time is made as often as it is read, of those that can be seen then.
            kind = "VIEW" if publication(name).get("partition") else "TABLE"
            try:
                database.execute(f"CREATE {kind} {name} AS {(folder / f'{name}.sql').read_text()}")
                made.add(name)
            except duckdb.CatalogException:
                continue
        assert made, f"nothing makes {missing}"
        missing -= made


def table(name):
    return database.execute(f"SELECT * FROM {name}").df()

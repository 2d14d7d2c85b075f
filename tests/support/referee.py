"""Recomputes every derived table of a store's current version with DuckDB, and says where it differs.

Reads the published Parquet files and nothing else. Arguments: the store, and the folder of the models. Prints, for each
model, how many rows and values were compared and the differences; counts, dates and texts must be equal, reals to 12
digits.
"""

import json
import sys
from pathlib import Path

import duckdb

store, models = Path(sys.argv[1]), Path(sys.argv[2])
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
schemas = (store / latest["manifest"]).parent / "schemas"

parts = {}
for file in manifest["files"]:
    if file.get("format") == "parquet":
        parts.setdefault(file["table"], []).append(str(store / file["path"]))

database = duckdb.connect()
database.execute("SET TimeZone = 'UTC'")
database.execute("SET enable_progress_bar = false")
for table, paths in parts.items():
    database.read_parquet(paths).create_view(table)


WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
TYPES = {
    "string": {"VARCHAR"},
    "integer": WHOLE,
    "number": {"DOUBLE"},
    "boolean": {"BOOLEAN"},
    "date": {"DATE"},
    "datetime": {"TIMESTAMP WITH TIME ZONE"},
}


def one(query):
    return database.execute(query).fetchone()[0]


def differs(name, kind):
    """A condition that holds where the two sides do not say the same."""
    ours, theirs = f'p."{name}"', f'r."{name}"'
    if kind != "number":
        return f"{ours} IS DISTINCT FROM {theirs}"
    far = f"abs({ours} - {theirs}) > 1e-12 * greatest(abs({ours}), abs({theirs}))"
    return f"(({ours} IS NULL) <> ({theirs} IS NULL) OR coalesce({far}, false))"


report = {}
for model in sorted(models.glob("*.sql")):
    table = model.stem
    schema = json.loads((schemas / f"{table}.json").read_text())
    kinds = {field["name"]: field["type"] for field in schema["fields"]}
    relation = database.sql(model.read_text())
    relation.create("recomputed")
    types = dict(zip(relation.columns, map(str, relation.types)))
    differences = [f"column {name}: {types.get(name)}" for name, kind in kinds.items() if types.get(name) not in TYPES[kind]]
    differences += [f"column {name} is not published" for name in types.keys() - kinds.keys()]
    key = " AND ".join(f'p."{name}" IS NOT DISTINCT FROM r."{name}"' for name in schema["primaryKey"])
    published, recomputed = one(f"SELECT count(*) FROM {table}"), one("SELECT count(*) FROM recomputed")
    pairs = one(f"SELECT count(*) FROM {table} AS p JOIN recomputed AS r ON {key}")
    if not published == recomputed == pairs:
        differences.append(f"{published} rows published, {recomputed} recomputed, {pairs} of one key")
    values = 0
    for name in kinds.keys() & types.keys():
        values += one(f'SELECT count("{name}") FROM {table}')
        wrong = f"FROM {table} AS p JOIN recomputed AS r ON {key} WHERE {differs(name, kinds[name])}"
        found = one(f"SELECT count(*) {wrong}")
        if found:
            example = database.execute(f'SELECT p."{name}", r."{name}" {wrong} LIMIT 1').fetchone()
            differences.append(f"{name} on {found} rows: published {example[0]!r}, recomputed {example[1]!r}")
    database.execute("DROP TABLE recomputed")
    report[table] = {"rows": published, "values": values, "differences": sorted(differences)}
print(json.dumps(report))

"""Recomputes every derived table of a store's current version with DuckDB, and says where it differs.

Reads the published Parquet files and nothing else. Arguments: the store, and the folder of the models. Prints, for each
model, how many rows and values were compared and the differences; counts, dates and texts must be equal, reals to 12
digits.
"""

import json
import math
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
for table, paths in parts.items():
    database.read_parquet(paths).create_view(table)


def rows(query, key):
    """The rows of a query by key, each a dictionary, and how many there were."""
    answer = database.execute(query)
    names = [column[0] for column in answer.description]
    found = [dict(zip(names, values)) for values in answer.fetchall()]
    return names, len(found), {tuple(row[column] for column in key): row for row in found}


def same(kind, ours, theirs):
    if ours is None or theirs is None:
        return ours is theirs
    if kind == "number":
        return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=0.0)
    return type(ours) is type(theirs) and ours == theirs


report = {}
for model in sorted(models.glob("*.sql")):
    table = model.stem
    schema = json.loads((schemas / f"{table}.json").read_text())
    kinds = {field["name"]: field["type"] for field in schema["fields"]}
    columns, count, recomputed = rows(model.read_text(), schema["primaryKey"])
    _, published_count, published = rows(f"SELECT * FROM {table}", schema["primaryKey"])
    differences = []
    if sorted(columns) != sorted(kinds):
        differences.append(f"columns: {sorted(set(columns) ^ set(kinds))}")
    if not count == published_count == len(published) == len(recomputed):
        differences.append(f"{published_count} rows published, {count} recomputed")
    differences += [f"row {key} is in one of the two alone" for key in published.keys() ^ recomputed.keys()]
    values = 0
    for key in published.keys() & recomputed.keys():
        for name, kind in kinds.items():
            ours, theirs = published[key][name], recomputed[key].get(name)
            values += ours is not None
            if not same(kind, ours, theirs):
                differences.append(f"{key} {name}: published {ours!r}, recomputed {theirs!r}")
    report[table] = {"rows": published_count, "values": values, "differences": sorted(differences)}
print(json.dumps(report))

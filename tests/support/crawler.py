"""Looks at every CSV file of a store's current version as the crawler of data.gouv.fr does, with csv-detective.

usage: crawler.py STORE

What the crawler takes a column for decides how the platform shows it and serves it. Prints one JSON object: the files,
how many columns of each declared type it took for what, and the complaints.
"""

import collections
import contextlib
import csv
import json
import sys
from pathlib import Path

from csv_detective import routine

# Columns of text in which every value happens to look like a number, and whose digits alone count: nothing is lost.
NUMBERS_BY_CHANCE = {("adresses", "planning"), ("calendrier", "annee"), ("disponibilite_annee", "annee")}
# Numbers whose few values happen to look like a telephone number, or the code of a country.
TEXTS_BY_CHANCE = {("synthese_departements", "taux_moyen"), ("tentatives", "decalage_utc_min")}
RIGHT = {"integer": "int", "number": "float", "boolean": "bool"}
# What a code is taken for, wherever the whole table stands there.
CODES = {("guichets", "commune_insee"): "code_commune", ("guichets", "region"): "code_region"}

store = Path(sys.argv[1])
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
schemas = (store / latest["manifest"]).parent / "schemas"
complaints, taken = [], collections.Counter()


def forgiven(table, field, found, values):
    """What the crawler cannot know, having only the values that there are."""
    name, kind = field["name"], field["type"]
    if not values:
        return True
    if kind in ("integer", "number") and found == "bool":
        return values <= {"0", "1"}
    if kind == "number" and found == "int":
        return all(value.lstrip("-").isdigit() for value in values)
    if kind == "integer" and found == "float":
        return True  # « long » or « lon » in its name makes it a longitude
    if kind in ("integer", "number") and found == "string":
        # So do the few values of a part that holds a day.
        return (table, name) in TEXTS_BY_CHANCE or len(values) <= 3
    if kind == "string" and found == "bool":
        return values <= {"oui", "non"}  # where nothing was unknown
    return kind == "string" and (table, name) in NUMBERS_BY_CHANCE and found in ("int", "float")


def check(file):
    path, table = store / file["path"], file["table"]
    fields = json.loads((schemas / f"{table}.json").read_text())["fields"]
    # It prints what it is doing, also where it is asked not to.
    with contextlib.redirect_stdout(sys.stderr):
        found = routine(str(path), num_rows=-1, output_profile=False, save_results=False, verbose=False)
    dialect = {"encoding": "utf-8", "separator": ",", "header_row_idx": 0, "heading_columns": 0, "trailing_columns": 0}
    for what, wanted in dialect.items():
        if found[what] != wanted:
            complaints.append(f"{path.name}, {what}: {found[what]!r}, is {wanted!r}")
    with path.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    if found["header"] != [field["name"] for field in fields]:
        return complaints.append(f"{path.name}: other columns, {found['header']}")
    if found["total_lines"] != file["rows"]:
        complaints.append(f"{path.name}: {found['total_lines']} rows, {file['rows']} published")
    for field in fields:
        guess = found["columns"][field["name"]]
        values = {row[field["name"]] for row in rows} - {""}
        taken[f"{field['type']} as {guess['python_type']}"] += 1
        if guess["python_type"] != RIGHT.get(field["type"], field["type"]) and not forgiven(table, field, guess["python_type"], values):
            complaints.append(f"{path.name}, {field['name']}: {guess['format']}, is {field['type']}")
        code = CODES.get((table, field["name"]))
        if code and guess["format"] != code:
            complaints.append(f"{path.name}, {field['name']}: {guess['format']}, is {code}")


files = [file for file in manifest["files"] if file.get("format") == "csv" and file["rows"]]
for file in files:
    try:
        check(file)
    except Exception as error:
        complaints.append(f"{Path(file['path']).name}: {error!r}")
print(json.dumps({"files": len(files), "taken": taken, "complaints": complaints}))

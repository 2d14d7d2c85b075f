"""Opens every workbook of a store's current version in LibreOffice, and says what it takes for something else.

usage: workbooks.py STORE SOFFICE

LibreOffice converts each XLSX file to its own format, in which each cell names its type. Cell by cell these are compared
with the Parquet file of the same table: texts are texts, with their zeros and accents, dates are dates, instants are
those of UTC, numbers have every digit. Prints one JSON object: the workbooks, how many cells of each type they hold, and the
complaints.
"""

import collections
import datetime
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq

OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
# The type of a cell, by the type of its column; a share is shown in percent, and may happen to be a whole number.
KINDS = {
    "string": {"string"}, "integer": {"float"}, "number": {"float", "percentage"}, "boolean": {"boolean"},
    "date": {"date"}, "datetime": {"date"},
}

store, soffice = Path(sys.argv[1]), sys.argv[2]
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
folder = (store / latest["manifest"]).parent
complaints, cells = [], collections.Counter()


def convert(paths, out):
    """Each workbook as a flat OpenDocument file; in a profile of its own, so that no other instance is met."""
    profile = f"-env:UserInstallation={(out / 'profile').as_uri()}"
    command = [soffice, profile, "--headless", "--convert-to", "fods", "--outdir", str(out), *map(str, paths)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if run.returncode:
        sys.exit(f"LibreOffice: {run.stdout}{run.stderr}")


def sheet(path):
    """The rows of the first sheet: for each cell its type and its value, None where it is empty."""
    for _, element in ElementTree.iterparse(path):
        if element.tag == f"{TABLE}table":
            return [found for found in map(row, element.iter(f"{TABLE}table-row")) if found]
    sys.exit(f"{path}: no sheet")


def row(element):
    found = []
    for cell in element.iter(f"{TABLE}table-cell"):
        found += [value(cell)] * int(cell.get(f"{TABLE}number-columns-repeated", "1"))
    while found and found[-1] is None:
        found.pop()
    return found


def value(cell):
    kind = cell.get(f"{OFFICE}value-type")
    if kind is None:
        return None
    if kind == "string":
        return kind, "".join("".join(part.itertext()) for part in cell.iter(f"{TEXT}p"))
    if kind == "date":
        return kind, datetime.datetime.fromisoformat(cell.get(f"{OFFICE}date-value")[:26])
    if cell.get(f"{TABLE}formula") in ("of:=TRUE()", "of:=FALSE()"):
        return "boolean", cell.get(f"{TABLE}formula") == "of:=TRUE()"  # so it holds what a workbook has as a boolean
    return kind, float(cell.get(f"{OFFICE}value"))


def same(ours, theirs):
    if isinstance(ours, datetime.datetime):
        # LibreOffice writes hundredths of a second.
        return abs(ours.replace(tzinfo=None) - theirs) <= datetime.timedelta(milliseconds=10)
    if isinstance(ours, datetime.date):
        return theirs == datetime.datetime(ours.year, ours.month, ours.day)
    # LibreOffice writes 15 digits.
    return math.isclose(ours, theirs, rel_tol=1e-14) if isinstance(theirs, float) else ours == theirs


def check(file, path):
    schema = json.loads((folder / "schemas" / f"{file['table']}.json").read_text())
    kinds = [(field["name"], field["type"]) for field in schema["fields"]]
    names, *rows = sheet(path)
    if names != [("string", name) for name, _ in kinds]:
        return complaints.append(f"{path.stem}: other columns, {names}")
    same_part = ("table", "partition")
    parquet = next(f for f in manifest["files"] if f.get("format") == "parquet" and all(f.get(k) == file.get(k) for k in same_part))
    # Not as a dataset: a path under data/ says nothing of columns.
    written = pq.ParquetFile(store / parquet["path"]).read().to_pylist()
    if not len(rows) == len(written) == file["rows"]:
        return complaints.append(f"{path.stem}: {len(rows)} rows, {file['rows']} published")
    for number, (ours, theirs) in enumerate(zip(written, rows), 1):
        theirs = theirs + [None] * (len(kinds) - len(theirs))
        for (name, kind), found in zip(kinds, theirs, strict=True):
            wanted = ours[name]
            cells[kind] += found is not None
            right = found is None if wanted is None else found and found[0] in KINDS[kind] and same(wanted, found[1])
            if not right:
                return complaints.append(f"{path.stem}, {name}, row {number}: {found}, written {wanted!r}")


files = [file for file in manifest["files"] if file.get("format") == "xlsx"]
with tempfile.TemporaryDirectory() as folder_of_conversions:
    out = Path(folder_of_conversions)
    convert([store / file["path"] for file in files], out)
    for file in files:
        check(file, out / f"{Path(file['path']).stem}.fods")
print(json.dumps({"workbooks": len(files), "cells": cells, "complaints": complaints}))

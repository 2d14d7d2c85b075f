"""Reads every file of a store's current version as strangers would, and says what is not as the schemas promise.

Argument: the store. Each Parquet and CSV file is read with pandas, Polars and DuckDB, each workbook with openpyxl; their
rows are compared with those that pyarrow finds in the Parquet file of the same table, value by value. Prints how often
each reader read a file, how many values it compared, and the complaints.
"""

import collections
import datetime
import json
import math
import sys
from pathlib import Path

import duckdb
import openpyxl
import pandas
import polars
import pyarrow as pa
import pyarrow.parquet as pq

UTC = datetime.timezone.utc
POLARS = {
    "string": polars.String,
    "number": polars.Float64,
    "boolean": polars.Boolean,
    "date": polars.Date,
    "datetime": polars.Datetime("us", "UTC"),
}
DUCKDB = {
    "string": "VARCHAR",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "datetime": "TIMESTAMP WITH TIME ZONE",
}
PYTHON = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "date": datetime.date,
    "datetime": datetime.datetime,
}

store = Path(sys.argv[1])
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
folder = (store / latest["manifest"]).parent

complaints = []
reads, compared = collections.Counter(), collections.Counter()


def plain(kind, value):
    """A value as Python has it by itself, whatever the reader's own types; only what is the same stays the same."""
    if value is None or value is pandas.NaT or (isinstance(value, float) and math.isnan(value)):
        return None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    elif hasattr(value, "item"):
        value = value.item()
    if kind == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)  # pandas has no other whole numbers beside nulls
    if kind == "number" and type(value) is int:
        return float(value)  # a column in which every number happens to be whole
    if kind == "datetime" and isinstance(value, datetime.datetime):
        return value.astimezone(UTC) if value.tzinfo else value
    if kind == "date" and isinstance(value, datetime.datetime) and value.time() == datetime.time(0):
        return value.date()  # pandas and spreadsheets have no days, only their midnights
    return value


def same(ours, theirs):
    if type(ours) is float and type(theirs) is float:
        return math.isclose(ours, theirs, rel_tol=1e-15)
    return type(ours) is type(theirs) and ours == theirs


def compare(reader, place, fields, wanted, columns):
    """Holds the columns that a reader found against those that were written."""
    reads[reader] += 1
    if list(columns) != [field["name"] for field in fields]:
        return complaints.append(f"{reader}, {place}: other columns, {list(columns)}")
    for field in fields:
        name, kind = field["name"], field["type"]
        found = [plain(kind, value) for value in columns[name]]
        if len(found) != len(wanted[name]):
            return complaints.append(f"{reader}, {place}: {len(found)} rows, {len(wanted[name])} written")
        compared[reader] += sum(value is not None for value in found)
        for row, (ours, theirs) in enumerate(zip(wanted[name], found), 1):
            if not same(ours, theirs):
                complaints.append(f"{reader}, {place}, {name}, row {row}: {theirs!r}, written {ours!r}")
                break


def expect(reader, place, what, found, wanted):
    if found != wanted:
        complaints.append(f"{reader}, {place}, {what}: {found!r}, promised {wanted!r}")


def long(field):
    return field.get("arrow") == "int64"


def read_parquet(path, place, fields, wanted):
    frame = pandas.read_parquet(path)
    for field in fields:
        kind, name, dtype = field["type"], field["name"], frame[field["name"]].dtype
        if kind == "string":
            right = pandas.api.types.is_string_dtype(dtype)
        elif kind == "datetime":
            right = isinstance(dtype, pandas.DatetimeTZDtype) and str(dtype.tz) == "UTC"
        elif kind == "date":
            right = dtype == object
        elif kind in ("boolean", "integer") and frame[name].isna().any():
            right = dtype in (object, "float64")
        else:
            right = dtype == {"boolean": "bool", "integer": "int64" if long(field) else "int32", "number": "float64"}[kind]
        expect("pandas", place, f"{name}, {dtype}", right, True)
    compare("pandas", place, fields, wanted, {name: list(frame[name]) for name in frame})

    frame = polars.read_parquet(path)
    for field in fields:
        integer = polars.Int64 if long(field) else polars.Int32
        expect("polars", place, field["name"], frame.schema[field["name"]], POLARS.get(field["type"], integer))
    compare("polars", place, fields, wanted, frame.to_dict(as_series=False))

    relation = duckdb.read_parquet(str(path))
    for field, found in zip(fields, relation.types):
        integer = "BIGINT" if long(field) else "INTEGER"
        expect("duckdb", place, field["name"], str(found), DUCKDB.get(field["type"], integer))
    compare("duckdb", place, fields, wanted, dict(zip(relation.columns, columns_of(relation))))


def columns_of(relation):
    rows = relation.fetchall()
    return [list(column) for column in zip(*rows)] or [[] for _ in relation.columns]


def pandas_csv(path, texts, days):
    # No form of the dates is stated: one must hold for each column.
    frame = pandas.read_csv(path, dtype=dict.fromkeys(texts, str), parse_dates=days)
    return {name: list(frame[name]) for name in frame}


def polars_csv(path, texts, days):
    overrides = dict.fromkeys(texts, polars.String)
    frame = polars.read_csv(path, schema_overrides=overrides, try_parse_dates=True, infer_schema_length=None)
    return frame.to_dict(as_series=False)


def duckdb_csv(path, texts, days):
    relation = duckdb.read_csv(str(path), dtype=dict.fromkeys(texts, "VARCHAR"))
    return dict(zip(relation.columns, columns_of(relation)))


def read_csv(path, place, fields, wanted):
    """Texts are declared, as the dictionary advises for codes; pandas must be told of dates; the rest is found."""
    texts = [field["name"] for field in fields if field["type"] == "string"]
    days = [field["name"] for field in fields if field["type"] in ("date", "datetime")]
    for reader, read in {"pandas": pandas_csv, "polars": polars_csv, "duckdb": duckdb_csv}.items():
        try:
            columns = read(path, texts, days)
        except Exception as error:
            complaints.append(f"{reader}, {place}: {error}")
        else:
            compare(reader, place, fields, wanted, columns)


def read_workbook(path, place, fields, wanted):
    book = openpyxl.load_workbook(path)
    expect("openpyxl", place, "sheets", book.sheetnames, ["Données", "Lisez-moi", "Dictionnaire"])
    data = book["Données"]
    names, *rows = data.iter_rows()
    # A workbook counts milliseconds and knows no zone: its instants are UTC, as the dictionary says.
    rounded = dict(wanted)
    for field in fields:
        if field["type"] == "datetime":
            written = wanted[field["name"]]
            rounded[field["name"]] = [value and value.replace(tzinfo=None) for value in written]
    values = {cell.value: [row[index].value for row in rows] for index, cell in enumerate(names)}
    compare("openpyxl", place, fields, rounded, values)
    for index, field in enumerate(fields):
        cells = [row[index] for row in rows if row[index].value is not None]
        if field["type"] in ("date", "datetime"):
            expect("openpyxl", place, f"{field['name']} is a date", all(cell.is_date for cell in cells), True)
        if field["type"] == "string":
            expect("openpyxl", place, f"{field['name']} is text", {cell.data_type for cell in cells} - {"s"}, set())
    told = " ".join(str(cell.value) for row in book["Lisez-moi"].iter_rows() for cell in row if cell.value)
    expect("openpyxl", place, "says that it is simulated", "DONNÉES SIMULÉES" in told, manifest["simulated"])
    expect("openpyxl", place, "names the licence", "Licence Ouverte 2.0" in told, True)
    explained = [row[0].value for row in book["Dictionnaire"].iter_rows(min_row=2)]
    expect("openpyxl", place, "dictionary", explained, [field["name"] for field in fields])


READ = {"parquet": read_parquet, "csv": read_csv, "xlsx": read_workbook}
files = [file for file in manifest["files"] if "format" in file]
for file in files:
    schema = json.loads((folder / "schemas" / f"{file['table']}.json").read_text())
    siblings = [
        store / other["path"]
        for other in files
        if other["format"] == "parquet" and (other["table"], other.get("partition")) == (file["table"], file.get("partition"))
    ]
    written = pq.ParquetFile(siblings[0]).read().to_pydict()
    # What was written is of the declared types, so that comparing values with it compares types as well.
    for field in schema["fields"]:
        kinds = {type(value) for value in written[field["name"]] if value is not None}
        expect("pyarrow", siblings[0].name, field["name"], kinds - {PYTHON[field["type"]]}, set())
    written = {f["name"]: [plain(f["type"], value) for value in written[f["name"]]] for f in schema["fields"]}
    expect("pyarrow", file["path"], "rows", len(next(iter(written.values()))), file["rows"])
    READ[file["format"]](store / file["path"], Path(file["path"]).name, schema["fields"], written)
print(json.dumps({"reads": reads, "values": compared, "complaints": complaints}))

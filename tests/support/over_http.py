"""Reads a store's current version by HTTP, from a server that counts, and says what is not as it should be.

usage: over_http.py STORE NODE_FOLDER [without-ranges]

Each Parquet file is read by DuckDB (httpfs), Polars, pyarrow and hyparquet: rows, columns, types, and the first and
last rows are compared with what pyarrow finds in the local file. Then each reads one column of the largest file, and may ask
the server for the end of the file and that column, and no more. NODE_FOLDER holds read.mjs and its modules. Prints one
JSON object: how many files each reader read, the bytes that one column took, and the complaints.
"""

import collections
import datetime
import json
import math
import subprocess
import sys
from pathlib import Path

import duckdb
import duckdb_extensions
import fsspec
import polars
import pyarrow.parquet as pq
from serve import Server

ROWS = 20
COLUMN = "reponse"
# How much of a file's end each reader fetches before it knows how long the footer is.
FIRST_GUESS = {"duckdb": 1 << 14, "polars": 1 << 18, "pyarrow": 1 << 16, "hyparquet": 1 << 16}
DUCKDB = {
    "string": "VARCHAR", "int32": "INTEGER", "int64": "BIGINT", "double": "DOUBLE",
    "bool": "BOOLEAN", "date32[day]": "DATE", "timestamp[us, tz=UTC]": "TIMESTAMP WITH TIME ZONE",
}
POLARS = {
    "string": polars.String, "int32": polars.Int32, "int64": polars.Int64, "double": polars.Float64,
    "bool": polars.Boolean, "date32[day]": polars.Date, "timestamp[us, tz=UTC]": polars.Datetime("us", "UTC"),
}
HYPARQUET = {
    "string": ["BYTE_ARRAY", "STRING"], "int32": ["INT32", None], "int64": ["INT64", None], "double": ["DOUBLE", None],
    "bool": ["BOOLEAN", None], "date32[day]": ["INT32", "DATE"], "timestamp[us, tz=UTC]": ["INT64", "TIMESTAMP"],
}

store, node_folder, ranges = Path(sys.argv[1]), sys.argv[2], sys.argv[3:] != ["without-ranges"]
manifest = json.loads((store / json.loads((store / "latest.json").read_text())["manifest"]).read_text())
files = [file for file in manifest["files"] if file.get("format") == "parquet"]
reads, sent, complaints = collections.Counter(), {}, []

duckdb_extensions.import_extension("httpfs")
http = fsspec.filesystem("http")


def ends(rows):
    """The first rows and the last."""
    return rows[:ROWS] + rows[ROWS:][-ROWS:]


# Each reader: from an address and a column, or None for all, to columns with types, number of rows, first and last rows.


def with_duckdb(url, column):
    # Of its own each time, for one keeps what it fetched.
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    relation = database.read_parquet(url)
    if column:
        relation = relation.select(column)
    rows = [dict(zip(relation.columns, row)) for row in relation.fetchall()]
    return dict(zip(relation.columns, map(str, relation.types))), len(rows), ends(rows)


def with_polars(url, column):
    lazy = polars.scan_parquet(url)
    frame = (lazy.select(column) if column else lazy).collect()
    return dict(frame.schema), frame.height, ends(frame.to_dicts())


def with_pyarrow(url, column):
    with http.open(url, cache_type="none") as file:
        table = pq.read_table(file, columns=[column] if column else None)
    return {field.name: str(field.type) for field in table.schema}, table.num_rows, ends(table.to_pylist())


def with_hyparquet(url, column):
    # All rows of a column, or the first and the last of all of them: each is a part of its own.
    rows = next(file["rows"] for file in files if url.endswith(file["path"]))
    parts = [(0, rows)] if column else [(0, min(ROWS, rows)), (max(rows - ROWS, min(ROWS, rows)), rows)]
    asked = [{"url": url, "from": first, "to": end} | ({"columns": [column]} if column else {}) for first, end in parts]
    run = subprocess.run(["node", f"{node_folder}/read.mjs"], input=json.dumps(asked), capture_output=True, text=True)
    if run.returncode:
        raise RuntimeError(run.stderr.strip()[-500:])
    answers = json.loads(run.stdout)
    columns = {name: [physical, logical] for name, physical, logical in answers[0]["columns"]}
    found = [{name: untagged(value) for name, value in row.items()} for answer in answers for row in answer["found"]]
    return columns, answers[0]["rows"], ends(found)


def untagged(value):
    if isinstance(value, dict) and "bigint" in value:
        return ("bigint", int(value["bigint"]))
    if isinstance(value, dict) and "date" in value:
        return datetime.datetime.fromisoformat(value["date"].replace("Z", "+00:00"))
    return value


def as_in_javascript(value, kind):
    """A day is its midnight in UTC, an instant has milliseconds, and 64 bits are a BigInt."""
    if value is None:
        return None
    if kind == "date32[day]":
        return datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.timezone.utc)
    if kind == "timestamp[us, tz=UTC]":
        return value.replace(microsecond=value.microsecond // 1000 * 1000)
    return ("bigint", value) if kind == "int64" else value


def same(ours, theirs):
    if isinstance(ours, datetime.datetime) and isinstance(theirs, datetime.datetime):
        return ours == theirs and theirs.utcoffset() == datetime.timedelta(0)
    if isinstance(ours, float) and type(theirs) in (float, int):
        return math.isclose(ours, theirs, rel_tol=1e-15)
    return type(ours) is type(theirs) and ours == theirs


READERS = {
    "duckdb": (with_duckdb, DUCKDB, lambda value, kind: value),
    "polars": (with_polars, POLARS, lambda value, kind: value),
    "pyarrow": (with_pyarrow, {kind: kind for kind in DUCKDB}, lambda value, kind: value),
    "hyparquet": (with_hyparquet, HYPARQUET, as_in_javascript),
}


def check(reader, file, url):
    """Rows, columns, types, first and last rows."""
    read, types, as_read = READERS[reader]
    written = pq.read_table(store / file["path"], partitioning=None)
    kinds = {field.name: str(field.type) for field in written.schema}
    place = f"{reader}, {Path(file['path']).name}"
    try:
        columns, rows, found = read(url, None)
    except Exception as error:
        return complaints.append(f"{place}: {error}")
    reads[reader] += 1
    if columns != {name: types[kind] for name, kind in kinds.items()}:
        complaints.append(f"{place}: other columns, {columns}")
    if rows != file["rows"]:
        complaints.append(f"{place}: {rows} rows, {file['rows']} published")
    wanted = [{name: as_read(value, kinds[name]) for name, value in row.items()} for row in ends(written.to_pylist())]
    for number, (ours, theirs) in enumerate(zip(wanted, found)):
        for name, value in ours.items():
            if not same(value, theirs.get(name)):
                return complaints.append(f"{place}, {name}, row {number}: {theirs.get(name)!r}, written {value!r}")
    if len(found) != len(wanted):
        complaints.append(f"{place}: {len(found)} first and last rows, {len(wanted)} written")


def enough(file):
    """The bytes that one column takes: those of its pages, and the footer with the indexes before it."""
    data, metadata = (store / file["path"]).read_bytes(), pq.read_metadata(store / file["path"])
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = [group.column(number) for group in groups for number in range(group.num_columns)]
    last = max((c.dictionary_page_offset or c.data_page_offset) + c.total_compressed_size for c in chunks)
    return len(data) - last + sum(c.total_compressed_size for c in chunks if c.path_in_schema == COLUMN)


def check_ranges(reader, file, server):
    """One column of a file: the answers counted, and nothing but parts of the file."""
    place = f"{reader}, one column of {Path(file['path']).name}"
    server.requests.clear()
    try:
        columns, rows, _ = READERS[reader][0](server.url + file["path"], COLUMN)
    except Exception as error:
        return complaints.append(f"{place}: {error}")
    answers = [request for request in server.requests if request.method == "GET"]
    sent[reader] = sum(request.sent for request in answers)
    if rows != file["rows"]:
        complaints.append(f"{place}: {rows} rows, {file['rows']} published")
    if not answers or {request.status for request in answers} != {206}:
        complaints.append(f"{place}: answered by {[(request.range, request.status) for request in answers]}")
    if sent[reader] > enough(file) + FIRST_GUESS[reader]:
        complaints.append(f"{place}: {sent[reader]} bytes, where {enough(file)} are enough")


with Server(store, ranges=ranges) as server:
    for name in READERS:
        for file in files if ranges else []:
            check(name, file, server.url + file["path"])
        check_ranges(name, max(files, key=lambda file: file["bytes"]), server)
print(json.dumps({"files": len(files), "reads": reads, "sent": sent, "complaints": complaints}))

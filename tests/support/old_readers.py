"""Reads every Parquet file of a store with one library, and says what it found: for each file, rows, and for each column how
many values are there and, of real numbers, their sum.

usage: old_readers.py LIBRARY STORE, LIBRARY being pyarrow, fastparquet or duckdb. Prints one JSON object,
{"version": …, "files": {path: [rows, {column: [values, sum]}]}, "unreadable": {path: why}}.
"""

import json
import math
import sys
from pathlib import Path


def by_pyarrow(path):
    import pyarrow.compute
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    columns = {}
    for name in table.column_names:
        column = table.column(name)
        # Every value is decoded.
        column.to_pylist()
        is_real = pyarrow.types.is_floating(column.type)
        columns[name] = [len(column) - column.null_count, pyarrow.compute.sum(column).as_py() if is_real else None]
    return table.num_rows, columns


def by_fastparquet(path):
    import fastparquet

    file = fastparquet.ParquetFile(str(path))
    frame = file.to_pandas()
    real = {one.name for one in file.schema.schema_elements if one.type == 5}
    columns = {name: [int(frame[name].notna().sum()), float(frame[name].sum()) if name in real else None] for name in frame}
    return len(frame), columns


def by_duckdb(path):
    import duckdb

    rows = duckdb.sql(f"SELECT COUNT(*) FROM read_parquet('{path}')").fetchone()[0]
    columns = {}
    for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall():
        total = f'SUM("{name}")' if kind == "DOUBLE" else f'MIN(LENGTH(CAST("{name}" AS VARCHAR)))'
        count, total = duckdb.sql(f"SELECT COUNT(\"{name}\"), {total} FROM read_parquet('{path}')").fetchone()
        columns[name] = [count, total if kind == "DOUBLE" else None]
    return rows, columns


def version(library):
    from importlib.metadata import version as of

    return of(library)


def main(library, store):
    read = {"pyarrow": by_pyarrow, "fastparquet": by_fastparquet, "duckdb": by_duckdb}[library]
    store = Path(store)
    manifest = json.loads((store / json.loads((store / "latest.json").read_text())["manifest"]).read_text())
    files, unreadable = {}, {}
    for file in manifest["files"]:
        if file.get("format") != "parquet":
            continue
        try:
            rows, columns = read(store / file["path"])
        except Exception as error:
            unreadable[file["path"]] = f"{type(error).__name__}: {error}"[:200]
            continue
        written = {}
        for name, (values, total) in columns.items():
            # Libraries add in different orders, and some say 0 or « not a number » of a column without a value.
            known = values > 0 and total is not None and not math.isnan(total)
            written[name] = [values, f"{total:.9g}" if known else None]
        files[file["path"]] = [rows, written]
    print(json.dumps({"version": version(library), "files": files, "unreadable": unreadable}))


if __name__ == "__main__":
    main(*sys.argv[1:])

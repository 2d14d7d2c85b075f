"""Looks at how the Parquet files of a store's current version are made, and says what is not as promised.

Argument: the store. Prints how many files were looked at, and the complaints.
"""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

store = Path(sys.argv[1])
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
folder = (store / latest["manifest"]).parent

complaints = []


def expect(place, what, found, wanted):
    if found != wanted:
        complaints.append(f"{place}, {what}: {found!r}, promised {wanted!r}")


def arrow_type(field):
    if field["type"] == "integer":
        return pa.int64() if field.get("arrow") == "int64" else pa.int32()
    return {
        "string": pa.string(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "datetime": pa.timestamp("us", "UTC"),
    }[field["type"]]


def marked(title):
    return f"[DONNÉES SIMULÉES] {title}" if manifest["simulated"] else title


def look(path, entry, schema, text):
    place = path.name
    file = pq.ParquetFile(path)
    # What is there for other tables leaves their declaration to the version's folder.
    intermediate = schema["guichets"].get("intermediate", False)
    expect(place, "rows", file.metadata.num_rows, entry["rows"])
    expect(place, "columns", file.schema_arrow.names, [field["name"] for field in schema["fields"]])
    for field, column in zip(schema["fields"], file.schema_arrow):
        expect(place, f"{field['name']}, type", column.type, arrow_type(field))
        said = {key.decode(): value.decode() for key, value in (column.metadata or {}).items()}
        told = {} if intermediate else {key: field[key] for key in ("description", "unit") if key in field}
        said = {key: said[key] for key in ("description", "unit") if key in said}
        expect(place, f"{field['name']}, description and unit", said, told)
        required = field.get("constraints", {}).get("required", False)
        expect(place, f"{field['name']}, may be empty", column.nullable, not required)

    said = {key.decode(): value.decode() for key, value in file.metadata.metadata.items()}
    said.pop("ARROW:schema", None)
    wanted = {
        "title": marked(schema["title"]),
        "description": schema["description"],
        "license": manifest["licence"],
        "schema": text,
        "schema_version": schema["version"],
        "simulated": str(manifest["simulated"]).lower(),
    }
    if intermediate:
        wanted.pop("schema")
    # A file that versions share cannot name one of them.
    if "partition" not in entry:
        wanted["version"] = manifest["version"]
        said["created"] = pa.scalar(said.get("created")).cast(pa.timestamp("s", "UTC")).as_py()
        wanted["created"] = pa.scalar(manifest["as_of"]).cast(pa.timestamp("s", "UTC")).as_py()
    expect(place, "key-values", said, wanted)

    names = file.schema_arrow.names
    order = pq.SortingColumn.from_ordering(file.schema_arrow, [(name, "ascending") for name in schema["guichets"]["order"]], "at_start")
    for index in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(index)
        expect(place, f"row group {index} is small", group.num_rows <= 120_000, True)
        expect(place, f"row group {index}, order", tuple(group.sorting_columns), tuple(order))
        for column, name in enumerate(names):
            chunk = group.column(column)
            expect(place, f"{name}, compression", chunk.compression, "ZSTD")
            expect(place, f"{name}, page index", (chunk.has_column_index, chunk.has_offset_index), (True, True))
    for column, name in enumerate(names):
        # Readers and catalogues stumble over these, even where Arrow could read them.
        logical = json.loads(file.schema.column(column).logical_type.to_json())
        plain = logical["Type"] in ("None", "String", "Date", "Timestamp") or logical.get("isSigned") is True
        expect(place, f"{name}, {logical} is a plain type", plain, True)
    rows = file.read(columns=schema["guichets"]["order"])
    in_order = rows.sort_by([(name, "ascending") for name in schema["guichets"]["order"]])
    expect(place, "rows are in the declared order", rows.equals(in_order), True)


looked_at = 0
for entry in manifest["files"]:
    if entry.get("format") == "parquet":
        text = (folder / "schemas" / f"{entry['table']}.json").read_text()
        look(store / entry["path"], entry, json.loads(text), text)
        looked_at += 1
print(json.dumps({"files": looked_at, "complaints": complaints}))

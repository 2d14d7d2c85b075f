"""Changes one published figure of a store, and makes the sizes and digests of manifest and pointer agree with it again.

usage: forge.py STORE TABLE COLUMN; the first value of the column that is neither null nor zero loses a thousandth.
"""

import hashlib
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def main(store, table, column):
    store = Path(store)
    latest = json.loads((store / "latest.json").read_text())
    manifest = json.loads((store / latest["manifest"]).read_text())
    file = next(file for file in manifest["files"] if (file.get("table"), file.get("format")) == (table, "parquet"))
    path = store / file["path"]
    written = pq.read_table(path)
    values = written[column].to_pylist()
    row = next(row for row, value in enumerate(values) if value)
    values[row] = type(values[row])(values[row] * 0.999)
    place = written.schema.get_field_index(column)
    field = written.schema.field(place)
    pq.write_table(written.set_column(place, field, pa.array(values, field.type)), path)
    file |= {"bytes": path.stat().st_size, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (store / latest["manifest"]).write_text(json.dumps(manifest))
    latest["manifest_sha256"] = hashlib.sha256((store / latest["manifest"]).read_bytes()).hexdigest()
    (store / "latest.json").write_text(json.dumps(latest))


if __name__ == "__main__":
    main(*sys.argv[1:])

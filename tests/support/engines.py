"""Makes every derived table of a store's current version with another engine, by the models as they are, and says where
it differs from what is published.

Arguments: the engine, the store, the folder of the models, and the names of the models, each after what it reads. The
engine reads the published Parquet files; what leaves in no file it makes on the way, and reads as Parquet too. Prints,
for each table that is published, how many rows and values were compared, the differences, and how many reals are not the
same to the last bit: counts, dates and texts must be equal, reals to 12 digits.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

TOLERANCE = 1e-12


class DuckDB:
    def __init__(self):
        import duckdb

        self.database = duckdb.connect()
        self.database.execute("SET TimeZone = 'UTC'")
        # It would be printed with the answer.
        self.database.execute("SET enable_progress_bar = false")

    def table(self, name, files):
        self.database.read_parquet(files).create_view(name)

    def run(self, sql):
        return self.database.sql(sql).to_arrow_table()


class DataFusion:
    def __init__(self):
        import datafusion

        self.context = datafusion.SessionContext()

    def table(self, name, files):
        parts = [f"{name}__{number}" for number in range(len(files))]
        for part, file in zip(parts, files):
            self.context.register_parquet(part, file)
        rows = " UNION ALL ".join(f"SELECT * FROM {part}" for part in parts)
        self.context.sql(f"CREATE VIEW {name} AS {rows}").collect()

    def run(self, sql):
        return self.context.sql(sql).to_arrow_table()


class Sail:
    """A server of Spark Connect in this process, and its client: statements alone, as another server would get them."""

    def __init__(self):
        from pysail.spark import SparkConnectServer
        from pyspark.sql import SparkSession

        self.server = SparkConnectServer()
        self.server.start(background=True)
        _, port = self.server.listening_address
        self.session = SparkSession.builder.remote(f"sc://localhost:{port}").getOrCreate()
        self.session.conf.set("spark.sql.session.timeZone", "UTC")

    def table(self, name, files):
        rows = " UNION ALL ".join(f"SELECT * FROM parquet.`{file}`" for file in files)
        self.session.sql(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {rows}").collect()

    def run(self, sql):
        return self.session.sql(sql).toArrow()


ENGINES = {"duckdb": DuckDB, "datafusion": DataFusion, "sail": Sail}

TYPES = {
    "string": pa.string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us", "UTC"),
}
# An engine's own width of a text or a whole number is its own affair; a real is none but a double.
KINDS = {
    "string": lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind),
    # The sum of whole numbers is one of 38 digits to DuckDB.
    "integer": lambda kind: pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0),
    "number": pa.types.is_float64,
    "boolean": pa.types.is_boolean,
    "date": pa.types.is_date32,
    "datetime": lambda kind: pa.types.is_timestamp(kind) and kind.tz is not None,
}


def declared(field):
    if field["type"] == "integer":
        return pa.int64() if field.get("arrow") == "int64" else pa.int32()
    return TYPES[field["type"]]


def conformed(made, fields):
    """The columns of a result as its schema declares them, and what is not as declared."""
    names = {field["name"] for field in fields}
    complaints = [f"column {name} is not declared" for name in made.column_names if name not in names]
    columns = {}
    for field in fields:
        name = field["name"]
        if made.column_names.count(name) != 1:
            complaints.append(f"column {name} is there {made.column_names.count(name)} times")
            continue
        column = made.column(name)
        # A column of nothing has no type to speak of.
        if not KINDS[field["type"]](column.type) and column.null_count < len(column):
            complaints.append(f"column {name} is of the type {column.type}")
            continue
        columns[name] = column.cast(declared(field))
    return pa.table(columns), complaints


def bits(column):
    return column.combine_chunks().view(pa.int64())


def differing(ours, theirs):
    """Which values of a column are not the same, and how many reals only to the last bit."""
    nulls = pc.not_equal(pc.is_null(ours), pc.is_null(theirs))
    if ours.type != pa.float64():
        return pc.or_(nulls, pc.fill_null(pc.not_equal(ours, theirs), False)), 0
    most = pc.max_element_wise(pc.abs(ours), pc.abs(theirs))
    far = pc.greater(pc.abs(pc.subtract(ours, theirs)), pc.multiply(most, TOLERANCE))
    nearly = pc.sum(pc.not_equal(bits(ours), bits(theirs))).as_py() or 0
    return pc.or_(nulls, pc.fill_null(far, False)), nearly


def compared(published, made, schema):
    made, differences = conformed(made, schema["fields"])
    values, reals, nearly = 0, 0, 0
    if published.num_rows != made.num_rows:
        differences.append(f"{published.num_rows} rows published, {made.num_rows} made")
    if differences:
        return {"rows": published.num_rows, "values": 0, "reals": 0, "nearly": 0, "differences": differences}
    order = [(name, "ascending") for name in schema["primaryKey"]]
    published, made = published.sort_by(order), made.sort_by(order)
    for name in published.column_names:
        ours, theirs = published.column(name), made.column(name)
        wrong, last_bit = differing(ours, theirs)
        values += len(ours) - ours.null_count
        reals += len(ours) - ours.null_count if ours.type == pa.float64() else 0
        nearly += last_bit
        if found := pc.sum(wrong).as_py():
            at = pc.index(wrong, True).as_py()
            row = {key: str(published.column(key)[at]) for key in schema["primaryKey"]}
            differences.append(f"{name} on {found} rows: published {ours[at]}, made {theirs[at]}, at {row}")
    return {"rows": published.num_rows, "values": values, "reals": reals, "nearly": nearly, "differences": differences}


def main(engine, store, models, names):
    latest = json.loads((store / "latest.json").read_text())
    manifest = json.loads((store / latest["manifest"]).read_text())
    schemas = (store / latest["manifest"]).parent / "schemas"
    schemas = {path.stem: json.loads(path.read_text()) for path in schemas.glob("*.json")}
    files = {}
    for file in manifest["files"]:
        if file.get("format") == "parquet":
            files.setdefault(file["table"], []).append(str(store / file["path"]))
    engine = ENGINES[engine]()
    report = {}
    with tempfile.TemporaryDirectory() as folder:

        def written(name, rows):
            path = str(Path(folder) / f"{name}.parquet")
            pq.write_table(rows, path)
            return [path]

        for name, schema in schemas.items():
            if name not in files and (name not in names or schema["guichets"]["formats"]):
                # What is split and has no row has no file.
                files[name] = written(name, pa.table({f["name"]: pa.array([], declared(f)) for f in schema["fields"]}))
            if name in files:
                engine.table(name, files[name])
        for name in names:
            schema = schemas[name]
            try:
                made = engine.run((models / f"{name}.sql").read_text())
            except Exception as error:
                report[name] = {"rows": 0, "values": 0, "reals": 0, "nearly": 0, "differences": [f"it fails: {error}"]}
                continue
            if name in files:
                published = pa.concat_tables(pq.read_table(file) for file in files[name])
                report[name] = compared(published, made, schema)
                continue
            step, complaints = conformed(made, schema["fields"])
            engine.table(name, written(name, step))
            if complaints:
                report[name] = {"rows": made.num_rows, "values": 0, "reals": 0, "nearly": 0, "differences": complaints}
    print(json.dumps(report), flush=True)


main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
# A server that is let go waits for its tasks, at times for ever.
os._exit(0)

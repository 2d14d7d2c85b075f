"""Recomputes every derived table of a store's current version with DuckDB, and says where it differs.

Comes after store_tables.py, and reads the published Parquet files and nothing else. Arguments: the store, and the folder of
the models. Prints, for each model, how many rows and values were compared and the differences; counts, dates and texts must
be equal, reals to 12 digits.

A table that its schema splits by month is also made month by month, each from that month's files and the small tables
alone: the months together must be what all at once gives.
"""

models = Path(sys.argv[2])

WHOLE = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
TYPES = {
    "string": {"VARCHAR"},
    "integer": WHOLE,
    "number": {"DOUBLE"},
    "boolean": {"BOOLEAN"},
    "date": {"DATE"},
    "datetime": {"TIMESTAMP WITH TIME ZONE"},
}

MONTH = "mois"

# The tables of which a model that works month by month sees one month; some of them are made so.
OF_MONTHS = {table for table in parts if any(field["name"] == MONTH for field in declared(table)["fields"])}
SPLIT = {table for table in parts if publication(table).get("partition")}

# A table that is split and has no row has no file.
EMPTY = {"string": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "datetime": "TIMESTAMPTZ"}
for path in schemas.glob("*.json"):
    if path.stem not in parts and path.stem not in STEPS:
        fields = declared(path.stem)["fields"]
        columns = ", ".join(f'"{field["name"]}" {EMPTY[field["type"]]}' for field in fields)
        database.execute(f"CREATE TABLE {path.stem} ({columns})")

make_steps(models)


def bind(month):
    """Lets the models see one month of every table that has months, or all of them."""
    for table in OF_MONTHS:
        rows = database.read_parquet(parts[table])
        (rows if month is None else rows.filter(f"{MONTH} = '{month}'")).create_view(table)


def month_by_month(query):
    """What differs between a split table made at once, `recomputed`, and the same made of one month at a time."""
    names = ", ".join(f'"{name}"' for name in database.table("recomputed").columns)
    database.execute("CREATE TABLE in_months AS SELECT * FROM recomputed LIMIT 0")
    months = database.execute(f"SELECT {MONTH} FROM tentatives UNION SELECT {MONTH} FROM recomputed ORDER BY 1").fetchall()
    for (month,) in months:
        bind(month)
        database.execute(f"INSERT INTO in_months SELECT {names} FROM ({query})")
    bind(None)
    sides = ("recomputed", "in_months"), ("in_months", "recomputed")
    alone = [one(f"SELECT count(*) FROM (FROM {here} EXCEPT ALL FROM {there})") for here, there in sides]
    database.execute("DROP TABLE in_months")
    return [f"{alone[0]} rows at once only, {alone[1]} month by month only"] if any(alone) else []


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
    if table in STEPS:
        continue  # Nothing of it is published: what is made of it is compared.
    schema = declared(table)
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
    if table in SPLIT:
        differences += month_by_month(model.read_text().rstrip())
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

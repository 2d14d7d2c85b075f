"""Runs the queries of a Markdown file in DuckDB, and compares their answers with those that stand below them.

usage: stories.py QUERIES.md FOLDER, where FOLDER holds the Parquet files. Prints one JSON object:
{"queries": how many were run, "wrong": [what was found where something else stands]}.
"""

import csv
import io
import json
import os
import re
import sys

import duckdb


def answer(connection, sql):
    result = connection.execute(sql)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(column[0] for column in result.description)
    for row in result.fetchall():
        writer.writerow(str(value).lower() if isinstance(value, bool) else value for value in row)
    return text.getvalue().strip()


def main(queries, folder):
    with open(queries, encoding="utf-8") as file:
        pairs = re.findall(r"```sql\n(.*?)```\s*```csv\n(.*?)```", file.read(), re.DOTALL)
    os.chdir(folder)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = [(answer(connection, sql), expected.strip()) for sql, expected in pairs]
    wrong = [f"found:\n{is_}\nstands there:\n{stands}" for is_, stands in found if is_ != stands]
    print(json.dumps({"queries": len(pairs), "wrong": wrong}))


if __name__ == "__main__":
    main(*sys.argv[1:])

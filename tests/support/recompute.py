"""Runs the recompute.sql of a version as its readers would. usage: recompute.py FOLDER; prints the last answer as JSON."""

import json
import os
import sys

import duckdb

os.chdir(sys.argv[1])
connection = duckdb.connect()
with open("recompute.sql", encoding="utf-8") as file:
    statements = duckdb.extract_statements(file.read())
for statement in statements:
    result = connection.execute(statement)
print(json.dumps(result.fetchall()))

"""Validates CSV files against Table Schemas with frictionless and with Validata, which France uses.

Arguments: schema, CSV, schema, CSV, … Prints for each pair what each validator says of it: whether it is valid, how many
rows it read, what it complains of. Whatever stops a validator is a complaint: Validata raises where the header is not
the declared one.
"""

import json
import re
import sys
from pathlib import Path

from frictionless import Resource, Schema
from validata_core.main import validate, validate_schema

# Without these, schema.data.gouv.fr does not take a schema in.
REQUIRED = ("name", "title", "description", "homepage", "version", "contributors")


def frictionless(schema, path):
    report = Resource(path=path.name, basepath=str(path.parent), schema=Schema.from_descriptor(schema)).validate()
    rows = sum(task.stats.get("rows", 0) for task in report.tasks)
    return {"valid": report.valid, "rows": rows, "complaints": [row[0] for row in report.flatten(["message"])][:5]}


def validata(schema, path):
    complaints = [f"the schema lacks {key}" for key in REQUIRED if not schema.get(key)]
    if not re.fullmatch(r"\d+\.\d+\.\d+", schema["version"]):
        complaints.append("the schema's version is not semantic")
    complaints += [error.message for error in validate_schema(schema).errors]
    report = validate(str(path), schema)
    # A column too many is a warning to Validata; what is published has none.
    complaints += [error.message for error in report.errors] + report.warnings
    valid = report.valid and not complaints
    return {"valid": valid, "rows": report.stats.rows, "complaints": complaints[:5]}


def tried(validator, schema, path):
    try:
        return validator(json.loads(Path(schema).read_text()), Path(path))
    except Exception as error:
        return {"valid": False, "rows": 0, "complaints": [f"{type(error).__name__}: {error}"]}


pairs = zip(sys.argv[1::2], sys.argv[2::2])
validators = {"frictionless": frictionless, "validata": validata}
print(json.dumps([{name: tried(run, *pair) for name, run in validators.items()} for pair in pairs]))

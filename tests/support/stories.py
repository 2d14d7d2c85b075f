"""Runs the queries of a Markdown file in DuckDB, and compares their answers with those that stand below them.

usage: stories.py QUERIES.md FOLDER, where FOLDER is latest/ of a store. Prints one JSON object:
{"queries": how many were run, "wrong": [what was found where something else stands], "windows": how many published periods
the macro for any window was compared with, "other": [those of which it gives something else]}.
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


PERIODS = ("semaine", "mois", "trimestre", "annee", "ensemble")
# What depends on the kind of a period: a window is graded as a month is, and is complete by itself.
OF_THE_KIND = {"periode_complete", "premier_jour", "dernier_jour", "qualite", "motif", "motif_ic95"}
# What is published where the grade, which depends on the kind, allows it.
OF_THE_GRADE = {"taux_sans_rdv", "ic95_bas", "ic95_haut", "n_effectif", "reponses_par_proposition"}


def windows(connection):
    """The macro for any window, on each service and period that is published: every column, to the last bit but for sums of
    squares."""
    compared, other = 0, []

    def columns_of(period):
        rows = connection.execute(f"DESCRIBE SELECT * FROM '../../latest/disponibilite_{period}*.parquet'").fetchall()
        return [row[0] for row in rows if row[0] not in OF_THE_KIND]

    whole = columns_of("ensemble")
    for period in PERIODS:
        columns = [name for name in whole if name in columns_of(period)]
        first = f"SELECT guichet_id, demarche_id, premier_jour, dernier_jour, {', '.join(columns)} FROM '../../latest/disponibilite_{period}*.parquet'"
        for row in connection.execute(first).fetchall():
            found = connection.execute(f"SELECT {', '.join(columns)} FROM fenetre(?, ?, ?, ?)", row[:4]).fetchone()
            compared += 1
            for name, ours, theirs in zip(columns, found, row[4:]):
                if name in OF_THE_GRADE and None in (ours, theirs):
                    continue
                same = ours == theirs or (isinstance(ours, float) and isinstance(theirs, float) and abs(ours - theirs) <= 1e-12 * abs(theirs))
                if not same:
                    other.append(f"{period}, {row[:4]}, {name}: {ours} and not {theirs}")
    return compared, other


def main(queries, folder):
    with open(queries, encoding="utf-8") as file:
        pairs = re.findall(r"```sql\n(.*?)```\s*```csv\n(.*?)```", file.read(), re.DOTALL)
    os.chdir(folder)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    with open("manifest.json", encoding="utf-8") as file:
        version = os.path.join("..", "versions", json.load(file)["version"])
    with open("fenetre.sql", encoding="utf-8") as file:
        macro = file.read()
    found = [(answer(connection, sql), expected.strip()) for sql, expected in pairs if "fenetre(" not in sql]
    os.chdir(version)
    connection.execute(macro)
    found += [(answer(connection, sql), expected.strip()) for sql, expected in pairs if "fenetre(" in sql]
    wrong = [f"found:\n{is_}\nstands there:\n{stands}" for is_, stands in found if is_ != stands]
    compared, other = windows(connection)
    print(json.dumps({"queries": len(pairs), "wrong": wrong, "windows": compared, "other": other}))


if __name__ == "__main__":
    main(*sys.argv[1:])

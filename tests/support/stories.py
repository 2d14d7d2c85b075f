"""Runs the queries of a Markdown file in DuckDB, and compares their answers with those that stand below them.

usage: stories.py QUERIES.md FOLDER, where FOLDER holds the Parquet files. Prints one JSON object:
{"queries": how many were run, "wrong": [what was found where something else stands], "windows": how many published periods
the query for any window was compared with, "other": [those of which it gives something else]}.
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
FIGURES = ("taux_sans_rdv", "ic95_bas", "ic95_haut", "borne_basse", "borne_haute", "couverture")


def windows(connection, sql):
    """The query for any window, on each service and period of which a share of time is published."""
    compared, other = 0, []
    stated = re.search(r"SELECT '(.*)' AS guichet_id, '(.*)' AS demarche_id,\s*DATE '(.*)' AS du, DATE '(.*)' AS au", sql).groups()
    for period in PERIODS:
        rows = connection.execute(
            f"SELECT guichet_id, demarche_id, premier_jour, dernier_jour, {', '.join(FIGURES)} "
            f"FROM 'disponibilite_{period}.parquet' WHERE taux_sans_rdv IS NOT NULL AND secondes_prevues > 0 "
            # A week is refused an interval that a window of any length is not.
            "AND COALESCE(motif_ic95, '') <> 'trop_peu_de_jours_fermes'"
        ).fetchall()
        for row in rows:
            asked = sql
            for ours, theirs in zip(stated, map(str, row[:4])):
                asked = asked.replace(f"'{ours}'", f"'{theirs}'")
            found, wanted = connection.execute(asked).fetchone()[2:], row[4:]
            pairs = [(one, round(two, 3)) for one, two in zip(found, wanted) if None not in (one, two)]
            same = [one is None for one in found] == [two is None for two in wanted]
            compared += 1
            if not same or any(abs(one - two) > 0.0011 for one, two in pairs):
                other.append(f"{period}, {row}: {found}")
    return compared, other


def main(queries, folder):
    with open(queries, encoding="utf-8") as file:
        pairs = re.findall(r"```sql\n(.*?)```\s*```csv\n(.*?)```", file.read(), re.DOTALL)
    os.chdir(folder)
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    found = [(answer(connection, sql), expected.strip()) for sql, expected in pairs]
    wrong = [f"found:\n{is_}\nstands there:\n{stands}" for is_, stands in found if is_ != stands]
    compared, other = windows(connection, next(sql for sql, _ in pairs if "fenetre AS" in sql))
    print(json.dumps({"queries": len(pairs), "wrong": wrong, "windows": compared, "other": other}))


if __name__ == "__main__":
    main(*sys.argv[1:])

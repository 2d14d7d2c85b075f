"""Finds the consultations and cycles of small random logs with loops, and says where the published models differ.

Argument: the folder of the models. The logs are drawn so that the hard cases are common: ids used again, with and without
a beginning, silences of exactly the longest cycle and a microsecond more, plannings asked twice, months that end in the
midst of a cycle, dates of any century, counts that 32 bits cannot add. Prints {"logs": n, "rows": consultations compared,
"wrong": ["log …: …", …]}.
"""

import json
import random
import sys
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import duckdb

LOGS, SEED = 120, 20190401
START = datetime(2019, 3, 28, tzinfo=timezone.utc)
LONGEST = timedelta(hours=6)
DATES = [None, date(1, 1, 1), date(2019, 5, 2), date(2020, 2, 29), date(9999, 12, 31)]
OUTCOMES = {"oui": "rdv_propose", "non": "aucun_rdv", "inconnue": "bloque"}

draw = random.Random(SEED)
sql = {name: (Path(sys.argv[1]) / f"{name}.sql").read_text(encoding="utf-8") for name in ("consultations", "cycles")}

KINDS = dict.fromkeys(["cycle_debut_utc", "instant_utc", "debut_utc", "fin_utc"], "TIMESTAMPTZ")
KINDS |= dict.fromkeys(["date_locale", "jour", "premiere_date", "deuxieme_date"], "DATE")
KINDS |= dict.fromkeys(["essai", "jour_semaine", "creneaux", "horizon_jours", "delai_jours"], "INTEGER")
KINDS |= dict.fromkeys(["cycle_max_h", "delai_court_jours", "delai_long_jours"], "INTEGER")
KINDS |= {"cadence_min": "DOUBLE", "negatifs_consignes": "BOOLEAN"}


def an_attempt(number):
    hours = timedelta(hours=6 * draw.randrange(20))
    when = START + draw.choice([hours, timedelta(minutes=30 * draw.randrange(240))])
    when += timedelta(microseconds=draw.choice([0, 0, 1]))
    answer = draw.choice(list(OUTCOMES))
    first, second = (draw.choice(DATES), draw.choice(DATES)) if answer == "oui" else (None, None)
    return {
        "tentative_id": f"{draw.randrange(10**9):09}-{number}",
        "cycle_id": draw.choice([None, "c1", "c2", "c3"]),
        "cycle_debut_utc": draw.choice([None, None, None, when, START + timedelta(hours=6 * draw.randrange(20))]),
        "essai": draw.choice([1, 1, 1, 2]),
        "instant_utc": when,
        "date_locale": when.date(),
        "heure_locale": f"{when:%H:%M:%S}",
        "jour_semaine": when.isoweekday(),
        "semaine_iso": "2019-W14",
        "mois": f"{when:%Y-%m}",
        "guichet_id": draw.choice(["g1", "g2"]),
        "demarche_id": "d",
        "planning_id": draw.choice([None, "p1", "p2"]),
        "departement": "91",
        "issue": OUTCOMES[answer],
        "reponse": answer,
        "creneaux": draw.choice([None, 2**31 - 1]) if answer == "oui" else None,
        "premiere_date": first,
        "deuxieme_date": second,
        "horizon_jours": None,
        "delai_jours": (first - when.date()).days if first else None,
    }


def beginnings(log):
    """When the cycle of each attempt began."""
    begun, silent = {}, {}
    for row in log:
        if row["cycle_id"] is None or row["cycle_debut_utc"]:
            begun[row["tentative_id"]] = row["cycle_debut_utc"] or row["instant_utc"]
        else:
            silent.setdefault((row["guichet_id"], row["mois"], row["cycle_id"]), []).append(row)
    for rows in silent.values():
        before = None
        for row in sorted(rows, key=lambda row: row["instant_utc"]):
            if before is None or row["instant_utc"] - before > LONGEST:
                start = row["instant_utc"]
            before = row["instant_utc"]
            begun[row["tentative_id"]] = start
    return begun


def grouped(log):
    begun, found = beginnings(log), {}
    for row in log:
        name = row["cycle_id"] or row["tentative_id"]
        key = (row["guichet_id"], row["mois"], name, begun[row["tentative_id"]], row["essai"])
        found.setdefault(key, []).append(row)
    return found


def consultation(rows):
    plannings = {row["planning_id"] for row in rows}
    counts = [row["creneaux"] for row in rows if row["creneaux"] is not None]
    offers = [row for row in rows if row["premiere_date"]]
    days = [row["delai_jours"] for row in offers]
    days += [(row["deuxieme_date"] - row["date_locale"]).days for row in offers if row["deuxieme_date"]]
    stated = any(row["cycle_debut_utc"] for row in rows)
    latest = max(row["instant_utc"] for row in rows)
    return (len(rows), len(plannings), latest, stated, sum(counts) if counts else None, *(sorted(days) + [None, None])[:2])


def cycles(consultations):
    """By service and month: cycles, doubtful ones, ids used again, too long, plannings asked twice."""
    all_tries, counts, before = {}, {}, {}
    for key, rows in consultations.items():
        all_tries.setdefault(key[:4], []).append(rows)
    for (office, month, name, began), tries in sorted(all_tries.items()):
        looks = [row["instant_utc"] for rows in tries for row in rows]
        stated = any(row["cycle_debut_utc"] for rows in tries for row in rows)
        last, last_stated = before.get((office, month, name), (None, None))
        again = last is not None and not (stated and last_stated and began - last >= LONGEST)
        long = max(looks) - min(looks) > LONGEST
        twice = any(len(rows) > len({row["planning_id"] for row in rows}) for rows in tries)
        before[office, month, name] = began, stated
        faults = [True, again or long or twice, again, long, twice]
        counts[office, month] = [sum(pair) for pair in zip(counts.get((office, month), [0] * 5), faults)]
    return counts


def load(table, rows):
    shape = json.dumps([{column: KINDS.get(column, "VARCHAR") for column in rows[0]}])
    rows = json.dumps(rows, default=str)
    read = f"SELECT unnest(from_json(CAST(? AS JSON), '{shape}'), recursive := true)"
    database.execute(f"CREATE OR REPLACE TABLE {table} AS {read}", [rows])


def queried(table, key, columns):
    rows = database.execute(f"SELECT {key}, {columns} FROM {table}").fetchall()
    width = key.count(",") + 1
    return {row[:width]: row[width:] for row in rows}


database = duckdb.connect(config={"threads": 1})
database.execute("SET TimeZone = 'UTC'")
database.execute("SET enable_progress_bar = false")
days = [START.date() + timedelta(days=day) for day in range(-1, 12)]
services = [{"guichet_id": office, "demarche_id": "d"} for office in ("g1", "g2")]
load("parametres", [{"cycle_max_h": 6, "delai_court_jours": 30, "delai_long_jours": 60}])
period = {"debut_utc": START, "fin_utc": START + timedelta(days=9), "cadence_min": 60.0}
load("perimetre", [service | period for service in services])
load("calendrier", [one | {"jour": day, "negatifs_consignes": True} for one in services for day in days])
compared, wrong = 0, []
for number in range(LOGS):
    log = [an_attempt(place) for place in range(draw.choice([1, 5, 30, 60]))]
    load("tentatives", log)
    for table, query in sql.items():
        database.execute(f"CREATE OR REPLACE TABLE {table} AS {query}")
    wanted = grouped(log)
    compared += len(wanted)
    found = queried(
        "consultations",
        "guichet_id, mois, consultation_id, debut_utc, essai",
        "lignes, plannings, dernier_utc, debut_consigne, creneaux, delai_jours, deuxieme_delai_jours",
    )
    if found != {key: consultation(rows) for key, rows in wanted.items()}:
        wrong.append(f"log {number}: consultations")
    found = queried("cycles", "guichet_id, mois", "cycles, douteux, recommences, longs, repetes")
    if found != {key: tuple(counts) for key, counts in cycles(wanted).items()}:
        wrong.append(f"log {number}: cycles")
print(json.dumps({"logs": LOGS, "rows": compared, "wrong": wrong}))

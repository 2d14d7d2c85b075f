"""Checks the table delais against loops over small random worlds, and against first dates of which the law is known.

Argument: the folder of the models. Prints {"rows": rows compared, "wrong": [differences, at most one a world], "scarce":
[what is published where the true median is 21, 42 and 83 days, and a probe looks 30 days ahead]}.
"""

import json
import math
import random
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb

WORLDS, SEED = 120, 20190401
CLASSES = ["deux_dates_sous_30_jours", "une_date_sous_30_jours", "entre_30_et_60_jours", "au_dela_de_60_jours"]
ALL = [*CLASSES, "aucune_date", "date_non_lue"]
SETTINGS = {"delai_court_jours": 30, "delai_long_jours": 60, "part_dates_non_lues_max": 0.25}
KEY = ["guichet_id", "demarche_id", "mois"]
COLUMNS = {
    "consultations": {"jour": "DATE", "complete": "BOOLEAN", "negatifs_consignes": "BOOLEAN"}
    | dict.fromkeys([*KEY, "reponse", "classe_delai"], "VARCHAR")
    | dict.fromkeys(["horizon_jours", "delai_jours", "deuxieme_delai_jours"], "INTEGER"),
    "sommes_semaines": dict.fromkeys([*KEY, "poids_en"], "VARCHAR")
    | {f"secondes_{name}": "BIGINT" for name in [*CLASSES, "date_non_lue"]},
    "disponibilite_mois": dict.fromkeys([*KEY, "departement", "qualite", "motif"], "VARCHAR")
    | dict.fromkeys(["consultations", "reponses", "oui", "reponses_retenues"], "INTEGER")
    | dict.fromkeys(["secondes_prevues", "secondes_repondues", "secondes_non"], "BIGINT")
    | {"taux_sans_rdv": "DOUBLE"},
    "parametres": dict.fromkeys(["reponses_min_mediane", "reponses_min_p90", "jours_min_quantile"], "INTEGER")
    | {"delai_court_jours": "INTEGER", "delai_long_jours": "INTEGER", "part_dates_non_lues_max": "DOUBLE"},
}
REASONS = {None: "suffisante", "couverture_faible": "partielle", "trop_peu_de_jours": "insuffisante"}
# Of a month without an answer; the others weigh by a cycle that was looked at in the month after it.
SILENT = ["aucune_mesure", "negatifs_non_consignes", "aucune_consultation_complete", "aucune_reponse"]

models = Path(sys.argv[1])
draw = random.Random(SEED)


def query(table):
    (path,) = models.rglob(f"{table}.sql")
    return path.read_text(encoding="utf-8").rstrip()


QUERIES = {table: query(table) for table in ("delais_mesures", "delais")}


def the_class(answer, first, second):
    if answer == "non":
        return "aucune_date"
    if answer != "oui":
        return None
    if first is None:
        return "date_non_lue"
    if first <= 30:
        return CLASSES[0] if second is not None and second <= 30 else CLASSES[1]
    return CLASSES[2] if first <= 60 else CLASSES[3]


def a_look(month, day, recorded, answer, first=None, second=None, horizon=None, complete=True):
    row = {"jour": day, "negatifs_consignes": recorded, "reponse": answer, "horizon_jours": horizon}
    row |= {"complete": complete, "delai_jours": first, "deuxieme_delai_jours": second}
    return month | row | {"classe_delai": the_class(answer, first, second)}


def random_looks(month, days):
    weights = draw.choice([[2, 6, 2, 1], [6, 3, 1, 0], [1, 20, 2, 1], [8, 1, 0, 0]])
    dateless, horizons = draw.choice([0.0, 0.2, 0.5]), draw.choice([[None], [7], [30, 45], [60], [90], [7, 90, None]])
    for _ in range(draw.choice([0, 2, 8, 25, 60])):
        day, recorded = draw.choice(days)
        answer = draw.choices(["oui", "non", "inconnue", "hors_champ"], weights)[0]
        dated = answer == "oui" and draw.random() >= dateless
        first = draw.choice([3, 7, 10, 30, 31, 60, 61, 100]) if dated else None
        second = first + draw.choice([0, 1, 5]) if dated and draw.random() < 0.5 else None
        complete = answer == "non" or (answer != "inconnue" and draw.random() < 0.9)
        yield a_look(month, day, recorded, answer, first, second, draw.choice(horizons), complete)


def retained(row):
    return row["complete"] and row["negatifs_consignes"] and row["reponse"] in ("oui", "non")


def a_world(looks_of=random_looks, months=2):
    world = {table: [] for table in COLUMNS}
    world["parametres"] = [SETTINGS | {name: draw.randint(1, 8) for name in list(COLUMNS["parametres"])[:3]}]
    for number in range(months):
        month = {"guichet_id": f"g{number}", "demarche_id": "d", "mois": "2019-04"}
        days = [(date(2019, 4, 1) + timedelta(days=at), draw.random() < 0.9) for at in range(30)]
        rows, scheduled = list(looks_of(month, days)), draw.random() < 0.8
        world["consultations"] += rows
        times = []
        # What is summed of a week has no part in days that are not recorded; where nothing was expected, it stands there twice.
        for _, recorded in days:
            if scheduled and draw.random() < 0.8:
                spans = {name: draw.choice([0, draw.randrange(86400)]) for name in ALL}
                if not recorded:
                    continue
                times.append(spans)
                spans = {f"secondes_{name}": seconds for name, seconds in spans.items() if name != "aucune_date"}
                units = ["secondes", "reponses"] if len(times) % 10 == 0 else ["secondes"]
                world["sommes_semaines"] += [month | {"poids_en": unit} | spans for unit in units]
        answers = sum(map(retained, rows))
        reason = draw.choice(list(REASONS) if answers else [*SILENT, *REASONS])
        row = {"departement": "76", "motif": reason, "qualite": REASONS.get(reason, "insuffisante")}
        row |= {"consultations": len(rows), "reponses": sum(row["reponse"] in ("oui", "non") for row in rows)}
        row |= {"oui": sum(row["reponse"] == "oui" for row in rows), "reponses_retenues": answers, "taux_sans_rdv": None}
        row |= {"secondes_prevues": 2592000 if scheduled else 0, "secondes_non": sum(one["aucune_date"] for one in times)}
        row |= {"secondes_repondues": sum(map(sum, (one.values() for one in times)))}
        world["disponibilite_mois"].append(month | row)
        world.setdefault("times", []).append(times)
    return world


def first_that_holds(reasons):
    return next((name for name, holds in reasons if holds), None)


def reference(world):
    """Every column that the models add to disponibilite_mois, by loops."""
    least = world["parametres"][0]
    for month, times in zip(world["disponibilite_mois"], world["times"]):
        rows = [row for row in world["consultations"] if row["guichet_id"] == month["guichet_id"]]
        answers, yeses = list(filter(retained, rows)), [row for row in rows if row["reponse"] == "oui"]
        row = {"avec_date": sum(one["delai_jours"] is not None for one in yeses)}
        row |= {"avec_deuxieme_date": sum(one["deuxieme_delai_jours"] is not None for one in yeses)}
        for name in ("delai", "deuxieme_delai"):
            days = [one[f"{name}_jours"] for one in yeses if one[f"{name}_jours"] is not None]
            row[f"{name}_min_jours"] = min(days, default=None)
        horizons = [one["horizon_jours"] for one in answers if one["horizon_jours"] is not None]
        horizon = min(horizons, default=None)
        row |= {"horizon_min_jours": horizon, "horizon_max_jours": max(horizons, default=None)}
        noes = [one for one in answers if one["reponse"] == "non"]
        row |= {"non_sans_horizon": sum(one["horizon_jours"] is None for one in noes)}
        row |= {"oui_retenus": len(answers) - len(noes)}
        counts = {name: sum(one["classe_delai"] == name for one in answers) for name in ALL}
        row |= {f"{name}_consultations": count for name, count in counts.items()}
        seconds = {name: sum(one[name] for one in times) for name in ALL}
        row |= {f"secondes_{name}": amount for name, amount in seconds.items()}
        missing = counts["date_non_lue"] > least["part_dates_non_lues_max"] * row["oui_retenus"]
        if answers and missing:
            row |= {"motif": "dates_non_relevees", "qualite": "insuffisante"}
        told = (month | row)["qualite"] in ("suffisante", "partielle")
        weights, whole = (seconds, month["secondes_repondues"]) if month["secondes_prevues"] else (counts, len(answers))
        reach = -1 if horizon is None else horizon
        seen = dict(zip(ALL, [reach >= 30, reach >= 30, reach >= 60, reach > 60, True, True]))
        row |= {f"part_{n}": weights[n] / whole if told and seen[n] and whole else None for n in ALL}
        short = "horizon_inconnu" if horizon is None else None if reach > 60 else "horizon_court"
        row["motif_classes"] = short if told else None
        # A « no », and a date beyond the horizon, are as far as can be.
        dated = [one for one in answers if one["classe_delai"] != "date_non_lue"]
        delays = [math.inf if one["delai_jours"] is None or one["delai_jours"] > reach else one["delai_jours"] for one in dated]
        delays.sort()
        row |= {"reponses_delais": len(dated), "jours_delais": len({one["jour"] for one in dated})}
        silent = month["motif"] if month["motif"] in SILENT else "aucune_reponse"
        reasons = [(silent, not answers), ("dates_non_relevees", missing), ("horizon_inconnu", horizon is None)]
        reasons += [("trop_peu_de_reponses", len(dated) < least["reponses_min_mediane"])]
        reasons += [("trop_peu_de_jours", row["jours_delais"] < least["jours_min_quantile"])]
        row["motif_delais"] = first_that_holds(reasons)
        for name, tenths, needed in [("median", 5, 0), ("p90", 9, least["reponses_min_p90"])]:
            # The least delay that as many tenths of the answers have at most.
            known = row["motif_delais"] is None and len(delays) >= needed
            value = delays[-(-tenths * len(delays) // 10) - 1] if known else None
            row[f"delai_{name}_jours"] = None if value == math.inf else value
            row[f"delai_{name}_superieur_a_jours"] = horizon if value == math.inf else None
        yield month | row


database = duckdb.connect(config={"threads": 1})
database.execute("SET enable_progress_bar = false")


def published(world):
    for table, kinds in COLUMNS.items():
        shape, rows = json.dumps([kinds]), json.dumps(world[table], default=str)
        load = f"SELECT unnest(from_json(CAST(? AS JSON), '{shape}'), recursive := true)"
        database.execute(f"CREATE OR REPLACE TABLE {table} AS {load}", [rows])
    for table, sql in QUERIES.items():
        database.execute(f"CREATE OR REPLACE TABLE {table} AS {sql}")
    result = database.execute("SELECT * FROM delais ORDER BY guichet_id")
    return [dict(zip((column[0] for column in result.description), row)) for row in result.fetchall()]


def same(ours, theirs):
    exact = not isinstance(theirs, float) or ours is None
    return ours == theirs if exact else math.isclose(ours, theirs, rel_tol=1e-12)


def difference(world):
    """The first one, in words, and how many rows there are."""
    found, wanted = published(world), sorted(reference(world), key=lambda row: row["guichet_id"])
    assert len(found) == len(wanted)
    for ours, theirs in zip(found, wanted):
        for column, value in ours.items():
            if not same(value, theirs[column]):
                return len(wanted), f"{column}: {value}, and {theirs[column]} expected"
    return len(wanted), None


def scarce(median):
    """A month of hourly looks at exponential first dates, of which those within 30 days are seen."""

    def looks(month, days):
        for day, _ in days:
            for _ in range(24):
                first = int(draw.expovariate(math.log(2) / median))
                offered = {"first": first, "second": first} if first <= 30 else {}
                yield a_look(month, day, True, "oui" if offered else "non", horizon=30, **offered)

    world = a_world(looks, months=1)
    world["parametres"][0] |= {"reponses_min_mediane": 20, "reponses_min_p90": 50, "jours_min_quantile": 7}
    world["disponibilite_mois"][0] |= {"secondes_prevues": 0, "qualite": "suffisante", "motif": None}
    (row,) = published(world)
    return {name: value for name, value in row.items() if name.startswith(("delai_", "part_", "motif"))}


compared, wrong = 0, []
for number in range(WORLDS):
    rows, told = difference(a_world())
    compared += rows
    wrong += [f"world {number}: {told}"] if told else []
print(json.dumps({"rows": compared, "wrong": wrong, "scarce": [scarce(median) for median in (21, 42, 83)]}))

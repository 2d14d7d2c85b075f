"""Recomputes three derived tables by brute force, over small random worlds, and says where the published models differ.

Argument: the folder of the models. Each world is a few services with their schedule and their attempts, drawn so that
the hard cases are common: two attempts at one instant, a silence of exactly three and a half intervals or one day, a
period that begins where another ends, a service without schedule or without attempt, a month that ends in the midst of
anything. DuckDB runs the models over it, those that others read first; the functions below find every column of the
same tables with loops over the whole history, from what the documentation says and without SQL.

Durations are whole milliseconds here, so every comparison of theirs is exact. Counts, texts and instants must be equal,
reals to 1e-9. Prints {"worlds": n, "rows": {table: rows compared}, "wrong": ["table: …", …]}, at most one line for each
table and world.
"""

import json
import math
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import duckdb

WORLDS, SEED = 150, 20190401
START = datetime(2019, 1, 30, tzinfo=timezone.utc)
MINUTE, DAY = 60_000, 86_400_000
BELOW_30 = ["deux_dates_sous_30_jours", "une_date_sous_30_jours"]
CLASSES = [*BELOW_30, "entre_30_et_60_jours", "au_dela_de_60_jours", "aucune_date"]

models = Path(sys.argv[1])
draw = random.Random(SEED)


# -------------------------------------------------------------------------------------------------------------- worlds

SERVICE = ["guichet_id", "demarche_id", "departement"]
KINDS = dict.fromkeys("consultation_id semaine_iso mois reponse classe_delai".split() + SERVICE, "VARCHAR")
KINDS |= dict.fromkeys(["instant_utc", "debut_utc", "premier_cycle_utc", "fin_utc"], "TIMESTAMPTZ")
KINDS |= {"jour": "DATE", "cadence_min": "DOUBLE", "negatifs_consignes": "BOOLEAN"}
PARAMETERS = "reponses_min_jour reponses_min_semaine reponses_min_mois jours_min_mois".split()
ATTEMPT = "consultation_id debut_utc essai instant_utc jour semaine_iso mois jour_semaine heure cadence_min reponse"
ANSWER = "negatifs_consignes horizon_jours delai_jours deuxieme_delai_jours classe_delai"
TABLES = {
    "tentatives": [*SERVICE, "instant_utc", "mois"],
    "perimetre": [*SERVICE, "debut_utc", "premier_cycle_utc", "fin_utc", "cadence_min"],
    "consultations": [*SERVICE, *ATTEMPT.split(), *ANSWER.split()],
    "disponibilite_mois": [*SERVICE, "mois", "tentatives"],
    "parametres": PARAMETERS,
}


def at(ms):
    return START + timedelta(milliseconds=ms)


def a_schedule(service, cadence):
    """Up to three periods, some of which begin where the one before ends."""
    periods, begin = [], draw.randrange(600) * MINUTE
    for _ in range(draw.randint(0, 3)):
        end = begin + draw.randint(60, 3000) * MINUTE
        # A row that interrupted another leaves its rhythm as it was: the first cycle may come after the beginning.
        first = begin + draw.choice([0, 0, draw.randrange(int(cadence * MINUTE))])
        period = {"debut_utc": at(begin), "premier_cycle_utc": at(first), "fin_utc": at(end), "cadence_min": cadence}
        periods.append(service | period)
        begin = end + draw.choice([0, 0, 500 * MINUTE])
        cadence *= draw.choice([1, 2])
    return periods


def the_class(answer, first, second):
    if first is None:
        return "aucune_date" if answer == "non" else None
    if first <= 30:
        return BELOW_30[0] if second is not None and second <= 30 else BELOW_30[1]
    return CLASSES[2] if first <= 60 else CLASSES[3]


def the_consultations(service, cadence, periods):
    rows, ms, name, began, attempt = [], draw.randrange(700) * MINUTE, None, None, 0
    weights = draw.choice([[2, 6, 3, 1], [6, 3, 1, 0], [1, 20, 4, 1]])
    for _ in range(draw.choice([0, 2, 8, 25, 40])):
        gap = DAY if draw.random() < 0.1 else draw.choice([0, 1, 1, 1, 1, 2, 3, 3.5, 4, 6, 30]) * cadence * MINUTE
        ms += int(draw.choice([gap, max(0, gap + draw.randint(-200_000, 200_000))]))
        # A second try keeps its consultation's name; the others' names do not follow the order of time.
        again = name is not None and draw.random() < 0.1
        name, attempt = (name, attempt + 1) if again else (f"c{draw.randrange(10**9):09}", 1)
        when = at(ms)
        year, week, weekday = when.isocalendar()
        answer = draw.choices(["oui", "non", "inconnue", "hors_champ"], weights)[0]
        first = draw.choice([None, 3, 10, 30, 31, 60, 61, 100]) if answer == "oui" else None
        second = first + draw.choice([0, 1, 5]) if first is not None and draw.random() < 0.5 else None
        began = began if again else when
        row = {"consultation_id": name, "debut_utc": began, "essai": attempt, "instant_utc": when}
        row |= {"jour": when.date(), "heure": when.hour}
        row |= {"semaine_iso": f"{year}-W{week:02}", "mois": f"{when:%Y-%m}", "jour_semaine": weekday}
        inside = [period["cadence_min"] for period in periods if period["debut_utc"] <= when < period["fin_utc"]]
        row |= {"cadence_min": min(inside, default=None), "horizon_jours": draw.choice([None, 7, 90])}
        row |= {"negatifs_consignes": draw.choice([True] * 8 + [False, None]), "reponse": answer, "delai_jours": first}
        row |= {"deuxieme_delai_jours": second, "classe_delai": the_class(answer, first, second)}
        rows.append(service | row)
    return rows


def a_world():
    world = {table: [] for table in TABLES}
    names = [(office, procedure) for office in ("g1", "g2") for procedure in ("d1", "d2")]
    for office, procedure in draw.sample(names, draw.randint(1, 3)):
        service = {"guichet_id": office, "demarche_id": procedure, "departement": draw.choice([None, "13", "76"])}
        cadence = draw.choice([7.5, 15.0, 20.0, 60.0, 120.0])
        periods = a_schedule(service, cadence)
        consultations = the_consultations(service, cadence, periods)
        world["perimetre"] += periods
        world["consultations"] += consultations
        world["tentatives"] += [service | {name: row[name] for name in ("instant_utc", "mois")} for row in consultations]
        # January may be a month without any attempt, and May always is.
        for month in {row["mois"] for row in consultations} | {"2019-01", "2019-05"}:
            attempts = sum(row["mois"] == month for row in consultations)
            world["disponibilite_mois"].append(service | {"mois": month, "tentatives": attempts})
    world["parametres"] = [{name: draw.randint(1, 6) for name in PARAMETERS}]
    for table in ("perimetre", "consultations", "tentatives"):
        draw.shuffle(world[table])
    return world


# ----------------------------------------------------------------------------------------------------------- reference


def between(begin, end):
    """Whole milliseconds."""
    return (end - begin) // timedelta(milliseconds=1)


def intervals(ms, cadence):
    """A duration in expected intervals, to the nearest; a half counts for one."""
    whole = round(cadence * MINUTE)
    return (2 * ms + whole) // (2 * whole)


def close(before, after):
    """Whether no more than three expected intervals separate two attempts, or a day where none is expected."""
    ms, cadence = between(before["instant_utc"], after["instant_utc"]), before["cadence_min"]
    return ms <= DAY if cadence is None else intervals(ms, cadence) <= 3


def quantile(values, share):
    """By linear interpolation; of nothing, nothing."""
    if not values:
        return None
    values = sorted(values)
    place = share * (len(values) - 1)
    low = math.floor(place)
    return float(values[low] + (values[math.ceil(place)] - values[low]) * (place - low))


def service_of(row):
    return {name: row[name] for name in SERVICE}


def by_service(rows):
    """The attempts of each service, in order of time."""
    services, order = {}, ("instant_utc", "consultation_id", "debut_utc", "essai")
    for row in sorted(rows, key=lambda row: [row[name] for name in order]):
        services.setdefault((row["guichet_id"], row["demarche_id"]), []).append(row)
    return services


def penuries(world):
    for service, rows in by_service(world["consultations"]).items():
        periods = [one for one in world["perimetre"] if (one["guichet_id"], one["demarche_id"]) == service]
        begins, ends = [one["debut_utc"] for one in periods], [one["fin_utc"] for one in periods]
        walls = [-1, *(place for place, row in enumerate(rows) if row["reponse"] == "oui"), len(rows)]
        for left, right in zip(walls, walls[1:]):
            inner = rows[left + 1 : right]
            noes = [row for row in inner if row["reponse"] == "non"]
            if len(noes) < 2:
                continue
            since, until = left < 0, right == len(rows)
            begin = min([*begins, inner[0]["instant_utc"]]) if since else rows[left]["instant_utc"]
            end = max([*ends, inner[-1]["instant_utc"]]) if until else rows[right]["instant_utc"]
            # Every stretch without a silence, whatever its ends: the longest, then the earliest, then the fullest.
            stretches = []
            for i, first in enumerate(noes):
                for j in range(i, len(noes)):
                    if j > i and not close(noes[j - 1], noes[j]):
                        break
                    length = between(first["instant_utc"], noes[j]["instant_utc"])
                    stretches.append((-length, first["instant_utc"], i - j - 1, noes[j]["instant_utc"]))
            length, certain_begin, certain_noes, certain_end = min(stretches)
            row = {"debut_utc": noes[0]["instant_utc"], "fin_utc": noes[-1]["instant_utc"]}
            row |= {"possible_debut_utc": begin, "possible_fin_utc": end}
            row |= {"duree_possible_jours": between(begin, end) / DAY, "duree_certaine_jours": -length / DAY}
            row |= {"certaine_debut_utc": certain_begin, "certaine_fin_utc": certain_end}
            row |= {"certaine_tentatives_non": -certain_noes, "tentatives": len(inner), "tentatives_non": len(noes)}
            row |= {name: sum(name.startswith(one["reponse"]) for one in inner) for name in ("inconnues", "hors_champ")}
            weeks, days = ({one[name] for one in noes} for name in ("semaine_iso", "jour"))
            row |= {"jours_avec_non": len(days), "semaines_avec_non": len(weeks)}
            row |= {"interruptions": sum(not close(*pair) for pair in zip(noes, noes[1:]))}
            current = until and bool(ends) and max(ends) == max(one["fin_utc"] for one in world["perimetre"])
            yield service_of(rows[0]) | row | {"commence_avant": since, "finit_apres": until, "en_cours": current}


def rythme_ouvertures(world):
    for rows in by_service(row for row in world["consultations"] if row["reponse"] in ("oui", "non")).values():
        cells = {}
        for place, row in enumerate(rows):
            cells.setdefault((row["jour_semaine"], row["heure"]), []).append(place)
        for (weekday, hour), places in cells.items():
            chances, doubts, at_least, at_most = 0, [], [], []
            for place in places:
                row, before = rows[place], rows[place - 1] if place else None
                chance = before is not None and before["reponse"] == "non" and close(before, row)
                chances += chance
                if not chance or row["reponse"] == "non":
                    continue
                doubts.append(between(before["instant_utc"], row["instant_utc"]) / MINUTE)
                last = row
                for after in rows[place + 1 :]:
                    if after["reponse"] == "non" or not close(last, after):
                        break
                    last = after
                at_least.append(between(row["instant_utc"], last["instant_utc"]) / MINUTE)
                closed = [after["instant_utc"] for after in rows[place:] if after["reponse"] == "non"]
                at_most += [between(before["instant_utc"], end) / MINUTE for end in closed[:1]]
            yeses = sum(rows[place]["reponse"] == "oui" for place in places)
            row = {"jour_semaine": weekday, "heure": hour, "reponses": len(places), "oui": yeses}
            row |= {"occasions": chances, "ouvertures": len(doubts), "fermetures_vues": len(at_most)}
            row |= {"part_ouvertures": len(doubts) / chances if chances else None}
            medians = {"incertitude": doubts, "vu_au_moins": at_least, "vu_au_plus": at_most}
            row |= {f"{name}_min_mediane": quantile(values, 0.5) for name, values in medians.items()}
            yield service_of(rows[0]) | row


def lacunes(world):
    for period in world["perimetre"]:
        begin, end, cadence = period["debut_utc"], period["fin_utc"], period["cadence_min"]
        mine = [row["instant_utc"] for row in world["tentatives"] if service_of(row) == service_of(period)]
        looks = sorted(instant for instant in mine if begin <= instant < end)
        marks = [begin, *looks, end]
        for place, (left, right) in enumerate(zip(marks, marks[1:])):
            first, last = place == 0, place == len(looks)
            since = period["premier_cycle_utc"] if first else left
            missing = intervals(between(since, right), cadence) - (0 if first else 1)
            if missing >= 1:
                where = "totale" if first and last else "debut" if first else "fin" if last else "milieu"
                gap = {"debut_utc": left, "fin_utc": right, "duree_min": between(left, right) / MINUTE}
                gap |= {"cadence_min": cadence, "tentatives_manquantes": missing, "position": where}
                yield service_of(period) | gap


# ---------------------------------------------------------------------------------------------------------- comparison

REFERENCES = {penuries: ["debut_utc"], lacunes: ["debut_utc"]}
REFERENCES |= {rythme_ouvertures: ["jour_semaine", "heure"]}
# What these tables are made of, each after those that it reads.
BENEATH = ["presences", "suites_reponses_mois", "suites_reponses", "reponses_heures"]


def query(table):
    return (models / f"{table}.sql").read_text(encoding="utf-8").rstrip()


QUERIES = {reference: query(reference.__name__) for reference in REFERENCES}
STEPS = [f"CREATE OR REPLACE TABLE {table} AS {query(table)}" for table in BENEATH]


def same(ours, theirs):
    if isinstance(ours, float) and isinstance(theirs, float):
        return math.isclose(ours, theirs, rel_tol=1e-9, abs_tol=1e-9)
    return ours == theirs


def difference(found, wanted, key):
    """The first one, in words; none if the two hold the same rows."""

    def name(row):
        return tuple(row[column] for column in ("guichet_id", "demarche_id", *key))

    found, wanted = sorted(found, key=name), sorted(wanted, key=name)
    if list(map(name, found)) != list(map(name, wanted)):
        return f"{len(found)} rows and {len(wanted)} expected, or of other keys"
    for ours, theirs in zip(found, wanted):
        if ours.keys() != theirs.keys():
            return f"columns {sorted(ours.keys() ^ theirs.keys())} are on one side only"
        for column in ours:
            if not same(ours[column], theirs[column]):
                return f"{column} of {' '.join(map(str, name(ours)))}: {ours[column]} and {theirs[column]} expected"
    return None


# More threads only cost time on tables this small.
database = duckdb.connect(config={"threads": 1})
database.execute("SET TimeZone = 'UTC'")
database.execute("SET enable_progress_bar = false")
compared, wrong = {reference.__name__: 0 for reference in REFERENCES}, []
for number in range(WORLDS):
    world = a_world()
    for table, columns in TABLES.items():
        rows, shape = json.dumps(world[table], default=str), json.dumps([{c: KINDS.get(c, "INTEGER") for c in columns}])
        load = f"SELECT unnest(from_json(CAST(? AS JSON), '{shape}'), recursive := true)"
        database.execute(f"CREATE OR REPLACE TABLE {table} AS {load}", [rows])
    for step in STEPS:
        database.execute(step)
    for reference, key in REFERENCES.items():
        result = database.execute(QUERIES[reference])
        columns = [column[0] for column in result.description]
        wanted = list(reference(world))
        compared[reference.__name__] += len(wanted)
        if told := difference([dict(zip(columns, row)) for row in result.fetchall()], wanted, key):
            wrong.append(f"{reference.__name__}: world {number}: {told}")
print(json.dumps({"worlds": WORLDS, "rows": compared, "wrong": wrong}))

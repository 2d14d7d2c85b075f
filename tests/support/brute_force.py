"""Recomputes droughts, gaps and openings by brute force, over small random worlds, and says where the published models
differ.

Arguments: the folder of the models and, where the first difference of one table is enough, its name. Each world is a few
services with their schedule and their consultations, drawn so that the hard cases are common: two at one instant, a silence
of exactly three and a half intervals or one day, a period that begins where another ends or that goes on, a cycle that is
made up for later, a service without schedule or without consultation, a month that ends in the midst of anything, a run that
spans two weeks or seven days, local hours that begin at half past one of UTC, data that end three and a half intervals after
the last look. DuckDB runs the models over it, those that others read first; the functions below find every
column of the same tables with loops over the whole history, from what the documentation says and without SQL.

Instants are whole quarters of a second, which binary numbers hold exactly, so every comparison is exact. Prints {"worlds":
n, "rows": {table: rows compared}, "wrong": ["table: …", …]}, at most one line for each table and world.
"""

import json
import math
import random
import sys
from datetime import datetime, timedelta, timezone
from fractions import Fraction
from pathlib import Path

import duckdb

WORLDS, SEED = 150, 20190401
START = datetime(2019, 1, 30, tzinfo=timezone.utc)
MINUTE, DAY, SECOND = 60_000, 86_400_000, 1000

models, enough = Path(sys.argv[1]), sys.argv[2:]
draw = random.Random(SEED)


# -------------------------------------------------------------------------------------------------------------- worlds

SERVICE = ["guichet_id", "demarche_id", "departement"]
KINDS = dict.fromkeys("consultation_id semaine_iso mois reponse issue fuseau fuseau_horaire".split() + SERVICE, "VARCHAR")
KINDS |= dict.fromkeys("instant_utc debut_utc premier_cycle_utc fin_utc periode_utc".split(), "TIMESTAMPTZ")
KINDS |= {"jour": "DATE", "complete": "BOOLEAN", "ouverte": "BOOLEAN", "panne_partagee": "BOOLEAN", "cycle_prevu": "BIGINT"}
WHEN = "consultation_id debut_utc instant_utc jour mois jour_semaine heure cadence_s periode_utc cycle_prevu"
TABLES = {
    "perimetre": [*SERVICE, "fuseau", "debut_utc", "premier_cycle_utc", "fin_utc", "cadence_s", "ouverte"],
    "consultations": [*SERVICE, *WHEN.split(), "lignes", "complete", "plannings_absents", "issue", "reponse"],
    "issues": ["issue", "reponse", "panne_partagee"],
    "guichets": ["guichet_id", "fuseau_horaire"],
    "jours_fuseaux": ["fuseau", "jour", "debut_utc"],
}
# From each zone's clock to that of UTC.
ZONES = {"Etc/UTC": timedelta(0), "Pacific/Marquesas": timedelta(hours=-9.5), "Asia/Kathmandu": timedelta(hours=5.75)}
# The answer that each outcome gives, and whether users meet it too.
ISSUES = {"rdv_propose": ("oui", False), "aucun_rdv": ("non", False), "captcha_exige": ("inconnue", False)}
ISSUES |= {"maintenance": ("inconnue", True), "cible_disparue": ("hors_champ", False)}


def at(ms):
    return START + timedelta(milliseconds=ms)


def a_schedule(service, cadence):
    """Up to three periods, some of which begin where the one before ends."""
    periods, begin = [], draw.randrange(600) * MINUTE
    for _ in range(draw.randint(0, 3)):
        end = begin + draw.randint(60, 3000) * MINUTE + draw.choice([0, 0, 250, 500, 10_000])
        # A row that interrupted another leaves its rhythm as it was: the first cycle may come after the beginning.
        first = begin + draw.choice([0, 0, draw.randrange(cadence) * SECOND, 3000 * MINUTE])
        period = {"debut_utc": at(begin), "premier_cycle_utc": at(first), "fin_utc": at(end), "cadence_s": cadence}
        periods.append(service | period)
        begin = end + draw.choice([0, 0, 500 * MINUTE])
        cadence *= draw.choice([1, 2])
    return periods


def cycle_of(periods, when):
    """The period and the number of the cycle in which a look falls, or of one that it makes up for."""
    for period in periods:
        begin, cadence = period["premier_cycle_utc"], timedelta(seconds=period["cadence_s"])
        if period["debut_utc"] <= when < period["fin_utc"] and when >= begin:
            number = (when - begin) // cadence
            return period["debut_utc"], max(0, number - draw.choice([0] * 9 + [1, 2]))
    return None, None


def the_consultations(service, zone, cadence, periods):
    rows, ms = [], draw.randrange(700) * MINUTE
    weights = draw.choice([[2, 6, 2, 1, 1], [6, 3, 1, 0, 0], [1, 20, 2, 2, 0]])
    for _ in range(draw.choice([0, 2, 8, 25, 40])):
        gap = draw.choice([0, 1, 1, 1, 1, 2, 3, 3.5, 4, 6, 30]) * cadence * SECOND
        if draw.random() < 0.15:
            gap = draw.choice([1, 1, 1, 2, 6, 7, 8]) * DAY
        ms += int(draw.choice([gap, max(0, gap + draw.randint(-800, 800) * 250)]))
        when = at(ms)
        issue = draw.choices(list(ISSUES), weights)[0]
        inside = [period["cadence_s"] for period in periods if period["debut_utc"] <= when < period["fin_utc"]]
        period, number = cycle_of(periods, when)
        local = when + ZONES[zone]
        # Names do not follow the order of time.
        row = {"consultation_id": f"c{draw.randrange(10**9):09}", "debut_utc": when, "instant_utc": when}
        row |= {"jour": local.date(), "mois": f"{local:%Y-%m}", "jour_semaine": local.isoweekday(), "heure": local.hour}
        row |= {"minute": local.minute}
        row |= {"cadence_s": min(inside, default=None), "periode_utc": period, "cycle_prevu": number, "lignes": 1}
        # An offer counts beside a planning that did not answer.
        complete = draw.random() < 0.8 if issue == "rdv_propose" else ISSUES[issue][0] != "inconnue"
        row |= {"complete": complete, "plannings_absents": 0, "issue": issue, "reponse": ISSUES[issue][0]}
        rows.append(service | row)
    return rows


def end_after(rows, periods):
    """Lets the last period of a service go on until about three intervals or a day after its last « no », if that is not long;
    until when."""
    noes = [row["instant_utc"] for row in rows if row["reponse"] == "non"]
    if not noes or not periods:
        return None
    period, offset = periods[-1], timedelta(milliseconds=draw.choice([0, -750, -500, -250]))
    few = 3.5 * timedelta(seconds=period["cadence_s"])
    end = noes[-1] + draw.choice([few / 3, few, max(few, timedelta(days=1)), max(few, timedelta(days=1))]) + offset
    if timedelta(0) < end - period["fin_utc"] < timedelta(days=9):
        period["fin_utc"] = end
    return period["fin_utc"]


def a_world():
    world = {"perimetre": [], "consultations": [], "guichets": [], "jours_fuseaux": []}
    zones, ends = {office: draw.choice(list(ZONES)) for office in ("g1", "g2")}, []
    names = [(office, procedure) for office in ("g1", "g2") for procedure in ("d1", "d2")]
    for office, procedure in draw.sample(names, draw.randint(1, 3)):
        service = {"guichet_id": office, "demarche_id": procedure, "departement": draw.choice([None, "13", "76"])}
        cadence = draw.choice([450, 900, 1200, 3600, 7200, 28_800])
        periods = a_schedule(service, cadence)
        rows = the_consultations(service, zones[office], cadence, periods)
        ends.append(end_after(rows, periods))
        world["perimetre"] += [period | {"fuseau": zones[office]} for period in periods]
        world["consultations"] += rows
        days = {row["jour"]: datetime(*row["jour"].timetuple()[:3], tzinfo=timezone.utc) for row in rows}
        begins = [{"fuseau": zones[office], "jour": day, "debut_utc": of - ZONES[zones[office]]} for day, of in days.items()]
        world["jours_fuseaux"] += [begin for begin in begins if begin not in world["jours_fuseaux"]]
    # A registry need not know a counter that is in scope.
    in_scope = {period["guichet_id"] for period in world["perimetre"]}
    known = [office for office in zones if office not in in_scope or draw.random() < 0.5]
    world["guichets"] = [{"guichet_id": office, "fuseau_horaire": zones[office]} for office in known]
    # What ends last may be cut there by the end of the data alone; so may what ends as one service does.
    ends = [draw.choice(ends)] if ends and draw.random() < 0.6 else [period["fin_utc"] for period in world["perimetre"]]
    goes_on = draw.random() < 0.8
    for period in world["perimetre"]:
        period["ouverte"] = goes_on and ends[0] is not None and period["fin_utc"] == max(ends)
    world["issues"] = [{"issue": name, "reponse": of[0], "panne_partagee": of[1]} for name, of in ISSUES.items()]
    draw.shuffle(world["perimetre"])
    draw.shuffle(world["consultations"])
    return world


# ----------------------------------------------------------------------------------------------------------- reference


def seconds(begin, end):
    """Whole ones, the half of one being one more."""
    return (2 * (end - begin) + timedelta(seconds=1)) // timedelta(seconds=2)


def periods_of(world, service):
    return [one for one in world["perimetre"] if (one["guichet_id"], one["demarche_id"]) == service]


def rounded(number):
    return math.floor(number + Fraction(1, 2))


def close(periods, before, after):
    """Whether no more than three expected intervals, to the nearest, separate two answers, or a day where none is expected: each
    part of the time between uses up its share of the limit that holds then."""
    begin, end = before["instant_utc"], after["instant_utc"]
    used, rest = 0, seconds(begin, end)
    for period in periods:
        part = min(end, period["fin_utc"]) - max(begin, period["debut_utc"])
        if part > timedelta(0):
            part = Fraction(part // timedelta(microseconds=1), 10**6)
            used, rest = used + rounded(part * 2 * 10**9 / (7 * period["cadence_s"])), rest - rounded(part)
    return used + rounded(Fraction(rest * 10**9, 86_401)) < 10**9


def middle(values):
    """The value in the middle, the lower one of two; none where that is without a bound."""
    found = sorted(values)[(len(values) - 1) // 2] if values else math.inf
    return None if found == math.inf else found


def service_of(row):
    return {name: row[name] for name in SERVICE}


def by_service(rows):
    """The consultations of each service, in order of time; of one instant, offers come last."""

    def order(row):
        return row["instant_utc"], row["reponse"] == "oui", row["consultation_id"], row["debut_utc"]

    services = {}
    for row in sorted(rows, key=order):
        services.setdefault((row["guichet_id"], row["demarche_id"]), []).append(row)
    return services


def counted(rows, first, unit):
    """Distinct days, weeks and windows of seven days from the first day on."""
    days = {row["jour"] for row in rows}
    weeks, windows = {day.isocalendar()[:2] for day in days}, {(day - first).days // 7 for day in days}
    return dict(zip(unit, map(len, (days, weeks, windows))))


def penuries(world):
    for service, rows in by_service(world["consultations"]).items():
        periods = periods_of(world, service)
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
                    if j > i and not close(periods, noes[j - 1], noes[j]):
                        break
                    length = seconds(first["instant_utc"], noes[j]["instant_utc"])
                    stretches.append((-length, first["instant_utc"], i - j - 1, noes[j]["instant_utc"]))
            length, seen_begin, seen_noes, seen_end = min(stretches)
            row = {"debut_utc": noes[0]["instant_utc"], "fin_utc": noes[-1]["instant_utc"]}
            row |= {"etendue_s": seconds(row["debut_utc"], row["fin_utc"])}
            row |= {"possible_debut_utc": begin, "possible_fin_utc": end, "duree_possible_s": seconds(begin, end)}
            row |= {"duree_constatee_s": -length, "constatee_debut_utc": seen_begin, "constatee_fin_utc": seen_end}
            row |= {"constatee_non": -seen_noes, "consultations": len(inner), "non": len(noes)}
            row |= {name: sum(name.startswith(one["reponse"]) for one in inner) for name in ("inconnues", "hors_champ")}
            first, last = noes[0]["jour"], noes[-1]["jour"]
            row |= counted(noes, first, ["jours_avec_non", "semaines_avec_non", "fenetres_7_jours"])
            failures = [one for one in rows if ISSUES[one["issue"]][1] and first <= one["jour"] <= last]
            row |= counted(failures, first, ["jours_avec_panne", "semaines_avec_panne", "fenetres_avec_panne"])
            row |= {"pannes_partagees": len(failures)}
            row |= {"interruptions": sum(not close(periods, *pair) for pair in zip(noes, noes[1:]))}
            # Not what nobody has seen, when the data end, for more than three of the intervals that are expected then, nor for a day.
            goes_on = [(seconds(noes[-1]["instant_utc"], one["fin_utc"]), one["cadence_s"]) for one in periods if one["ouverte"]]
            current = until and any(2 * past < max(7 * cadence, 2 * 86_400) for past, cadence in goes_on)
            yield service_of(rows[0]) | row | {"commence_avant": since, "finit_apres": until, "en_cours": current}


def rythme_ouvertures(world):
    answered = by_service(row for row in world["consultations"] if row["reponse"] in ("oui", "non"))
    for service, rows in answered.items():
        periods, cells = periods_of(world, service), {}
        for place, row in enumerate(rows):
            cells.setdefault((row["jour_semaine"], row["heure"]), []).append(place)
        for (weekday, hour), places in cells.items():
            chances, doubts, at_least, at_most = 0, [], [], []
            for place in places:
                row, before = rows[place], rows[place - 1] if place else None
                chance = before is not None and before["reponse"] == "non" and close(periods, before, row)
                chances += chance
                if not chance or row["reponse"] == "non":
                    continue
                doubts.append(seconds(before["instant_utc"], row["instant_utc"]))
                last = row
                for after in rows[place + 1 :]:
                    if after["reponse"] == "non" or not close(periods, last, after):
                        break
                    last = after
                at_least.append(seconds(row["instant_utc"], last["instant_utc"]))
                closed = [after["instant_utc"] for after in rows[place:] if after["reponse"] == "non"]
                at_most.append(seconds(before["instant_utc"], closed[0]) if closed else math.inf)
            minutes = [rows[place]["minute"] for place in places]
            yeses = sum(rows[place]["reponse"] == "oui" for place in places)
            row = {"jour_semaine": weekday, "heure": hour, "minute_min": min(minutes), "minute_max": max(minutes)}
            row |= {"reponses": len(places), "oui": yeses, "occasions": chances, "ouvertures": len(doubts)}
            row |= {"part_ouvertures": len(doubts) / chances if chances else None}
            row |= {"fermetures_vues": sum(end < math.inf for end in at_most)}
            medians = {"incertitude": doubts, "vu_au_moins": at_least, "vu_au_plus": at_most}
            row |= {f"{name}_s_mediane": middle(values) for name, values in medians.items()}
            yield service_of(rows[0]) | row


def expected(period):
    """When the cycles of a period begin; the last one only if half of it is over, where the period goes on."""
    begin, cadence = period["premier_cycle_utc"], timedelta(seconds=period["cadence_s"])
    slack = cadence / 2 - timedelta(microseconds=1) if period["ouverte"] else timedelta(0)
    cycles = []
    while begin + slack < period["fin_utc"]:
        cycles.append(begin)
        begin += cadence
    return cycles


def lacunes(world):
    for period in world["perimetre"]:
        begin, end, looks = period["debut_utc"], period["fin_utc"], {}
        for row in world["consultations"]:
            if service_of(row) == service_of(period) and row["periode_utc"] == begin:
                looks.setdefault(row["cycle_prevu"], []).append(row["instant_utc"])
        cycles = expected(period)
        missing = [number for number in range(len(cycles)) if number not in looks]
        for first in (number for number in missing if number - 1 not in missing):
            after = next(number for number in range(first, len(cycles) + 1) if number not in missing)
            last_of = [min(period["cadence_s"], seconds(cycles[number], end)) for number in range(first, after)]
            # What follows the last expected cycle may have been looked at already, where the period goes on.
            left, right = max(looks.get(first - 1, [begin])), min(looks.get(after, [end]))
            edges = (first - 1 in looks, after in looks)
            where = {(False, False): "totale", (False, True): "debut", (True, False): "fin"}.get(edges, "milieu")
            gap = {"periode_utc": begin, "premier_cycle": first, "debut_utc": left, "fin_utc": right}
            gap |= {"cadence_s": period["cadence_s"], "cycles_manquants": len(last_of), "position": where}
            gap |= {"secondes_manquantes": sum(last_of), "duree_s": max(0, seconds(left, right))}
            yield service_of(period) | gap


# ---------------------------------------------------------------------------------------------------------- comparison

REFERENCES = {penuries: ["debut_utc"], lacunes: ["periode_utc", "premier_cycle"]}
REFERENCES |= {rythme_ouvertures: ["jour_semaine", "heure"]}
# What these tables are made of, each after those that it reads.
BENEATH = ["issues_jour", "presences", "suites_reponses_mois", "suites_reponses", "reponses_heures"]


def query(table):
    return next(models.rglob(f"{table}.sql")).read_text(encoding="utf-8").rstrip()


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
    if any(line.startswith(f"{table}: ") for line in wrong for table in enough):
        break
print(json.dumps({"worlds": number + 1, "rows": compared, "wrong": wrong}))

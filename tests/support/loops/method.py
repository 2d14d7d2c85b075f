"""What the documentation says of cycles, plannings, consultations and time, as loops over one service; no SQL.

Each function returns rows by their key, in the order of the columns that COLUMNS names for its table.
"""

from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone

from world import ANSWER, RANK, SECOND

YEARS = [datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2000, 2100)]
# The classes of delays in the order in which they share a cycle.
CLASSES = [
    "aucune_date",
    "deux_dates_sous_30_jours",
    "une_date_sous_30_jours",
    "entre_30_et_60_jours",
    "au_dela_de_60_jours",
    "date_non_lue",
]
CYCLE = "guichet_id mois consultation_id debut_utc"
COLUMNS = {
    "plannings_consultes": (
        f"{CYCLE} planning_id",
        "cycle_consigne debut_consigne instant_utc dernier_utc prevue_utc jour semaine_iso jour_heure lignes essais "
        "issue reponse rang creneaux horizon_jours delai_jours deuxieme_delai_jours",
    ),
    "plannings_jours": ("guichet_id mois planning_id jour", "cycles cycles_repondus premier_utc dernier_utc"),
    "plannings": (
        "guichet_id planning_id",
        "premier_utc dernier_utc premier_jour dernier_jour cycles cycles_repondus attendu",
    ),
    "plannings_attendus": ("guichet_id planning_id debut_utc", "fin_utc origine"),
    "consultations": (
        CYCLE,
        "debut_consigne instant_utc dernier_utc prevue_utc jour semaine_iso jour_semaine heure cadence_s periode_utc "
        "cycle_prevu cycle_prevu_s negatifs_consignes lignes essais plannings plannings_attendus plannings_repondus "
        "plannings_absents complete issue reponse creneaux horizon_jours delai_jours deuxieme_delai_jours classe_delai",
    ),
    "cycles": ("guichet_id mois", "cycles douteux recommences longs repetes exemple"),
    "temps_jours": (
        "guichet_id jour",
        "cycles_mesures cycles_repondus secondes_mesurees secondes_repondues secondes_oui_incomplets "
        "secondes_inconnues secondes_hors_champ secondes_non " + " ".join(f"secondes_{name}" for name in CLASSES[1:]) + " carres_repondus",
    ),
}


def least(values):
    return min((value for value in values if value is not None), default=None)


def slot(service, instant):
    """The period in force at an instant, and the number of its cycle then; below 0 before the first."""
    for period in service.periods:
        if period.start <= instant < period.end:
            number = (instant - period.first + period.early) // period.cadence
            # Early for a cycle that the period does not have: still the last one.
            return period, number - 1 if period.first + number * period.cadence >= period.end else number
    return None, None


# ------------------------------------------------------------------------------------------------- cycles and plannings


def named_cycles(service, longest):
    """Of each attempt whose log names its cycle: the name, the beginning."""
    found, silent = {}, defaultdict(list)
    for line in service.log:
        if line["cycle_id"] and line["cycle_debut_utc"]:
            found[line["tentative_id"]] = line["cycle_id"], line["cycle_debut_utc"]
        elif line["cycle_id"]:
            silent[line["mois"], line["cycle_id"]].append(line)
    for (_, name), lines in silent.items():
        before = None
        for line in sorted(lines, key=lambda line: (line["instant_utc"], line["tentative_id"])):
            if before is None or line["instant_utc"] - before > longest:
                began = line["instant_utc"]
            before = line["instant_utc"]
            found[line["tentative_id"]] = name, began
    return found


def scheduled_cycles(service):
    """The same of those whose log has no cycles: that of the schedule, until a planning is asked again."""
    slots = defaultdict(list)
    for line in service.log:
        if not line["cycle_id"]:
            period, number = slot(service, line["prevue_utc"] or line["instant_utc"])
            # Off schedule there is none: each attempt is alone.
            where = (period.start, number) if period else (None, line["tentative_id"])
            slots[line["mois"], *where, line["cycle_debut_utc"], line["point_de_mesure"]].append(line)
    found = {}
    for (*_, began, _), lines in slots.items():
        asked, passages, latest = Counter(), defaultdict(list), 0
        for line in sorted(lines, key=lambda line: (line["instant_utc"], line["tentative_id"])):
            planning = line["planning_id"] or ""
            if asked[planning] == 0 or line["essai"] == 1:
                asked[planning] += 1
            # Once a planning is asked again, what follows is of the new passage.
            latest = max(latest, asked[planning])
            passages[latest].append(line)
        for passage in passages.values():
            name = min(line["tentative_id"] for line in passage)
            first = began or min(line["instant_utc"] for line in passage)
            found |= {line["tentative_id"]: (name, first) for line in passage}
    return found


def asked_plannings(service, longest):
    """By cycle and planning: its attempts."""
    cycles = named_cycles(service, longest) | scheduled_cycles(service)
    found = defaultdict(list)
    for line in service.log:
        name, began = cycles[line["tentative_id"]]
        found[line["mois"], name, began, line["planning_id"] or ""].append(line)
    return found


def one_planning(lines):
    """Its answer: an offer in any try, else what the last try said that answered, else what the last one met."""
    first, last = min(line["instant_utc"] for line in lines), max(line["instant_utc"] for line in lines)
    offers = [line for line in lines if line["reponse"] == "oui"]
    answered = [line for line in lines if line["reponse"] != "inconnue"]
    issue = max(offers or answered or lines, key=lambda line: (line["essai"], RANK[line["issue"]]))["issue"]
    at_first = next(line for line in lines if line["instant_utc"] == first)
    local = at_first["date_locale"]
    pairs = []
    for line in offers:
        if line["premiere_date"]:
            second = (line["deuxieme_date"] - line["date_locale"]).days if line["deuxieme_date"] else None
            pairs.append((line["delai_jours"], second))
    nearest, second = min(pairs, key=lambda pair: (pair[0], pair[1] is None, pair[1]), default=(None, None))
    counts = [line["creneaux"] for line in offers if line["creneaux"] is not None]
    return {
        "cycle_consigne": lines[0]["cycle_id"] is not None,
        "debut_consigne": any(line["cycle_id"] and line["cycle_debut_utc"] for line in lines),
        "instant_utc": first,
        "dernier_utc": last,
        "prevue_utc": least(line["prevue_utc"] for line in lines),
        "jour": local,
        "semaine_iso": at_first["semaine_iso"],
        "jour_heure": local.day * 1000 + local.isoweekday() * 100 + int(at_first["heure_locale"][:2]),
        "lignes": len(lines),
        "essais": len({line["essai"] for line in lines}),
        "issue": issue,
        "reponse": ANSWER[issue],
        "rang": RANK[issue],
        "creneaux": max(counts, default=None),
        "horizon_jours": least(line["horizon_jours"] for line in answered),
        "delai_jours": nearest,
        "deuxieme_delai_jours": second,
    }


def planning_days(asked):
    found = defaultdict(list)
    for (month, _, _, planning), row in asked.items():
        if planning:
            found[month, planning, row["jour"]].append(row)
    days = {}
    for key, rows in found.items():
        answers = [row["instant_utc"] for row in rows if row["reponse"] != "inconnue"]
        days[key] = len(rows), len(answers), min(answers, default=None), max(answers, default=None)
    return days


def plannings(days, cycles_min):
    found = defaultdict(list)
    for (_, planning, day), row in days.items():
        found[planning].append((day, *row))
    seen = {}
    for planning, rows in found.items():
        day, cycles, answered, first, last = zip(*rows)
        latest = max((value for value in last if value), default=None)
        total = sum(answered)
        seen[planning] = least(first), latest, min(day), max(day), sum(cycles), total, total >= cycles_min
    return seen


def declared(periods):
    """What the schedule says from 2000 to 2099: stretches of (planning or "*", from, to, first seen since)."""
    lists = [(period.start, period.end, period.plannings) for period in periods if period.plannings is not None]
    said, cursor, since, listed = [], YEARS[0], YEARS[0], []
    for start, end, names in [*lists, (YEARS[1], YEARS[1], [])]:
        if cursor < start:
            said += [(name, cursor, start, since) for name in [*listed, "*"]]
        said += [(name, start, end, since) for name in names if start < end]
        cursor, since, listed = end, end, names
    return said


def expected(service, days, seen, window, zone_days):
    """By planning and beginning: until when each cycle is to ask it, and who says so."""
    said, stretches = declared(service.periods), {}
    for name, start, end, _ in said:
        if name != "*":
            stretches[name, start] = end, "calendrier"
    for planning, (first, *_, counts) in seen.items():
        answered = sorted(day for (_, name, day), row in days.items() if name == planning and row[1] > 0)
        for start, end in islands(service, first, answered, window, zone_days) if counts else []:
            for name, since_start, until, since in said:
                listed = (planning, since_start) in stretches and stretches[planning, since_start][1] == "calendrier"
                begins, ends = max(start, since_start), min(end, until)
                if name == "*" and not listed and first >= since and begins < ends:
                    stretches[planning, begins] = ends, "journal"
    return stretches


def islands(service, first, answered, window, zone_days):
    """From when to when the log expects a planning."""
    if not window:
        return [(first, YEARS[1])]
    stretches = []
    for day in answered:
        if stretches and day - stretches[-1][1] <= timedelta(days=2 * window):
            stretches[-1][1] = day
        else:
            stretches.append([day, day])
    around = [(start - timedelta(days=window), end + timedelta(days=window + 1)) for start, end in stretches]
    # Beyond the days that the grid meets in the zone nothing is said.
    known = lambda day, otherwise: service.midnight(day) if day in zone_days else otherwise
    return [(known(start, YEARS[0]), known(end, YEARS[1])) for start, end in around]


# -------------------------------------------------------------------------------------------------------- consultations


def consultation(service, asked, awaited, parameters):
    """One cycle from its plannings: {planning: row}."""
    rows = list(asked.values())
    began = min(row["instant_utc"] for row in rows)
    plan = least(row["prevue_utc"] for row in rows)
    first = min(rows, key=lambda row: row["jour_heure"])
    due = {name for (name, start), (end, _) in awaited.items() if start <= began < end}
    silent = {name for name, row in asked.items() if row["reponse"] == "inconnue"}
    absent = due - asked.keys()
    # Whatever was asked should have answered, expected or not; the service as a whole says yes or no for all, and is out of
    # scope where nothing else was asked. Its silence counts no more where all that was expected answered.
    whole = "" in asked and (asked[""]["reponse"] in ("oui", "non") or set(asked) == {""})
    complete = silent <= ({""} if due else set()) and len(silent) < len(asked) and (whole or not absent)
    answers = [row["reponse"] for row in rows]
    if "oui" in answers:
        issue = "rdv_propose"
    elif complete and "non" in answers:
        issue = "aucun_rdv"
    elif complete:
        issue = min((row["issue"] for row in rows if row["reponse"] == "hors_champ"), key=RANK.get)
    else:
        issue = min((asked[name]["issue"] for name in silent), key=RANK.get, default="incomplete")
    days = [row[name] for row in rows for name in ("delai_jours", "deuxieme_delai_jours")]
    nearest, second = [*sorted(day for day in days if day is not None), None, None][:2]
    counts = [row["creneaux"] for row in rows if row["creneaux"] is not None]
    period, number = where(service, began, plan)
    if period:
        cycle = period.first + number * period.cadence
    return {
        "debut_consigne": any(row["debut_consigne"] for row in rows),
        "instant_utc": began,
        "dernier_utc": max(row["dernier_utc"] for row in rows),
        "prevue_utc": plan,
        "jour": first["jour"],
        "semaine_iso": first["semaine_iso"],
        "jour_semaine": first["jour"].isoweekday(),
        "heure": first["jour_heure"] % 100,
        "cadence_s": next((p.cadence // SECOND for p in service.periods if p.start <= began < p.end), None),
        "periode_utc": period and period.start,
        "cycle_prevu": number,
        "cycle_prevu_s": period and period.seconds(cycle),
        "negatifs_consignes": True,
        "lignes": sum(row["lignes"] for row in rows),
        "essais": max(row["essais"] for row in rows),
        "plannings": len(rows),
        "plannings_attendus": len(due),
        "plannings_repondus": len(asked) - len(silent),
        "plannings_absents": len(absent),
        "complete": complete,
        "issue": issue,
        "reponse": ANSWER[issue],
        "creneaux": sum(counts) if counts else None,
        "horizon_jours": least(row["horizon_jours"] for row in rows),
        "delai_jours": nearest,
        "deuxieme_delai_jours": second,
        "classe_delai": delay_class(ANSWER[issue], nearest, second, parameters),
    }


def where(service, began, plan):
    """The cycle for which a look was made or, if that is of another month and over, or far from it, in which it fell."""
    month = lambda instant: f"{service.local(instant):%Y-%m}"
    period, number = slot(service, plan) if plan else (None, None)
    if period:
        cycle = period.first + number * period.cadence
        goes_on = month(cycle) < month(began) and min(cycle + period.cadence, period.end) > began
        near = cycle - period.cadence <= began < cycle + 2 * period.cadence
        if not near or (month(cycle) != month(began) and not goes_on):
            period = None
    if not period:
        period, number = slot(service, began)
    return (period, number) if period and number >= 0 else (None, None)


def delay_class(answer, nearest, second, parameters):
    short, long = parameters["delai_court_jours"], parameters["delai_long_jours"]
    if answer == "non":
        return CLASSES[0]
    if answer != "oui":
        return None
    if nearest is None:
        return CLASSES[5]
    if nearest <= short:
        return CLASSES[1] if second is not None and second <= short else CLASSES[2]
    return CLASSES[3] if nearest <= long else CLASSES[4]


def cycles(asked, longest):
    """By month: cycles, doubtful ones, ids used again, too long, plannings asked twice, and the first doubtful name."""
    tries, counts, before = defaultdict(list), {}, {}
    for (month, name, began, _), row in asked.items():
        if row["cycle_consigne"]:
            tries[month, name, began].append(row)
    for (month, name, began), rows in sorted(tries.items()):
        stated = any(row["debut_consigne"] for row in rows)
        last, last_stated = before.get((month, name), (None, None))
        before[month, name] = began, stated
        again = last is not None and not (stated and last_stated and began - last >= longest)
        long = max(row["dernier_utc"] for row in rows) - min(row["instant_utc"] for row in rows) > longest
        twice = any(row["lignes"] > row["essais"] for row in rows)
        faults = [1, again or long or twice, again, long, twice]
        *sums, example = counts.get(month, [0] * 5 + [None])
        if faults[1]:
            example = least([example, name])
        counts[month] = [*map(sum, zip(sums, faults)), example]
    return {month: tuple(row) for month, row in counts.items()}


# ----------------------------------------------------------------------------------------------------------------- time


def time_of_days(service, consultations):
    """By local day on which cycles begin that were looked at: how many, and the seconds that they stand for."""
    looked = defaultdict(list)
    for row in consultations.values():
        if row["periode_utc"]:
            looked[row["periode_utc"], row["cycle_prevu"]].append(row)
    days = defaultdict(Counter)
    for (start, number), rows in looked.items():
        period = next(period for period in service.periods if period.start == start)
        cycle = period.first + number * period.cadence
        day, seconds = days[service.local(cycle).date()], period.seconds(cycle)
        classes = Counter(row["classe_delai"] for row in rows if row["complete"] and row["classe_delai"])
        day["cycles_mesures"] += 1
        day["secondes_mesurees"] += seconds
        offers = sum(row["reponse"] == "oui" and not row["complete"] for row in rows)
        if classes or offers:
            # Equal parts, to whole seconds: each ends where the next begins, and offers that are not complete come last.
            before, answers, taken = 0, sum(classes.values()) + offers, 0
            for name in CLASSES:
                before += classes[name]
                until = (2 * seconds * before + answers) // (2 * answers)
                day["secondes_non" if name == CLASSES[0] else f"secondes_{name}"] += until - taken
                taken = until
            day["cycles_repondus"] += taken > 0
            day["secondes_repondues"] += taken
            day["secondes_oui_incomplets"] += seconds - taken
            day["carres_repondus"] += float(taken * taken)
        elif any(row["reponse"] == "inconnue" for row in rows):
            day["secondes_inconnues"] += seconds
        else:
            day["secondes_hors_champ"] += seconds
    names = COLUMNS["temps_jours"][1].split()
    return {day: tuple(counts[name] for name in names) for day, counts in days.items()}

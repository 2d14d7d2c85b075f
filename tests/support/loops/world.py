"""Small random services, each with its schedule and its log, drawn so that the hard cases are common.

Ids used again, with and without a beginning, silences of exactly the longest cycle and a microsecond more, retries,
retries of which the first try is lost, plannings seen late or seldom, lists of plannings, logs without cycles, plans
for another cycle or for none, two vantages in one cycle, two cadences, cycles cut at the end of a period, over
midnight, over the end of a month or on a day of 23 or 25 hours, cycles counted from a first look, looks before the
first cycle and off schedule.
"""

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

US, SECOND, MINUTE, HOUR = timedelta(microseconds=1), timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ZONES = [ZoneInfo("Europe/Paris"), ZoneInfo("America/Miquelon"), ZoneInfo("Pacific/Noumea")]
# Each span holds an end of a month, or a change of the clocks in one of the zones, or both.
SPANS = [(3, 29, 7), (10, 26, 19), (10, 31, 3), (3, 8, 12)]
CADENCES = [613, 1800, 3600, 5400, 7200, 21600, 129600]
# In the order of the table issues.
OUTCOMES = [
    ("rdv_propose", "oui"),
    ("captcha_exige", "inconnue"),
    ("erreur_serveur", "inconnue"),
    ("page_non_reconnue", "inconnue"),
    ("incomplete", "inconnue"),
    ("aucun_rdv", "non"),
    ("cible_disparue", "hors_champ"),
    ("autre_canal", "hors_champ"),
]
RANK = {issue: rank for rank, (issue, _) in enumerate(OUTCOMES, 1)}
ANSWER = dict(OUTCOMES)


@dataclass
class Period:
    """A stretch of time at one cadence; early is how early a look may be for the cycle about to begin."""

    start: datetime
    end: datetime
    origin: datetime
    cadence: timedelta
    early: timedelta = timedelta()
    plannings: list | None = None

    @property
    def first(self):
        cycle = self.origin
        while cycle < self.start:
            cycle += self.cadence
        return cycle

    def cycles(self):
        cycle = self.first
        while cycle < self.end:
            yield cycle
            cycle += self.cadence

    def seconds(self, cycle):
        """How long a cycle lasts, in whole seconds."""
        return min(self.cadence // SECOND, (self.end - cycle + SECOND / 2) // SECOND)


@dataclass
class Service:
    name: str
    zone: ZoneInfo
    begin: datetime
    end: datetime
    periods: list = field(default_factory=list)
    log: list = field(default_factory=list)

    def local(self, instant):
        return instant.astimezone(self.zone)

    def midnight(self, day):
        return datetime(day.year, day.month, day.day, tzinfo=self.zone).astimezone(timezone.utc)


def a_list(draw):
    return draw.choice([None, None, None, [], ["p1"], ["p1", "p2"], ["p1", "p2", "p3"]])


def a_months_end(service):
    return service.midnight(date(service.begin.year, service.begin.month + 1, 1))


def a_schedule(draw, service, first):
    """Rows of a service's own, a wildcard that it enters with its first look and that may be interrupted, or none."""
    cadence = timedelta(seconds=draw.choice(CADENCES))
    kind = draw.choice(["own", "own", "wildcard", "wildcard", "none"])
    if kind == "none":
        return []
    if kind == "own":
        midnight = service.midnight(service.local(service.begin).date() + timedelta(days=1))
        cursor = draw.choice([midnight, service.begin + draw.choice([0, 90, 60 * 7, 3600 * 30]) * SECOND])
        periods = []
        for _ in range(draw.choice([1, 2, 3])):
            end = draw.choice([service.end, cursor + draw.randrange(1, 5000) * MINUTE, a_months_end(service)])
            end += draw.choice([0, 0, 13, -7]) * MINUTE
            if end > cursor:
                periods.append(Period(cursor, end, cursor, cadence, plannings=a_list(draw)))
                cursor = end + draw.choice([0, 0, 400]) * MINUTE
                cadence = timedelta(seconds=draw.choice(CADENCES))
        return periods
    whole = Period(first, service.end, first, cadence, cadence // SECOND // 2 * SECOND, a_list(draw))
    if draw.random() < 0.5:
        return [whole]
    left = first + draw.choice([draw.randrange(60, 4000) * MINUTE, draw.randrange(1, 20) * cadence])
    right = left + draw.randrange(30, 2000) * MINUTE
    own = Period(left, right, left, timedelta(seconds=draw.choice(CADENCES)), plannings=a_list(draw))
    rest = Period(right, service.end, first, cadence, whole.early, whole.plannings)
    whole.end = left
    return [period for period in (whole, own, rest) if period.start < period.end]


def dates(draw, day):
    if draw.random() < 0.3:
        return None, None
    first = day + timedelta(days=draw.choice([0, 3, 29, 30, 31, 60, 61, 100]))
    second = draw.choice([None, day + timedelta(days=draw.choice([3, 30, 31, 40, 61, 29000]))])
    return first, second


def a_line(draw, service, weights, **known):
    """One attempt, with all that the models read."""
    answer = draw.choices(["oui", "non", "inconnue", "hors_champ"], weights)[0]
    issue = draw.choice([code for code, worth in OUTCOMES if worth == answer and code != "incomplete"])
    local = service.local(known["instant_utc"])
    first, second = dates(draw, local.date()) if answer == "oui" else (None, None)
    year, week, weekday = local.isocalendar()
    return known | {
        "tentative_id": f"{draw.randrange(10**12):012}",
        "point_de_mesure": draw.choice([None, None, "a", "b"]),
        "guichet_id": service.name,
        "demarche_id": "d",
        "departement": "91",
        "date_locale": local.date(),
        "heure_locale": f"{local:%H:%M:%S}",
        "jour_semaine": weekday,
        "semaine_iso": f"{year}-W{week:02}",
        "mois": f"{local:%Y-%m}",
        "issue": issue,
        "reponse": answer,
        "creneaux": draw.choice([None, 3, 2**31 - 1]) if answer == "oui" else None,
        "premiere_date": first,
        "deuxieme_date": second,
        "horizon_jours": draw.choice([None, 7, 42]),
        "delai_jours": (first - local.date()).days if first else None,
    }


def a_round(draw, service, number, style, anchors):
    """What one visit of the robot leaves: a line per planning and try, most of the time."""
    cadence = service.periods[0].cadence if service.periods else HOUR
    jitter = [timedelta(), timedelta(), US, -US, cadence / 2, cadence / 2 - US, draw.randrange(7000) * SECOND]
    base = draw.choice(anchors) + draw.choice(jitter)
    named = {"named": True, "unnamed": False, "mixed": draw.random() < 0.5}[style["cycles"]]
    cycle = draw.choice([f"r{number}", f"r{number}", "c1", "c2"]) if named else None
    began = draw.choice([None, None, base, draw.choice(anchors)]) if named or draw.random() < 0.1 else None
    near = base + draw.choice([-1, -1, 1]) * draw.randrange(120) * MINUTE
    plan = draw.choice({"none": [None], "own": [base], "odd": [None, base, near, draw.choice(anchors)]}[style["plans"]])
    when, lines = base, []
    for _ in range(draw.choice([1, 1, 1, 2])):
        asked = list(style["plannings"])
        draw.shuffle(asked)
        if draw.random() < 0.3:
            asked = asked[1:] or asked
        if draw.random() < style["rare"]:
            asked.append("rare")
        for planning in asked:
            for attempt in range(1, draw.choice([1, 1, 1, 2, 3]) + 1):
                when += draw.choice([0, 1, 1, 60, 300]) * SECOND
                known = {"cycle_id": cycle, "cycle_debut_utc": began, "prevue_utc": plan, "planning_id": planning}
                line = a_line(draw, service, style["weights"], instant_utc=when, essai=attempt, **known)
                lines += draw.choices([[line], [], [line, a_twin(draw, line)]], [30, 2, 1])[0]
    return lines


def a_twin(draw, line):
    return line | {"tentative_id": f"{draw.randrange(10**12):012}"}


def a_silence(draw, service, longest):
    """One id, silent for about as long as a cycle may last."""
    when, lines = service.begin + draw.randrange(4000) * MINUTE, []
    for _ in range(draw.choice([2, 3, 5])):
        known = {"cycle_id": "c9", "cycle_debut_utc": None, "prevue_utc": None, "planning_id": None}
        lines.append(a_line(draw, service, [1, 3, 1, 0], instant_utc=when, essai=1, **known))
        when += draw.choice([longest, longest + US, longest - US, HOUR])
    return lines


def early_for_midnight(draw, service, days):
    """Looks for the first cycle of a day, made on the day before."""
    for midnight in [service.midnight(day) for day in days] + [a_months_end(service)]:
        when = midnight - draw.randrange(1, 20) * MINUTE
        known = {"cycle_id": None, "cycle_debut_utc": None, "prevue_utc": midnight, "planning_id": None, "essai": 1}
        yield a_line(draw, service, [1, 3, 1, 0], instant_utc=when, **known)


def around_the_last(draw, service, period):
    """A look at one planning when the last cycle of a period begins, and at another right before the period ends."""
    *_, last = period.cycles()
    for planning, when in [("p1", last), ("p2", max(last, period.end - draw.randrange(1, 9) * MINUTE))]:
        known = {"cycle_id": None, "cycle_debut_utc": None, "prevue_utc": None, "planning_id": planning, "essai": 1}
        yield a_line(draw, service, [1, 3, 1, 0], instant_utc=when, **known)


def a_service(draw, name, longest):
    begin = datetime(2019, *draw.choice(SPANS), tzinfo=timezone.utc)
    service = Service(name, draw.choice(ZONES), begin, begin + timedelta(days=draw.choice([4, 6, 9, 14])))
    if draw.random() < 0.2:
        service.end = a_months_end(service)
    first = begin + draw.choice([timedelta(), HOUR / 2, 500_000 * US, draw.randrange(3000) * MINUTE])
    first = draw.choice([first, first, service.midnight(service.local(begin).date() + timedelta(days=1))])
    service.periods = a_schedule(draw, service, first)
    style = {
        "cycles": draw.choice(["named", "unnamed", "mixed"]),
        "plans": draw.choice(["none", "own", "odd"]),
        "plannings": draw.choice([[None], ["p1"], ["p1", "p2"], ["p1", "p2", "p3"], ["p1", "p2", None]]),
        "rare": draw.choice([0, 0, 0.2]),
        "weights": draw.choice([[1, 8, 1, 0], [3, 6, 3, 1], [1, 4, 1, 4], [1, 1, 4, 0]]),
    }
    cycles = [cycle for period in service.periods for cycle in period.cycles()]
    days = [service.local(begin).date() + timedelta(days=day) for day in range(1, 8)]
    edges = [service.midnight(day) + draw.choice([0, -1, -20]) * MINUTE for day in days]
    edges += [a_months_end(service), a_months_end(service) - draw.choice([1, 20]) * MINUTE]
    ends = [period.end + draw.choice([-1, -5, -40, 5]) * MINUTE for period in service.periods]
    anywhere = [begin + draw.randrange(12_000) * MINUTE for _ in range(3)]
    # The second half of a log may know a planning that the first did not.
    late = draw.random() < 0.4
    rounds = draw.choice([1, 6, 14, 20])
    for number in range(rounds):
        now = dict(style, plannings=style["plannings"][:1]) if late and number < rounds / 2 else style
        pool = draw.choice([cycles[:6] or edges, cycles or edges, edges, ends or edges, anywhere])
        if late:
            half = begin + timedelta(days=2)
            pool = [anchor for anchor in pool if (anchor < half) == (number < rounds / 2)] or pool
        service.log += a_round(draw, service, number, now, pool)
    if draw.random() < 0.2:
        service.log += a_silence(draw, service, longest)
    if draw.random() < 0.2:
        service.log += early_for_midnight(draw, service, days)
    for period in service.periods:
        if period.early and period.first < period.end and draw.random() < 0.5:
            service.log += around_the_last(draw, service, period)
    if any(period.early for period in service.periods):
        known = {"cycle_id": None, "cycle_debut_utc": None, "prevue_utc": None, "planning_id": None, "essai": 1}
        service.log.append(a_line(draw, service, style["weights"], instant_utc=first, **known))
    service.log = [line for line in service.log if line["instant_utc"] >= first]
    return service


def a_world(seed, services, longest):
    draw = random.Random(seed)
    return [a_service(draw, f"g{number:03}", longest) for number in range(services)]

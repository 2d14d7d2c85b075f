"""Runs the models over small random worlds with DuckDB, and says where they differ from the loops of method.py.

Arguments: the folder of the models, and a JSON list of [model, ours, theirs]: what else a model could say. Every table
is made at once and month by month; what the loops find must stand in both. Prints {"rows": {table: rows compared},
"wrong": ["table: …", …], "unnoticed": [the changes that no table shows]}.
"""

import json
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import duckdb
import method
from world import ANSWER, HOUR, OUTCOMES, RANK, SECOND, a_world

SERVICES, LONGEST = 300, 6 * HOUR
PARAMETERS = {"cycle_max_h": 6, "delai_court_jours": 30, "delai_long_jours": 60, "plannings_cycles_min": 3}
# A planning is expected from its first answer on, or as long as it answered within so many days.
WORLDS = [{"seed": 20190401, "window": 0}, {"seed": 20191101, "window": 1}]
# In the order in which they are made; those by month stand first.
BY_MONTH = ["rattachements", "plannings_consultes", "plannings_jours", "consultations", "cycles", "cycles_regardes"]
ORDER = ["rattachements", "plannings_consultes", "plannings_jours", "plannings", "plannings_attendus", "consultations"]
ORDER += ["cycles", "cycles_regardes", "temps_jours"]

KINDS = defaultdict(lambda: "VARCHAR")
KINDS |= dict.fromkeys("jour date_locale premiere_date deuxieme_date".split(), "DATE")
KINDS |= dict.fromkeys(["negatifs_consignes", "panne_partagee"], "BOOLEAN")
KINDS |= dict.fromkeys("essai jour_semaine creneaux horizon_jours delai_jours numero rang".split(), "INTEGER")
KINDS |= dict.fromkeys(["cadence_s", "avance_s", "plannings_fenetre_jours", *PARAMETERS], "INTEGER")


class World:
    """A few services and what the loops find in them, in a database of their own."""

    def __init__(self, seed, window):
        self.services = a_world(seed, SERVICES, LONGEST)
        self.name = f"world {seed}"
        self.parameters = PARAMETERS | {"plannings_fenetre_jours": window}
        self.zone_days = self.days_of_zones()
        self.wanted = {table: {} for table in method.COLUMNS}
        self.expectations, self.grid = {}, {}
        for service in self.services:
            self.loop(service, window)
        self.database = duckdb.connect(config={"threads": 1})
        self.database.execute("SET TimeZone = 'UTC'")
        self.database.execute("SET enable_progress_bar = false")
        self.load()
        self.months = sorted({line["mois"] for service in self.services for line in service.log})

    def days_of(self, service):
        """The local days that the grid of a service meets."""
        instants = [line["instant_utc"] for line in service.log]
        days = {service.local(instant).date() for instant in instants}
        for period in service.periods:
            day = service.local(period.start).date()
            while service.midnight(day) < period.end:
                days.add(day)
                day += timedelta(days=1)
        return days

    def days_of_zones(self):
        spans = defaultdict(set)
        for service in self.services:
            spans[service.zone] |= self.days_of(service)
        one = timedelta(days=1)
        return {
            zone: {min(days) - one + timedelta(days=day) for day in range((max(days) - min(days)).days + 3)}
            for zone, days in spans.items()
        }

    def loop(self, service, window):
        asked = method.asked_plannings(service, LONGEST)
        asked = {key: method.one_planning(lines) for key, lines in asked.items()}
        days = method.planning_days(asked)
        seen = method.plannings(days, self.parameters["plannings_cycles_min"])
        awaited = method.expected(service, days, seen, window, self.zone_days[service.zone])
        together = defaultdict(dict)
        for (*cycle, planning), row in asked.items():
            together[tuple(cycle)][planning] = row
        one = lambda rows: method.consultation(service, rows, awaited, self.parameters)
        consultations = {cycle: one(rows) for cycle, rows in together.items()}
        found = {
            "plannings_consultes": asked,
            "plannings_jours": days,
            "plannings": seen,
            "plannings_attendus": awaited,
            "consultations": consultations,
            "cycles": method.cycles(asked, LONGEST),
            "temps_jours": method.time_of_days(service, consultations),
        }
        for table, rows in found.items():
            names = method.COLUMNS[table][1].split()
            for key, row in rows.items():
                row = tuple(row[name] for name in names) if isinstance(row, dict) else tuple(row)
                self.wanted[table][service.name, *(key if isinstance(key, tuple) else (key,))] = row
        self.expectations[service.name] = together, awaited
        for period in service.periods:
            for cycle in period.cycles():
                count = self.grid.setdefault((service.name, service.local(cycle).date()), [0, 0])
                count[0] += 1
                count[1] += period.seconds(cycle)

    def load(self):
        rows = defaultdict(list)
        rows["parametres"] = [self.parameters]
        rows["issues"] = [{"issue": code, "reponse": answer, "rang": RANK[code]} for code, answer in OUTCOMES]
        for service in self.services:
            one = {"guichet_id": service.name, "demarche_id": "d"}
            rows["tentatives"] += service.log
            rows["calendrier"] += [one | {"jour": day, "negatifs_consignes": True} for day in self.days_of(service)]
            for period in service.periods:
                rows["perimetre"].append(one | self.row_of(service, period))
            for planning, start, end, since in method.declared(service.periods):
                span = {"debut_utc": start, "fin_utc": end, "depuis_utc": since}
                rows["plannings_declares"].append(one | {"fuseau": service.zone.key, "planning_id": planning} | span)
        for zone in self.zone_days:
            rows["jours_fuseaux"] += self.rows_of_zone(zone)
        for table, values in rows.items():
            shape = json.dumps([{column: kind(column) for column in values[0]}])
            read = f"SELECT unnest(from_json(CAST(? AS JSON), '{shape}'), recursive := true)"
            self.database.execute(f"CREATE TABLE {table} AS {read}", [json.dumps(values, default=str)])
        self.database.execute("ALTER TABLE tentatives RENAME TO toutes")

    def row_of(self, service, period):
        return {
            "fuseau": service.zone.key,
            "debut_utc": period.start,
            "fin_utc": period.end,
            "premier_cycle_utc": period.first,
            "cadence_s": period.cadence // SECOND,
            "avance_s": period.early // SECOND,
        }

    def rows_of_zone(self, zone):
        midnight = next(service.midnight for service in self.services if service.zone == zone)
        for day in self.zone_days[zone]:
            month = day.replace(day=1)
            after = (month + timedelta(days=31)).replace(day=1)
            yield {
                "fuseau": zone.key,
                "jour": day,
                "numero": (day - date(1970, 1, 1)).days,
                "debut_utc": midnight(day),
                "fin_utc": midnight(day + timedelta(days=1)),
                "debut_mois_utc": midnight(month),
                "fin_mois_utc": midnight(after),
            }

    def make(self, models, table):
        self.database.execute(f"CREATE OR REPLACE TABLE {table} AS {models[table]}")

    def differing(self, models, by_month, first=ORDER[0]):
        """Where the models differ from the loops; the tables that stand before `first` are as they were."""
        tables = ORDER[ORDER.index(first) :]
        self.database.execute("CREATE OR REPLACE VIEW tentatives AS FROM toutes")
        if by_month:
            tables = ORDER
            self.by_month(models)
        for table in tables:
            if not (by_month and table in BY_MONTH):
                self.make(models, table)
            if table in self.wanted and (told := self.told(table)):
                yield told

    def by_month(self, models):
        """Makes the tables by month of each month's attempts alone, and puts them together."""
        small = {table for table in ORDER if table not in BY_MONTH}
        pieces = defaultdict(list)
        for month in self.months:
            self.database.execute(f"CREATE OR REPLACE VIEW tentatives AS FROM toutes WHERE mois = '{month}'")
            for table in ["rattachements", "plannings_consultes", "plannings_jours"]:
                self.make(models, table)
                pieces[table].append(self.kept(table, month))
        self.together(pieces)
        for table in ORDER:
            if table in small and table != "temps_jours":
                self.make(models, table)
        pieces.clear()
        for month in self.months:
            one = f"FROM tous_plannings_consultes WHERE mois = '{month}'"
            self.database.execute(f"CREATE OR REPLACE TABLE plannings_consultes AS {one}")
            for table in ["consultations", "cycles", "cycles_regardes"]:
                self.make(models, table)
                pieces[table].append(self.kept(table, month))
        self.together(pieces)
        self.database.execute("CREATE OR REPLACE TABLE plannings_consultes AS FROM tous_plannings_consultes")

    def kept(self, table, month):
        name = f"{table}_{month.replace('-', '_')}"
        self.database.execute(f"CREATE OR REPLACE TABLE {name} AS FROM {table}")
        return name

    def together(self, pieces):
        for table, names in pieces.items():
            union = " UNION ALL ".join(f"FROM {name}" for name in names)
            self.database.execute(f"CREATE OR REPLACE TABLE {table} AS {union}")
            if table == "plannings_consultes":
                self.database.execute(f"CREATE OR REPLACE TABLE tous_{table} AS FROM {table}")

    def rows(self, table):
        key, columns = (names.split() for names in method.COLUMNS[table])
        listed = self.database.execute(f"SELECT {', '.join(key + columns)} FROM {table}").fetchall()
        return len(listed), {row[: len(key)]: row[len(key) :] for row in listed}

    def told(self, table):
        """One difference of a table, if there is any."""
        count, found = self.rows(table)
        wanted = self.wanted[table]
        if count == len(wanted) and found == wanted:
            return None
        keys = sorted((key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key)), key=str)
        if not keys:
            return f"{table}: {count} rows, {len(wanted)} wanted"
        names = method.COLUMNS[table][1].split()
        ours, theirs = wanted.get(keys[0]), found.get(keys[0])
        if ours is None or theirs is None:
            return f"{table}: {len(keys)} rows; {key_of(keys[0])}: loops {ours is not None}, model {theirs is not None}"
        odd = [f"{name} {other}, not {own}" for name, own, other in zip(names, ours, theirs) if own != other]
        return f"{table}: {len(keys)} rows; {key_of(keys[0])}: {'; '.join(odd)}"

    def broken(self):
        """What must hold whatever the method is."""
        _, days = self.rows("temps_jours")
        for key, values in days.items():
            row = dict(zip(method.COLUMNS["temps_jours"][1].split(), values))
            cycles, seconds = self.grid.get(key, (0, 0))
            answers = row["secondes_non"] + sum(row[f"secondes_{name}"] for name in method.CLASSES[1:])
            kinds = ["repondues", "oui_incomplets", "inconnues", "hors_champ"]
            if row["cycles_mesures"] > cycles or row["secondes_mesurees"] > seconds:
                yield f"{key_of(key)}: more time was looked at than was planned"
            if answers != row["secondes_repondues"]:
                yield f"{key_of(key)}: the parts of the answers are not their sum"
            if sum(row[f"secondes_{kind}"] for kind in kinds) != row["secondes_mesurees"]:
                yield f"{key_of(key)}: the parts of the time are not their sum"
        _, consultations = self.rows("consultations")
        place = method.COLUMNS["consultations"][1].split().index("reponse")
        for (name, *cycle), values in consultations.items():
            together, awaited = self.expectations[name]
            answers = {planning: row["reponse"] for planning, row in together.get(tuple(cycle), {}).items()}
            began = values[1]
            due = {planning for (planning, start), (end, _) in awaited.items() if start <= began < end}
            whole = answers.get("", "inconnue") != "inconnue"
            if values[place] == "non" and "oui" in answers.values():
                yield f"{name} {cycle}: a « non » stands beside a « oui »"
            if values[place] == "non" and not whole and any(answers.get(one, "inconnue") == "inconnue" for one in due):
                yield f"{name} {cycle}: « non », and an expected planning is absent or silent"


def key_of(key):
    return " ".join(map(str, key))


def kind(column):
    return "TIMESTAMPTZ" if column.endswith("_utc") else KINDS[column]


def compare(folder, changes):
    files = {path.stem: path for path in Path(folder).rglob("*.sql")}
    models = {table: files[table].read_text(encoding="utf-8") for table in ORDER}
    worlds = [World(**world) for world in WORLDS]
    wrong = []
    for world in worlds:
        wrong += [f"{world.name}, month by month, {told}" for told in world.differing(models, True)]
        wrong += [f"{world.name}, {told}" for told in world.differing(models, False)]
        wrong += [f"{world.name}, {told}" for told in world.broken()]
    rows = {table: sum(len(world.wanted[table]) for world in worlds) for table in method.COLUMNS}
    # A change spoils its table and those after it: the last are tried first, and find those before them as they were.
    changes.sort(key=lambda change: -ORDER.index(change[0]))
    unnoticed = [change for change in changes if not wrong and not noticed(worlds, models, change)]
    return {"rows": rows, "wrong": wrong, "unnoticed": unnoticed}


def noticed(worlds, models, change):
    table, ours, theirs = change
    assert ours in models[table], f"{table} no longer says {ours}"
    changed = models | {table: models[table].replace(ours, theirs, 1)}
    tried = (world.differing(changed, by_month, table) for by_month in (False, True) for world in worlds)
    return any(any(told) for told in tried)


def main(folder, changes):
    print(json.dumps(compare(folder, json.loads(changes))))

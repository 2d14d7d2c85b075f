# How often the published SQL's intervals hold the truth: it is run over simulated days of which the truth is known.
#
# The second argument is one of
#
# - stated: the regimes by which the factors of the method were chosen, and that METHOD.md states;
# - held_out: others, with other seeds, durations and figures;
# - top: periods in which 0, 1, 2 … answers are not « no ».
#
# Prints one JSON value.

import numpy
import pandas
from statsmodels.stats.proportion import proportion_confint

SEED = 20190421
# Kind of period, its days, how many of them are simulated in each cell.
STATED = (("semaine", 7, 1000), ("mois", 31, 1000), ("trimestre", 91, 500), ("annee", 365, 250))
HELD_OUT = (("semaine", 7, 500), ("mois", 28, 500), ("trimestre", 92, 300), ("annee", 366, 150), ("ensemble", 1096, 60))


# --------------------------------------------------------------------------------------------- what is being looked at


def alike(chance, shape, rate, correlation):
    """Days whose own rates follow a beta law: two looks of one day have the correlation stated."""
    if correlation == 0.0 or rate == 1.0:
        return numpy.full(shape, rate)
    spread = 1.0 / correlation - 1.0
    return chance.beta(rate * spread, (1.0 - rate) * spread, size=shape)


def spells(chance, shape, share, persistence):
    """Days of a state that has a share of them; a day is like the one before it more often than not."""
    drawn = chance.random(shape)
    state = drawn < share
    for day in range(1, shape[1]):
        likely = numpy.where(state[:, day - 1], share + persistence * (1.0 - share), share * (1.0 - persistence))
        state[:, day] = drawn[:, day] < likely
    return state


def looked(chance, own, looks, answered=None, made=None):
    """Looks at days whose own rates are known. Of the looks that were made (all, unless a share of the day is given), the
    share answered got an answer. The truth is the mean of all days: a service that flickers within each cycle."""
    looks = numpy.broadcast_to(looks, own.shape)
    made = looks if made is None else numpy.rint(looks * made).astype(int)
    n = made if answered is None else chance.binomial(made, answered)
    return {"looks": looks, "made": made, "n": n, "x": chance.binomial(n, own), "truth": own.mean(axis=1)}


def lasting(chance, shape, looks, on, off):
    """Openings and closings of exponential lengths (in days), to the instant; a look at a random instant of each cycle."""
    repeats, days = shape
    count = int(3 * days / (on + off) + 40)
    first = chance.random(repeats) < on / (on + off)
    lengths = chance.exponential(1.0, (repeats, 2 * count))
    lengths[:, 0::2] *= numpy.where(first, on, off)[:, None]
    lengths[:, 1::2] *= numpy.where(first, off, on)[:, None]
    ends = numpy.cumsum(lengths, axis=1)
    at = (numpy.arange(days * looks) + chance.random((repeats, days * looks))) / looks
    open_at = numpy.stack([numpy.searchsorted(e, a) % 2 == 0 for e, a in zip(ends, at)]) == first[:, None]
    pieces = numpy.diff(numpy.minimum(ends, days), axis=1, prepend=0.0)
    time_open = numpy.where(first, pieces[:, 0::2].sum(axis=1), pieces[:, 1::2].sum(axis=1))
    n = numpy.full(shape, looks)
    x = (~open_at).reshape(repeats, days, looks).sum(axis=2)
    return {"looks": n, "made": n, "n": n, "x": x, "truth": 1.0 - time_open / days}


def changing(chance, shape, before, after, part):
    """24 looks a day and one rate, then 5 a day and another."""
    first = round(shape[1] * part)
    early, late = (shape[0], first), (shape[0], shape[1] - first)
    own = numpy.hstack([alike(chance, early, before, 0.3), alike(chance, late, after, 0.3)])
    looks = numpy.array([24] * first + [5] * (shape[1] - first))
    return looked(chance, own, looks) | {"rate": (before * first + after * (shape[1] - first)) / shape[1]}


def cells(days, stated):
    """Regime, and how to draw it: a function of a generator and of a shape. The underlying rate is that of the regime."""
    pick = (lambda ours, others: ours) if stated else (lambda ours, others: others)

    def days_alike(rate, rho, looks, **more):
        return lambda g, s: looked(g, alike(g, s, rate, rho), looks, **{k: f(g, s) for k, f in more.items()}) | {"rate": rate}

    def opening(share, yes, persistence, looks):
        rate = 1.0 - share * yes
        return lambda g, s: looked(g, 1.0 - yes * spells(g, s, share, persistence), looks) | {"rate": rate}

    def closing(share, looks):
        return lambda g, s: looked(g, 0.9 * spells(g, s, share, 0.5), looks) | {"rate": 0.9 * share}

    def tied(share, yes, answers):
        def draw(g, s):
            is_open = g.random(s) < share
            answered = numpy.where(is_open, answers / 24, 1.0)
            return looked(g, 1.0 - yes * is_open, 24, answered) | {"rate": 1.0 - share * yes}

        return draw

    for rho in pick((0.0, 0.1, 0.3, 0.6), (0.2, 0.45)):
        for rate in pick((0.5, 0.9, 0.98), (0.8, 0.96)):
            yield f"rho {rho}", days_alike(rate, rho, 24)
            yield f"rho {rho}", days_alike(rate, rho, pick(5, 8))
        yield f"rho {rho}", days_alike(pick(0.995, 0.99), rho, 24, made=lambda g, s: g.integers(1, 24, size=s) / 24)
    for regime, persistence in (("rare", 0.0), ("spells", pick(0.5, 0.4)), ("long spells", pick(0.8, 0.7))):
        for share, yes in pick(((0.03, 0.5), (0.03, 0.9), (0.07, 0.5), (0.14, 0.5), (0.30, 0.6)), ((0.05, 0.7), (0.2, 0.5))):
            for looks in pick((5, 24), (8, 24)):
                yield regime, opening(share, yes, persistence, looks)
    for regime, lengths in (
        ("minutes", pick(((20 / 1440, 15 / 24), (20 / 1440, 5.0)), ((40 / 1440, 1.0),))),
        ("hours", pick(((0.25, 3.0), (1.0, 6.0), (2.0, 12.0), (2.0, 28.0)), ((0.5, 4.0), (1.5, 20.0)))),
    ):
        for on, off in lengths:
            yield regime, lambda g, s, on=on, off=off: lasting(g, s, pick(24, 12), on, off) | {"rate": off / (on + off)}
    for share in pick((0.03, 0.14), (0.08,)):
        for looks in pick((5, 24), (8, 24)):
            yield "closings", closing(share, looks)
    for change in pick(((0.98, 0.60, 20 / 31), (0.98, 0.70, 10 / 31), (1.0, 0.2, 20 / 31)), ((0.95, 0.6, 0.5),)):
        yield "cadence", lambda g, s, change=change: changing(g, s, *change)
    for rate, rho in pick(((0.9, 0.3), (0.98, 0.3), (0.9, 0.6)), ((0.95, 0.45),)):
        # Whole days on which nobody looked, and of the looks made, one in five without an answer.
        for looks in pick((5, 24), (12,)):
            yield "lost", days_alike(rate, rho, looks, made=lambda g, s: g.random(s) < 0.7, answered=lambda g, s: 0.8)
    for rate, rho in pick(((0.9, 0.3), (0.98, 0.3), (0.9, 0.6)), ((0.95, 0.45),)):
        first = (numpy.arange(days) < numpy.ceil(days * 0.4)).astype(float)
        yield "beginning", days_alike(rate, rho, 24, made=lambda g, s, first=first: numpy.broadcast_to(first, s))
    for share, yes, answers in pick(((0.14, 0.5, 6), (0.30, 0.6, 4)), ((0.2, 0.5, 8),)):
        yield "tied", tied(share, yes, answers)


# --------------------------------------------------------------------------------------------- the SQL, on other days

# What the models read of a day, where the simulation says something of it; whole numbers of which it does not are 0.
READ = {
    "guichet_id": "service",
    "demarche_id": "0",
    "departement": "'9Z'",
    "jour": "jour",
    "semaine_iso": "semaine",
    "cycles_prevus": "looks",
    "secondes_prevues": "looks * cadence_s",
    "cadence_min_s": "cadence_s",
    "cadence_max_s": "cadence_s",
    "negatifs_consignes": "true",
    "hors_calendrier": "false",
    "jour_complet": "true",
    "consultations": "made",
    "lignes": "made",
    "heures_distinctes": "made",
    "oui": "n - x",
    "non": "x",
    "inconnues": "made - n",
    "cycles_mesures": "made",
    "cycles_repondus": "n",
    "secondes_mesurees": "made * cadence_s",
    "secondes_repondues": "n * cadence_s",
    "secondes_non": "x * cadence_s",
    "secondes_inconnues": "(made - n) * cadence_s",
    "carres_repondus": "CAST(n * cadence_s * cadence_s AS DOUBLE)",
}


def column(name, kind):
    number = kind in ("INTEGER", "BIGINT", "HUGEINT", "DOUBLE")
    return f"{READ.get(name, f'CAST(0 AS {kind})' if number else 'NULL')} AS {name}"


def view(name, source="simulated", **own):
    described = database.execute(f"DESCRIBE SELECT * FROM read_parquet({parts[name]})").fetchall()
    columns = [f"{own[c]} AS {c}" if c in own else column(c, kind) for c, kind, *_ in described]
    database.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT {', '.join(columns)} FROM {source}")


def bind(kind, days):
    """Every period of the kind is called « p »; those of other kinds are not looked at."""
    named = {name: "'p'" for name in ("semaine_iso", "mois", "trimestre", "annee") if name != "semaine_iso" or kind == "semaine"}
    view("calendrier", **named)
    view("issues_jour")
    view("temps_jours")
    view("heures_regardees", "simulated WHERE false")
    civil = f"SELECT '{kind}' AS type, 'p' AS periode, 0 AS premier_jour, {days - 1} AS dernier_jour, {days} AS jours"
    database.execute(f"CREATE OR REPLACE VIEW periodes_civiles AS {civil}")


def sums(kind, days, batches):
    """Lets periodes see what sommes_periodes makes of simulated days, of which each service has one period of the kind."""
    summed = f"SELECT * FROM ({(models / 'sommes_periodes.sql').read_text()}) WHERE type = '{kind}'"
    database.execute("DROP TABLE IF EXISTS sums")
    for number, batch in enumerate(batches):
        batch["semaine"] = ((batch["jour"] + 3) // 7).astype(str)
        batch["cadence_s"] = 86400 // batch["looks"]
        database.register("simulated", batch)
        bind(kind, days)
        database.execute(("INSERT INTO sums " if number else "CREATE TABLE sums AS ") + summed)
    database.execute("CREATE OR REPLACE VIEW sommes_periodes AS SELECT * FROM sums")


def figures(kappa=None):
    """What periodes makes of them: one row per service, in their order."""
    changed = "" if kappa is None else f"REPLACE (CAST({kappa} AS DOUBLE) AS dispersion_ouvertures)"
    database.execute(f"CREATE OR REPLACE VIEW parametres AS SELECT * {changed} FROM read_parquet({parts['parametres']})")
    return database.execute(f"SELECT * FROM ({(models / 'periodes.sql').read_text()}) ORDER BY guichet_id").df()


# ----------------------------------------------------------------------------------------------------------- coverage

MOST_ROWS = 2_000_000
FACTORS = (0.0, 1.0, 2.0, 2.5, 3.0)


def frame(service, drawn):
    """The days of the periods of one cell, in a table."""
    repeats, days = drawn["looks"].shape
    columns = {"service": numpy.arange(service, service + repeats)[:, None], "jour": numpy.arange(days)}
    columns |= {name: drawn[name] for name in ("looks", "made", "n", "x")}
    flat = {name: numpy.broadcast_to(values, (repeats, days)).ravel() for name, values in columns.items()}
    return pandas.DataFrame(flat, dtype="int32")


def simulate(stated, days, repeats, told):
    """The simulated days of all cells, some cells at a time; what is true of each is told on the way."""
    frames = []
    for number, (regime, draw) in enumerate(cells(days, stated)):
        drawn = draw(numpy.random.default_rng([SEED + (not stated), days, number]), (repeats, days))
        told.append((regime, drawn["rate"], drawn["truth"]))
        frames.append(frame(number * repeats, drawn))
        if len(frames) * repeats * days > MOST_ROWS:
            yield pandas.concat(frames)
            frames = []
    if frames:
        yield pandas.concat(frames)


def within(low, truth, high):
    """Not beyond rounding."""
    return (low <= truth + 1e-9) & (truth - 1e-9 <= high)


def share(flags):
    return float(flags.mean()) if len(flags) else None


def report(regime, rate, truth, rows):
    """How often the figures of one cell hold what is true of it."""
    low, high = rows["ic95_bas"].to_numpy(), rows["ic95_haut"].to_numpy()
    published = ~numpy.isnan(low)
    holds_rate = within(low, rate, high)
    rated = rows["taux_sans_rdv"].notna().to_numpy()
    naive = proportion_confint(rows["non_retenus"].to_numpy(), rows["reponses_retenues"].to_numpy(), method="wilson")
    width = (rows["borne_haute"] - rows["borne_basse"]).to_numpy()
    return {
        "regime": regime,
        "published": share(published),
        "time": share(within(low, truth, high)[published]),
        "rate": share(holds_rate[published]),
        "missed": share(published & ~holds_rate),
        "too_high": share(published & (low > rate)),
        "naive": share(within(naive[0], rate, naive[1])[rated]),
        "naive_time": share(within(naive[0], truth, naive[1])[rated]),
        "bounds": share(within(rows["borne_basse"].to_numpy(), truth, rows["borne_haute"].to_numpy())),
        "width": float(numpy.nanmean(width)),
        "too_kind": share(((width > 0.1) & (rows["qualite"] == "suffisante")) | ((width > 0.3) & rated)),
        "episodes": share(within(rows["episodes_bas95"], rows["episodes"].mean(), rows["episodes_haut95"])),
    }


def coverage(stated):
    answer = {"cells": {}, "factors": {}}
    for kind, days, repeats in STATED if stated else HELD_OUT:
        told = []
        sums(kind, days, simulate(stated, days, repeats, told))

        def reports(rows):
            return [report(*cell, rows.iloc[i * repeats : (i + 1) * repeats]) for i, cell in enumerate(told)]

        answer["cells"][kind] = reports(figures())
        if stated and kind == "mois":
            answer["factors"] = {str(factor): reports(figures(factor)) for factor in FACTORS}
    return answer


def top():
    """Months of equal days with 1, 2 … answers that are not « no », one a day at most: on days that follow each other, or
    on every third day."""
    told, frames = [], []
    for days in (20, 30, 31):
        for answers in (4, 8, 24, 96):
            for apart in (1, 3):
                for yes in range(6):
                    x = numpy.full((1, days), answers)
                    x[0, : yes * apart : apart] -= 1
                    n = numpy.full((1, days), answers)
                    frames.append(frame(len(told), {"looks": n, "made": n, "n": n, "x": x}))
                    told.append({"days": days, "answers": answers, "apart": apart, "yes": yes})
    sums("mois", 31, [pandas.concat(frames)])
    rows = figures().astype(object)
    rows = rows.where(rows.notna(), None)
    return [
        {**case, "low": row.ic95_bas, "high": row.ic95_haut, "rate": row.taux_sans_rdv, "why": row.motif_ic95}
        for case, row in zip(told, rows.itertuples())
    ]


database.execute("SET threads = 1")
task = sys.argv[2]
print(json.dumps(top() if task == "top" else coverage(task == "stated")))

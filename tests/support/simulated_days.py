# Days of which the truth is known, and what the published models make of them.

import numpy
import pandas

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
    """Looks at days whose own rates are known. Of the looks that were made (all, unless a share of the day is given),
    the share answered got an answer. The truth is the mean of all days: a service that flickers in each cycle."""
    looks = numpy.broadcast_to(looks, own.shape)
    made = looks if made is None else numpy.rint(looks * made).astype(int)
    n = made if answered is None else chance.binomial(made, answered)
    return {"looks": looks, "made": made, "n": n, "x": chance.binomial(n, own), "truth": own.mean(axis=1)}


def lasting(chance, shape, looks, on, off):
    """Openings and closings of exponential lengths (in days), to the instant; a look at any instant of each cycle."""
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


def frame(service, drawn):
    """The days of the periods of one cell, in a table."""
    repeats, days = drawn["looks"].shape
    columns = {"service": numpy.arange(service, service + repeats)[:, None], "jour": numpy.arange(days)}
    columns |= {name: drawn[name] for name in ("looks", "made", "n", "x")}
    flat = {name: numpy.broadcast_to(values, (repeats, days)).ravel() for name, values in columns.items()}
    return pandas.DataFrame(flat, dtype="int32")


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
    named = {
        name: "'p'"
        for name in ("semaine_iso", "mois", "trimestre", "annee")
        if name != "semaine_iso" or kind == "semaine"
    }
    view("calendrier", **named)
    view("issues_jour")
    view("temps_jours")
    view("heures_regardees", "simulated WHERE false")
    for step in ("mesures_jours", "sommes_semaines"):
        database.execute(f"CREATE OR REPLACE VIEW {step} AS {(models / f'{step}.sql').read_text()}")
    civil = f"SELECT '{kind}' AS type, 'p' AS periode, 0 AS premier_jour, {days - 1} AS dernier_jour, {days} AS jours"
    database.execute(f"CREATE OR REPLACE VIEW periodes_civiles AS {civil}")


def sums(kind, days, batches):
    """Lets periodes see what sommes_periodes makes of simulated days; each service has one period of the kind."""
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
    database.execute(
        f"CREATE OR REPLACE VIEW parametres AS SELECT * {changed} FROM read_parquet({parts['parametres']})"
    )
    return database.execute(f"SELECT * FROM ({(models / 'periodes.sql').read_text()}) ORDER BY guichet_id").df()


def within(low, truth, high):
    """Not beyond rounding."""
    return (low <= truth + 1e-9) & (truth - 1e-9 <= high)

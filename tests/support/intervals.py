"""Checks the published intervals against other people's code, and the published SQL against simulated truth.

Arguments: a store, and one of

- published: compares the limits in disponibilite_* with statsmodels (days) and with numpy and scipy (weeks, months);
- coverage: runs the published models over simulated days of which the true rate is known, and counts how often the
  interval holds it;
- top: runs them over periods in which every answer is « no », and in which one is not.

Prints one JSON value.
"""

import json
import sys
from pathlib import Path

import duckdb
import numpy
import pandas
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

SERVICE = ["guichet_id", "demarche_id"]
PERIODS = {"disponibilite_semaine": "semaine_iso", "disponibilite_mois": "mois"}

store, task = Path(sys.argv[1]), sys.argv[2]
latest = json.loads((store / "latest.json").read_text())
manifest = json.loads((store / latest["manifest"]).read_text())
models = (store / latest["manifest"]).parent / "models"

parts = {}
for file in manifest["files"]:
    if file.get("format") == "parquet":
        parts.setdefault(file["table"], []).append(str(store / file["path"]))

database = duckdb.connect()
# It would be printed with the answer.
database.execute("SET enable_progress_bar = false")
for name, paths in parts.items():
    database.read_parquet(paths).create_view(name)


def table(name):
    return database.execute(f"SELECT * FROM {name}").df()


def wilson(successes, answers):
    return proportion_confint(successes, answers, alpha=0.05, method="wilson")


def apart(ours, theirs):
    """The largest relative distance; of numbers that should be 0, the absolute one."""
    ours, theirs = numpy.asarray(ours, float), numpy.asarray(theirs, float)
    scale = numpy.where(theirs == 0.0, 1.0, numpy.abs(theirs))
    return float(numpy.max(numpy.abs(ours - theirs) / scale))


# ---------------------------------------------------------------------------------------------------------- published


def effective_size(days, rho):
    """From the days of one period, by the formulas of the literature and not by those of the SQL."""
    n, x = days["reponses_retenues"].to_numpy(float), days["non_retenus"].to_numpy(float)
    n, x = n[n > 0], x[n > 0]
    total, k = n.sum(), len(n)
    p = x.sum() / total
    floor = 1.0 + ((n**2).sum() / total - 1.0) * rho
    clustered = k / (k - 1) * ((x - p * n) ** 2).sum() / total**2
    binomial = p * (1.0 - p) / total
    effect = max(clustered / binomial, floor) if binomial > 0 else floor
    return total / effect * (scipy.stats.norm.ppf(0.975) / scipy.stats.t.ppf(0.975, k - 1)) ** 2


def published():
    days, settings, quantiles = table("disponibilite_jour"), table("parametres").iloc[0], table("quantiles_student")
    rated = days[days["taux_sans_rdv"].notna()]
    low, high = wilson(rated["non_retenus"], rated["reponses_retenues"])
    report = {
        "disponibilite_jour": {
            "rows": len(rated),
            "limits": max(apart(rated["ic95_bas"], low), apart(rated["ic95_haut"], high)),
        },
        "quantiles": {
            "rows": len(quantiles),
            "apart": float(
                numpy.abs(quantiles["t975"] - scipy.stats.t.ppf(0.975, quantiles["degres_liberte"])).max()
            ),
        },
    }
    for name, period in PERIODS.items():
        rows = table(name)
        rated = rows[rows["taux_sans_rdv"].notna()]
        groups = dict(list(days.groupby([*SERVICE, period])))
        sizes = [
            effective_size(groups[key], settings["correlation_jour_min"])
            for key in rated[[*SERVICE, period]].itertuples(index=False, name=None)
        ]
        # Wilson of a sample that is not whole: statsmodels takes counts that are not.
        rates = rated["non_retenus"] / rated["reponses_retenues"]
        low, high = wilson(rates.to_numpy() * sizes, numpy.array(sizes))
        report[name] = {
            "rows": len(rated),
            "varied": int((rates.between(0.0, 1.0, inclusive="neither")).sum()),
            "sizes": apart(rated["n_effectif"], sizes),
            "limits": max(apart(rated["ic95_bas"], low), apart(rated["ic95_haut"], high)),
            "without_rate": int(rows.loc[rows["taux_sans_rdv"].isna(), ["ic95_bas", "ic95_haut"]].notna().sum().sum()),
        }
    return report


# --------------------------------------------------------------------------------------------- the SQL, on other days

# Every whole-number column that the models add up and that the simulation does not speak of is 0.
SIMULATED = {
    "guichet_id": "CAST(periode AS VARCHAR)",
    "demarche_id": "'simulee'",
    "departement": "'9Z'",
    "mois": "'2019-04'",
    "semaine_iso": "'2019-W16'",
    "tentatives_prevues": "n",
    "tentatives": "n",
    "cycles_mesures": "n",
    "reponses": "n",
    "oui": "n - x",
    "non": "x",
    "tentatives_retenues": "n",
    "reponses_retenues": "n",
    "non_retenus": "x",
}


def intervals(name, simulated, rho=None):
    """What the published model makes of days with n answers of which x « no »; one row per period, in their order."""
    described = database.execute(f"DESCRIBE SELECT * FROM read_parquet({parts['disponibilite_jour']})").fetchall()
    whole = ("INTEGER", "BIGINT")
    columns = [f"{SIMULATED.get(c, '0' if kind in whole else 'NULL')} AS {c}" for c, kind, *_ in described]
    database.register("simulated", simulated)
    database.execute(f"CREATE OR REPLACE VIEW disponibilite_jour AS SELECT {', '.join(columns)} FROM simulated")
    database.execute(f"CREATE OR REPLACE TABLE settings AS SELECT * FROM read_parquet({parts['parametres']})")
    if rho is not None:
        database.execute(f"UPDATE settings SET correlation_jour_min = {rho}")
    database.execute("CREATE OR REPLACE VIEW parametres AS SELECT * FROM settings")
    week = "SELECT '2019-W16' AS semaine_iso, DATE '2019-04-15' AS lundi"
    database.execute(f"CREATE OR REPLACE VIEW calendrier AS {week}")
    sql = (models / f"{name}.sql").read_text()
    found = database.execute(f"SELECT * FROM ({sql}) ORDER BY CAST(guichet_id AS INTEGER)").df()
    assert found["taux_sans_rdv"].notna().all(), "a simulated period is below the thresholds"
    return found


# ----------------------------------------------------------------------------------------------------------- coverage

SEED = 20190421
REPEATS = 1000
RATES = (0.5, 0.9, 0.98, 0.995)
# Days and answers of a day; the pair (1, 23) is any number from 1 to 23.
DESIGNS = {
    "disponibilite_semaine": ((3, 7), (5, 5), (7, 4), (7, 24)),
    "disponibilite_mois": ((10, 12), (30, 5), (30, 24), (30, (1, 23))),
}
HARDER_DESIGNS = {"disponibilite_semaine": ((7, 5), (7, 24)), "disponibilite_mois": ((30, 5), (30, 24))}
# The share of days on which the service opens at all, and on such a day the share of looks that say yes.
OPENINGS = ((0.03, 0.5), (0.03, 0.9), (0.07, 0.5), (0.14, 0.5))
FLOORS = (0.0, 0.1, 0.2, 0.3)


def alike(chance, days, rate, correlation):
    """Days whose rates follow a beta law: two answers of one day have the correlation stated."""
    if correlation == 0.0:
        return numpy.full((REPEATS, days), rate)
    spread = 1.0 / correlation - 1.0
    return chance.beta(rate * spread, (1.0 - rate) * spread, size=(REPEATS, days))


def opening(chance, days, share, yes, persistence):
    """Days that are closed, or open for some looks; a day is like the one before it more often than not."""
    drawn = chance.random((REPEATS, days))
    state = drawn < share
    for day in range(1, days):
        likely = numpy.where(state[:, day - 1], share + persistence * (1.0 - share), share * (1.0 - persistence))
        state[:, day] = drawn[:, day] < likely
    return numpy.where(state, 1.0 - yes, 1.0)


def cells(designs, harder):
    """Each regime's cells: its name, the true rate, days, answers of a day, and how to draw the days' own rates."""
    for correlation in (0.0, 0.1, 0.3):
        for rate in RATES:
            for days, answers in designs:
                yield str(correlation), rate, days, answers, (alike, rate, correlation)
    for rate in (0.9, 0.98):
        for days, answers in harder:
            yield "0.6", rate, days, answers, (alike, rate, 0.6)
    for regime, persistence in (("openings", 0.0), ("spells", 0.5)):
        for share, yes in OPENINGS:
            for days, answers in harder:
                yield regime, 1.0 - share * yes, days, answers, (opening, share, yes, persistence)


def simulate(name):
    """The simulated days of all cells, and what is true of each."""
    frames, told = [], []
    for number, (regime, rate, days, answers, (draw, *how)) in enumerate(cells(DESIGNS[name], HARDER_DESIGNS[name])):
        chance = numpy.random.default_rng([SEED, number])
        own = draw(chance, days, *how)
        low, high = answers if isinstance(answers, tuple) else (answers, answers)
        n = chance.integers(low, high, size=own.shape, endpoint=True)
        x = chance.binomial(n, own)
        period = numpy.repeat(numpy.arange(REPEATS) + number * REPEATS, days)
        frames.append(pandas.DataFrame({"periode": period, "n": n.ravel(), "x": x.ravel()}))
        told.append((regime, rate, days, answers, (own * n).sum(axis=1) / n.sum(axis=1)))
    return pandas.concat(frames), told


def covered(found, told):
    """Per cell, the share of periods whose interval holds the truth."""
    report = []
    for number, (regime, rate, days, answers, own) in enumerate(told):
        rows = found.iloc[number * REPEATS : (number + 1) * REPEATS]
        low, high = rows["ic95_bas"].to_numpy(), rows["ic95_haut"].to_numpy()
        naive_low, naive_high = wilson(rows["non_retenus"].to_numpy(), rows["reponses_retenues"].to_numpy())
        report.append(
            {
                "regime": regime,
                "rate": rate,
                "days": days,
                "answers": answers,
                "covered": float(((low <= rate) & (rate <= high)).mean()),
                "too_high": float((low > rate).mean()),
                # The rate of these very days, of which the answers are a sample; not beyond rounding.
                "own": float(((low <= own + 1e-12) & (own - 1e-12 <= high)).mean()),
                "naive": float(((naive_low <= rate) & (rate <= naive_high)).mean()),
            }
        )
    return report


def coverage():
    report = {"floors": {}}
    for name in PERIODS:
        simulated, told = simulate(name)
        report[name] = covered(intervals(name, simulated), told)
        if name == "disponibilite_mois":
            for rho in FLOORS:
                report["floors"][str(rho)] = covered(intervals(name, simulated, rho), told)
    return report


# ---------------------------------------------------------------------------------------------------------------- top


def top():
    """The limits of periods of equal days with 0, 1, 2 … answers that are not « no », one a day at most."""
    frames, told = [], []
    designs = [(days, answers) for days in (7, 10, 20, 30, 31) for answers in (3, 5, 7, 12, 24, 96)]
    for days, answers in designs:
        for yes in range(4):
            n, x = numpy.full(days, answers), numpy.full(days, answers)
            x[:yes] -= 1
            frames.append(pandas.DataFrame({"periode": len(told), "n": n, "x": x}))
            told.append({"days": days, "answers": answers, "yes": yes})
    found = intervals("disponibilite_mois", pandas.concat(frames))
    return [{**case, "low": row.ic95_bas, "high": row.ic95_haut} for case, row in zip(told, found.itertuples())]


print(json.dumps({"published": published, "coverage": coverage, "top": top}[task]()))

# How often the published SQL's intervals hold the truth: it is run over simulated days of which the truth is known.
#
# The second argument is one of
#
# - stated: the regimes by which the factors of the method were chosen, and that METHOD.md states;
# - held_out: others, with other seeds, durations and figures;
# - top: periods in which 0, 1, 2 … answers are not « no »;
# - nights: a month that is published every night;
# - difference: two services compared.
#
# Prints one JSON value.

import scipy.stats
from statsmodels.stats.proportion import proportion_confint

SEED = 20190421
# Kind of period, its days, how many of them are simulated in each cell.
STATED = (("semaine", 7, 1000), ("mois", 31, 1000), ("trimestre", 91, 400), ("annee", 365, 400))
HELD_OUT = (("semaine", 7, 500), ("mois", 28, 500), ("trimestre", 92, 300), ("annee", 366, 150), ("ensemble", 1096, 60))


def changing(chance, shape, before, after, part):
    """24 looks a day and one rate, then 5 a day and another."""
    first = round(shape[1] * part)
    early, late = (shape[0], first), (shape[0], shape[1] - first)
    own = numpy.hstack([alike(chance, early, before, 0.3), alike(chance, late, after, 0.3)])
    looks = numpy.array([24] * first + [5] * (shape[1] - first))
    return looked(chance, own, looks) | {"rate": (before * first + after * (shape[1] - first)) / shape[1]}


def cells(days, stated):
    """Regime, and how to draw it: a function of a generator and of a shape, which tells the underlying rate."""
    pick = (lambda ours, others: ours) if stated else (lambda ours, others: others)

    def days_alike(rate, rho, looks, **more):
        return lambda g, s: (
            looked(g, alike(g, s, rate, rho), looks, **{k: f(g, s) for k, f in more.items()}) | {"rate": rate}
        )

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
        for share, yes in pick(
            ((0.03, 0.5), (0.03, 0.9), (0.07, 0.5), (0.14, 0.5), (0.30, 0.6)), ((0.05, 0.7), (0.2, 0.5))
        ):
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


# ----------------------------------------------------------------------------------------------------------- coverage

MOST_ROWS = 2_000_000
FACTORS = (0.0, 1.0, 2.0, 2.5, 3.0)


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
    """Months of equal days with 0, 1, 2 … answers that are not « no », one a day at most: on days that follow each
    other, or on every third day."""
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


# ------------------------------------------------------------------------------------------------ nights, two services


def nights(days=31, repeats=300):
    """A month published every night from the seventh on: how often one of the nights, and the last one, misses."""
    told = {}
    for rho, rate in ((0.3, 0.9), (0.3, 0.98), (0.6, 0.9), (0.6, 0.98)):
        chance = numpy.random.default_rng([SEED, 9, int(100 * rho), int(100 * rate)])
        month = frame(0, looked(chance, alike(chance, (repeats, days), rate, rho), 24))
        until = [
            month[month["jour"] < night].assign(service=month["service"] + night * repeats) for night in range(7, 32)
        ]
        sums("mois", days, [pandas.concat(until)])
        rows = figures()
        low, high = (rows[name].to_numpy().reshape(-1, repeats) for name in ("ic95_bas", "ic95_haut"))
        misses = ~numpy.isnan(low) & ~within(low, rate, high)
        told[f"{rho} {rate}"] = {"any": share(misses.any(axis=0)), "last": share(misses[-1])}
    return told


def difference(days=31, repeats=800):
    """Two services with a cause in common: the limits of their difference (Zou and Donner, 2008), and the intervals."""
    told = {}
    for common in (0.0, 0.9):
        for rates in ((0.9, 0.9), (0.95, 0.85)):
            chance = numpy.random.default_rng([SEED, 11, int(10 * common), int(100 * rates[0])])
            shared = chance.random((repeats, days))
            drawn = []
            for rate in rates:
                own = numpy.where(chance.random((repeats, days)) < common, shared, chance.random((repeats, days)))
                # Correlation 0.3 within a day.
                drawn.append(looked(chance, scipy.stats.beta.ppf(own, rate * 7 / 3, (1 - rate) * 7 / 3), 24))
            sums("mois", days, [pandas.concat([frame(i * repeats, one) for i, one in enumerate(drawn)])])
            rows = figures()
            (p, q), (low, low_q), (high, high_q) = (
                rows[name].to_numpy().reshape(2, repeats) for name in ("taux_sans_rdv", "ic95_bas", "ic95_haut")
            )
            first, second = (one["x"] - rate[:, None] * one["n"] for one, rate in zip(drawn, (p, q)))
            r = (first * second).sum(axis=1) / numpy.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
            d = p - q
            below = d - numpy.sqrt((p - low) ** 2 - 2 * r * (p - low) * (high_q - q) + (high_q - q) ** 2)
            above = d + numpy.sqrt((high - p) ** 2 - 2 * r * (high - p) * (q - low_q) + (q - low_q) ** 2)
            both = ~numpy.isnan(low) & ~numpy.isnan(low_q)
            told[f"{common} {rates[0]} {rates[1]}"] = {
                "held": share(within(below, rates[0] - rates[1], above)[both]),
                "told_apart": share(((below > 0) | (above < 0))[both]),
                "disjoint": share(((low > high_q) | (low_q > high))[both]),
            }
    return told


database.execute("SET threads = 1")
tasks = {
    "stated": lambda: coverage(True),
    "held_out": lambda: coverage(False),
    "top": top,
    "nights": nights,
    "difference": difference,
}
print(json.dumps(tasks[sys.argv[2]]()))

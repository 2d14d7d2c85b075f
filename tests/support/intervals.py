# Checks the published figures of periods against other people's code, and weights against an independent computation.
#
# The second argument is one of
#
# - published: every rate, size, interval and bound of disponibilite_*, again from the days, with numpy, scipy and
#   statsmodels;
# - within: every rate against its own bounds and interval;
# - weights: temps_jours, again from consultations and perimetre, one look after the other.
#
# Prints one JSON value.

from zoneinfo import ZoneInfo

import numpy
import pandas
import scipy.stats
from statsmodels.stats.proportion import proportion_confint

SERVICE = ["guichet_id", "demarche_id"]
TYPES = ("jour", "semaine", "mois", "trimestre", "annee", "ensemble")
CIVIL = {"semaine": "semaine_iso", "mois": "mois", "trimestre": "trimestre", "annee": "annee"}


def apart(ours, theirs):
    """The largest relative distance, of numbers that should be 0 the absolute one; infinite where one is missing."""
    ours, theirs = numpy.asarray(ours, float), numpy.asarray(theirs, float)
    if (numpy.isnan(ours) != numpy.isnan(theirs)).any():
        return float("inf")
    there = ~numpy.isnan(ours)
    ours, theirs = ours[there], theirs[there]
    scale = numpy.where(theirs == 0.0, 1.0, numpy.abs(theirs))
    return float(numpy.max(numpy.abs(ours - theirs) / scale, initial=0.0))


# ---------------------------------------------------------------------------------------------------------- published

COUNTED = ("oui", "non", "inconnues", "oui_incomplets")
TIMED = (
    "secondes_repondues",
    "secondes_non",
    "secondes_oui_incomplets",
    "secondes_inconnues",
    "secondes_hors_champ",
    "carres_repondus",
)


def days_of_all():
    """One row per service and day in scope, with what was counted and timed on it."""
    key = [*SERVICE, "jour"]
    days = table("calendrier").merge(table("issues_jour")[[*key, *COUNTED]], on=key, how="left")
    days = days.merge(table("temps_jours")[[*key, *TIMED, "secondes_mesurees"]], on=key, how="left")
    numbers = [*COUNTED, *TIMED, "secondes_mesurees"]
    days[numbers] = days[numbers].fillna(0.0)
    return days.sort_values(key)


def runs(flags):
    """How many runs of true there are."""
    return sum(1 for before, here in zip([False, *flags[:-1]], flags) if here and not before)


def size(days, kind, settings):
    """The effective size of one period and whether it has an interval, by the formulas of the literature."""
    w, x, q = (days[name].to_numpy(float) for name in ("poids", "poids_non", "carres"))
    seen = (w > 0) | (days["oui"] > 0).to_numpy()
    yes, no = (days["oui"] > 0).to_numpy()[seen], (days["non"] > 0).to_numpy()[seen]
    total, p = w.sum(), x.sum() / w.sum()
    weeks = days[seen].assign(w=w[seen], x=x[seen]).groupby("semaine_iso")[["w", "x"]].sum()
    weeks = weeks[weeks["w"] > 0]
    by_week = len(weeks) >= settings["semaines_min_grappes"]
    cw, cx = (weeks["w"].to_numpy(), weeks["x"].to_numpy()) if by_week else (w[w > 0], x[w > 0])
    k = len(cw)
    enough_closed = kind != "semaine" or (~yes).sum() >= settings["jours_fermes_min_semaine"]
    if not 0.0 < p < 1.0 or not enough_closed:
        return k, None
    rho, kappa = settings["correlation_jour_min"], settings["dispersion_ouvertures"]
    openings, closings, looked = runs(list(yes)), runs(list(no)), len(yes)
    variances = (
        k / (k - 1) * ((cx - p * cw) ** 2).sum() / total**2,
        p * (1 - p) * ((1 - rho) * q.sum() + rho * (w**2).sum()) / total**2,
        kappa * ((1 - p) * ((~yes).sum() + 1) / (looked + 1)) ** 2 * (openings + 1) / openings**2,
        kappa * (p * (~no).sum() / looked) ** 2 * (closings + 1) / closings**2,
    )
    shrunk = scipy.stats.norm.ppf(0.975) / scipy.stats.t.ppf(0.975, k - 1)
    return k, p * (1 - p) / max(variances) * shrunk**2


def recomputed(kind, days, settings):
    """What a row of disponibilite_* should say of one period."""
    expected = days["secondes_prevues"].sum() > 0
    kept = days[days["negatifs_consignes"]]
    sums = kept[[*COUNTED, *TIMED, "secondes_prevues"]].sum()
    complete = sums["oui"] - sums["oui_incomplets"] + sums["non"]
    if expected:
        w, x, e, u = (sums[f"secondes_{name}"] for name in ("repondues", "non", "oui_incomplets", "inconnues"))
    else:
        w, x, e, u = complete, sums["non"], sums["oui_incomplets"], sums["inconnues"]
    ratio = lambda part, whole: part / whole if whole else None
    scheduled = sums["secondes_prevues"] - sums["secondes_hors_champ"]
    row = {
        "couverture": ratio(days["secondes_mesurees"].sum(), days["secondes_prevues"].sum()),
        "taux_reponse": ratio(w, w + e + u),
        "borne_basse": ratio(x, w + e + u),
        "borne_haute": ratio(x + u, w + e + u),
        "borne_basse_prevue": ratio(sums["secondes_non"], scheduled),
        "borne_haute_prevue": ratio(
            scheduled - sums["secondes_repondues"] + sums["secondes_non"] - sums["secondes_oui_incomplets"], scheduled
        ),
        "part_des_consultations": ratio(sums["non"], complete),
        "rate": ratio(x, w),
    }
    weighed = days.assign(
        poids=days["secondes_repondues"] if expected else days["oui"] - days["oui_incomplets"] + days["non"],
        poids_non=days["secondes_non"] if expected else days["non"],
    ).assign(carres=lambda d: d["carres_repondus"] if expected else d["poids"])
    weighed.loc[~days["negatifs_consignes"], ["poids", "poids_non", "carres"]] = 0.0
    seen = weighed[(weighed["poids"] > 0) | (weighed["oui"] > 0)]
    row["jours_regardes"] = len(seen) or None
    row["episodes"] = runs(list(seen["oui"] > 0)) if len(seen) else None
    k, n = size(weighed, kind, settings) if kind != "jour" and w else (None, None)
    return row | {"grappes": k, "n_effectif": n}


FIGURES = (
    "couverture",
    "taux_reponse",
    "borne_basse",
    "borne_haute",
    "borne_basse_prevue",
    "borne_haute_prevue",
    "part_des_consultations",
)
OF_PERIODS = ("jours_regardes", "episodes")


def compare(kind, days, settings):
    rows = table(f"disponibilite_{kind}")
    column = CIVIL.get(kind)
    groups = days.assign(**({} if column else {"tout": "tout"})).groupby(
        [*SERVICE, column or ("jour" if kind == "jour" else "tout")]
    )
    ours = {key: recomputed(kind, group, settings) for key, group in groups}
    name = (
        column
        if column in rows.columns
        else ("jour" if kind == "jour" else "periode" if "periode" in rows.columns else None)
    )
    keys = list(rows[SERVICE].itertuples(index=False, name=None))
    keys = [
        (*key, value) for key, value in zip(keys, rows[name] if name and kind != "ensemble" else ["tout"] * len(rows))
    ]
    found = pandas.DataFrame([ours[key] for key in keys]).astype(float)
    rated = rows["taux_sans_rdv"].notna().to_numpy()
    report = {
        "rows": len(rows),
        "missing": len(set(ours) - set(keys)),
        "rated": int(rated.sum()),
        "figures": {f: apart(rows[f], found[f]) for f in FIGURES},
        "rates": apart(rows["taux_sans_rdv"][rated], found["rate"][rated]),
    }
    if kind != "jour":
        sizes = found["n_effectif"].where(rated)
        p = found["rate"].to_numpy() * sizes.to_numpy()
        # Wilson of a sample that is not whole: statsmodels takes counts that are not.
        low, high = proportion_confint(p, sizes.to_numpy(), alpha=0.05, method="wilson")
        e = found["episodes"].to_numpy()
        poisson_low = numpy.where(e > 0, scipy.stats.chi2.ppf(0.025, 2 * numpy.maximum(e, 1)) / 2, e * 0.0)
        poisson_high = numpy.where(e > 0, scipy.stats.chi2.ppf(0.975, 2 * e + 2) / 2, -numpy.log(0.05) + e * 0.0)
        report |= {
            "intervals": int(sizes.notna().sum()),
            "figures": report["figures"] | {f: apart(rows[f], found[f]) for f in OF_PERIODS},
            "clusters": apart(rows["grappes"][rated], found["grappes"][rated]),
            "sizes": apart(rows["n_effectif"], sizes),
            "limits": max(apart(rows["ic95_bas"], low), apart(rows["ic95_haut"], high)),
            "episodes": max(apart(rows["episodes_bas95"], poisson_low), apart(rows["episodes_haut95"], poisson_high)),
            # A rate has an interval or a reason why not; nothing else has either.
            "unexplained": int((rows["motif_ic95"].notna() != (rated & sizes.isna())).sum()),
        }
    return report


def published():
    days, settings = days_of_all(), table("parametres").iloc[0]
    student, poisson = table("quantiles_student"), table("quantiles_poisson")
    events = poisson["evenements"]
    exact = numpy.where(events > 0, scipy.stats.chi2.ppf(0.025, 2 * numpy.maximum(events, 1)) / 2, 0.0)
    one_sided = numpy.where(events > 0, scipy.stats.chi2.ppf(0.975, 2 * events + 2) / 2, -numpy.log(0.05))
    return {
        "student": {
            "rows": len(student),
            "apart": float(numpy.abs(student["t975"] - scipy.stats.t.ppf(0.975, student["degres_liberte"])).max()),
        },
        "poisson": {
            "rows": len(poisson),
            "apart": max(apart(poisson["bas95"], exact), apart(poisson["haut95"], one_sided)),
        },
        "tables": {kind: compare(kind, days, settings) for kind in TYPES},
    }


# ------------------------------------------------------------------------------------------------------------- within


def inside():
    """Rows of which something lies outside of something, by table."""
    wrong = {}
    for kind in TYPES:
        rows = table(f"disponibilite_{kind}")
        pairs = [
            ("taux_sans_rdv", "borne_basse", "borne_haute"),
            ("borne_haute", "borne_basse", None),
            ("borne_haute_prevue", "borne_basse_prevue", None),
        ]
        if kind != "jour":
            pairs.append(("taux_sans_rdv", "ic95_bas", "ic95_haut"))
        outside = {"couverture": rows["couverture"] > 1.0}
        for name, low, high in pairs:
            outside[f"{name} below {low}"] = rows[name] < rows[low]
            if high:
                outside[f"{name} above {high}"] = rows[name] > rows[high]
        for name in (
            "borne_basse",
            "borne_haute",
            "borne_basse_prevue",
            "borne_haute_prevue",
            "couverture",
            "taux_reponse",
            "taux_sans_rdv",
        ):
            outside[f"{name} is no share"] = (rows[name] < 0.0) | (rows[name] > 1.0)
        # What was looked at lies within what was scheduled.
        looked = rows["secondes_mesurees"] > rows["secondes_prevues"]
        wrong[kind] = {"rows": len(rows), "rated": int(rows["taux_sans_rdv"].notna().sum())}
        wrong[kind]["wrong"] = {
            what: int(flags.sum())
            for what, flags in (outside | {"looked at more than scheduled": looked}).items()
            if flags.any()
        }
    return wrong


# ------------------------------------------------------------------------------------------------------------ weights

ORDER = (
    "aucune_date",
    "deux_dates_sous_30_jours",
    "une_date_sous_30_jours",
    "entre_30_et_60_jours",
    "au_dela_de_60_jours",
    "date_non_lue",
)


TIMES = ("cycles", "seconds", "inconnues", "hors_champ", "oui_incomplets", *ORDER, "carres")


def rows_of(name, columns):
    return table(name)[columns].itertuples(index=False, name=None)


def shares(seconds, counts):
    """Whole seconds in proportion to counts: each part ends at the rounded sum of those up to it."""
    total, ends, so_far = sum(counts), [0], 0
    for count in counts:
        so_far += count
        ends.append((2 * seconds * so_far + total) // (2 * total))
    return [end - start for start, end in zip(ends, ends[1:])]


def weights():
    scope = {
        row[:3]: row[3:]
        for row in rows_of("perimetre", [*SERVICE, "debut_utc", "premier_cycle_utc", "cadence_s", "fuseau"])
    }
    wanted = [*SERVICE, "periode_utc", "cycle_prevu", "cycle_prevu_s", "complete", "classe_delai", "reponse"]
    looked_at = {}
    for *cycle, seconds, complete, delay, answer in rows_of("consultations", wanted):
        if not pandas.isna(cycle[-1]):
            looked_at.setdefault(tuple(cycle), []).append((int(seconds), complete, delay, answer))
    found = {}
    for (*service, period, number), looks in looked_at.items():
        first, pace, zone = scope[*service, period]
        began = first + pandas.Timedelta(seconds=int(number) * int(pace))
        day = found.setdefault((*service, began.tz_convert(ZoneInfo(zone)).date()), dict.fromkeys(TIMES, 0))
        seconds = looks[0][0]
        counts = [sum(1 for _, complete, delay, _ in looks if complete and delay == name) for name in ORDER]
        counts.append(sum(1 for _, complete, _, answer in looks if answer == "oui" and not complete))
        day["cycles"] += 1
        day["seconds"] += seconds
        if sum(counts):
            parts = shares(seconds, counts)
            for name, part in zip((*ORDER, "oui_incomplets"), parts):
                day[name] += part
            day["carres"] += (seconds - parts[-1]) ** 2
        else:
            day["inconnues" if any(answer == "inconnue" for *_, answer in looks) else "hors_champ"] += seconds
    ours = pandas.DataFrame([dict(zip((*SERVICE, "jour"), key), **day) for key, day in found.items()])
    theirs = table("temps_jours")
    theirs["jour"] = pandas.to_datetime(theirs["jour"]).dt.date
    both = theirs.merge(ours, on=[*SERVICE, "jour"], how="outer")
    names = {
        "cycles_mesures": "cycles",
        "secondes_mesurees": "seconds",
        "secondes_non": "aucune_date",
        "carres_repondus": "carres",
    }
    names |= {f"secondes_{name}": name for name in ("inconnues", "hors_champ", "oui_incomplets", *ORDER[1:])}
    both["answered"] = both[list(ORDER)].sum(axis=1)
    differing = {
        column: int((both[column] != both[own]).sum())
        for column, own in (names | {"secondes_repondues": "answered"}).items()
    }
    shared = sum(len(looks) > 1 for looks in looked_at.values())
    return {"rows": len(both), "shared": shared, "differing": {c: n for c, n in differing.items() if n}}


print(json.dumps({"published": published, "within": inside, "weights": weights}[sys.argv[2]]()))

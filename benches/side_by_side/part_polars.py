"""The same part of the job in Polars: the same conditions, the same three files.

    POLARS_MAX_THREADS=2 python part_polars.py OUT FILE…
"""

import sys

import polars as pl

TEXTS = (
    "contract attempt_id run_id run_started_at scheduled_at started_at counter procedure planning system target_url "
    "final_url step failure page_title page_text verdict body_sha256 screenshot_sha256 probe probe_version vantage signature"
)
SLOTS = {"count": pl.Int32, "first_date": pl.String, "second_date": pl.String, "horizon_days": pl.Int32}
SCHEMA = {
    **dict.fromkeys(TEXTS.split(), pl.String),
    **dict.fromkeys("try http_status".split(), pl.Int32),
    **dict.fromkeys("duration_ms clock_age_s".split(), pl.Int64),
    "markers": pl.List(pl.String),
    "slots": pl.Struct(SLOTS),
}


def instant(column):
    return pl.col(column).str.to_datetime("%+", time_unit="us", time_zone="UTC")


def holds(column, words):
    return pl.col(column).str.contains(words, literal=True)


def outcome():
    """The conditions in their order: the first that applies decides."""
    status, url, traces, text = pl.col("http_status"), "final_url", "traces", "texte"
    rules = [
        (pl.col("failure").is_not_null(), "erreur_reseau"),
        (status.is_between(500, 599), "erreur_serveur"),
        (status == 429, "debit_limite"),
        (status == 403, "bloque"),
        (holds(url, "error=errorSessionInvalide"), "session_perdue"),
        (holds(traces, "captchaUsercode") & ~holds(url, "/creneau/"), "captcha_exige"),
        (holds(traces, "g-recaptcha") & ~holds(traces, "td.status-1.free"), "captcha_exige"),
        (holds(traces, "td.status-1.free"), "rdv_propose"),
        (holds(traces, ".radio-card") & holds(url, "/creneau/"), "rdv_propose"),
        (holds(traces, "rdv_wizard_step"), "rdv_propose"),
        (pl.col("slots").struct.field("first_date").is_not_null(), "rdv_propose"),
        (holds(text, "il n'existe plus de plage horaire libre"), "aucun_rdv"),
        (holds(text, "aucun créneau disponible"), "aucun_rdv"),
        (holds(text, "aucun rendez-vous n'est possible pour les motifs"), "aucun_rdv"),
        (holds(text, "aucun créneau correspondant à votre recherche"), "aucun_rdv"),
        (holds(text, "conditions d'utilisation") & holds(text, "effectuer une demande"), "session_perdue"),
        (holds(text, "site en maintenance"), "maintenance"),
    ]
    decided = pl
    for condition, name in rules:
        decided = decided.when(condition).then(pl.lit(name))
    return decided.otherwise(pl.lit("page_non_reconnue"))


def answers(*names):
    return [(pl.col("reponse") == answer).sum().alias(name) for answer, name in names]


def main(out, files):
    text = pl.col("page_text").str.normalize("NFC").str.to_lowercase()
    for written, meant in (("’", "'"), ("\u00a0", " "), ("  ", " ")):
        text = text.str.replace_all(written, meant, literal=True)
    slots = pl.col("slots").struct
    day = [slots.field(name).str.to_date("%Y-%m-%d") for name in ("first_date", "second_date")]
    local = pl.col("local")
    rows = (
        pl.scan_ndjson(files, schema=SCHEMA, include_file_paths="fichier_source")
        .with_columns(instant_utc=instant("started_at"), texte=text, traces=pl.col("markers").list.join(" "))
        .with_columns(local=pl.col("instant_utc").dt.convert_time_zone("Europe/Paris"), issue=outcome())
        .select(
            tentative_id="attempt_id", cycle_id="run_id", cycle_debut_utc=instant("run_started_at"), essai="try",
            instant_utc="instant_utc", date_locale=local.dt.date(), heure_locale=local.dt.strftime("%H:%M:%S"),
            jour_semaine=local.dt.weekday(), semaine_iso=local.dt.strftime("%G-W%V"), mois=local.dt.strftime("%Y-%m"),
            prevue_utc=instant("scheduled_at"), guichet_id="counter", demarche_id="procedure", planning_id="planning",
            systeme="system", sonde="probe", sonde_version="probe_version", point_de_mesure="vantage",
            page_demandee="target_url", etape="step", code_http="http_status", echec="failure", duree_ms="duration_ms",
            issue="issue", verdict_sonde="verdict", creneaux=slots.field("count"), premiere_date=day[0],
            deuxieme_date=day[1], horizon_jours=slots.field("horizon_days"),
            delai_jours=(day[0] - local.dt.date()).dt.total_days(), preuve_sha256="body_sha256",
            capture_sha256="screenshot_sha256", horloge_age_s="clock_age_s", fichier_source="fichier_source",
            reponse=pl.when(pl.col("issue") == "rdv_propose").then(pl.lit("oui"))
            .when(pl.col("issue") == "aucun_rdv").then(pl.lit("non")).otherwise(pl.lit("inconnue")),
        )
        .unique("tentative_id", keep="any")
        .sort("mois", "date_locale", "demarche_id", "guichet_id", "instant_utc", "tentative_id")
        # The streaming engine takes more time and memory for this, at a million attempts.
        .collect(engine="in-memory")
    )
    rows.write_parquet(f"{out}/tentatives.parquet", compression="zstd", compression_level=3)
    service = ["guichet_id", "demarche_id"]
    days = rows.lazy().group_by(*service, "date_locale")
    days = days.agg(answers(("oui", "oui"), ("non", "non"), ("inconnue", "inconnues")))
    days.sort(*service, "date_locale").collect().write_parquet(f"{out}/jours.parquet")
    hours = rows.lazy().filter(pl.col("reponse") != "inconnue")
    hours = hours.group_by(*service, "jour_semaine", pl.col("heure_locale").str.slice(0, 2).alias("heure"))
    hours = hours.agg(pl.len().alias("reponses"), *answers(("oui", "oui")))
    hours.sort(*service, "jour_semaine", "heure").collect().write_csv(f"{out}/rythme.csv")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

"""A part of the job in DuckDB: read the lines with declared types, count each attempt once, classify, write three files.

    python part_duckdb.py THREADS OUT FILE…

The conditions are those of outcome-rules.toml that the scenario can meet, in their order, without what keeps a quoted or
conditional sentence from being a « no ». Ids, dates and texts are believed as they are.
"""

import sys

import duckdb

COLUMNS = {
    **dict.fromkeys(
        "contract attempt_id run_id run_started_at scheduled_at started_at counter procedure planning system target_url "
        "final_url step failure page_title page_text verdict body_sha256 screenshot_sha256 probe probe_version vantage "
        "signature".split(),
        "VARCHAR",
    ),
    **dict.fromkeys("try http_status".split(), "INTEGER"),
    **dict.fromkeys("duration_ms clock_age_s".split(), "BIGINT"),
    "markers": "VARCHAR[]",
    "slots": 'STRUCT("count" INTEGER, first_date DATE, second_date DATE, horizon_days INTEGER)',
}

ISSUE = """CASE
    WHEN failure IS NOT NULL THEN 'erreur_reseau'
    WHEN http_status BETWEEN 500 AND 599 THEN 'erreur_serveur'
    WHEN http_status = 429 THEN 'debit_limite'
    WHEN http_status = 403 THEN 'bloque'
    WHEN contains(final_url, 'error=errorSessionInvalide') THEN 'session_perdue'
    WHEN contains(traces, 'captchaUsercode') AND NOT contains(final_url, '/creneau/') THEN 'captcha_exige'
    WHEN contains(traces, 'g-recaptcha') AND NOT contains(traces, 'td.status-1.free') THEN 'captcha_exige'
    WHEN contains(traces, 'td.status-1.free') THEN 'rdv_propose'
    WHEN contains(traces, '.radio-card') AND contains(final_url, '/creneau/') THEN 'rdv_propose'
    WHEN contains(traces, 'rdv_wizard_step') THEN 'rdv_propose'
    WHEN slots.first_date IS NOT NULL THEN 'rdv_propose'
    WHEN contains(texte, 'il n''existe plus de plage horaire libre') THEN 'aucun_rdv'
    WHEN contains(texte, 'aucun créneau disponible') THEN 'aucun_rdv'
    WHEN contains(texte, 'aucun rendez-vous n''est possible pour les motifs') THEN 'aucun_rdv'
    WHEN contains(texte, 'aucun créneau correspondant à votre recherche') THEN 'aucun_rdv'
    WHEN contains(texte, 'conditions d''utilisation') AND contains(texte, 'effectuer une demande') THEN 'session_perdue'
    WHEN contains(texte, 'site en maintenance') THEN 'maintenance'
    ELSE 'page_non_reconnue' END"""


def main(threads, out, files):
    connection = duckdb.connect(config={"threads": threads, "preserve_insertion_order": False})
    connection.execute("SET TimeZone = 'Europe/Paris'")
    declared = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    # The pages write an apostrophe, a space or an accent in several ways.
    text = "replace(replace(replace(lower(nfc_normalize(page_text)), '’', ''''), chr(160), ' '), '  ', ' ')"
    connection.execute(
        f"""CREATE TABLE tentatives AS
        WITH lignes AS (
            SELECT *, CAST(started_at AS TIMESTAMPTZ) AS instant_utc, array_to_string(markers, ' ') AS traces,
                {text} AS texte
            FROM read_json(?, format = 'newline_delimited', columns = {{{declared}}}, filename = 'fichier_source')
        ), jugees AS (
            SELECT DISTINCT ON (attempt_id)
                attempt_id AS tentative_id, run_id AS cycle_id, CAST(run_started_at AS TIMESTAMPTZ) AS cycle_debut_utc,
                "try" AS essai, instant_utc, CAST(instant_utc AS DATE) AS date_locale,
                strftime(instant_utc, '%H:%M:%S') AS heure_locale, isodow(instant_utc) AS jour_semaine,
                strftime(instant_utc, '%G-W%V') AS semaine_iso, strftime(instant_utc, '%Y-%m') AS mois,
                CAST(scheduled_at AS TIMESTAMPTZ) AS prevue_utc, counter AS guichet_id, procedure AS demarche_id,
                planning AS planning_id, system AS systeme, probe AS sonde, probe_version AS sonde_version,
                vantage AS point_de_mesure, target_url AS page_demandee, step AS etape, http_status AS code_http,
                failure AS echec, duration_ms AS duree_ms, {ISSUE} AS issue, verdict AS verdict_sonde,
                slots."count" AS creneaux, slots.first_date AS premiere_date, slots.second_date AS deuxieme_date,
                slots.horizon_days AS horizon_jours, slots.first_date - CAST(instant_utc AS DATE) AS delai_jours,
                body_sha256 AS preuve_sha256, screenshot_sha256 AS capture_sha256, clock_age_s AS horloge_age_s,
                fichier_source
            FROM lignes
        )
        SELECT *, CASE issue WHEN 'rdv_propose' THEN 'oui' WHEN 'aucun_rdv' THEN 'non' ELSE 'inconnue' END AS reponse
        FROM jugees""",
        [files],
    )
    copies = {
        "tentatives.parquet": """SELECT * FROM tentatives
            ORDER BY mois, date_locale, demarche_id, guichet_id, instant_utc, tentative_id""",
        "jours.parquet": """SELECT guichet_id, demarche_id, date_locale, count(*) FILTER (WHERE reponse = 'oui') AS oui,
                count(*) FILTER (WHERE reponse = 'non') AS non, count(*) FILTER (WHERE reponse = 'inconnue') AS inconnues
            FROM tentatives GROUP BY ALL ORDER BY ALL""",
        "rythme.csv": """SELECT guichet_id, demarche_id, jour_semaine, left(heure_locale, 2) AS heure, count(*) AS reponses,
                count(*) FILTER (WHERE reponse = 'oui') AS oui
            FROM tentatives WHERE reponse <> 'inconnue' GROUP BY ALL ORDER BY ALL""",
    }
    for name, query in copies.items():
        form = "FORMAT csv" if name.endswith(".csv") else "FORMAT parquet, COMPRESSION zstd"
        connection.execute(f"COPY ({query}) TO '{out}/{name}' ({form})")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3:])

//! The dossier as one HTML file that needs nothing else and prints well.

use std::fmt::Write as _;

use super::{Dossier, Grid};

const STYLE: &str = "
body { font: 11pt/1.45 Georgia, 'Times New Roman', serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #111 }
h1 { font-size: 1.5em } h2 { font-size: 1.15em; margin-top: 2em }
table { border-collapse: collapse; font: 9pt/1.35 Arial, sans-serif; margin: .5em 0; width: 100% }
th, td { border: 1px solid #999; padding: .2em .4em; text-align: left; vertical-align: top }
.hash { font: 7pt/1.2 monospace; word-break: break-all; min-width: 9em }
th { background: #eee } thead { display: table-header-group } tr { break-inside: avoid }
.figures td { font-size: 12pt } .warning { border: 2px solid #b00; color: #b00; padding: .6em; font-weight: bold }
code { font-size: 9pt; overflow-wrap: anywhere }
@page { size: A4 landscape; margin: 15mm }
@media print { body { margin: 0; max-width: none } }";

const METHOD: &str = "
<p>Un robot se comporte comme un usager : il ouvre la page de réservation du service, suit les étapes jusqu'à la réponse,
et note ce qu'il a vu. Il ne réserve rien. Une <strong>tentative</strong> est un regard sur un planning du service ; une
<strong>consultation</strong> réunit celles d'un cycle, tous plannings et tous essais. Les totaux comptent des consultations,
comme les tables publiées ; chaque tentative est une ligne, plus bas.</p>
<p>La réponse est déduite de ce que la page contenait, par la première règle qui s'applique dans une liste ordonnée et
publiée ; l'opinion du robot lui-même n'est pas utilisée. <strong>Oui</strong> : au moins un rendez-vous était proposé.
<strong>Non</strong> : le site a dit qu'il n'y en avait aucun ; d'une consultation, chaque planning attendu l'a dit.
<strong>Inconnue</strong> : on n'a pas pu le savoir (captcha, blocage, erreur, page non reconnue, planning non interrogé). Une réponse inconnue n'est jamais comptée comme un « non ». <strong>Hors champ</strong> :
le service ne se prend plus par rendez-vous en ligne.</p>
<p>L'heure locale est celle du guichet ; l'instant est aussi donné en temps universel (UTC). La colonne
<code>preuve_sha256</code> est l'empreinte de la page reçue, <code>capture_sha256</code> celle de la capture d'écran,
conservées par ailleurs : elles permettent de vérifier qu'une page produite est bien celle qui a été vue. Les colonnes
<code>fichier_source</code> et <code>ligne_source</code> disent où se trouve la ligne brute.</p>
<p>Les semaines et les jours distincts sont comptés parce que des tentatives faites toutes la même semaine ne suffisent pas
(Conseil d'État, 10 juin 2020, n° 435594). Pendant les périodes sans mesure, personne n'a regardé : elles ne prouvent
rien, ni dans un sens ni dans l'autre.</p>";

/// The whole file.
#[must_use]
pub fn to_html(dossier: &Dossier) -> String {
    let mut html = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut html, dossier);
    html
}

fn write_all(html: &mut String, dossier: &Dossier) -> std::fmt::Result {
    let request = &dossier.request;
    let title = format!("{} : {}", dossier.counter_name, dossier.procedure_name);
    write!(
        html,
        "<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n<title>{0}, du {1} au {2}</title>\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<style>{STYLE}\n</style>\n</head>\n<body>\n\
         <h1>Tentatives de prise de rendez-vous</h1>\n<p><strong>{0}</strong><br>du {1} au {2} inclus, jours locaux</p>\n",
        escaped(&title),
        request.from,
        request.to
    )?;
    if dossier.manifest.simulated {
        html.push_str("<p class=\"warning\">DONNÉES SIMULÉES : guichets fictifs, à ne pas citer.</p>\n");
    }
    write_figures(html, dossier)?;
    write_table(html, "Par semaine", &dossier.weeks)?;
    write_table(html, "Périodes pendant lesquelles personne n'a regardé", &dossier.gaps)?;
    write!(html, "<h2>Méthode</h2>\n{METHOD}\n")?;
    write_table(html, "Règles appliquées", &dossier.rules)?;
    write_origin(html, dossier)?;
    write_table(html, "Chaque tentative", &dossier.attempts)?;
    html.push_str("</body>\n</html>\n");
    Ok(())
}

fn write_figures(html: &mut String, dossier: &Dossier) -> std::fmt::Result {
    let labels = [
        ("consultations", "consultations"),
        ("tentatives", "tentatives, sur tous les plannings"),
        ("non", "réponses « non »"),
        ("oui", "réponses « oui »"),
        ("inconnues", "sans réponse connue"),
        ("hors_champ", "hors champ"),
        ("jours_avec_non", "jours distincts avec un « non »"),
        ("semaines_avec_non", "semaines ISO distinctes avec un « non »"),
    ];
    html.push_str("<table class=\"figures\"><tbody>\n");
    for (column, label) in labels {
        writeln!(html, "<tr><td>{}</td><td>{}</td></tr>", escaped(dossier.totals.first(column)), label)?;
    }
    html.push_str("</tbody></table>\n");
    Ok(())
}

fn write_origin(html: &mut String, dossier: &Dossier) -> std::fmt::Result {
    let (manifest, pointer) = (&dossier.manifest, &dossier.pointer);
    write!(
        html,
        "<h2>Provenance</h2>\n<p>{}, version <strong>{}</strong>, arrêtée au {}. Règles {} (empreinte <code>{}</code>). \
         Empreinte SHA-256 du manifeste, qui donne celle de chaque fichier publié : <code>{}</code>.</p>\n",
        escaped(&manifest.title),
        escaped(&manifest.version),
        escaped(&manifest.as_of),
        escaped(&manifest.made_with.rules.version),
        escaped(&manifest.made_with.rules.sha256),
        escaped(&pointer.manifest_sha256),
    )
}

fn write_table(html: &mut String, title: &str, grid: &Grid) -> std::fmt::Result {
    writeln!(html, "<h2>{title}</h2>")?;
    if grid.rows.is_empty() {
        html.push_str("<p>Aucune.</p>\n");
        return Ok(());
    }
    html.push_str("<table>\n<thead><tr>");
    for column in &grid.columns {
        write!(html, "<th scope=\"col\">{}</th>", escaped(column))?;
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in &grid.rows {
        html.push_str("<tr>");
        for cell in row {
            // A digest has no space to break at.
            let class = if cell.len() == 64 { " class=\"hash\"" } else { "" };
            write!(html, "<td{class}>{}</td>", escaped(cell))?;
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table>\n");
    Ok(())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

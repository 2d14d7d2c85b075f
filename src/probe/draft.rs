//! A draft of a plan, from the addresses that the registry knows. It is refused as it stands: who answers for the probe, and who
//! read the conditions of which host, is for a person to write in, once they have looked at each address.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::bounds::REQUESTS_PER_HOST_DAY;
use crate::attempt::System;
use crate::error::{Error, Result};
use crate::grid::{Grid, Line};
use crate::registry::Registry;

/// The table of addresses, whose columns are those of `schemas/tables/adresses.json`.
const ADDRESSES: &str = "adresses";
/// How long a pause a draft proposes, in seconds.
const PAUSE_S: u32 = 10;

/// Where a service is looked at, as far as the registry says it.
fn address(row: Line<'_>) -> Option<String> {
    let (host, id) = (row.text("hote"), row.text("identifiant"));
    if host.is_empty() || id.is_empty() {
        return None;
    }
    match System::from_code(row.text("systeme"))? {
        System::EzPlanning => Some(format!("https://{host}/booking/create/{id}")),
        System::Rdvpref => Some(format!("https://{host}/rdvpref/reservation/demarche/{id}/")),
        _ => None,
    }
}

/// A service of the draft.
struct Proposed<'r> {
    row: Line<'r>,
    address: String,
    plannings: BTreeSet<&'r str>,
}

/// The draft, as TOML, for the pipeline of a name.
///
/// # Errors
/// [`Usage`](crate::error::Kind::Usage) where the registry knows no address that a probe could look at.
pub fn draft(registry: &Registry, pipeline: &str) -> Result<String> {
    let batch = registry.tables().iter().find(|(name, _)| name == ADDRESSES).map(|(_, batch)| batch);
    let batch = batch.ok_or_else(|| Error::usage("the registry has no table of addresses"))?;
    let rows = Grid::of(batch)?;
    let mut services: BTreeMap<[&str; 2], Proposed<'_>> = BTreeMap::new();
    let mut left = Vec::new();
    for row in rows.lines() {
        let service = ["guichet_id", "demarche_id"].map(|column| row.text(column));
        let Some(address) = address(row).filter(|_| !service.contains(&"")) else {
            left.push(row.text("adresse_id"));
            continue;
        };
        let new = || Proposed { row, address: address.clone(), plannings: BTreeSet::new() };
        let proposed = services.entry(service).or_insert_with(new);
        if proposed.address == address {
            proposed.plannings.extend(Some(row.text("planning")).filter(|planning| !planning.is_empty()));
        } else {
            left.push(row.text("adresse_id"));
        }
    }
    if services.is_empty() {
        return Err(Error::usage("the registry knows no address of a service that a probe could look at"));
    }
    Ok(written(&services, &left, pipeline))
}

fn written(services: &BTreeMap<[&str; 2], Proposed<'_>>, left: &[&str], pipeline: &str) -> String {
    let mut text = format!(
        "# Ébauche, d'après les adresses du registre. Avant d'interroger un site, une personne le parcourt jusqu'à la réponse, lit ses\n\
         # conditions et complète ce qui suit : en l'état, ce plan est refusé.\n\
         [sonde]\noperateur = \"\"\npage = \"https://\"\ncontact = \"\"\npoint_de_mesure = \"\"\nconsentement = \"\"\npipeline = {}\n",
        quoted(pipeline)
    );
    let hosts: BTreeMap<&str, bool> = services.values().fold(BTreeMap::new(), |mut hosts, service| {
        let ez = service.row.text("systeme") == System::EzPlanning.code();
        *hosts.entry(service.row.text("hote")).or_default() |= ez;
        hosts
    });
    for (host, has_conditions) in hosts {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n[[hote]]\nnom = {}\nrequetes_par_jour = {}\npause_s = {PAUSE_S}\n",
            quoted(host),
            REQUESTS_PER_HOST_DAY / 2
        );
        if has_conditions {
            text.push_str("# conditions = { acceptees_par = \"\", le = \"\" }\n");
        }
    }
    for ([counter, procedure], Proposed { row, address, plannings }) in services {
        text.push('\n');
        for column in ["precision", "valide_du", "valide_au"] {
            let known = row.text(column).replace(['\r', '\n'], " ");
            if !known.is_empty() {
                let _ = writeln!(text, "# {column} : {known}");
            }
        }
        let _ = write!(
            text,
            "[[point]]\nguichet = {}\ndemarche = {}\nsysteme = {}\nadresse = {}\n",
            quoted(counter),
            quoted(procedure),
            quoted(row.text("systeme")),
            quoted(address)
        );
        if !row.text("libelle_constate").is_empty() {
            let _ = writeln!(text, "# libelle = {}", quoted(row.text("libelle_constate")));
        }
        if !plannings.is_empty() {
            let list: Vec<String> = plannings.iter().map(|planning| quoted(planning)).collect();
            let _ = writeln!(text, "plannings = [{}]", list.join(", "));
        }
    }
    if !left.is_empty() {
        let _ = writeln!(
            text,
            "\n# Adresses du registre sans guichet, démarche ou identifiant connus, ou autres que celle du service :"
        );
        let _ = writeln!(text, "# {}", left.join(", "));
    }
    text
}

/// A string of TOML.
fn quoted(text: &str) -> String {
    // What JSON escapes, a basic string of TOML escapes alike.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

//! A fault of our own costs one service one look, and is said; no other service pays for it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use guichets_ouverts::error::Result;
use guichets_ouverts::probe::wire::{Reply, Request, Wire};
use guichets_ouverts::probe::{CycleAccount, Folder, Probe};
use guichets_ouverts::progress::{Progress, Silent};

use crate::support::Version;
use crate::support::counters::{Charset, Counters, Direct, Moved, Rehearsal, Service, Told, agenda, lines, violations};

const NONE: &str = "Il n'existe plus de plage horaire libre pour votre demande de rendez-vous.";
const HOSTS: [&str; 5] = ["www.avant.fr", "www.robots.fr", "www.entree.fr", "www.formulaire.fr", "www.apres.fr"];

/// A wire on which the answers of some requests break the code that reads them.
struct Breaks<'c> {
    inner: Direct<'c>,
    works: bool,
}

impl Wire for Breaks<'_> {
    fn exchange(&mut self, request: &Request, progress: &dyn Progress) -> Result<Reply> {
        let reply = self.inner.exchange(request, progress)?;
        let broken = match request.url.host_str().unwrap() {
            "www.robots.fr" => request.url.path() == "/robots.txt",
            "www.entree.fr" => request.url.path().ends_with("/0") && request.body.is_none(),
            "www.formulaire.fr" => request.body.is_some(),
            _ => false,
        };
        assert!(self.works || !broken, "an answer that breaks what reads it");
        Ok(reply)
    }
}

fn cycle(rehearsal: &Rehearsal, clock: &Moved, counters: &Counters, works: bool) -> CycleAccount {
    let plan = rehearsal.plan();
    let agenda = agenda(&plan, &rehearsal.pipeline(), clock.shows()).unwrap();
    let folder = Folder::hold(&rehearsal.out()).unwrap();
    let probe = Probe { plan: &plan, agenda: &agenda, folder: &folder, clock, progress: &Silent, key: None };
    let passes = |time| clock.passes(time);
    let wires = || {
        let inner = Direct { counters: counters.clone(), passes: &passes };
        Ok(Box::new(Breaks { inner, works }) as Box<dyn Wire + '_>)
    };
    probe.once(&wires).unwrap().unwrap()
}

#[test]
fn a_panic_during_a_look_is_the_line_of_its_service_and_costs_no_other_one_anything() {
    let services: Vec<Service> = HOSTS.iter().enumerate().map(|(n, host)| Service::ez(n, host)).collect();
    let rehearsal = Rehearsal::new(services, 288, 300, "");
    let clock = Moved::at("2026-12-01T00:00:00Z");
    let shown = clock.clone();
    let counters = Counters::new(|_, _| Told::None(NONE, Charset::Utf8), move || shown.shows());
    let broken = cycle(&rehearsal, &clock, &counters, false);
    assert_eq!((broken.lines, broken.due, broken.over), (5, 5, true), "{broken:?}");
    assert!(!rehearsal.out().join("etat/encours.part").exists());
    let begin: DateTime<Utc> = "2026-12-01T04:48:00Z".parse().unwrap();
    clock.passes((begin - clock.shows()).max(TimeDelta::zero()).to_std().unwrap());
    assert_eq!(cycle(&rehearsal, &clock, &counters, true).lines, 5, "the next cycle looks as if nothing had been");

    assert_eq!(lines(&rehearsal.out()).len(), 10);
    assert_eq!(violations(&counters.seen(), 300, "sonde@example.org"), Vec::<String>::new());
    let version = Version::of(&rehearsal.pipeline(), &[&rehearsal.out().join("journaux")], "2026-12-01T09:36:00Z");
    let mut found: BTreeMap<&str, Vec<(String, String)>> = BTreeMap::new();
    let mut rows = version.rows("tentatives");
    rows.sort_by_key(|row| row["instant_utc"].clone());
    for row in &rows {
        let service = rehearsal.services.iter().position(|service| service.counter == row["guichet_id"]).unwrap();
        found.entry(HOSTS[service]).or_default().push((row["issue"].clone(), row["regle_id"].clone()));
    }
    let told = |outcome: &str, rule: &str| (outcome.to_owned(), rule.to_owned());
    let none = told("aucun_rdv", "ez-aucune-plage");
    let ours = told("page_non_reconnue", "panne-du-robot");
    for host in HOSTS {
        let first = if ["www.avant.fr", "www.apres.fr"].contains(&host) { &none } else { &ours };
        assert_eq!(found[host], [first.clone(), none.clone()], "{host}");
    }
    assert!(version.rows("lacunes").is_empty(), "{:?}", version.rows("lacunes"));
    assert!(version.rows("quarantaine").is_empty());
}

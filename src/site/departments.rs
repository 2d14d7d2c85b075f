//! The départements: what is known of each, by procedure and month.

use std::collections::{BTreeMap, BTreeSet};

use super::state::State;
use super::world::World;
use crate::grid::Line;

/// Of the map's months and procedures, by département.
pub(in crate::site) struct Departments<'a> {
    /// The procedures, that of most services first.
    pub procedures: Vec<&'a str>,
    pub months: Vec<&'a str>,
    /// Every code of the registry, or with a row.
    pub codes: Vec<&'a str>,
    /// Their names.
    pub names: BTreeMap<&'a str, &'a str>,
    rows: BTreeMap<(&'a str, &'a str, &'a str), Line<'a>>,
}

impl<'a> Departments<'a> {
    pub fn of(world: &'a World) -> Self {
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for line in world.lines("guichets").chain(world.lines("synthese_departements")) {
            names.insert(line.text("departement"), line.text("departement_nom"));
        }
        names.remove("");
        let mut rows = BTreeMap::new();
        let mut services: BTreeMap<&str, i64> = BTreeMap::new();
        for line in world.lines("synthese_departements") {
            let procedure = line.text("demarche_id");
            *services.entry(procedure).or_default() += line.count("services");
            rows.insert((procedure, line.text("mois"), line.text("departement")), line);
        }
        let mut procedures: Vec<&str> = services.keys().copied().collect();
        procedures.sort_by_key(|procedure| (std::cmp::Reverse(services[procedure]), *procedure));
        Self { procedures, months: world.months(), codes: names.keys().copied().collect(), names, rows }
    }

    /// Those with a row of any procedure and month.
    pub fn measured(&self) -> impl Iterator<Item = &'a str> {
        let measured: BTreeSet<&str> = self.rows.keys().map(|(_, _, code)| *code).collect();
        self.codes.iter().copied().filter(move |code| measured.contains(code))
    }

    pub fn row(&self, procedure: &str, month: &str, code: &str) -> Option<Line<'a>> {
        self.rows.get(&(procedure, month, code)).copied()
    }

    /// The rows of a month.
    pub fn of_month(&self, procedure: &str, month: &str) -> Vec<Line<'a>> {
        self.codes.iter().filter_map(|code| self.row(procedure, month, code)).collect()
    }

    /// Of how many a rate is known in a month.
    pub fn known(&self, procedure: &str, month: &str) -> usize {
        self.of_month(procedure, month).into_iter().filter(|row| State::of(*row).has_rate()).count()
    }

    /// The reasons for reserves, in the order of their codes.
    pub fn reserves(&self) -> Vec<&'a str> {
        let reserved = self.rows.values().filter(|row| State::is_reserved(**row)).map(|row| row.text("motif"));
        reserved.collect::<BTreeSet<&str>>().into_iter().collect()
    }

    /// The state of each département in a month, and whether it is under reserve.
    pub fn states(&self, procedure: &str, month: &str) -> BTreeMap<&'a str, (State, bool)> {
        let told = |row| (State::of(row), State::is_reserved(row));
        let state = |code: &'a str| self.row(procedure, month, code).map(|row| (code, told(row)));
        self.codes.iter().filter_map(|code| state(code)).collect()
    }
}

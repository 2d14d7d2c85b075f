//! Which table is made of which, from the SQL of the models and the schemas alone: as a Mermaid drawing, or as JSON.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use guichets_ouverts::model::Model;
use guichets_ouverts::schema::{Origin, TableSchema};
use serde::Serialize;

/// Where a table stands between a raw line and a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Station {
    Logs,
    Registry,
    Settings,
    Month,
    Whole,
    Read,
}

impl Station {
    /// In the order in which a run comes to them.
    const ALL: [Self; 6] = [Self::Logs, Self::Registry, Self::Settings, Self::Month, Self::Whole, Self::Read];

    fn of(table: &TableSchema) -> Self {
        match table.guichets.origin {
            Origin::Ingest => Self::Logs,
            Origin::Registry => Self::Registry,
            Origin::Schedule | Origin::Rules | Origin::Settings => Self::Settings,
            Origin::Model if table.guichets.partition.is_some() => Self::Month,
            Origin::Model if table.guichets.intermediate => Self::Whole,
            Origin::Model => Self::Read,
        }
    }

    /// Its name in the drawing, and its title.
    const fn told(self) -> (&'static str, &'static str) {
        match self {
            Self::Logs => ("logs", "From the raw logs"),
            Self::Registry => ("registry", "Registry"),
            Self::Settings => ("settings", "Schedule, rules, settings"),
            Self::Month => ("month", "By month"),
            Self::Whole => ("whole", "Of the whole"),
            Self::Read => ("read", "Of the whole, read by people"),
        }
    }
}

/// A table, where it stands, and what it is made of.
#[derive(Debug, Serialize)]
pub struct Node<'a> {
    name: &'a str,
    station: Station,
    intermediate: bool,
    reads: BTreeSet<&'a str>,
}

/// Every table with those that its model reads.
pub fn nodes<'a>(tables: &[&'a TableSchema], models: &'a [Model]) -> Vec<Node<'a>> {
    let node = |table: &&'a TableSchema| {
        let model = models.iter().find(|model| model.table == table.name);
        // A name of the query that no schema declares is one of its own.
        let declared = |name: &&str| tables.iter().any(|table| table.name == *name) && *name != table.name;
        Node {
            name: &table.name,
            station: Station::of(table),
            intermediate: table.guichets.intermediate,
            reads: model.into_iter().flat_map(|model| &model.reads).map(String::as_str).filter(declared).collect(),
        }
    };
    tables.iter().map(node).collect()
}

/// The drawing: a box for each station, an arrow from each table to those that are made of it. What is there for other
/// tables only has a dashed border.
pub fn mermaid(nodes: &[Node<'_>]) -> String {
    let mut text = String::from("flowchart LR\n");
    // Writing to a String cannot fail.
    for station in Station::ALL {
        let (id, title) = station.told();
        let _ = writeln!(text, "    subgraph {id}[\"{title}\"]");
        for node in nodes.iter().filter(|node| node.station == station) {
            let _ = writeln!(text, "        {}", node.name);
        }
        text.push_str("    end\n");
    }
    for node in nodes {
        for read in &node.reads {
            let _ = writeln!(text, "    {read} --> {}", node.name);
        }
    }
    let intermediate: Vec<&str> = nodes.iter().filter(|node| node.intermediate).map(|node| node.name).collect();
    let _ = writeln!(text, "    classDef intermediate stroke-dasharray: 4 3");
    if !intermediate.is_empty() {
        let _ = writeln!(text, "    class {} intermediate", intermediate.join(","));
    }
    text
}

//! `guichets schema`: the declared tables, checked and documented.

use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use guichets_ouverts::config::Pipeline;
use guichets_ouverts::config::reference::{self, Document};
use guichets_ouverts::error::{Error, Result};
use guichets_ouverts::job::compare_schemas;
use guichets_ouverts::model::Model;
use guichets_ouverts::probe::plan_schema;
use guichets_ouverts::publish::{self, Guard};
use guichets_ouverts::schema::{Catalog, Origin, TableSchema, dictionary_html, dictionary_markdown};

use super::{Common, graph, print, print_json};

/// Check the table schemas, or print what follows from them and from the configuration: dictionary, drawing, reference
#[derive(Debug, Args)]
pub struct SchemaCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check that the schemas hold together, and that each derived table has its model
    Check {
        /// Compare with the current version of a store as well: what breaks its readers needs a new major version
        #[arg(long, value_name = "STORE")]
        against: Option<String>,
    },
    /// Print the dictionary of all tables
    Docs {
        /// In which format
        #[arg(long, value_enum, default_value_t = Markup::Markdown)]
        format: Markup,
    },
    /// Print the reference of what a person configures: the page of every key, or a JSON Schema for editors
    Config {
        /// What is printed
        #[arg(value_enum, default_value_t = Reference::Page)]
        what: Reference,
    },
    /// Draw which table is made of which, as Mermaid; with --json, as data
    Graph,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Reference {
    /// The page of every key, in Markdown
    Page,
    /// The JSON Schema of pipeline.toml
    Pipeline,
    /// The JSON Schema of a probe's plan
    Plan,
}

impl Reference {
    /// What is printed.
    fn shown(self) -> String {
        let (pipeline, plan) = (reference::json_schema::<Pipeline>(), plan_schema());
        match self {
            Self::Pipeline => format!("{pipeline:#}"),
            Self::Plan => format!("{plan:#}"),
            Self::Page => {
                let of = |name, schema_path, schema| Document { name, schema_path, schema };
                reference::page(&[
                    of("pipeline.toml", "../schemas/config/pipeline.schema.json", pipeline),
                    of("plan.toml", "../schemas/config/plan.schema.json", plan),
                ])
                .trim_end()
                .to_owned()
            }
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Markup {
    Markdown,
    Html,
}

impl SchemaCommand {
    /// Checks or prints.
    pub fn run(self, common: &Common) -> Result<ExitCode> {
        match self.action {
            Action::Check { against } => return check(against.as_deref(), common),
            Action::Graph => draw(common)?,
            Action::Config { what } => print(&what.shown()),
            Action::Docs { format } => {
                let catalog = Catalog::load(&common.project()?.tables())?;
                let language = common.language_of_documents();
                print(&match format {
                    Markup::Markdown => dictionary_markdown(&catalog.for_readers(), language),
                    Markup::Html => dictionary_html(&catalog.for_readers(), language),
                });
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn check(against: Option<&str>, common: &Common) -> Result<ExitCode> {
    let project = common.project()?;
    let catalog = Catalog::load(&project.tables())?;
    let tables = catalog.for_readers();
    let models = Model::load_all(&project.models())?;
    agree(&tables, &models)?;
    if let Some(store) = against {
        return against_published(store, &catalog, common);
    }
    let columns: usize = tables.iter().map(|table| table.fields.len()).sum();
    print(&if common.json {
        serde_json::json!({ "tables": tables.len(), "columns": columns, "models": models.len() }).to_string()
    } else {
        format!("{} tables, {columns} columns, {} models: all declared, all in order", tables.len(), models.len())
    });
    Ok(ExitCode::SUCCESS)
}

fn draw(common: &Common) -> Result<()> {
    let project = common.project()?;
    let catalog = Catalog::load(&project.tables())?;
    let tables = catalog.for_readers();
    let models = Model::load_all(&project.models())?;
    agree(&tables, &models)?;
    let nodes = graph::nodes(&tables, &models);
    print(&if common.json {
        format!("{:#}", serde_json::json!({ "tables": nodes }))
    } else {
        graph::mermaid(&nodes).trim_end().to_owned()
    });
    Ok(())
}

/// Says what changed since the published schemas; exit code 3 where a gate would refuse it.
fn against_published(store: &str, catalog: &Catalog, common: &Common) -> Result<ExitCode> {
    let store = publish::open(store, Guard::default())?;
    let report = compare_schemas(store.as_ref(), catalog)?;
    if common.json {
        print_json(&report, "the schemas")?;
    } else {
        for (table, changes) in &report.changes {
            for change in changes {
                print(&format!("{table}: {change}: {}", if change.breaks() { "breaking" } else { "additive" }));
            }
        }
        for why in &report.incompatible {
            print(&format!("REFUSED {why}"));
        }
        if report.incompatible.is_empty() {
            print(&format!("readers of version {} can read what these schemas publish", report.version));
        }
    }
    Ok(if report.incompatible.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

/// Each derived table has a model, and each model a schema; both say whether the table is intermediate.
fn agree(tables: &[&TableSchema], models: &[Model]) -> Result<()> {
    for table in tables.iter().filter(|table| table.guichets.origin == Origin::Model) {
        if !models.iter().any(|model| model.table == table.name) {
            return Err(Error::usage(format!("the table {} is derived, and has no model", table.name))
                .at(format!("pipelines/models/{}.sql", table.name)));
        }
    }
    for model in models {
        let place = |error: Error| error.at(format!("schemas/tables/{}.json", model.table));
        let Some(table) = tables.iter().find(|table| table.name == model.table) else {
            return Err(place(Error::usage(format!(
                "the model {} makes a table that no schema declares",
                model.table
            ))));
        };
        match (model.intermediate, table.guichets.intermediate) {
            (true, false) => {
                return Err(place(
                    Error::usage(format!("the model {} is of an intermediate table, its schema is not", model.table))
                        .hint("say \"intermediate\": true under \"guichets\", or move the model one folder up"),
                ));
            }
            (false, true) => {
                return Err(place(
                    Error::usage(format!("the table {} is intermediate, and its model stands elsewhere", model.table))
                        .hint("move the model to pipelines/models/intermediaires"),
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

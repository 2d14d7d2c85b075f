//! The command brings the project's folders along: whenever a file of them changes, is added or goes, it is built anew.

fn main() {
    for folder in
        ["schemas/tables", "pipelines", "data/registry", "data/sample", "data/carte/departements.json", "METHOD.md"]
    {
        println!("cargo::rerun-if-changed={folder}");
    }
}

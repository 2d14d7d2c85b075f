//! The command brings the project's folders along: whenever a file of them changes, is added or goes, it is built anew.

fn main() {
    // The compiler itself looks after single files that are brought along.
    for folder in ["schemas/tables", "pipelines", "data/registry", "data/sample"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}

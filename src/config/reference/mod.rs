//! What a person may write in a configuration: a JSON Schema and a page, made of the structs that read it, and the reader
//! that holds a file to that schema. A key, its type, its default and its bounds are declared with the struct alone.

mod keys;
mod page;
mod read;
mod schema;

pub use keys::keys;
pub use page::{Document, page};
pub use read::read;
pub use schema::json_schema;

//! YAML as Go programs read and write it.
//!
//! Kubernetes tools are Go programs, and what they take a text for follows from two libraries: go-yaml v2 (YAML 1.1,
//! where `yes` is true and `0755` a number), mostly on the way through JSON, and go-yaml v3. This crate reads and
//! writes as they do, to the byte and to the words of their errors.
//!
//! ```
//! let manifest = "replicas: 0x3\npaused: no\nargs: [--level=1, '0755']\n";
//!
//! let value = goyaml::to_json(manifest)?;
//! assert_eq!(value["replicas"], 3);
//! assert_eq!(value["paused"], false);
//!
//! assert_eq!(goyaml::to_yaml(&value)?, "args:\n- --level=1\n- \"0755\"\npaused: false\nreplicas: 3\n");
//!
//! let error = goyaml::to_json("a: b: c").unwrap_err();
//! assert_eq!(error.to_string(), "yaml: mapping values are not allowed in this context");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Readers make values of any type through a [`Builder`], and emitters look at values of any type through
//! [`Node`]: no tree stands in between. [`Value`] and `serde_json::Value` come with both.

mod documents;
mod emit;
mod error;
mod go_json;
mod go_syntax;
mod json;
mod node;
mod number;
mod read;
mod resolve;
mod scalar;
mod scan;
mod sort;
mod timestamp;
mod value;

pub use documents::{Document, Documents, documents};
pub use emit::{to_yaml, to_yaml_pretty, to_yaml_v2, to_yaml_v3};
pub use error::{EmitError, Limits, ReadError, ReadErrorKind};
pub use go_json::{JsonLayout, go_json};
pub use json::{JsonBuilder, read_through_json, to_json, to_json_with};
pub use node::{Node, View};
pub use number::{json_float, shortest_float};
pub use read::builder::{Builder, Duplicates, Numbers, ReadOptions};
pub use scalar::Scalar;
pub use value::{Key, Mapping, Value, ValueBuilder};

use read::compose::{Rules, Stop, compose};
use scan::fault::Dialect;

/// Reads the first document as go-yaml v2 does; a stream without a document is null.
///
/// # Errors
/// Where the text is not YAML, its tags, merges or keys make no value, or a limit is passed.
pub fn read_v2(text: &str) -> Result<Value, ReadError> {
    Ok(read_with(text, Dialect::V2, &ReadOptions::default())?.unwrap_or_default())
}

/// Reads the first document as go-yaml v3 does; a stream without a document is null.
///
/// # Errors
/// As [`read_v2`], and where a map has a key twice.
pub fn read_v3(text: &str) -> Result<Value, ReadError> {
    Ok(read_with(text, Dialect::V3, &ReadOptions::default())?.unwrap_or_default())
}

fn read_with(text: &str, dialect: Dialect, options: &ReadOptions) -> Result<Option<Value>, ReadError> {
    match compose(text, Rules::plain(dialect, options), &mut ValueBuilder) {
        Ok(value) => Ok(value),
        Err(Stop::Read(error) | Stop::Decode(error)) => Err(*error),
        // Only the way through JSON is ever unclear.
        Err(Stop::Unclear) => Ok(None),
    }
}

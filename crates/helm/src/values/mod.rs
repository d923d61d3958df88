//! Values: what the user says, merged; and how it meets the defaults of charts.

use std::borrow::Cow;
use std::sync::Arc;

use goyaml::{Numbers, ReadOptions};

pub(crate) mod coalesce;
mod live;
pub(crate) mod paths;
mod strvals;
mod value;

pub use strvals::SetError;
pub use value::{Table, Value};

pub(crate) use live::{deep_copy, freeze_map, thaw_table};

use crate::HelmVersion;
use strvals::{Reading, set_values};
use value::ValueBuilder;

/// Why values could not be read; the texts are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// A separator of documents has text behind it.
    #[error("error reading yaml document: invalid Yaml document separator: {0}")]
    Separator(String),
    /// A document is no YAML.
    #[error("cannot unmarshal yaml document: {0}")]
    Document(String),
    /// A values file is wrong.
    #[error("failed to parse {file}: {source}")]
    File {
        /// Its name.
        file: String,
        /// What is wrong with it.
        source: Box<ValuesError>,
    },
    /// A values file of Helm 3 is wrong: its words have no mention of documents.
    #[error("{0}")]
    Plain(String),
    /// A `--set` text is wrong.
    #[error("failed parsing --{option} data: {source}")]
    Set {
        /// Which of the family.
        option: &'static str,
        /// What is wrong with it.
        source: SetError,
    },
    /// A `--set-json` text is wrong.
    #[error("failed parsing --set-json data {0}")]
    SetJson(String),
    /// A `--set-json` object is wrong.
    #[error("failed parsing --set-json data JSON: {0}")]
    SetJsonObject(String),
}

/// What the user says about values, in Helm's order: files first, then JSON, typed texts, texts, files' contents and
/// literals. Later ones win.
#[derive(Clone, Debug, Default)]
pub struct ValueSources {
    /// Values files: a name for errors and the text.
    pub files: Vec<(String, Arc<str>)>,
    /// `--set-json`
    pub set_json: Vec<String>,
    /// `--set`
    pub set: Vec<String>,
    /// `--set-string`
    pub set_string: Vec<String>,
    /// `--set-file`
    pub set_file: Vec<String>,
    /// `--set-literal`
    pub set_literal: Vec<String>,
}

impl ValueSources {
    /// Everything merged. `read_file` gives the content of the files that `--set-file` names; its error is shown.
    pub fn merge(
        &self,
        version: HelmVersion,
        read_file: &dyn Fn(&str) -> Result<String, String>,
    ) -> Result<Table, ValuesError> {
        let mut values = Table::new();
        for (file, text) in &self.files {
            let read = match version {
                HelmVersion::V3 => read_first_document(text),
                HelmVersion::V4 => read_values(text),
            };
            let source = |source| ValuesError::File { file: file.clone(), source: Box::new(source) };
            merge_into(&mut values, read.map_err(source)?);
        }
        for text in &self.set_json {
            set_json(text, &mut values)?;
        }
        let rest = [
            ("set", &self.set, Reading::Typed),
            ("set-string", &self.set_string, Reading::Text),
            ("set-file", &self.set_file, Reading::File(read_file)),
            ("set-literal", &self.set_literal, Reading::Literal),
        ];
        for (option, texts, reading) in rest {
            for text in texts {
                set_values(text, &mut values, &reading)
                    .map_err(|source| ValuesError::Set { option, source })?;
            }
        }
        Ok(values)
    }
}

fn set_json(text: &str, values: &mut Table) -> Result<(), ValuesError> {
    if text.trim_start().starts_with('{') {
        let json: serde_json::Value =
            serde_json::from_str(text).map_err(|_| ValuesError::SetJsonObject(text.to_owned()))?;
        if let Value::Table(table) = Value::from_json(&json) {
            merge_into(values, Arc::unwrap_or_clone(table));
        }
        return Ok(());
    }
    set_values(text, values, &Reading::Json).map_err(|_| ValuesError::SetJson(text.to_owned()))
}

/// Merges `over` into `values`: tables merge, everything else is replaced.
pub fn merge_into(values: &mut Table, over: Table) {
    for (key, value) in over {
        match (values.get_mut(&key), value) {
            (Some(Value::Table(have)), Value::Table(more)) => {
                merge_into(Arc::make_mut(have), Arc::unwrap_or_clone(more));
            }
            (_, value) => {
                values.insert(key, value);
            }
        }
    }
}

/// Reads a values text: all its documents, merged in order.
pub fn read_values(text: &str) -> Result<Table, ValuesError> {
    let mut values = Table::new();
    for document in documents(&with_plain_breaks(text))? {
        let table = read_table(document).map_err(ValuesError::Document)?;
        if values.is_empty() { values = table } else { merge_into(&mut values, table) }
    }
    Ok(values)
}

fn read_first_document(text: &str) -> Result<Table, ValuesError> {
    read_table(text).map_err(ValuesError::Plain)
}

fn read_table(text: &str) -> Result<Table, String> {
    let options = ReadOptions { numbers: Numbers::Float64, ..ReadOptions::default() };
    let found = match goyaml::read_through_json(text, &mut ValueBuilder, &options) {
        Ok(None | Some(Value::Null)) => return Ok(Table::new()),
        Ok(Some(Value::Table(table))) => return Ok(Arc::unwrap_or_clone(table)),
        Ok(Some(Value::Bool(_))) => "bool",
        Ok(Some(Value::Int(_) | Value::Float(_))) => "number",
        Ok(Some(Value::Text(_))) => "string",
        Ok(Some(Value::List(_))) => "array",
        Err(error) => return Err(error.converting()),
    };
    Err(format!(
        "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go value of type \
         map[string]interface {{}}"
    ))
}

/// A text as Kubernetes' reader hands it on: each line ends with a line feed, the last one as well, so that a block of
/// text at the end of a file keeps its line break.
fn with_plain_breaks(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    if text.contains("\r\n") {
        text = Cow::Owned(text.replace("\r\n", "\n"));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.to_mut().push('\n');
    }
    text
}

/// The documents of a stream as Kubernetes' reader cuts them: at lines that begin with three dashes, behind which
/// only a comment may stand. A document that begins with such a line keeps it.
fn documents(text: &str) -> Result<Vec<&str>, ValuesError> {
    let mut documents = Vec::new();
    let (mut start, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err(ValuesError::Separator(rest.to_owned()));
            }
            if at > start {
                documents.push(&text[start..at]);
                start = at + line.len();
            }
        }
        at += line.len();
    }
    if at > start {
        documents.push(&text[start..]);
    }
    Ok(documents)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sources: ValueSources, expected: Result<&str, &str>) {
        let no_files = |_: &str| Err("no files here".to_owned());
        let merged = sources.merge(HelmVersion::V4, &no_files);
        let found = merged.map(|table| Value::table(table).to_json().to_string());
        assert_eq!(found.as_deref().map_err(ToString::to_string), expected.map_err(str::to_owned));
    }

    fn files(texts: &[&str]) -> ValueSources {
        let files = texts.iter().map(|text| ("v.yaml".to_owned(), Arc::from(*text))).collect();
        ValueSources { files, ..ValueSources::default() }
    }

    #[test]
    fn later_sources_win_and_tables_merge() {
        check(
            files(&["a: {b: 1, c: [1]}", "a: {c: [2]}\n---\nd: x"]),
            Ok(r#"{"a":{"b":1,"c":[2]},"d":"x"}"#),
        );
        let sources = ValueSources {
            set: vec!["a.b=2".into()],
            set_string: vec!["a.b=3".into()],
            set_json: vec![r#"{"a":{"z":null}}"#.into(), "q=[1]".into()],
            ..files(&["a: {b: 1}"])
        };
        check(sources, Ok(r#"{"a":{"b":"3","z":null},"q":[1]}"#));
        check(files(&["", "# nothing\n", "---\n---\n"]), Ok("{}"));
        check(files(&["a: |\n  x", "b: |\r\n  y\r\n  z"]), Ok(r#"{"a":"x\n","b":"y\nz\n"}"#));
    }

    #[test]
    fn mistakes_name_their_source() {
        check(
            files(&["- 1"]),
            Err("failed to parse v.yaml: cannot unmarshal yaml document: error unmarshaling \
             JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        );
        check(
            files(&["a: 1\n--- b\n"]),
            Err("failed to parse v.yaml: error reading yaml document: invalid Yaml document separator: b"),
        );
        check(
            files(&["---\na: 1\nb: [\n"]),
            Err(
                "failed to parse v.yaml: cannot unmarshal yaml document: error converting YAML to JSON: yaml: line 3: \
                 did not find expected node content",
            ),
        );
        check(
            ValueSources { set_json: vec!["a=bad".into()], ..ValueSources::default() },
            Err("failed parsing --set-json data a=bad"),
        );
        check(
            ValueSources { set: vec!["a".into()], ..ValueSources::default() },
            Err("failed parsing --set data: key \"a\" has no value"),
        );
    }
}

//! The head of a rendered document: what Helm reads of it, with nothing else kept.

use goyaml::{Builder, ReadOptions, Scalar};

/// apiVersion, kind, name and the annotations Helm knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// The annotations that begin with `helm.sh/`.
    pub(crate) annotations: Vec<(String, String)>,
}

impl Head {
    pub(crate) fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Why a document is refused, and the line in it where that is known.
pub(crate) struct HeadError {
    pub(crate) why: String,
    pub(crate) line: Option<usize>,
}

/// Reads the whole document, for its mistakes, and keeps its head.
pub(crate) fn read_head(text: &str) -> Result<Head, HeadError> {
    let mut builder = HeadBuilder { depth: 0 };
    let read = goyaml::read_through_json(text, &mut builder, &ReadOptions::default());
    let root = read.map_err(|error| HeadError { why: error.converting(), line: error.line })?;
    head(root.unwrap_or(Part::Null)).map_err(|why| HeadError {
        why: format!("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {why}"),
        line: None,
    })
}

fn head(root: Part) -> Result<Head, String> {
    let fields = match root {
        Part::Null => return Ok(Head::default()),
        Part::Table(fields) => fields,
        other => return Err(format!("{} into Go value of type util.SimpleHead", other.json_type())),
    };
    let mut head = Head::default();
    for (key, value) in fields {
        match key {
            Key::ApiVersion => head.api_version = text(value, "SimpleHead.apiVersion")?,
            Key::Kind => head.kind = text(value, "SimpleHead.kind")?,
            Key::Metadata => metadata(value, &mut head)?,
            Key::Name | Key::Annotations | Key::Other(_) => {}
        }
    }
    Ok(head)
}

fn metadata(value: Part, head: &mut Head) -> Result<(), String> {
    let fields = match value {
        Part::Null => return Ok(()),
        Part::Table(fields) => fields,
        other => {
            let go_type = "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \
                           \"json:\\\"annotations\\\"\" }";
            return Err(format!(
                "{} into Go struct field SimpleHead.metadata of type {go_type}",
                other.json_type()
            ));
        }
    };
    for (key, value) in fields {
        match key {
            Key::Name => head.name = text(value, ".metadata.name")?,
            Key::Annotations => head.annotations = annotations(value)?,
            _ => {}
        }
    }
    Ok(())
}

fn annotations(value: Part) -> Result<Vec<(String, String)>, String> {
    const FIELD: &str = ".metadata.annotations";
    let fields = match value {
        Part::Null => return Ok(Vec::new()),
        Part::Table(fields) => fields,
        other => {
            return Err(format!(
                "{} into Go struct field {FIELD} of type map[string]string",
                other.json_type()
            ));
        }
    };
    let mut texts = Vec::new();
    for (key, value) in fields {
        let value = text(value, FIELD)?;
        if let Key::Other(Some(key)) = key {
            texts.push((key, value));
        }
    }
    Ok(texts)
}

fn text(value: Part, field: &str) -> Result<String, String> {
    match value {
        Part::Null => Ok(String::new()),
        Part::Text(text) => Ok(text),
        other => Err(format!("{} into Go struct field {field} of type string", other.json_type())),
    }
}

/// A value as far as the head needs it.
enum Part {
    Null,
    /// A scalar as text.
    Text(String),
    /// A scalar that lies too deep to matter.
    Scalar(&'static str),
    List,
    Table(Vec<(Key, Part)>),
}

#[derive(PartialEq, Eq)]
enum Key {
    ApiVersion,
    Kind,
    Metadata,
    Name,
    Annotations,
    /// Another key; its text is kept where it is Helm's own.
    Other(Option<String>),
}

impl Part {
    fn json_type(&self) -> &'static str {
        match self {
            Part::Null => "null",
            Part::Text(_) => "string",
            Part::Scalar(name) => name,
            Part::List => "array",
            Part::Table(_) => "object",
        }
    }
}

/// Builds no more than three levels of tables.
struct HeadBuilder {
    depth: usize,
}

/// metadata.annotations is the third level.
const DEEPEST: usize = 3;

impl Builder for HeadBuilder {
    type Value = Part;
    type Sequence = ();
    type Mapping = Vec<(Key, Part)>;

    fn scalar(&mut self, scalar: Scalar<'_>) -> Part {
        match scalar {
            Scalar::Null => Part::Null,
            _ if self.depth > DEEPEST => Part::Scalar("string"),
            Scalar::String(text) | Scalar::Timestamp(text) => Part::Text(text.into_owned()),
            // A root that is no table is named in the error.
            Scalar::Bool(_) if self.depth == 0 => Part::Scalar("bool"),
            _ if self.depth == 0 => Part::Scalar("number"),
            Scalar::Bool(flag) => Part::Text(flag.to_string()),
            Scalar::Int(number) => Part::Text(number.to_string()),
            Scalar::Uint(number) => Part::Text(number.to_string()),
            Scalar::Float(number) => Part::Text(goyaml::shortest_float(number)),
        }
    }

    fn sequence(&mut self) {
        self.depth += 1;
    }

    fn push(&mut self, (): &mut (), _: Part) {}

    fn finish_sequence(&mut self, (): ()) -> Part {
        self.depth -= 1;
        Part::List
    }

    fn mapping(&mut self) -> Self::Mapping {
        self.depth += 1;
        Vec::new()
    }

    fn insert(&mut self, mapping: &mut Self::Mapping, key: Scalar<'_>, value: Part) {
        let Scalar::String(key) = key else { return };
        let key = match (self.depth, &*key) {
            (1, key) if key.eq_ignore_ascii_case("apiVersion") => Key::ApiVersion,
            (1, key) if key.eq_ignore_ascii_case("kind") => Key::Kind,
            (1, key) if key.eq_ignore_ascii_case("metadata") => Key::Metadata,
            (2, key) if key.eq_ignore_ascii_case("name") => Key::Name,
            (2, key) if key.eq_ignore_ascii_case("annotations") => Key::Annotations,
            (3, key) => Key::Other(key.starts_with("helm.sh/").then(|| key.to_owned())),
            _ => return,
        };
        // Of a key that is there twice the last one counts.
        if key != Key::Other(None) {
            mapping.retain(|(known, _)| *known != key);
        }
        mapping.push((key, value));
    }

    fn contains(&self, _: &Self::Mapping, _: &Scalar<'_>) -> bool {
        false
    }

    fn finish_mapping(&mut self, mapping: Self::Mapping) -> Part {
        self.depth -= 1;
        Part::Table(mapping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<(&str, &str, &str), &str>) {
        let head = read_head(text).map_err(|error| error.why);
        let found = head.as_ref().map(|h| (&*h.kind, &*h.name, h.annotation("helm.sh/hook").unwrap_or("-")));
        assert_eq!(found.map_err(|why| why.as_str()), expected, "{text}");
    }

    #[test]
    fn heads_are_read_as_helm_reads_them() {
        check(
            "kind: A\nmetadata: {name: 5, annotations: {helm.sh/hook: test, x: 1}}",
            Ok(("A", "5", "test")),
        );
        check("kind: A\nmetadata:\nspec: {kind: B, metadata: {name: c}}", Ok(("A", "", "-")));
        check("# nothing", Ok(("", "", "-")));
        check("kind: A\nmetadata: []\nmetadata: {name: b}\nkind: C", Ok(("C", "b", "-")));
        let prefix = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";
        check("- a", Err(&format!("{prefix}array into Go value of type util.SimpleHead")));
        check("just text", Err(&format!("{prefix}string into Go value of type util.SimpleHead")));
        check(
            "kind: [a]",
            Err(&format!("{prefix}array into Go struct field SimpleHead.kind of type string")),
        );
        check(
            "metadata: {annotations: {a: {b: c}}}",
            Err(&format!("{prefix}object into Go struct field .metadata.annotations of type string")),
        );
    }
}

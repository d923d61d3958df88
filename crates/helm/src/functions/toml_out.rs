//! TOML as the BurntSushi library writes it: scalars first, then tables, nested ones indented by two.

use gotemplate::functions::dates;
use gotemplate::{Entry, Map, Value as Live};

/// Why a value has no TOML; the texts are the library's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TomlError {
    #[error("toml: cannot encode array with nil element")]
    NilElement,
    #[error("toml: top-level values must be Go maps or structs")]
    NoKey,
    #[error("unsupported type for key '{key}': {kind}")]
    Unsupported { key: String, kind: &'static str },
    #[error("unexpected type: {0}")]
    Unexpected(String),
}

/// How floats are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Floats {
    /// With an exponent where that is shorter, as the library does since version 1.6.
    Short,
    /// Never with an exponent, as before.
    Plain,
}

/// Writes `value`; maps that hold themselves are cut off at [`DEEPEST`].
pub(crate) fn to_toml(value: &Live, floats: Floats) -> Result<String, TomlError> {
    let mut writer = Writer { out: String::new(), key: Vec::new(), floats };
    writer.encode(value)?;
    Ok(writer.out)
}

struct Writer {
    out: String,
    key: Vec<String>,
    floats: Floats,
}

/// Deepest nesting; a map that holds itself ends here.
const DEEPEST: usize = 500;

impl Writer {
    fn encode(&mut self, value: &Live) -> Result<(), TomlError> {
        if self.key.len() > DEEPEST {
            return Err(TomlError::Unexpected("a value that is nested too deep".to_owned()));
        }
        match value {
            // A nil list that is the whole text is written all the same.
            Live::List(list) if list.is_nil() && self.key.is_empty() => self.key_value(value),
            absent if is_absent(absent) => Ok(()),
            Live::List(list) if is_table_list(list.items())? => self.table_list(list.items()),
            Live::Map(map) => self.table(map),
            Live::Object(object) => match object.plain() {
                Some(Live::Map(map)) => self.table(&map),
                Some(_) => self.key_value(value),
                None => self.fields(object.fields()),
            },
            Live::Function(_) => Err(TomlError::Unsupported { key: self.key.join("."), kind: "func" }),
            scalar => self.key_value(scalar),
        }
    }

    fn indent(&self) -> String {
        "  ".repeat(self.key.len().saturating_sub(1))
    }

    fn key_value(&mut self, value: &Live) -> Result<(), TomlError> {
        if let Some(key) = self.key.last() {
            self.out += &format!("{}{} = ", self.indent(), bare_or_quoted(key));
        } else {
            return self.element(value, 0);
        }
        self.element(value, 0)?;
        self.out.push('\n');
        Ok(())
    }

    fn newline(&mut self) {
        if !self.out.is_empty() {
            self.out.push('\n');
        }
    }

    fn header(&mut self, open: &str, close: &str) {
        let key: Vec<String> = self.key.iter().map(|part| bare_or_quoted(part)).collect();
        self.out += &format!("{}{open}{}{close}\n", self.indent(), key.join("."));
    }

    fn table_list(&mut self, items: &[Live]) -> Result<(), TomlError> {
        if self.key.is_empty() {
            return Err(TomlError::NoKey);
        }
        for item in items {
            self.newline();
            self.header("[[", "]]");
            match item {
                Live::Map(map) => self.entries(map)?,
                Live::Object(object) => self.sorted(object.fields().into_iter().map(own).collect())?,
                _ => {}
            }
        }
        Ok(())
    }

    fn table(&mut self, map: &Map) -> Result<(), TomlError> {
        if self.key.len() == 1 {
            self.newline();
        }
        if !self.key.is_empty() {
            self.header("[", "]");
        }
        self.entries(map)
    }

    fn fields(&mut self, fields: Vec<(&'static str, Live)>) -> Result<(), TomlError> {
        if self.key.len() == 1 {
            self.newline();
        }
        if !self.key.is_empty() {
            self.header("[", "]");
        }
        self.sorted(fields.into_iter().map(own).collect())
    }

    fn entries(&mut self, map: &Map) -> Result<(), TomlError> {
        self.sorted(
            map.snapshot().into_iter().map(|(key, value)| (key.to_text().into_owned(), value)).collect(),
        )
    }

    /// What is no table comes first.
    fn sorted(&mut self, entries: Vec<(String, Live)>) -> Result<(), TomlError> {
        let (mut plain, mut tables) = (Vec::new(), Vec::new());
        for entry in entries {
            if is_table(&entry.1)? { tables.push(entry) } else { plain.push(entry) }
        }
        for (key, value) in plain.into_iter().chain(tables) {
            self.key.push(key);
            let done = self.encode(&value);
            self.key.pop();
            done?;
        }
        Ok(())
    }

    fn element(&mut self, value: &Live, depth: usize) -> Result<(), TomlError> {
        if depth > DEEPEST {
            return Err(TomlError::Unexpected("a value that is nested too deep".to_owned()));
        }
        match value {
            Live::Str(text) => self.out += &quoted(&text.to_text()),
            Live::Bool(flag) => self.out += if *flag { "true" } else { "false" },
            Live::Float(number) => self.out += &float(*number, self.floats),
            Live::List(list) => {
                is_table_list(list.items())?;
                self.array(list.items(), depth)?;
            }
            Live::Bytes(bytes) => {
                let items: Vec<Live> = bytes.iter().map(|byte| Live::Int(i64::from(*byte))).collect();
                self.array(&items, depth)?;
            }
            Live::Map(map) => self.inline(map, depth)?,
            Live::Object(object) => match object.plain() {
                // A moment has a form of its own, without quotes.
                Some(_) if object.go_type() == "time.Time" => {
                    self.out += &dates::to_toml(value).unwrap_or_default();
                }
                Some(plain) => self.element(&plain, depth + 1)?,
                None => return Err(TomlError::Unexpected(object.go_type().to_owned())),
            },
            other => match other.as_integer() {
                Some(number) => self.out += &number.to_string(),
                None => return Err(TomlError::Unexpected(other.go_type().into_owned())),
            },
        }
        Ok(())
    }

    fn array(&mut self, items: &[Live], depth: usize) -> Result<(), TomlError> {
        self.out.push('[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.out += ", ";
            }
            self.element(item, depth + 1)?;
        }
        self.out.push(']');
        Ok(())
    }

    fn inline(&mut self, map: &Map, depth: usize) -> Result<(), TomlError> {
        self.out.push('{');
        let (mut plain, mut tables) = (Vec::new(), Vec::new());
        for (key, value) in map.snapshot() {
            if is_table(&value)? { tables.push((key, value)) } else { plain.push((key, value)) }
        }
        self.inline_entries(&plain, !tables.is_empty(), depth)?;
        self.inline_entries(&tables, false, depth)?;
        self.out.push('}');
        Ok(())
    }

    /// Entries with commas as the library sets them: what is left out leaves the comma before it.
    fn inline_entries(&mut self, entries: &[Entry], more: bool, depth: usize) -> Result<(), TomlError> {
        for (at, (key, value)) in entries.iter().enumerate() {
            if is_absent(value) {
                continue;
            }
            self.out += &format!("{} = ", bare_or_quoted(&key.to_text()));
            self.element(value, depth + 1)?;
            if more || at + 1 < entries.len() {
                self.out += ", ";
            }
        }
        Ok(())
    }
}

fn own((key, value): (&'static str, Live)) -> (String, Live) {
    (key.to_owned(), value)
}

/// Nil, a nil map or a nil list, which are left out.
fn is_absent(value: &Live) -> bool {
    match value {
        Live::Map(map) => map.is_nil(),
        Live::List(list) => list.is_nil(),
        other => other.is_nil(),
    }
}

fn is_table(value: &Live) -> Result<bool, TomlError> {
    match value {
        Live::Map(_) => Ok(true),
        Live::Object(object) => Ok(object.plain().is_none()),
        Live::List(list) => is_table_list(list.items()),
        _ => Ok(false),
    }
}

/// True where every item is a table; nil items are refused.
fn is_table_list(items: &[Live]) -> Result<bool, TomlError> {
    if items.iter().any(Live::is_nil) {
        return Err(TomlError::NilElement);
    }
    Ok(!items.is_empty() && items.iter().all(|item| matches!(item, Live::Map(_))))
}

fn float(number: f64, floats: Floats) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number < 0.0 { "-inf".to_owned() } else { "inf".to_owned() };
    }
    let text = match floats {
        Floats::Short => goyaml::shortest_float(number),
        Floats::Plain => number.to_string(),
    };
    if text.contains(['e', '.']) { text } else { text + ".0" }
}

/// A part of a key as it is written.
pub(super) fn bare_or_quoted(key: &str) -> String {
    let bare = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if bare { key.to_owned() } else { quoted(key) }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            c if c < ' ' || c == '\u{7f}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

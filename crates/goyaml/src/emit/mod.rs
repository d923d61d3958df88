//! From values to YAML text, byte for byte as go-yaml writes it.

mod scalar;
mod style;

use crate::error::{EmitError, Limits};
use crate::go_json::{JsonLayout, go_json};
use crate::node::{Node, View};
use crate::number::{json_float, non_finite, shortest_float};
use crate::read::builder::{Numbers, ReadOptions};
use crate::read::compose::{json_key, json_scalar};
use crate::resolve::go_text;
use crate::scalar::Scalar;
use crate::scan::fault::{Dialect, is_forbidden};
use crate::sort::sort_naturally;

/// Writes a value as `sigs.k8s.io/yaml` marshals it: as JSON first, and that by go-yaml v2. Ends with a line feed.
///
/// # Errors
/// Where a number is infinite or NaN, the value nests deeper than [`Limits::DEPTH`], or go-yaml could not read the
/// JSON: it refuses some control characters, and keys of more than 1024 characters.
pub fn to_yaml<N: Node>(node: &N) -> Result<String, EmitError> {
    let mut emitter = Emitter::new(Dialect::V2, 2, Route::Json);
    match emitter.document(node) {
        Ok(()) => Ok(emitter.out),
        Err(Refusal::Unclear) => by_way_of_json(node),
        Err(Refusal::Error(error)) => Err(error),
    }
}

/// Writes a value as Helm's `toYamlPretty` does: by go-yaml v3, two blanks a level, lists indented. Ends with a line
/// feed.
///
/// # Errors
/// Where the value nests deeper than [`Limits::DEPTH`].
pub fn to_yaml_pretty<N: Node>(node: &N) -> Result<String, EmitError> {
    to_yaml_v3(node, 2)
}

/// Writes a value by go-yaml v3 with so many blanks a level, from 2 to 9. Ends with a line feed.
///
/// # Errors
/// Where the value nests deeper than [`Limits::DEPTH`].
pub fn to_yaml_v3<N: Node>(node: &N, indent: u8) -> Result<String, EmitError> {
    direct(node, Dialect::V3, i32::from(indent.clamp(2, 9)))
}

/// Writes a value by go-yaml v2 without the way through JSON. Ends with a line feed.
///
/// # Errors
/// Where the value nests deeper than [`Limits::DEPTH`].
pub fn to_yaml_v2<N: Node>(node: &N) -> Result<String, EmitError> {
    direct(node, Dialect::V2, 2)
}

fn direct<N: Node>(node: &N, dialect: Dialect, step: i32) -> Result<String, EmitError> {
    let mut emitter = Emitter::new(dialect, step, Route::Direct);
    match emitter.document(node) {
        Ok(()) => Ok(emitter.out),
        Err(Refusal::Error(error)) => Err(error),
        Err(Refusal::Unclear) => by_way_of_json(node),
    }
}

/// The way that Go always takes; we only where the outcome is not plain to see.
fn by_way_of_json<N: Node>(node: &N) -> Result<String, EmitError> {
    let json = go_json(node, JsonLayout::COMPACT)?;
    let limits = Limits { bytes: usize::MAX, nodes: usize::MAX, depth: Limits::DEPTH + 1 };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let value = crate::read_with(&json, Dialect::V2, &options)?.unwrap_or_default();
    to_yaml_v2(&value)
}

/// Whether values take the way through JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Route {
    Direct,
    Json,
}

/// Why the writing stopped.
enum Refusal {
    Error(EmitError),
    /// JSON read as YAML may give another text here, or none.
    Unclear,
}

impl From<EmitError> for Refusal {
    fn from(error: EmitError) -> Self {
        Self::Error(error)
    }
}

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parent {
    Root,
    Sequence,
    Mapping,
}

/// A scalar's surroundings.
#[derive(Clone, Copy)]
struct Place {
    parent: Parent,
    /// The column of the collection around, -1 at the root.
    indent: i32,
    /// A key on one line with its value.
    simple_key: bool,
}

/// The longest key, in bytes, that is written without `?`.
const SIMPLE_KEY_LENGTH: usize = 128;
/// Keys near the 1024 characters that go-yaml can read back in JSON text.
const LONG_KEY: usize = 160;

struct Emitter {
    out: String,
    dialect: Dialect,
    route: Route,
    /// Blanks a level.
    step: i32,
    /// Where lines are folded.
    width: usize,
    /// Characters on the current line.
    column: usize,
    /// The last character was a blank, or nothing was written on the line.
    whitespace: bool,
    /// Only indentation was written on the line: blanks, `-` and `?`.
    indention: bool,
}

impl Emitter {
    fn new(dialect: Dialect, step: i32, route: Route) -> Self {
        let width = if dialect == Dialect::V2 { 80 } else { usize::MAX };
        let out = String::new();
        Self { out, dialect, route, step, width, column: 0, whitespace: true, indention: true }
    }

    fn document<N: Node>(&mut self, node: &N) -> Result<(), Refusal> {
        self.node(node, Parent::Root, -1, 0)?;
        self.write_indent(-1);
        Ok(())
    }

    fn node<N: Node>(&mut self, node: &N, parent: Parent, indent: i32, depth: usize) -> Result<(), Refusal> {
        if depth > Limits::DEPTH {
            return Err(EmitError::TooDeep(Limits::DEPTH).into());
        }
        node.view(|view| match view {
            View::Scalar(scalar) => self.value(scalar, Place { parent, indent, simple_key: false }),
            View::Bytes(bytes) => self.bytes(bytes, Place { parent, indent, simple_key: false }),
            View::Sequence(items) => self.sequence(items, parent, indent, depth),
            View::Mapping(entries) | View::Struct(entries) => self.mapping(entries, parent, indent, depth),
        })
    }

    fn sequence<'n, N: Node + 'n>(
        &mut self,
        items: &mut dyn Iterator<Item = &'n N>,
        parent: Parent,
        indent: i32,
        depth: usize,
    ) -> Result<(), Refusal> {
        let Some(first) = items.next() else {
            self.empty_collection("[", "]");
            return Ok(());
        };
        // v2 does not indent a list inside of a map.
        let hanging = self.dialect == Dialect::V2 && parent == Parent::Mapping && !self.indention;
        let indent = if hanging { indent } else { self.deeper(indent, parent, false) };
        for item in std::iter::once(first).chain(items) {
            self.write_indent(indent);
            self.write_indicator("-", true, true);
            self.node(item, Parent::Sequence, indent, depth + 1)?;
        }
        Ok(())
    }

    fn mapping<'n, N: Node + 'n>(
        &mut self,
        entries: &mut dyn Iterator<Item = (Scalar<'n>, &'n N)>,
        parent: Parent,
        indent: i32,
        depth: usize,
    ) -> Result<(), Refusal> {
        let mut entries = match self.route {
            Route::Direct => entries.collect::<Vec<_>>(),
            Route::Json => entries.map(text_key).collect::<Result<_, _>>()?,
        };
        if entries.is_empty() {
            self.empty_collection("{", "}");
            return Ok(());
        }
        sort_naturally(&mut entries, self.dialect);
        let indent = self.deeper(indent, parent, false);
        for (key, value) in entries {
            self.write_indent(indent);
            self.key(key, indent)?;
            self.node(value, Parent::Mapping, indent, depth + 1)?;
        }
        Ok(())
    }

    /// Writes a key and its colon.
    fn key(&mut self, key: Scalar<'_>, indent: i32) -> Result<(), Refusal> {
        let simple = match &key {
            Scalar::String(text) => text.len() <= SIMPLE_KEY_LENGTH && !style::has_break(text),
            _ => true,
        };
        let place = Place { parent: Parent::Mapping, indent, simple_key: simple };
        if simple {
            self.scalar(key, place)?;
            self.write_indicator(":", false, false);
        } else {
            self.write_indicator("?", true, true);
            self.scalar(key, place)?;
            self.write_indent(indent);
            self.write_indicator(":", true, true);
        }
        Ok(())
    }

    fn value(&mut self, scalar: Scalar<'_>, place: Place) -> Result<(), Refusal> {
        let scalar = match (self.route, scalar) {
            (Route::Json, Scalar::Float(number)) if !number.is_finite() => {
                return Err(EmitError::UnsupportedValue(non_finite(number)).into());
            }
            (Route::Json, scalar) => json_scalar(scalar, Numbers::Kept).map_err(|_| Refusal::Unclear)?,
            (Route::Direct, scalar) => scalar,
        };
        self.scalar(scalar, place)
    }

    fn scalar(&mut self, scalar: Scalar<'_>, place: Place) -> Result<(), Refusal> {
        match scalar {
            Scalar::Null => self.write_word("null"),
            Scalar::Bool(flag) => self.write_word(if flag { "true" } else { "false" }),
            Scalar::Int(number) => self.write_word(&number.to_string()),
            Scalar::Uint(number) => self.write_word(&number.to_string()),
            Scalar::Float(number) => self.write_word(&yaml_float(number)),
            Scalar::Timestamp(text) => self.write_word(&text),
            Scalar::String(text) => {
                if self.route == Route::Json && changes_in_json(&text) {
                    return Err(Refusal::Unclear);
                }
                self.text(&text, place);
            }
        }
        Ok(())
    }

    /// Writes a Go string that is no UTF-8.
    fn bytes(&mut self, bytes: &[u8], place: Place) -> Result<(), Refusal> {
        match self.route {
            Route::Json => self.value(Scalar::String(go_text(bytes).into()), place),
            Route::Direct => {
                self.write_word("!!binary");
                self.binary(bytes, place);
                Ok(())
            }
        }
    }

    /// The indentation one level further in.
    fn deeper(&self, indent: i32, parent: Parent, flow: bool) -> i32 {
        match self.dialect {
            _ if indent < 0 => {
                if flow {
                    self.step
                } else {
                    0
                }
            }
            Dialect::V2 => indent + self.step,
            // Behind a dash v3 goes on at once, all else keeps to whole steps.
            Dialect::V3 if parent == Parent::Sequence => indent + 2,
            Dialect::V3 => self.step * ((indent + self.step) / self.step),
        }
    }

    fn empty_collection(&mut self, open: &str, close: &str) {
        self.write_indicator(open, true, false);
        self.write_indicator(close, false, false);
    }

    /// Starts a line at this column, unless that is where we are.
    fn write_indent(&mut self, indent: i32) {
        let indent = indent.max(0) as usize;
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        if self.dialect == Dialect::V2 {
            self.indention = true;
        }
    }

    fn write_indicator(&mut self, indicator: &str, needs_blank: bool, is_indention: bool) {
        if needs_blank && !self.whitespace {
            self.put(' ');
        }
        self.out.push_str(indicator);
        self.column += indicator.len();
        self.whitespace = false;
        self.indention &= is_indention;
    }

    /// Writes an ASCII word that needs no quotes.
    fn write_word(&mut self, word: &str) {
        self.write_indicator(word, true, false);
    }

    fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.out.push('\n');
        self.column = 0;
        if self.dialect == Dialect::V3 {
            self.indention = true;
        }
    }
}

fn text_key<'n, N>((key, value): (Scalar<'n>, &'n N)) -> Result<(Scalar<'n>, &'n N), Refusal> {
    let key = json_key(key).unwrap_or_else(|| Scalar::text("null"));
    match &key {
        Scalar::String(text) if text.len() > LONG_KEY => Err(Refusal::Unclear),
        _ => Ok((key, value)),
    }
}

/// Whether YAML reads a text in JSON otherwise than JSON does.
fn changes_in_json(text: &str) -> bool {
    let suspects = |byte: &u8| *byte == 0x7F || *byte == 0xC2 || *byte == 0xEF;
    text.as_bytes().iter().any(suspects)
        && text.chars().any(|character| {
            let escaped = character < ' ';
            !escaped && (character == '\u{85}' || is_forbidden(character))
        })
}

fn yaml_float(number: f64) -> String {
    if number.is_finite() {
        return shortest_float(number);
    }
    match json_float(number).as_str() {
        "+Inf" => ".inf",
        "-Inf" => "-.inf",
        _ => ".nan",
    }
    .to_owned()
}

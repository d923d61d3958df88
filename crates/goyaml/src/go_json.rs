//! Values written as Go's encoding/json writes them.

use crate::error::{EmitError, Limits};
use crate::node::{Node, View};
use crate::number::{json_float, non_finite};
use crate::read::compose::json_key;
use crate::scalar::Scalar;

/// How JSON is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonLayout {
    /// Write `<`, `>` and `&` as escapes.
    pub escape_html: bool,
    /// What a level is indented by; all on one line where `None`.
    pub indent: Option<&'static str>,
}

impl JsonLayout {
    /// As `json.Marshal` and Sprig's `toJson`.
    pub const COMPACT: Self = Self { escape_html: true, indent: None };
    /// As Sprig's `toPrettyJson`.
    pub const PRETTY: Self = Self { escape_html: true, indent: Some("  ") };
    /// As Sprig's `toRawJson`.
    pub const RAW: Self = Self { escape_html: false, indent: None };
}

/// Writes a value as Go's encoding/json does: keys of maps sorted by bytes, fields of structs as they are declared, no
/// line feed at the end.
///
/// # Errors
/// Where a number is infinite or NaN, or the value nests deeper than [`Limits::DEPTH`].
pub fn go_json<N: Node>(node: &N, layout: JsonLayout) -> Result<String, EmitError> {
    let mut writer = JsonWriter { out: String::new(), layout };
    writer.node(node, 0)?;
    Ok(writer.out)
}

struct JsonWriter {
    out: String,
    layout: JsonLayout,
}

impl JsonWriter {
    fn node<N: Node>(&mut self, node: &N, depth: usize) -> Result<(), EmitError> {
        if depth > Limits::DEPTH {
            return Err(EmitError::TooDeep(Limits::DEPTH));
        }
        node.view(|view| match view {
            View::Scalar(scalar) => self.scalar(&scalar),
            View::Bytes(bytes) => {
                self.bytes(bytes);
                Ok(())
            }
            View::Sequence(items) => {
                self.out.push('[');
                let mut count = 0;
                for item in items {
                    self.separate(count, depth + 1);
                    self.node(item, depth + 1)?;
                    count += 1;
                }
                self.close(count, depth, ']');
                Ok(())
            }
            View::Mapping(entries) => {
                let mut entries: Vec<_> = entries.map(|(key, value)| (key_text_of(key), value)).collect();
                entries.sort_by(|(one, _), (other, _)| one.cmp(other));
                self.object(&entries, depth)
            }
            View::Struct(fields) => {
                let fields: Vec<_> = fields.map(|(key, value)| (key_text_of(key), value)).collect();
                self.object(&fields, depth)
            }
        })
    }

    fn object<N: Node>(
        &mut self,
        entries: &[(std::borrow::Cow<'_, str>, &N)],
        depth: usize,
    ) -> Result<(), EmitError> {
        self.out.push('{');
        for (index, (key, value)) in entries.iter().enumerate() {
            self.separate(index, depth + 1);
            self.text(key);
            self.out.push_str(if self.layout.indent.is_some() { ": " } else { ":" });
            self.node(*value, depth + 1)?;
        }
        self.close(entries.len(), depth, '}');
        Ok(())
    }

    /// Comma and line break before an item.
    fn separate(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.new_line(depth);
    }

    fn close(&mut self, count: usize, depth: usize, bracket: char) {
        if count > 0 {
            self.new_line(depth);
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = self.layout.indent {
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str(indent);
            }
        }
    }

    fn scalar(&mut self, scalar: &Scalar<'_>) -> Result<(), EmitError> {
        match scalar {
            Scalar::Null => self.out.push_str("null"),
            Scalar::Bool(flag) => self.out.push_str(if *flag { "true" } else { "false" }),
            Scalar::Int(number) => self.out.push_str(&number.to_string()),
            Scalar::Uint(number) => self.out.push_str(&number.to_string()),
            Scalar::Float(number) if !number.is_finite() => {
                return Err(EmitError::UnsupportedValue(non_finite(*number)));
            }
            Scalar::Float(number) => self.out.push_str(&json_float(*number)),
            Scalar::String(text) | Scalar::Timestamp(text) => self.text(text),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.out.push('"');
        self.characters(text);
        self.out.push('"');
    }

    /// A text with bytes that are no UTF-8, each of which is written as an escape.
    fn bytes(&mut self, bytes: &[u8]) {
        self.out.push('"');
        for chunk in bytes.utf8_chunks() {
            self.characters(chunk.valid());
            for _ in chunk.invalid() {
                self.out.push_str("\\ufffd");
            }
        }
        self.out.push('"');
    }

    fn characters(&mut self, text: &str) {
        let mut written = 0;
        for (place, character) in text.char_indices() {
            let escape = match character {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\x08' => "\\b",
                '\x0C' => "\\f",
                '\0'..='\x1f' => "",
                '<' if self.layout.escape_html => "\\u003c",
                '>' if self.layout.escape_html => "\\u003e",
                '&' if self.layout.escape_html => "\\u0026",
                '\u{2028}' => "\\u2028",
                '\u{2029}' => "\\u2029",
                _ => continue,
            };
            self.out.push_str(&text[written..place]);
            if escape.is_empty() {
                self.out.push_str(&format!("\\u{:04x}", u32::from(character)));
            } else {
                self.out.push_str(escape);
            }
            written = place + character.len_utf8();
        }
        self.out.push_str(&text[written..]);
    }
}

fn key_text_of(key: Scalar<'_>) -> std::borrow::Cow<'_, str> {
    match json_key(key) {
        Some(Scalar::String(text)) => text,
        _ => "null".into(),
    }
}

//! JSON read as Go's encoding/json reads it, mistakes told in its words.

use gotemplate::{List, Map, Str, Value as Live};

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct JsonError(pub(crate) String);

/// Deepest nesting; Go allows 10000.
const DEEPEST: usize = 2000;

/// Reads one value that fills the whole text; all numbers are floats.
pub(crate) fn read_json(text: &[u8]) -> Result<Live, JsonError> {
    let read = read_json_leniently(text)?;
    read.too_large.map_or(Ok(read.value), Err)
}

/// A value and what is wrong with its numbers.
pub(super) struct Lenient {
    pub(super) value: Live,
    /// The first number that is no float; it is nil in the value.
    pub(super) too_large: Option<JsonError>,
}

impl Lenient {
    /// The word Go has for the type of the value.
    pub(super) fn json_type(&self) -> &'static str {
        if self.too_large.is_some() && self.value.is_nil() { "number" } else { json_type(&self.value) }
    }
}

/// As [`read_json`], but it goes on after numbers beyond a float.
pub(super) fn read_json_leniently(text: &[u8]) -> Result<Lenient, JsonError> {
    let mut reader = Reader { text, at: 0, too_large: None };
    reader.blanks();
    let value = reader.value(0)?;
    reader.blanks();
    match reader.peek() {
        Some(c) => Err(unexpected(c, "after top-level value")),
        // Go checks the whole text before it looks at a number.
        None => Ok(Lenient { value, too_large: reader.too_large }),
    }
}

/// The word Go has for the type of a JSON value.
pub(crate) fn json_type(value: &Live) -> &'static str {
    match value {
        Live::Bool(_) => "bool",
        Live::Str(_) => "string",
        Live::List(_) => "array",
        Live::Map(_) => "object",
        Live::Nil => "null",
        _ => "number",
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The first number that is no float.
    too_large: Option<JsonError>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn next(&mut self) -> Result<u8, JsonError> {
        let c = self.peek().ok_or_else(ended)?;
        self.at += 1;
        Ok(c)
    }

    /// The next byte inside a literal, where Go takes the end of the text for a blank.
    fn within(&mut self) -> u8 {
        let c = self.peek().unwrap_or(b' ');
        self.at += 1;
        c
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Result<Live, JsonError> {
        if depth > DEEPEST {
            return Err(JsonError("exceeded max depth".to_owned()));
        }
        match self.next()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => Ok(Live::Str(self.string()?)),
            b't' => self.literal("true", Live::Bool(true)),
            b'f' => self.literal("false", Live::Bool(false)),
            b'n' => self.literal("null", Live::Nil),
            c @ (b'-' | b'0'..=b'9') => self.number(c),
            c => Err(unexpected(c, "looking for beginning of value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Live, JsonError> {
        let mut entries = Vec::new();
        self.blanks();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Live::Map(Map::new()));
        }
        loop {
            self.blanks();
            match self.next()? {
                b'"' => {}
                c => return Err(unexpected(c, "looking for beginning of object key string")),
            }
            let key = self.string()?;
            self.blanks();
            match self.next()? {
                b':' => {}
                c => return Err(unexpected(c, "after object key")),
            }
            self.blanks();
            entries.push((key, self.value(depth + 1)?));
            self.blanks();
            match self.next()? {
                b',' => {}
                b'}' => return Ok(Live::Map(Map::from_entries(entries))),
                c => return Err(unexpected(c, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Live, JsonError> {
        let mut items = Vec::new();
        self.blanks();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Live::List(List::new(items)));
        }
        loop {
            self.blanks();
            items.push(self.value(depth + 1)?);
            self.blanks();
            match self.next()? {
                b',' => {}
                b']' => return Ok(Live::List(List::new(items))),
                c => return Err(unexpected(c, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, value: Live) -> Result<Live, JsonError> {
        for expected in word.bytes().skip(1) {
            let c = self.within();
            if c != expected {
                return Err(unexpected(c, &format!("in literal {word} (expecting {})", quoted(expected))));
            }
        }
        Ok(value)
    }

    fn number(&mut self, first: u8) -> Result<Live, JsonError> {
        let start = self.at - 1;
        let lead = if first == b'-' {
            match self.within() {
                c @ b'0'..=b'9' => c,
                c => return Err(unexpected(c, "in numeric literal")),
            }
        } else {
            first
        };
        if lead != b'0' {
            self.digits();
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digit("after decimal point in numeric literal")?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digit("in exponent of numeric literal")?;
        }
        let text = String::from_utf8_lossy(&self.text[start..self.at]);
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Live::Float(number)),
            _ => {
                let why = format!("json: cannot unmarshal number {text} into Go value of type float64");
                self.too_large.get_or_insert(JsonError(why));
                Ok(Live::Nil)
            }
        }
    }

    fn digit(&mut self, context: &str) -> Result<(), JsonError> {
        match self.within() {
            b'0'..=b'9' => {
                self.digits();
                Ok(())
            }
            c => Err(unexpected(c, context)),
        }
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    /// A string after its opening quote.
    fn string(&mut self) -> Result<Str, JsonError> {
        let mut bytes = Vec::new();
        loop {
            let start = self.at;
            while matches!(self.peek(), Some(c) if c >= b' ' && c != b'"' && c != b'\\') {
                self.at += 1;
            }
            bytes.extend_from_slice(String::from_utf8_lossy(&self.text[start..self.at]).as_bytes());
            match self.next()? {
                b'"' => return Ok(Str::from(bytes)),
                b'\\' => self.escape(&mut bytes)?,
                c => return Err(unexpected(c, "in string literal")),
            }
        }
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), JsonError> {
        let plain = match self.within() {
            c @ (b'"' | b'\\' | b'/') => c,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let unit = self.hex()?;
                let c = self.character(unit)?;
                bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                return Ok(());
            }
            c => return Err(unexpected(c, "in string escape code")),
        };
        bytes.push(plain);
        Ok(())
    }

    /// The character of a UTF-16 unit and, where it is half of one, of the unit after it.
    fn character(&mut self, unit: u16) -> Result<char, JsonError> {
        if (0xD800..0xDC00).contains(&unit) && self.text[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 2;
            let second = self.hex()?;
            if let Some(Ok(c)) = char::decode_utf16([unit, second]).next() {
                return Ok(c);
            }
            self.at = before;
        }
        Ok(char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u16, JsonError> {
        let mut unit = 0;
        for _ in 0..4 {
            let c = self.within();
            let digit = char::from(c).to_digit(16);
            let digit = digit.ok_or_else(|| unexpected(c, "in \\u hexadecimal character escape"))?;
            unit = unit * 16 + digit as u16;
        }
        Ok(unit)
    }
}

fn ended() -> JsonError {
    JsonError("unexpected end of JSON input".to_owned())
}

fn unexpected(c: u8, context: &str) -> JsonError {
    JsonError(format!("invalid character {} {context}", quoted(c)))
}

fn quoted(c: u8) -> String {
    gotemplate::fmt::quote_char(char::from(c), false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = read_json(text.as_bytes()).map(|value| gotemplate::fmt::to_text(&value).to_string());
        assert_eq!(found.as_deref().map_err(|error| error.0.as_str()), expected, "{text}");
    }

    #[test]
    fn values_read_as_in_go() {
        check(r#" {"a": [1, 2.5, -3e2], "b": null, "a": true} "#, Ok("map[a:true b:<nil>]"));
        check(r#""x\u00e9\ud83d\ude00\ud800\n""#, Ok("xé😀\u{fffd}\n"));
        check("[]", Ok("[]"));
        check("0", Ok("0"));
    }

    #[test]
    fn mistakes_are_told_as_in_go() {
        check("", Err("unexpected end of JSON input"));
        check("bad", Err("invalid character 'b' looking for beginning of value"));
        check("{bad}", Err("invalid character 'b' looking for beginning of object key string"));
        check("{\"a\" 1}", Err("invalid character '1' after object key"));
        check("[1 2]", Err("invalid character '2' after array element"));
        check("tru!", Err("invalid character '!' in literal true (expecting 'e')"));
        check("1 x", Err("invalid character 'x' after top-level value"));
        check("01", Err("invalid character '1' after top-level value"));
        check("\"\n\"", Err("invalid character '\\n' in string literal"));
        check("-", Err("invalid character ' ' in numeric literal"));
        check("tru", Err("invalid character ' ' in literal true (expecting 'e')"));
        check("[1e999, x", Err("invalid character 'x' looking for beginning of value"));
        check("[1e999]", Err("json: cannot unmarshal number 1e999 into Go value of type float64"));
        check(&"[".repeat(3000), Err("exceeded max depth"));
    }
}

//! The grammar of `--set` and its relatives: `a.b[0].c=v,d={x,y}`.

use std::sync::Arc;

use super::value::{Table, Value};

/// Highest index of a list.
const HIGHEST_INDEX: usize = 65536;
/// Deepest name.
const DEEPEST_NAME: usize = 30;
/// Deepest list in lists; Helm has no such limit.
const DEEPEST_LIST: usize = 200;

/// Why a `--set` text is refused; the words are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SetError(pub(crate) String);

/// How the texts behind `=` become values.
pub(crate) enum Reading<'a> {
    /// `--set`: true, false, null and whole numbers are typed.
    Typed,
    /// `--set-string`: always text.
    Text,
    /// `--set-json`: JSON.
    Json,
    /// `--set-literal`: the rest of the text, word for word.
    Literal,
    /// `--set-file`: the content of the file so named.
    File(&'a dyn Fn(&str) -> Result<String, String>),
}

/// Sets what `text` says in `values`. What stands before a mistake has been set by then, as in Helm.
pub(crate) fn set_values(text: &str, values: &mut Table, reading: &Reading<'_>) -> Result<(), SetError> {
    let mut parser = Parser { rest: text, reading };
    loop {
        match parser.key(values, 0) {
            Ok(()) => {}
            Err(Stop::End) => return Ok(()),
            Err(Stop::Refused(message)) => return Err(SetError(message)),
        }
    }
}

/// Why reading stopped: the text ended where nothing was begun, or a mistake.
enum Stop {
    End,
    Refused(String),
}

fn refuse<T>(message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(message.into()))
}

struct Parser<'t, 'r> {
    rest: &'t str,
    reading: &'r Reading<'r>,
}

impl Parser<'_, '_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn literal(&self) -> bool {
        matches!(self.reading, Reading::Literal)
    }

    /// The text up to one of `stops`, and which; none where the text ends first. A backslash keeps the next
    /// character, except in a literal.
    fn until(&mut self, stops: &[char]) -> (String, Option<char>) {
        let mut text = String::new();
        while let Some(c) = self.next() {
            if stops.contains(&c) {
                return (text, Some(c));
            }
            if c == '\\' && !self.literal() {
                match self.next() {
                    Some(kept) => text.push(kept),
                    None => return (text, None),
                }
            } else {
                text.push(c);
            }
        }
        (text, None)
    }

    fn key(&mut self, values: &mut Table, depth: usize) -> Result<(), Stop> {
        let stops: &[char] = if self.literal() { &['=', '[', '.'] } else { &['=', '[', ',', '.'] };
        let (key, stop) = self.until(stops);
        match stop {
            None if key.is_empty() => Err(Stop::End),
            None => refuse(format!("key {} has no value", quote(&key))),
            Some('[') => self.indexed(values, &key, depth),
            Some('=') => self.assign(values, &key),
            Some(',') => {
                put(values, &key, Value::text(""));
                refuse(format!("key {} has no value (cannot end with ,)", quote(&key)))
            }
            Some(_) => self.nested(values, &key, depth + 1),
        }
    }

    fn indexed(&mut self, values: &mut Table, key: &str, depth: usize) -> Result<(), Stop> {
        let index = self.index()?;
        let mut list = match values.get(key) {
            None => Arc::default(),
            Some(Value::List(list)) => list.clone(),
            Some(other) => return refuse(conversion(other, "[]interface {}")),
        };
        let done = self.item(Arc::make_mut(&mut list), index, depth, 1);
        put(values, key, Value::List(list));
        done
    }

    fn assign(&mut self, values: &mut Table, key: &str) -> Result<(), Stop> {
        let value = match self.reading {
            Reading::Json => self.json()?,
            Reading::Literal => Value::text(std::mem::take(&mut self.rest)),
            _ if self.rest.is_empty() => {
                put(values, key, Value::text(""));
                return Err(Stop::End);
            }
            _ => self.list_or_text()?,
        };
        put(values, key, value);
        Ok(())
    }

    fn nested(&mut self, values: &mut Table, key: &str, depth: usize) -> Result<(), Stop> {
        if depth > DEEPEST_NAME {
            return refuse(format!(
                "value name nested level is greater than maximum supported nested level of {DEEPEST_NAME}"
            ));
        }
        let mut inner = match values.get_mut(key) {
            None => Arc::default(),
            Some(Value::Table(table)) => std::mem::take(table),
            Some(other) => return refuse(conversion(other, "map[string]interface {}")),
        };
        let done = self.key(Arc::make_mut(&mut inner), depth);
        let empty = inner.is_empty();
        if !empty || values.contains_key(key) {
            put(values, key, Value::Table(inner));
        }
        match done {
            Ok(()) if empty => refuse(format!("key map {} has no value", quote(key))),
            done => done,
        }
    }

    /// The number in brackets; its closing bracket is read too.
    fn index(&mut self) -> Result<i64, Stop> {
        let (text, stop) = self.until(&[']']);
        if stop.is_none() {
            // Helm takes the end of the text for the end of what is to be set, also here.
            return Err(Stop::End);
        }
        text.parse().or_else(|_| {
            let fault = atoi_fault(&text);
            refuse(format!("error parsing index: strconv.Atoi: parsing {}: {fault}", quote(&text)))
        })
    }

    /// What follows an index: a value, another index or a name.
    fn item(&mut self, list: &mut Vec<Value>, index: i64, depth: usize, lists: usize) -> Result<(), Stop> {
        if index < 0 {
            return refuse(format!("negative {index} index not allowed"));
        }
        if lists > DEEPEST_LIST {
            return refuse(format!("lists are nested deeper than the maximum of {DEEPEST_LIST}"));
        }
        let (extra, stop) = self.until(&['[', '.', '=']);
        if !extra.is_empty() {
            return refuse(format!("unexpected data at end of array index: {}", quote_each(&extra)));
        }
        let index = index as usize;
        let value = match stop {
            None => return Err(Stop::End),
            Some('=') => match self.reading {
                Reading::Json => self.json()?,
                Reading::Literal => Value::text(std::mem::take(&mut self.rest)),
                _ => self.list_or_text()?,
            },
            Some('[') => {
                let next = self.index()?;
                let mut inner = match list.get(index) {
                    None | Some(Value::Null) => Arc::default(),
                    Some(Value::List(inner)) => inner.clone(),
                    Some(other) => return refuse(conversion(other, "[]interface {}")),
                };
                let done = self.item(Arc::make_mut(&mut inner), next, depth, lists + 1);
                // A list that begins here comes to be with its first item only.
                if done.is_err() && inner.is_empty() {
                    return done;
                }
                return put_inner(list, index, Value::List(inner), done);
            }
            Some(_) => {
                let mut inner = match list.get(index) {
                    Some(Value::Table(inner)) => inner.clone(),
                    _ => Arc::default(),
                };
                let done = self.key(Arc::make_mut(&mut inner), depth);
                return put_inner(list, index, Value::Table(inner), done);
            }
        };
        put_at(list, index, value)
    }

    /// `{a,b}` or one text.
    fn list_or_text(&mut self) -> Result<Value, Stop> {
        match self.rest.strip_prefix('{') {
            Some(rest) => {
                self.rest = rest;
                self.list()
            }
            None => {
                let (text, _) = self.until(&[',']);
                self.typed(text)
            }
        }
    }

    fn list(&mut self) -> Result<Value, Stop> {
        let mut items = Vec::new();
        loop {
            let (text, stop) = self.until(&[',', '}']);
            match stop {
                None => return refuse("list must terminate with '}'"),
                Some('}') => {
                    self.rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
                    items.push(self.typed(text)?);
                    return Ok(Value::List(Arc::new(items)));
                }
                Some(_) => items.push(self.typed(text)?),
            }
        }
    }

    fn typed(&self, text: String) -> Result<Value, Stop> {
        Ok(match self.reading {
            Reading::Typed => typed(&text),
            Reading::File(read) => Value::text(read(&text).map_err(Stop::Refused)?),
            Reading::Text | Reading::Json | Reading::Literal => Value::text(text),
        })
    }

    /// One JSON value and the comma after it.
    fn json(&mut self) -> Result<Value, Stop> {
        if self.blank() {
            return Ok(Value::Null);
        }
        let mut stream = serde_json::Deserializer::from_str(self.rest).into_iter::<serde_json::Value>();
        let json = match stream.next() {
            Some(Ok(json)) => json,
            Some(Err(error)) => return refuse(error.to_string()),
            None => return refuse("EOF"),
        };
        let end = stream.byte_offset();
        self.rest = &self.rest[end..];
        self.blank();
        Ok(Value::from_json(&json))
    }

    /// Skips blanks; true where the text or this value ends here.
    fn blank(&mut self) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(',') {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => self.rest.is_empty(),
        }
    }
}

/// A value as `--set` types it.
fn typed(text: &str) -> Value {
    if text.eq_ignore_ascii_case("true") {
        return Value::Bool(true);
    }
    if text.eq_ignore_ascii_case("false") {
        return Value::Bool(false);
    }
    if text.eq_ignore_ascii_case("null") {
        return Value::Null;
    }
    // A number with a leading zero stays a text; zero itself does not.
    let number = if text == "0" || !text.starts_with('0') { text.parse().ok() } else { None };
    number.map_or_else(|| Value::text(text), Value::Int)
}

fn put(values: &mut Table, key: &str, value: Value) {
    if !key.is_empty() {
        values.insert(Arc::from(key), value);
    }
}

/// Puts what was read inside a list at its place. Where the reading stopped, an item that was there keeps what was set
/// before; one beyond the end is not added.
fn put_inner(list: &mut Vec<Value>, index: usize, value: Value, done: Result<(), Stop>) -> Result<(), Stop> {
    if done.is_ok() || index < list.len() {
        put_at(list, index, value)?;
    }
    done
}

/// Helm looks at the height of an index only when there is something to put.
fn put_at(list: &mut Vec<Value>, index: usize, value: Value) -> Result<(), Stop> {
    if index > HIGHEST_INDEX {
        return refuse(format!(
            "index of {index} is greater than maximum supported index of {HIGHEST_INDEX}"
        ));
    }
    if list.len() <= index {
        list.resize(index + 1, Value::Null);
    }
    list[index] = value;
    Ok(())
}

fn conversion(found: &Value, wanted: &str) -> String {
    format!("unable to parse key: interface conversion: interface {{}} is {}, not {wanted}", found.go_type())
}

fn atoi_fault(text: &str) -> &'static str {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if number { "value out of range" } else { "invalid syntax" }
}

/// Go's `%q` of a text.
fn quote(text: &str) -> String {
    gotemplate::fmt::quote(text.as_bytes())
}

/// Go's `%q` of a list of characters.
fn quote_each(text: &str) -> String {
    let quoted = text.chars().map(|c| match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => {
            let quoted = quote(c.encode_utf8(&mut [0; 4]));
            format!("'{}'", &quoted[1..quoted.len() - 1])
        }
    });
    format!("[{}]", quoted.collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, reading: Reading<'_>, expected: Result<&str, &str>) {
        let mut values = Table::new();
        put(&mut values, "l", Value::List(Arc::new(vec![Value::text("a"), Value::text("b")])));
        let done = set_values(text, &mut values, &reading);
        let json = Value::table(values).to_json().to_string();
        let found = done.as_ref().map(|()| json.as_str()).map_err(|error| error.0.as_str());
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn names_and_indexes() {
        check("a.b[2].c=1", Reading::Typed, Ok(r#"{"a":{"b":[null,null,{"c":1}]},"l":["a","b"]}"#));
        check("l[0]=z,x={p,2}", Reading::Typed, Ok(r#"{"l":["z","b"],"x":["p",2]}"#));
        check("a[0][1]=x", Reading::Text, Ok(r#"{"a":[[null,"x"]],"l":["a","b"]}"#));
        check("a\\.b=1,c=\\,", Reading::Text, Ok(r#"{"a.b":"1","c":",","l":["a","b"]}"#));
        check("=1", Reading::Typed, Ok(r#"{"l":["a","b"]}"#));
        check("a={}", Reading::Typed, Ok(r#"{"a":[""],"l":["a","b"]}"#));
        check("l[1].x=", Reading::Typed, Ok(r#"{"l":["a",{"x":""}]}"#));
        check("l[1].x=1,l[1].y=", Reading::Text, Ok(r#"{"l":["a",{"x":"1","y":""}]}"#));
    }

    #[test]
    fn values_are_typed() {
        check(
            "a=TRUE,b=null,c=0,d=007,e=-5,f=1.5",
            Reading::Typed,
            Ok(r#"{"a":true,"b":null,"c":0,"d":"007","e":-5,"f":"1.5","l":["a","b"]}"#),
        );
        check(
            "a=1e3,b={\"x\":[1,null]}",
            Reading::Json,
            Ok(r#"{"a":1000,"b":{"x":[1,null]},"l":["a","b"]}"#),
        );
        check("a.b=c,d={x}=", Reading::Literal, Ok(r#"{"a":{"b":"c,d={x}="},"l":["a","b"]}"#));
        let read =
            |name: &str| if name == "f" { Ok("content\n".to_owned()) } else { Err("no file".to_owned()) };
        check("a=f", Reading::File(&read), Ok(r#"{"a":"content\n","l":["a","b"]}"#));
        check("a=g", Reading::File(&read), Err("no file"));
    }

    #[test]
    fn mistakes_are_named() {
        check("a", Reading::Typed, Err("key \"a\" has no value"));
        check("a,b=1", Reading::Typed, Err("key \"a\" has no value (cannot end with ,)"));
        check("a[-1]=1", Reading::Typed, Err("negative -1 index not allowed"));
        check(
            "a[65537]=1",
            Reading::Typed,
            Err("index of 65537 is greater than maximum supported index of 65536"),
        );
        check("a[0]b'=1", Reading::Typed, Err("unexpected data at end of array index: ['b' '\\'']"));
        check("a[70000][1]x=1", Reading::Typed, Err("unexpected data at end of array index: ['x']"));
        check(
            "a[x]=1",
            Reading::Typed,
            Err("error parsing index: strconv.Atoi: parsing \"x\": invalid syntax"),
        );
        check(
            "a=1,a.b=2",
            Reading::Typed,
            Err(
                "unable to parse key: interface conversion: interface {} is int64, not map[string]interface {}",
            ),
        );
        check("a={x", Reading::Typed, Err("list must terminate with '}'"));
        let deep = format!("{}=1", ["a"; 40].join("."));
        check(
            &deep,
            Reading::Typed,
            Err("value name nested level is greater than maximum supported nested level of 30"),
        );
        check(
            &format!("a{}=1", "[0]".repeat(5000)),
            Reading::Typed,
            Err("lists are nested deeper than the maximum of 200"),
        );
    }
}

//! TOML read for templates.

use gotemplate::functions::dates;
use gotemplate::{List, Map, Str, Value as Live};
use toml::{Table, Value as Toml};

/// The table of a text, or what is wrong with it.
pub(super) fn read_toml(text: &str) -> Result<Live, String> {
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        fault(text, at).unwrap_or_else(|| format!("toml: line {}: {}", line_of(text, at), error.message()))
    })?;
    Ok(map(table))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// What the BurntSushi library says of a line that is no `key = value`; none where the fault lies elsewhere.
fn fault(text: &str, at: usize) -> Option<String> {
    // A key that runs to the end of its line is found at the line's end.
    let at = if at > 0 && text.as_bytes()[at - 1] == b'\n' && at == text.len() { at - 1 } else { at };
    let start =
        text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let rest = text.get(start..)?;
    let (line, ended) = rest.split_once('\n').map_or((rest, true), |(line, _)| (line, false));
    let (why, key) = line_fault(line, ended)?;
    let above =
        text.get(..start)?.lines().rev().find_map(|line| line.trim().strip_prefix('[')?.strip_suffix(']'));
    let path: Vec<&str> = above.into_iter().chain((!key.is_empty()).then_some(key)).collect();
    let last = if path.is_empty() { String::new() } else { format!(" (last key {:?})", path.join(".")) };
    Some(format!("toml: line {}{last}: {why}", line_of(text, start)))
}

/// The fault of one line, and the key it has read by then; `ended` says that the text ends with the line.
fn line_fault(line: &str, ended: bool) -> Option<(String, &str)> {
    let line = line.strip_suffix('\r').unwrap_or(line).trim_start_matches(BLANKS);
    if line.starts_with(['[', '"', '\'', '#']) || line.is_empty() {
        return None;
    }
    if line.starts_with('=') {
        return Some(("unexpected '=': key name appears blank".to_owned(), ""));
    }
    if line.starts_with('.') {
        return Some(("unexpected '.': keys cannot start with a '.'".to_owned(), ""));
    }
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')))
        .unwrap_or(line.len());
    let (key, after) = line.split_at(end);
    let after = after.trim_start_matches(BLANKS);
    let Some(value) = after.strip_prefix('=') else {
        let why = match after.chars().next() {
            None if ended => "unexpected EOF; expected key separator '='".to_owned(),
            next => format!("expected '.' or '=', but got {} instead", rune(next.unwrap_or('\n'))),
        };
        return Some((why, ""));
    };
    value_fault(value.trim_start_matches(BLANKS), ended).map(|why| (why, key))
}

fn value_fault(value: &str, ended: bool) -> Option<String> {
    let next = value.chars().next();
    match next {
        None if ended => Some("unexpected EOF; expected value".to_owned()),
        None => Some("expected value but found '\\n' instead".to_owned()),
        Some('.') => Some("floats must start with a digit, not '.'".to_owned()),
        Some(c) if c.is_alphabetic() => {
            let word: String = value.chars().take_while(|c| c.is_alphabetic()).collect();
            let known = matches!(word.as_str(), "true" | "false" | "inf" | "nan");
            (!known).then(|| format!("expected value but found {word:?} instead"))
        }
        Some('[' | '{' | '"' | '\'' | '-' | '+' | '0'..='9') => None,
        Some(c) => Some(format!("expected value but found {} instead", rune(c))),
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// Go's `%q` of a character.
fn rune(c: char) -> String {
    let quoted = gotemplate::fmt::quote(c.encode_utf8(&mut [0; 4]).as_bytes());
    let inner = &quoted[1..quoted.len() - 1];
    match c {
        '\'' => "'\\''".to_owned(),
        '"' => "'\"'".to_owned(),
        _ => format!("'{inner}'"),
    }
}

fn map(table: Table) -> Live {
    Live::Map(Map::from_entries(
        table.into_iter().map(|(key, value)| (Str::from(key), live(value))).collect(),
    ))
}

fn live(value: Toml) -> Live {
    match value {
        Toml::String(text) => Live::str(text),
        Toml::Integer(number) => Live::Int64(number),
        Toml::Float(number) => Live::Float(number),
        Toml::Boolean(flag) => Live::Bool(flag),
        Toml::Datetime(date) => {
            let text = date.to_string();
            dates::from_toml(&text).unwrap_or_else(|| Live::str(text))
        }
        Toml::Array(items) => Live::List(List::new(items.into_iter().map(live).collect())),
        Toml::Table(table) => map(table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &str>) {
        let found = read_toml(text).map(|value| gotemplate::fmt::to_text(&value).to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{text:?}");
    }

    #[test]
    fn tables_become_maps_and_faults_are_told_as_in_go() {
        check("a = 1\n[b]\nc = [\"x\", 2.5]", Ok("map[a:1 b:map[c:[x 2.5]]]"));
        check("d = 2024-05-06", Ok("map[d:2024-05-06 00:00:00 +0000 date-local]"));
        check("bad", Err("toml: line 1: unexpected EOF; expected key separator '='"));
        check("foo bar", Err("toml: line 1: expected '.' or '=', but got 'b' instead"));
        check("a = 1\nb\n", Err("toml: line 2: expected '.' or '=', but got '\\n' instead"));
        check(
            "[t]\na = foo",
            Err("toml: line 2 (last key \"t.a\"): expected value but found \"foo\" instead"),
        );
    }
}

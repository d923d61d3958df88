//! Error texts of the API server, fit to be shown.

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use model::Object;
use serde_json::{Map, Value};

use super::normalize::{LAST_APPLIED, fold_secret, is_secret};
use super::redact::{plus, scalar_text};

/// Cleans an error text before it reaches a result, a condition or a log.
///
/// Dumps of objects, the body of a failed patch, temporary file names and the advice to switch validation off are
/// cut out. Where `about` names the Secrets concerned, their values go too, in every form they may have taken.
pub fn clean_error(text: &str, about: &[&Object]) -> String {
    let mut text = text.trim().to_owned();
    cut_patch_body(&mut text);
    for (open, bracket) in [
        ("map[", '['),
        ("&value.valueUnstructured{", '{'),
        ("valueUnstructured{", '{'),
        ("[]byte{", '{'),
        ("[]uint8{", '{'),
        ("[]interface {}{", '{'),
    ] {
        cut_dumps(&mut text, open, bracket);
    }
    for noise in [
        "; if you choose to ignore these errors, turn validation off with --validate=false",
        "error when creating \"STDIN\": ",
        "error validating \"STDIN\": ",
        "unable to recognize \"STDIN\": ",
    ] {
        text = text.replace(noise, "");
    }
    cut_file_names(&mut text);
    let secrets: Vec<_> = about.iter().filter(|object| is_secret(object)).collect();
    if !secrets.is_empty() {
        cut_invalid_values(&mut text);
        secrets.iter().for_each(|secret| cut_values(&mut text, secret));
    }
    text.truncate(text.trim_end().len());
    text
}

/// kubectl prints the patch between these words.
fn cut_patch_body(text: &mut String) {
    let Some(start) = text.find("error when applying patch:") else { return };
    let end = text[start..].find("for: \"").map(|at| start + at + "for: \"".len());
    let end = end.and_then(|end| text[end..].find("\": ").map(|at| end + at + 3)).unwrap_or(text.len());
    text.replace_range(start..end, "");
}

/// Cuts what an opening starts, up to its closing bracket; one that is not closed cuts the rest.
fn cut_dumps(text: &mut String, open: &str, bracket: char) {
    let close = if bracket == '[' { ']' } else { '}' };
    while let Some(start) = text.find(open) {
        let mut depth = 0_usize;
        let end = text[start..].char_indices().find_map(|(at, char)| {
            if char == bracket {
                depth += 1;
            } else if char == close && depth > 0 {
                depth -= 1;
                // `[]byte{` has brackets of the other sort only.
                return (depth == 0).then_some(start + at + 1);
            }
            None
        });
        text.replace_range(start..end.unwrap_or(text.len()), "");
    }
}

fn cut_file_names(text: &mut String) {
    for folder in ["/tmp/", "/dev/shm/", "/var/tmp/"] {
        while let Some(start) = text.find(folder) {
            let length = text[start..].find(|c: char| c.is_whitespace() || "\"':,;)".contains(c));
            let end = length.map_or(text.len(), |length| start + length);
            text.replace_range(start..end, "");
        }
    }
}

/// `Invalid value: "..."`: of a Secret even a refused value is secret.
fn cut_invalid_values(text: &mut String) {
    let mark = "Invalid value: ";
    let mut from = 0;
    while let Some(at) = text[from..].find(mark) {
        let start = from + at + mark.len();
        let end = match text[start..].strip_prefix('"') {
            Some(quoted) => start + 1 + closing_quote(quoted),
            None => text[start..].find([':', ',', '\n']).map_or(text.len(), |at| start + at),
        };
        text.replace_range(start..end, &plus(8));
        from = start + 8;
    }
}

/// Where a quoted text ends, its quote included.
fn closing_quote(text: &str) -> usize {
    let mut escaped = false;
    for (at, char) in text.char_indices() {
        match char {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    text.len()
}

/// Replaces each value of a Secret, plain and encoded.
fn cut_values(text: &mut String, secret: &Object) {
    let mut forms = Vec::new();
    let mut document = secret.fields().clone();
    if let Some(applied) =
        secret.annotation(LAST_APPLIED).and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok())
    {
        forms_of(applied, &mut forms);
    }
    document.shift_remove("metadata");
    forms_of(document, &mut forms);
    // Longer ones first: a form may hold another.
    forms.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    forms.dedup();
    for form in forms {
        replace_value(text, &form);
    }
}

fn forms_of(mut document: Map<String, Value>, forms: &mut Vec<String>) {
    if let Some(Value::Object(plain)) = document.get("stringData") {
        plain.values().for_each(|value| add_forms(&scalar_text(value), forms));
    }
    fold_secret(&mut document);
    let Some(Value::Object(data)) = document.get("data") else { return };
    for value in data.values() {
        let text = scalar_text(value);
        let bytes = BASE64.decode(text.as_bytes()).ok();
        if let Some(plain) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            add_forms(&plain, forms);
        }
        forms.push(text);
    }
}

fn add_forms(plain: &str, forms: &mut Vec<String>) {
    let bytes = plain.as_bytes();
    let json = Value::from(plain).to_string();
    let url: String = bytes
        .iter()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(*byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    forms.extend([
        plain.to_owned(),
        plain.trim().to_owned(),
        json[1..json.len() - 1].to_owned(),
        url.replace("%20", "+"),
        url,
        BASE64.encode(bytes),
        BASE64_NOPAD.encode(bytes),
        BASE64URL.encode(bytes),
        BASE64URL_NOPAD.encode(bytes),
    ]);
    forms.extend(plain.lines().filter(|line| line.len() >= 8).map(str::to_owned));
}

/// Replaces a value; a very short one only where it stands by itself, or every text would be full of holes.
fn replace_value(text: &mut String, value: &str) {
    if value.len() >= 4 {
        *text = text.replace(value, &plus(8));
        return;
    }
    if value.is_empty() {
        return;
    }
    let mut from = 0;
    while let Some(at) = text[from..].find(value) {
        let (start, end) = (from + at, from + at + value.len());
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        if word(text[..start].chars().next_back()) || word(text[end..].chars().next()) {
            from = end;
        } else {
            text.replace_range(start..end, &plus(8));
            from = start + 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn secret(data: serde_json::Value) -> Object {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": data});
        Object::from_value(secret).expect("it is a map")
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let about = secret(
            json!({"password": BASE64.encode(b"hunter two/+"), "n": 12345, "s": BASE64.encode(b"ab")}),
        );
        assert_eq!(clean_error(text, &[&about]), expected);
    }

    #[test]
    fn error_texts_lose_what_they_quote() {
        check_error("x map[a:map[b:c] d:e] y", "x  y");
        check_error("open map[a: b", "open");
        check_error(
            ".data.n: expected string, got &value.valueUnstructured{Value:12345}",
            ".data.n: expected string, got",
        );
        check_error(
            "error when applying patch:\n{\"data\":1}\nto:\nX\nfor: \"/tmp/1\": is invalid",
            "is invalid",
        );
        check_error("cannot read /dev/shm/12345: no", "cannot read : no");
        check_error(
            "bad; if you choose to ignore these errors, turn validation off with --validate=false",
            "bad",
        );
        check_error("data: Invalid value: \"hun\\\"ter\": is bad", "data: Invalid value: ++++++++: is bad");
        check_error(
            "got hunter two/+ or hunter+two%2F%2B or hunter%20two%2F%2B",
            "got ++++++++ or ++++++++ or ++++++++",
        );
        check_error("got 12345, ab and cab", "got ++++++++, ++++++++ and cab");
        check_error(&format!("got {}", BASE64_NOPAD.encode(b"hunter two/+")), "got ++++++++");
    }

    #[test]
    fn other_kinds_errors_keep_their_values() {
        assert_eq!(clean_error("spec.x: Invalid value: \"a\": no", &[]), "spec.x: Invalid value: \"a\": no");
    }
}

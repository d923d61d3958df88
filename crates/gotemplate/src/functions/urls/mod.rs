//! Sprig's functions for URLs.

mod escape;
mod url;

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Map, Str, Value};
use url::{Url, parse_userinfo};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] =
    &[Function::new("urlJoin", &[Param::Map], url_join), Function::new("urlParse", &[Param::Str], url_parse)];

/// What others ask of a URL, read as Go's net/url reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// True where it begins with a scheme.
    pub has_scheme: bool,
    /// Host without port and brackets.
    pub hostname: String,
    /// Path without escapes.
    pub path: String,
}

impl Address {
    /// Reads a URL.
    ///
    /// # Errors
    /// Go's words where the text is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let url = Url::parse(text.as_bytes()).map_err(|error| error.to_string())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Self { has_scheme: !url.scheme.is_empty(), hostname: text(url.hostname()), path: text(&url.path) })
    }
}

fn url_parse(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = args.text(0)?.as_bytes();
    ctx.spend_bytes(text.len() as u64)?;
    let url =
        Url::parse(text).map_err(|error| FunctionError::new(format!("unable to parse url: {error}")))?;
    let userinfo = url.user.as_ref().map(|user| user.escaped()).unwrap_or_default();
    let hostname = url.hostname().to_vec();
    let Url { scheme, opaque, user: _, host, path, query, fragment } = url;
    let entry = |key: &str, value: Vec<u8>| (Str::from(key), Value::str(value));
    Ok(Value::Map(Map::from_entries(vec![
        entry("scheme", scheme),
        entry("host", host),
        entry("hostname", hostname),
        entry("path", path),
        entry("query", query),
        entry("opaque", opaque),
        entry("fragment", fragment),
        entry("userinfo", userinfo),
    ])))
}

fn url_join(_ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let parts = args.map(0)?;
    let mut url = Url {
        scheme: text_of(parts, "scheme")?,
        host: text_of(parts, "host")?,
        path: text_of(parts, "path")?,
        query: text_of(parts, "query")?,
        opaque: text_of(parts, "opaque")?,
        fragment: text_of(parts, "fragment")?,
        user: None,
    };
    let userinfo = text_of(parts, "userinfo")?;
    if !userinfo.is_empty() {
        url.user = parse_userinfo(&userinfo)
            .map_err(|error| FunctionError::new(format!("unable to parse userinfo in dict: {error}")))?;
    }
    Ok(Value::str(url.join()))
}

/// The text under that key; empty where there is none.
fn text_of(parts: &Map, key: &str) -> Result<Vec<u8>, FunctionError> {
    match parts.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Str(text)) => Ok(text.as_bytes().to_vec()),
        Some(Value::Nil | Value::NilInterface) => {
            Err(FunctionError::new("runtime error: invalid memory address or nil pointer dereference"))
        }
        Some(other) => Err(FunctionError::new(format!(
            "unable to parse {key} key, must be of type string, but {} found",
            other.kind().name()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    /// An expected text that starts with `error:` is looked for at the end of the error.
    #[track_caller]
    fn check(template: &str, expected: &str) {
        match (render(template), expected.strip_prefix("error:")) {
            (Ok(text), None) => assert_eq!(text, expected, "{template}"),
            (Err(error), Some(expected)) => assert!(error.ends_with(expected), "{template}: {error}"),
            (outcome, _) => panic!("{template}: {outcome:?} instead of {expected}"),
        }
    }

    #[test]
    fn urls_are_taken_apart() {
        check(
            r#"{{ urlParse "HTTP://u:p%40@Host:80/a%20b?q=1#f" }}"#,
            "map[fragment:f host:Host:80 hostname:Host opaque: path:/a b query:q=1 scheme:http userinfo:u:p%40]",
        );
        check(r#"{{ (urlParse "mailto:a@b").opaque }} {{ (urlParse "//[::1]:8/x").hostname }}"#, "a@b ::1");
        check(
            r#"{{ urlParse ":x" }}"#,
            r#"error:error calling urlParse: unable to parse url: parse ":x": missing protocol scheme"#,
        );
        check(
            r#"{{ urlParse "http://a b/" }}"#,
            r#"error:parse "http://a b/": invalid character " " in host name"#,
        );
        check(r#"{{ urlParse "/%zz" }}"#, r#"error:parse "/%zz": invalid URL escape "%zz""#);
        check(r#"{{ urlParse "http://h:x" }}"#, r#"error:parse "http://h:x": invalid port ":x" after host"#);
    }

    #[test]
    fn urls_are_put_together() {
        check(
            r#"{{ urlJoin (dict "scheme" "http" "host" "h:1" "path" "a b" "query" "q" "fragment" "é" "userinfo" "u:p w") }}"#,
            "error:net/url: invalid userinfo",
        );
        check(
            r#"{{ urlJoin (dict "scheme" "http" "host" "h:1" "path" "a b" "query" "q" "fragment" "é" "userinfo" "u:p") }}"#,
            "http://u:p@h:1/a%20b?q#%C3%A9",
        );
        check(
            r#"{{ urlJoin (dict "path" "a:b") }} {{ urlJoin (dict "scheme" "x" "opaque" "y z") }}"#,
            "./a:b x:y z",
        );
        check(
            r#"{{ urlJoin (dict "host" 1) }}"#,
            "error:unable to parse host key, must be of type string, but int found",
        );
    }
}

//! Whether a refusal is the right one: the place and words of `required` and `fail`, else the class of the mistake.

use std::sync::LazyLock;

use regex::Regex;

static CLASSES: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
    [
        ("missing function", r#"function "?[\w.]+"? (is )?not (defined|found)|unknown function"#),
        ("schema", r"don'?t meet the specifications of the schema|schema validation|invalid schema"),
        ("dependency", r"missing in charts/|dependenc"),
        ("kube version", r"requires kubeVersion|kubeVersion"),
        ("explicit", r"execution error at \("),
        ("yaml", r"YAML parse error|error converting YAML|cannot unmarshal|did not find expected|mapping values"),
        (
            "template parse",
            r"parse error|unexpected .* in |unclosed|unterminated|unrecognized character|bad character|missing value for|undefined variable|malformed",
        ),
        ("nil", r"nil pointer evaluating|untyped nil|nil data; no entry"),
        (
            "argument type",
            r"wrong type for value|wrong type|invalid value; expected|incompatible types|can't (iterate|handle)|not comparable|cannot index|can't index|must be|expected (integer|string)|error calling",
        ),
        ("argument count", r"wrong number of args"),
        ("field", r"can't evaluate field|has no field|can't give argument"),
        ("no template", r"no template .* associated|template .* not defined"),
        ("values", r"failed parsing|values"),
    ]
    .into_iter()
    .map(|(name, pattern)| (name, Regex::new(&format!("(?i){pattern}")).expect("it is a pattern")))
    .collect()
});

static EXPLICIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?s)execution error at \(([^)]*)\): (.*?)(?:\n\n|\z)").expect("it is a pattern")
});

fn class(text: &str) -> &'static str {
    CLASSES.iter().find(|(_, pattern)| pattern.is_match(text)).map_or("other", |(name, _)| name)
}

fn explicit(text: &str) -> Option<(String, String)> {
    let found = EXPLICIT.captures(text)?;
    Some((found[1].to_owned(), found[2].trim().to_owned()))
}

/// What is wrong with a refusal; none where it is right.
pub fn error_fault(expected: &str, actual: &str) -> Option<String> {
    if actual.contains("panicked at") {
        return Some("crash".to_owned());
    }
    if let Some(wanted) = explicit(expected) {
        return match explicit(actual) {
            Some(found) if found == wanted => None,
            Some(found) if found.1 == wanted.1 => Some(format!("error place, wanted {}", wanted.0)),
            _ => Some("error text".to_owned()),
        };
    }
    let (wanted, found) = (class(expected), class(actual));
    (wanted != found).then(|| format!("error class (wanted {wanted}, got {found})"))
}

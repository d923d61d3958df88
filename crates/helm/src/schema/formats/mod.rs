//! Formats as Helm's validator checks them, and its words for what is wrong: where a schema's draft checks formats at
//! all, every format here is checked.

mod addresses;
mod moments;
mod pointers;
mod versions;

/// What is wrong with a text, in words; nothing where it has the format.
type Fault = Result<(), String>;
type Check = fn(&str) -> Fault;

/// Names and checks.
pub(super) const FORMATS: [(&str, Check); 17] = [
    ("date", moments::date),
    ("date-time", moments::date_time),
    ("duration", moments::duration),
    ("email", addresses::email),
    ("hostname", addresses::hostname),
    ("ipv4", addresses::ipv4),
    ("ipv6", addresses::ipv6),
    ("iri", addresses::uri),
    ("json-pointer", pointers::json_pointer),
    ("regex", pointers::regex),
    ("relative-json-pointer", pointers::relative_json_pointer),
    ("semver", versions::semver),
    ("time", moments::time),
    ("uri", addresses::uri),
    ("uri-reference", addresses::uri_reference),
    ("uri-template", addresses::uri_template),
    ("uuid", versions::uuid),
];

/// What is wrong with a text that should have this format; none where it has it, or nobody knows the format.
pub(super) fn fault(format: &str, text: &str) -> Option<String> {
    let (_, check) = FORMATS.iter().find(|(name, _)| *name == format)?;
    check(text).err()
}

fn refused(words: &str) -> Fault {
    Err(words.to_owned())
}

/// A whole number as Go reads it, with its sign.
fn number(text: &str) -> Result<i64, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_one = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let problem = if is_one { "value out of range" } else { "invalid syntax" };
    let quoted = gotemplate::fmt::quote(text.as_bytes());
    let number = if is_one { text.parse().ok() } else { None };
    number.ok_or_else(|| format!("strconv.Atoi: parsing {quoted}: {problem}"))
}

/// One character as Go quotes it.
fn quoted(character: char) -> String {
    let text = gotemplate::fmt::quote(character.to_string().as_bytes());
    match character {
        '"' => "'\"'".to_owned(),
        '\'' => "'\\''".to_owned(),
        _ => format!("'{}'", text.trim_matches('"')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(format: &str, cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(fault(format, text).unwrap_or_default(), *expected, "{format} {text}");
        }
    }

    #[test]
    fn addresses_have_their_faults_named() {
        check(
            "email",
            &[
                ("me@example.com", ""),
                ("\"a b\"@example.com", ""),
                ("me@[127.0.0.1]", ""),
                ("me@[IPv6:::1]", ""),
                ("me", "missing @"),
                ("me@", "invalid domain: label must be 1 to 63 characters long"),
                (".me@example.com", "starts with dot"),
                ("me.@example.com", "ends with dot"),
                ("m..e@example.com", "consecutive dots"),
                ("m e@example.com", "invalid character ' '"),
                ("m\"e@example.com", "invalid character '\"'"),
                ("\"m\"e\"@example.com", "backslash and quote are not allowed within quoted local part"),
                ("me@[x]", "invalid ipv4 address: expected four decimals"),
                ("me@[IPv6:x]", "invalid ipv6 address: missing colon"),
            ],
        );
        check(
            "hostname",
            &[
                ("a.example.com.", ""),
                ("a_b", "invalid character '_'"),
                ("-a", "label starts with hyphen"),
                ("a-", "label ends with hyphen"),
                ("a..b", "label must be 1 to 63 characters long"),
                (&"a".repeat(254), "more than 253 characters long"),
            ],
        );
        check(
            "ipv4",
            &[
                ("10.0.0.255", ""),
                ("10.0.0", "expected four decimals"),
                ("10.0.0.256", "decimal must be between 0 and 255"),
                ("10.0.0.01", "leading zeros"),
                ("10.0.0.x", "strconv.Atoi: parsing \"x\": invalid syntax"),
            ],
        );
        check(
            "ipv6",
            &[
                ("::1", ""),
                ("::10.0.0.1", ""),
                ("1:2:3:4:5:6:7::", ""),
                ("10.0.0.1", "missing colon"),
                ("::1%eth0", "zone id is not a part of ipv6 address"),
                ("1::2::3", "ParseAddr(\"1::2::3\"): multiple :: in address (at \":3\")"),
                ("12345::", "ParseAddr(\"12345::\"): each group must have 4 or less digits (at \"12345::\")"),
                ("1:2:3", "ParseAddr(\"1:2:3\"): address string too short"),
                ("1:", "ParseAddr(\"1:\"): colon must be followed by more characters (at \":\")"),
                ("::10.0.0", "ParseAddr(\"::10.0.0\"): IPv4 address too short"),
                ("::256.0.0.1", "ParseAddr(\"::256.0.0.1\"): IPv4 field has value >255"),
            ],
        );
        check(
            "uri",
            &[
                ("https://example.com/a?b", ""),
                ("a", "relative url"),
                ("http://[::1", "parse \"http://[::1\": missing ']' in host"),
                ("%zz", "parse \"%zz\": invalid URL escape \"%zz\""),
            ],
        );
        check("uri-reference", &[("a#b", ""), ("a\\b", "contains \\")]);
        check(
            "uri-template",
            &[("a/{b}/{+c,d*}", ""), ("{a", "no matching closing brace"), ("a}", "nested curly braces")],
        );
    }

    #[test]
    fn moments_have_their_faults_named() {
        check(
            "date",
            &[
                ("2020-02-29", ""),
                ("2020-13-01", "parsing time \"2020-13-01\": month out of range"),
                ("2020-1-1", "parsing time \"2020-1-1\" as \"2006-01-02\": cannot parse \"1-1\" as \"01\""),
            ],
        );
        check(
            "time",
            &[
                ("12:00:00Z", ""),
                ("22:59:60-01:00", ""),
                ("12:00", "less than 9 characters long"),
                ("12-00-00Z", "missing colon in correct place"),
                ("aa:00:00Z", "invalid hour/min/sec"),
                ("-1:00:00Z", "non-positive hour/min/sec"),
                ("24:00:00Z", "hour/min/sec out of range"),
                ("12:00:60Z", "invalid leap second"),
                ("12:00:00.Z", "no digits in second fraction"),
                ("12:00:00.1", "offset must be 6 characters long"),
                ("12:00:00*01:00", "offset must begin with plus/minus"),
                ("12:00:00+01-00", "missing colon in offset in correct place"),
                ("12:00:00+aa:00", "invalid hour/min in offset"),
                ("12:00:00+24:00", "hour/min in offset out of range"),
            ],
        );
        check(
            "date-time",
            &[
                ("2020-01-01t00:00:00z", ""),
                ("2020-01-01", "less than 20 characters long"),
                ("2020-01-01 00:00:00Z", "11th character must be t or T"),
                (
                    "2020-02-30T00:00:00Z",
                    "invalid date element: parsing time \"2020-02-30\": day out of range",
                ),
                ("2020-01-01T25:00:00Z", "invalid time element: hour/min/sec out of range"),
            ],
        );
        check(
            "duration",
            &[
                ("P3W", ""),
                ("P1DT12H", ""),
                ("3W", "must start with P"),
                ("P", "nothing after P"),
                ("PW", "no number in week"),
                ("PxW", "invalid week"),
                ("PT", "no time elements"),
                ("P1", "missing unit"),
                ("PD", "missing number"),
                ("P1S", "invalid unit 'S'"),
                ("PT1M1H", "unit 'H' out of order"),
                ("PT1HT1M", "more than one T"),
            ],
        );
    }

    #[test]
    fn identifiers_have_their_faults_named() {
        check(
            "uuid",
            &[
                ("123e4567-e89b-12d3-a456-426614174000", ""),
                ("x", "must have 5 elements"),
                ("123e456-e89b-12d3-a456-426614174000", "element 1 must be 8 characters long"),
                ("123e456g-e89b-12d3-a456-426614174000", "non-hex character 'g'"),
            ],
        );
        check(
            "semver",
            &[
                ("0.1.0-rc.1+build.5", ""),
                ("1.2", "versionCore must have 3 numbers separated by dot"),
                ("v1.2.3", "major contains non-digit"),
                ("1.02.3", "minor starts with zero"),
                ("1.2.", "patch is empty"),
                ("1.2.3-", "pre-release identifier is empty"),
                ("1.2.3-01", "pre-release numeric identifier starts with zero"),
                ("1.2.3-a_b", "invalid character '_' in pre-release identifier"),
                ("1.2.3+", "build is empty"),
                ("1.2.3+a..b", "build identifier is empty"),
            ],
        );
        check(
            "json-pointer",
            &[("", ""), ("/a~01", ""), ("a", "not starting with /"), ("/~2", "~ must be followed by 0 or 1")],
        );
        check(
            "relative-json-pointer",
            &[
                ("0#", ""),
                ("1/a", ""),
                ("x", "must start with non-negative integer"),
                ("01", "starts with zero"),
                ("1a", "not starting with /"),
            ],
        );
        check("regex", &[("^a+$", ""), ("(", "error parsing regexp: missing closing ): `(`")]);
    }

    #[test]
    fn a_draft_that_checks_formats_says_what_is_wrong() {
        let schema = br#"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"to": {"format": "email"}}}"#;
        let schema = super::super::Schema::new(schema.as_slice().into());
        assert_eq!(schema.faults(&serde_json::json!({"to": "me@example.com"})), None);
        let faults = schema.faults(&serde_json::json!({"to": "me"}));
        assert_eq!(faults.as_deref(), Some("- at '/to': 'me' is not valid email: missing @\n"));
    }
}

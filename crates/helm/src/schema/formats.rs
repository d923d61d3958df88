//! Formats that Helm's validator knows in every draft, and the library only in the newest: where a schema's draft checks
//! formats at all, these are checked, too.

type Check = fn(&str) -> bool;

/// Names and checks.
pub(super) const FORMATS: [(&str, Check); 3] =
    [("uuid", is_uuid), ("duration", is_duration), ("semver", is_semver)];

/// Five groups of 8, 4, 4, 4 and 12 hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12] && groups.concat().bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// ISO 8601: weeks alone, or years to seconds in their order, each with a whole number.
fn is_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('P').filter(|rest| !rest.is_empty()) else { return false };
    if let Some(weeks) = rest.strip_suffix('W') {
        return !weeks.is_empty() && weeks.bytes().all(|byte| byte.is_ascii_digit());
    }
    let mut parts = rest.split('T');
    let date = parts.next().is_some_and(|date| in_order(date, "YMD"));
    let time = parts.next().is_none_or(|time| !time.is_empty() && in_order(time, "HMS"));
    date && time && parts.next().is_none()
}

fn in_order(mut text: &str, mut units: &str) -> bool {
    while !text.is_empty() {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let Some(unit) = text[digits..].chars().next().filter(|_| digits > 0) else { return false };
        let Some(place) = units.find(unit) else { return false };
        units = &units[place + 1..];
        text = &text[digits + 1..];
    }
    true
}

/// `MAJOR.MINOR.PATCH`, and what may follow it.
fn is_semver(text: &str) -> bool {
    let (version, build) =
        text.split_once('+').map_or((text, None), |(version, build)| (version, Some(build)));
    let (numbers, early) =
        version.split_once('-').map_or((version, None), |(numbers, early)| (numbers, Some(early)));
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && (part == "0" || !part.starts_with('0'))
    };
    let is_word = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let is_all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let early_is_fine = early.is_none_or(|early| {
        early.split('.').all(|part| is_word(part) && (!is_all_digits(part) || is_number(part)))
    });
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && early_is_fine
        && build.is_none_or(|build| build.split('.').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(is_one: Check, good: &[&str], bad: &[&str]) {
        good.iter().for_each(|text| assert!(is_one(text), "{text}"));
        bad.iter().for_each(|text| assert!(!is_one(text), "{text}"));
    }

    #[test]
    fn formats_are_told_apart() {
        let uuid = "123e4567-e89b-12d3-a456-426614174000";
        check(
            is_uuid,
            &[uuid, "00000000-0000-0000-0000-000000000000"],
            &["", "x", &uuid[1..], &uuid.replace('a', "g")],
        );
        check(
            is_duration,
            &["P3W", "P1Y2M", "PT5S", "P1DT12H"],
            &["", "P", "3W", "PT", "P1M1Y", "P1H", "PT1HT1S", "PY"],
        );
        let good = ["1.2.3", "0.1.0-rc.1+build.5", "1.0.0-x-y"];
        check(is_semver, &good, &["1.2", "01.2.3", "1.2.3-", "1.2.3-01", "v1.2.3", "1.2.3+"]);
    }

    #[test]
    fn a_draft_that_checks_formats_checks_these() {
        let schema = br#"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"id": {"format": "uuid"}}}"#;
        let schema = super::super::Schema::new(schema.as_slice().into());
        assert!(schema.faults(&serde_json::json!({"id": "123e4567-e89b-12d3-a456-426614174000"})).is_none());
        assert!(schema.faults(&serde_json::json!({"id": "seven"})).is_some());
    }
}

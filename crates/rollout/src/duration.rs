//! Lengths of time as users write them.

use std::time::Duration;

use model::parts::IntOrString;
use model::rollout::Pause;

/// A Go duration such as `1h30m`; none where it cannot be read.
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut seconds = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        seconds += number * unit(&rest[..end])?;
        rest = &rest[end..];
    }
    Duration::try_from_secs_f64(seconds).ok()
}

fn unit(name: &str) -> Option<f64> {
    match name {
        "ns" => Some(1e-9),
        "us" | "µs" => Some(1e-6),
        "ms" => Some(1e-3),
        "s" => Some(1.0),
        "m" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    }
}

/// Why a pause has no length that can be waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// How long a pause step lasts, in whole seconds as upstream takes it; none where it waits for a human.
pub fn of_pause(pause: &Pause) -> Result<Option<Duration>, Unreadable> {
    let seconds = match &pause.duration {
        None => return Ok(None),
        Some(IntOrString::Int(seconds)) => u64::try_from(*seconds).ok(),
        Some(IntOrString::Text(text)) => {
            text.parse().ok().or_else(|| parse(text).map(|length| length.as_secs()))
        }
    };
    seconds.map(|seconds| Some(Duration::from_secs(seconds))).ok_or(Unreadable)
}

/// A whole number of seconds; nothing where it is negative.
pub fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let cases = [
            ("30s", Some(30.0)),
            ("1h30m", Some(5400.0)),
            ("1.5m", Some(90.0)),
            ("250ms", Some(0.25)),
            ("10", None),
            ("", None),
            ("x", None),
            ("3 s", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(parse(text), seconds.map(Duration::from_secs_f64), "{text}");
        }
    }

    #[test]
    fn pauses_are_whole_seconds() {
        let of = |duration| of_pause(&Pause { duration: Some(duration) });
        assert_eq!(of(IntOrString::Int(7)), Ok(Some(Duration::from_secs(7))));
        assert_eq!(of(IntOrString::Text("7".into())), Ok(Some(Duration::from_secs(7))));
        assert_eq!(of(IntOrString::Text("1500ms".into())), Ok(Some(Duration::from_secs(1))));
        assert_eq!(of(IntOrString::Text("soon".into())), Err(Unreadable));
        assert_eq!(of(IntOrString::Int(-1)), Err(Unreadable));
        assert_eq!(of_pause(&Pause::default()), Ok(None));
    }
}

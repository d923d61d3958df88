//! Sprig's date functions, with Go's layouts and zones.

mod civil;
mod duration;
mod format;
mod layout;
mod object;
mod parse;
mod scan;
mod time;
mod toml;
mod zone;

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, IntKind, Value};
pub(super) use duration::Duration;
pub(super) use time::Time;
pub use toml::{from_toml, to_toml};
pub(super) use zone::Zone;

/// Whether Go reads a time by this layout.
///
/// # Errors
/// Go's words where it does not.
pub fn check(layout: &str, value: &str) -> Result<(), String> {
    Time::parse(layout, value, &Zone::Utc).map(drop).map_err(|error| error.to_string())
}

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("ago", &[Param::Any], ago),
    Function::new("date", &[Param::Str, Param::Any], |ctx, args| {
        formatted(ctx, args.text(0)?.to_text().as_ref(), args.any(1), "Local")
    }),
    DATE_IN_ZONE,
    DATE_IN_ZONE.named("date_in_zone"),
    DATE_MODIFY,
    DATE_MODIFY.named("date_modify"),
    Function::new("duration", &[Param::Any], duration),
    Function::new("durationRound", &[Param::Any], duration_round),
    Function::new("htmlDate", &[Param::Any], |ctx, args| formatted(ctx, HTML_DATE, args.any(0), "Local")),
    Function::new("htmlDateInZone", &[Param::Any, Param::Str], |ctx, args| {
        formatted(ctx, HTML_DATE, args.any(0), args.text(1)?.to_text().as_ref())
    }),
    MUST_DATE_MODIFY,
    MUST_DATE_MODIFY.named("must_date_modify"),
    Function::new("mustToDate", &[Param::Str, Param::Str], |ctx, args| {
        parse(ctx, args)?.map(Value::object).map_err(|error| FunctionError::new(error.to_string()))
    }),
    Function::new("now", &[], |ctx, _| Ok(Value::object(now(ctx)))),
    Function::new("toDate", &[Param::Str, Param::Str], |ctx, args| {
        Ok(Value::object(parse(ctx, args)?.unwrap_or_else(|_| Time::zero())))
    }),
    Function::new("unixEpoch", &[TIME], |_, args| Ok(Value::str(time(args, 0)?.unix().to_string()))),
];

const TIME: Param = Param::Named("time.Time");
const HTML_DATE: &str = "2006-01-02";

const DATE_IN_ZONE: Function =
    Function::new("dateInZone", &[Param::Str, Param::Any, Param::Str], |ctx, args| {
        formatted(ctx, args.text(0)?.to_text().as_ref(), args.any(1), args.text(2)?.to_text().as_ref())
    });

const DATE_MODIFY: Function = Function::new("dateModify", &[Param::Str, TIME], |_, args| {
    let date = time(args, 1)?;
    Ok(match Duration::parse(&args.text(0)?.to_text()) {
        Ok(duration) => Value::object(date.plus(duration)),
        Err(_) => args.any(1).clone(),
    })
});

const MUST_DATE_MODIFY: Function = Function::new("mustDateModify", &[Param::Str, TIME], |_, args| {
    let duration =
        Duration::parse(&args.text(0)?.to_text()).map_err(|error| FunctionError::new(error.to_string()))?;
    Ok(Value::object(time(args, 1)?.plus(duration)))
});

pub(super) fn now(ctx: &Context<'_>) -> Time {
    let now = ctx.world().now();
    let (seconds, nanos) = (now.as_second(), now.subsec_nanosecond());
    let zone = Zone::Local(ctx.world().local_zone());
    // Before 1970 the library counts both parts downwards.
    if nanos < 0 {
        return Time::new(seconds - 1, (1_000_000_000 + nanos) as u32, zone);
    }
    Time::new(seconds, nanos as u32, zone)
}

fn time(args: &[Value], at: usize) -> Result<&Time, FunctionError> {
    args.any(at).as_object().ok_or_else(|| FunctionError::new("expected time.Time"))
}

/// A date as Sprig takes it: a time or seconds since 1970; everything else is the present.
fn date_of(ctx: &Context<'_>, value: &Value) -> Time {
    let local = |seconds| Time::new(seconds, 0, Zone::Local(ctx.world().local_zone()));
    match value {
        Value::Int(seconds) | Value::Int64(seconds) => local(*seconds),
        Value::Sized(IntKind::Int32, bits) => local(*bits as i64),
        _ => value.as_object::<Time>().cloned().unwrap_or_else(|| now(ctx)),
    }
}

fn formatted(ctx: &mut Context<'_>, layout: &str, date: &Value, zone: &str) -> Result<Value, FunctionError> {
    // An element of one letter (`1`) can become nine (`September` comes from three at least).
    ctx.spend_bytes((layout.len() as u64).saturating_mul(4))?;
    let zone = Zone::load(zone, ctx.world().local_zone()).unwrap_or(Zone::Utc);
    Ok(Value::str(date_of(ctx, date).in_zone(zone).format(layout)))
}

fn parse(ctx: &mut Context<'_>, args: &[Value]) -> Result<Result<Time, parse::TimeError>, FunctionError> {
    let (layout, text) = (args.text(0)?, args.text(1)?);
    ctx.spend_bytes((layout.len() + text.len()) as u64)?;
    Ok(Time::parse(&layout.to_text(), &text.to_text(), &Zone::Local(ctx.world().local_zone())))
}

/// How long ago a date was, in whole seconds.
fn ago(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let then = match args.any(0) {
        // Unlike the other functions this one does not know int32.
        Value::Sized(..) => now(ctx),
        other => date_of(ctx, other),
    };
    Ok(Value::str(now(ctx).since(&then).rounded_to_seconds().to_string()))
}

/// Seconds, given as text or int64 (a literal is an int and counts as nothing), as a duration.
fn duration(_ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let seconds = match args.any(0) {
        Value::Int64(seconds) => *seconds,
        Value::Str(text) => whole_number(&text.to_text()),
        _ => 0,
    };
    Ok(Value::str(Duration(seconds.wrapping_mul(1_000_000_000)).to_string()))
}

/// A decimal number; 0 for other text, the nearest bound beyond 64 bits.
fn whole_number(text: &str) -> i64 {
    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
    match text.parse::<i64>().map_err(|error| *error.kind()) {
        Ok(number) => number,
        Err(PosOverflow) => i64::MAX,
        Err(NegOverflow) => i64::MIN,
        Err(_) => 0,
    }
}

fn duration_round(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let duration = match args.any(0) {
        Value::Int64(nanos) => Duration(*nanos),
        Value::Str(text) => Duration::parse(&text.to_text()).unwrap_or_default(),
        other => other.as_object::<Time>().map(|then| now(ctx).since(then)).unwrap_or_default(),
    };
    Ok(Value::str(duration.largest_unit()))
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
    fn layouts_are_filled() {
        let date =
            |layout: &str, zone: &str| format!("{{{{ dateInZone {layout:?} (int64 1700000000) {zone:?} }}}}");
        check(&date("2006-01-02T15:04:05Z07:00", "UTC"), "2023-11-14T22:13:20Z");
        check(
            &date("Mon, 02 Jan 2006 15:04:05 -0700 MST", "Europe/Prague"),
            "Tue, 14 Nov 2023 23:13:20 +0100 CET",
        );
        check(
            &date("Monday _2 January 06 3:04PM .000 002 __2", "Asia/Kolkata"),
            "Wednesday 15 November 23 3:43AM .000 319 319",
        );
        check(&date("2006", "europe/prague"), "2023");
        check(&date("-07", "europe/prague"), "+00");
        check(&date("_2006 .999 January1 Janx x", ""), "_2023  November11 Janx x");
    }

    #[test]
    fn whatever_is_no_date_is_now() {
        check(
            r#"{{ date "2006-01-02" "x" }} {{ htmlDate 1.5 }} {{ htmlDate 86400 }}"#,
            "1970-01-01 1970-01-01 1970-01-02",
        );
        check(
            r#"{{ htmlDateInZone (int64 0) "America/New_York" }} {{ ago 0 }} {{ ago (int64 -61) }}"#,
            "1969-12-31 0s 1m1s",
        );
        check("{{ unixEpoch now }}", "0");
    }

    #[test]
    fn texts_are_read_by_layout() {
        check(r#"{{ toDate "2006-01-02" "2024-02-29" }}"#, "2024-02-29 00:00:00 +0000 UTC");
        check(r#"{{ toDate "2006-01-02" "2024-02-30" }}"#, "0001-01-01 00:00:00 +0000 UTC");
        check(
            r#"{{ (toDate "2006-01-02 15:04:05 -0700" "2024-02-28 23:30:00 -0530").UTC }}"#,
            "2024-02-29 05:00:00 +0000 UTC",
        );
        check(
            r#"{{ toDate "Jan _2 2006 3:04PM MST" "Feb  3 1999 5:06am XYZ" }}"#,
            "0001-01-01 00:00:00 +0000 UTC",
        );
        check(
            r#"{{ toDate "Jan _2 2006 3:04PM MST" "Feb  3 1999 5:06PM XYZ" }}"#,
            "1999-02-03 17:06:00 +0000 XYZ",
        );
        check(
            r#"{{ mustToDate "2006-01-02" "2024-13-01" }}"#,
            r#"error:error calling mustToDate: parsing time "2024-13-01": month out of range"#,
        );
        check(
            r#"{{ mustToDate "2006-01-02" "2024-x" }}"#,
            r#"error:parsing time "2024-x" as "2006-01-02": cannot parse "x" as "01""#,
        );
    }

    #[test]
    fn times_have_methods() {
        let set = r#"{{ $t := toDate "2006-01-02 15:04:05" "2024-02-28 23:30:15" }}"#;
        check(
            &format!("{set}{{{{ $t.Year }}}} {{{{ $t.Month }}}} {{{{ $t.Weekday }}}} {{{{ $t.YearDay }}}}"),
            "2024 February Wednesday 59",
        );
        check(
            &format!("{set}{{{{ $t.Unix }}}} {{{{ $t.Format \"15h\" }}}} {{{{ $t.Location }}}}"),
            "1709163015 23h Local",
        );
        check(
            &format!(
                "{set}{{{{ ($t.AddDate 0 0 2).Format \"2006-01-02\" }}}} {{{{ $t.Sub ($t.AddDate 1 0 0) }}}}"
            ),
            "2024-03-01 -8784h0m0s",
        );
        check(
            &format!("{set}{{{{ dateModify \"-1.5h\" $t }}}}|{{{{ dateModify \"x\" $t }}}}"),
            "2024-02-28 22:00:15 +0000 UTC|2024-02-28 23:30:15 +0000 UTC",
        );
        check(
            &format!("{set}{{{{ mustDateModify \"1d\" $t }}}}"),
            r#"error:time: unknown unit "d" in duration "1d""#,
        );
    }

    #[test]
    fn durations_come_from_texts_and_int64() {
        check(
            r#"{{ duration "95" }} {{ duration 95 }} {{ duration (int64 95) }} {{ duration "x" }}"#,
            "1m35s 0s 1m35s 0s",
        );
        check(
            r#"{{ durationRound "2h10m5s" }} {{ durationRound "8761h" }} {{ durationRound "x" }}"#,
            "2h 1y 0s",
        );
    }
}

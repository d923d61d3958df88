//! Times, durations, months and zones as templates see them.

use std::any::Any;

use super::duration::Duration;
use super::layout::{LONG_MONTHS, LONG_WEEKDAYS};
use super::time::Time;
use super::zone::Zone;
use crate::functions::{Arguments, FunctionError, Param};
use crate::object::Method;
use crate::{Context, Kind, Object, Value};

const RFC_3339_NANO: &str = "2006-01-02T15:04:05.999999999Z07:00";
const OTHER: &[Param] = &[Param::Named("time.Time")];
/// A duration or a plain number: Go gives the number the type of the parameter.
const SPAN: &[Param] = &[Param::Any];

impl Object for Time {
    fn go_type(&self) -> &'static str {
        "time.Time"
    }

    fn methods(&self) -> &'static [Method] {
        TIME_METHODS
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn go_string(&self) -> Option<String> {
        Some(self.to_go())
    }

    fn plain(&self) -> Option<Value> {
        Some(Value::str(self.format(RFC_3339_NANO)))
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other
            .as_any()
            .downcast_ref::<Self>()
            .is_some_and(|other| self == other && self.zone().name() == other.zone().name())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const TIME_METHODS: &[Method] = &[
    method("Add", SPAN, |_, args| Ok(Value::object(time(args, 0)?.plus(span(args, 1)?)))),
    method("AddDate", &[Param::Int, Param::Int, Param::Int], |_, args| {
        Ok(Value::object(time(args, 0)?.plus_date(args.int(1)?, args.int(2)?, args.int(3)?)))
    }),
    method("After", OTHER, |_, args| Ok(Value::Bool(time(args, 0)? > time(args, 1)?))),
    method("Before", OTHER, |_, args| Ok(Value::Bool(time(args, 0)? < time(args, 1)?))),
    method("Compare", OTHER, |_, args| Ok(Value::Int(time(args, 0)?.cmp(time(args, 1)?) as i64))),
    method("Day", &[], |_, args| Ok(Value::Int(time(args, 0)?.reading().civil.day.into()))),
    method("Equal", OTHER, |_, args| Ok(Value::Bool(time(args, 0)? == time(args, 1)?))),
    method("Format", &[Param::Str], |ctx, args| {
        let layout = args.text(1)?.to_text();
        ctx.spend_bytes((layout.len() as u64).saturating_mul(4))?;
        Ok(Value::str(time(args, 0)?.format(&layout)))
    }),
    method("GoString", &[], |_, args| Ok(Value::str(time(args, 0)?.to_go()))),
    method("Hour", &[], |_, args| Ok(Value::Int(time(args, 0)?.reading().hour.into()))),
    method("In", &[Param::Named("*time.Location")], |_, args| {
        let zone = args
            .any(1)
            .as_object::<Location>()
            .ok_or_else(|| FunctionError::new("time: missing Location in call to Time.In"))?;
        Ok(Value::object(time(args, 0)?.in_zone(zone.0.clone())))
    }),
    method("IsDST", &[], |_, args| Ok(Value::Bool(time(args, 0)?.reading().shown.dst))),
    method("IsZero", &[], |_, args| Ok(Value::Bool(time(args, 0)?.is_zero()))),
    method("Local", &[], |ctx, args| {
        Ok(Value::object(time(args, 0)?.in_zone(Zone::Local(ctx.world().local_zone()))))
    }),
    method("Location", &[], |_, args| Ok(Value::object(Location(time(args, 0)?.zone().clone())))),
    method("MarshalJSON", &[], |_, args| Ok(bytes(format!("\"{}\"", time(args, 0)?.format(RFC_3339_NANO))))),
    method("MarshalText", &[], |_, args| Ok(bytes(time(args, 0)?.format(RFC_3339_NANO)))),
    method("Minute", &[], |_, args| Ok(Value::Int(time(args, 0)?.reading().minute.into()))),
    method("Month", &[], |_, args| Ok(Value::object(Named::month(time(args, 0)?.reading().civil.month)))),
    method("Nanosecond", &[], |_, args| Ok(Value::Int(time(args, 0)?.nanosecond().into()))),
    method("Round", SPAN, |_, args| Ok(Value::object(time(args, 0)?.rounded(span(args, 1)?)))),
    method("Second", &[], |_, args| Ok(Value::Int(time(args, 0)?.reading().second.into()))),
    method("String", &[], |_, args| Ok(Value::str(time(args, 0)?.to_string()))),
    method("Sub", OTHER, |_, args| Ok(Value::object(time(args, 0)?.since(time(args, 1)?)))),
    method("Truncate", SPAN, |_, args| Ok(Value::object(time(args, 0)?.truncated(span(args, 1)?)))),
    method("UTC", &[], |_, args| Ok(Value::object(time(args, 0)?.in_zone(Zone::Utc)))),
    method("Unix", &[], |_, args| Ok(Value::Int64(time(args, 0)?.unix()))),
    method("UnixMicro", &[], |_, args| Ok(Value::Int64(time(args, 0)?.unix_micro()))),
    method("UnixMilli", &[], |_, args| Ok(Value::Int64(time(args, 0)?.unix_milli()))),
    method("UnixNano", &[], |_, args| Ok(Value::Int64(time(args, 0)?.unix_nano()))),
    method("Weekday", &[], |_, args| Ok(Value::object(Named::weekday(time(args, 0)?.reading().weekday)))),
    method("Year", &[], |_, args| Ok(Value::Int(time(args, 0)?.reading().civil.year))),
    method("YearDay", &[], |_, args| Ok(Value::Int(time(args, 0)?.year_day()))),
];

impl Object for Duration {
    fn go_type(&self) -> &'static str {
        "time.Duration"
    }

    fn kind(&self) -> Kind {
        Kind::Int64
    }

    fn methods(&self) -> &'static [Method] {
        DURATION_METHODS
    }

    fn text(&self) -> Option<String> {
        Some(self.to_string())
    }

    fn plain(&self) -> Option<Value> {
        Some(Value::Int64(self.0))
    }

    fn truth(&self) -> bool {
        self.0 != 0
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

const DURATION_METHODS: &[Method] = &[
    method("Abs", &[], |_, args| Ok(Value::object(Duration(span(args, 0)?.0.saturating_abs())))),
    method("Hours", &[], |_, args| Ok(Value::Float(span(args, 0)?.hours()))),
    method("Microseconds", &[], |_, args| Ok(Value::Int64(span(args, 0)?.0 / 1_000))),
    method("Milliseconds", &[], |_, args| Ok(Value::Int64(span(args, 0)?.0 / 1_000_000))),
    method("Minutes", &[], |_, args| Ok(Value::Float(span(args, 0)?.minutes()))),
    method("Nanoseconds", &[], |_, args| Ok(Value::Int64(span(args, 0)?.0))),
    method("Round", SPAN, |_, args| Ok(Value::object(span(args, 0)?.rounded_to(span(args, 1)?)))),
    method("Seconds", &[], |_, args| Ok(Value::Float(span(args, 0)?.seconds()))),
    method("String", &[], |_, args| Ok(Value::str(span(args, 0)?.to_string()))),
    method("Truncate", SPAN, |_, args| Ok(Value::object(span(args, 0)?.truncated_to(span(args, 1)?)))),
];

/// A month or weekday: a number with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Named {
    go_type: &'static str,
    number: u8,
    name: &'static str,
}

impl Named {
    fn month(number: u8) -> Self {
        Self { go_type: "time.Month", number, name: LONG_MONTHS[usize::from(number) - 1] }
    }

    fn weekday(number: u8) -> Self {
        Self { go_type: "time.Weekday", number, name: LONG_WEEKDAYS[usize::from(number)] }
    }
}

impl Object for Named {
    fn go_type(&self) -> &'static str {
        self.go_type
    }

    fn kind(&self) -> Kind {
        Kind::Int
    }

    fn methods(&self) -> &'static [Method] {
        const METHODS: &[Method] = &[method("String", &[], |_, args| {
            Ok(Value::str(args.any(0).as_object::<Named>().map_or("", |named| named.name)))
        })];
        METHODS
    }

    fn text(&self) -> Option<String> {
        Some(self.name.to_owned())
    }

    fn plain(&self) -> Option<Value> {
        Some(Value::Int(self.number.into()))
    }

    fn truth(&self) -> bool {
        self.number != 0
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// Go's `*time.Location`.
struct Location(Zone);

impl Object for Location {
    fn go_type(&self) -> &'static str {
        "*time.Location"
    }

    fn kind(&self) -> Kind {
        Kind::Ptr
    }

    fn methods(&self) -> &'static [Method] {
        const METHODS: &[Method] = &[method("String", &[], |_, args| {
            Ok(Value::str(args.any(0).as_object::<Location>().map_or("", |location| location.0.name())))
        })];
        METHODS
    }

    fn text(&self) -> Option<String> {
        Some(self.0.name().to_owned())
    }

    fn equals(&self, other: &dyn Object) -> bool {
        other.as_any().downcast_ref::<Self>().is_some_and(|other| self.0.name() == other.0.name())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

type Call = fn(&mut Context<'_>, &[Value]) -> Result<Value, FunctionError>;

fn bytes(text: String) -> Value {
    Value::Bytes(text.into_bytes().into())
}

const fn method(name: &'static str, params: &'static [Param], call: Call) -> Method {
    Method { name, params, variadic: false, call }
}

fn time(args: &[Value], at: usize) -> Result<&Time, FunctionError> {
    super::time(args, at)
}

fn span(args: &[Value], at: usize) -> Result<Duration, FunctionError> {
    match args.any(at) {
        Value::Int(nanos) => Ok(Duration(*nanos)),
        other => other
            .as_object()
            .copied()
            .ok_or_else(|| FunctionError::new("wrong type for value; expected time.Duration")),
    }
}

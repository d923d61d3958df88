//! The users' own checks: Lua from `resource.customizations.health.*` (reference section 5.1).
//!
//! A script sees the object as the global `obj` and returns `{status = ..., message = ...}`. It runs in a fresh
//! interpreter with the libraries base, table, string and math, and of `os` only `time` and `date` (upstream opens
//! string and math only with `useOpenLibs`; here they are always there, as they reach nothing outside). There is no
//! `require`, `load`, `dofile`, `print` to anywhere, nor coroutines. Instructions and memory are bounded, text functions count
//! as the work they may do, and with a clock a run ends after two seconds whatever it does.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use mlua::{HookTriggers, Lua, LuaOptions, StdLib, Value as LuaValue, VmState};
use model::Object;
use model::application::HealthCode;
use model::settings::Settings;
use serde_json::Value;

use super::{Verdict, unknown, verdict};
use crate::glob::Glob;

/// Instructions of one run; about a tenth of a second.
const INSTRUCTIONS: u64 = 10_000_000;
/// Instructions between two looks at the count.
const LOOK_EVERY: u32 = 1_000;
/// Memory of one run in bytes.
const MEMORY: usize = 16 << 20;
/// Seconds of one run, where there is a clock; upstream allows one, and these are cut at whole seconds.
const SECONDS: i64 = 2;
/// How deep an object may nest.
const DEPTH: usize = 200;

/// Seconds since 1970, from whoever has a clock.
type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The users' scripts, by kind.
#[derive(Clone, Default)]
pub struct Scripts {
    exact: BTreeMap<String, Script>,
    globs: Vec<(Glob, Script)>,
}

/// One script.
#[derive(Clone)]
pub struct Script {
    source: Arc<str>,
    clock: Option<Clock>,
}

impl std::fmt::Debug for Scripts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scripts")
            .field("exact", &self.exact.keys())
            .field("globs", &self.globs.len())
            .finish()
    }
}

impl Scripts {
    /// Reads the scripts of the settings; what cannot be read is left out and named in a sentence.
    pub fn compile(settings: &Settings) -> (Self, Vec<String>) {
        let mut scripts = Self::default();
        let mut problems = Vec::new();
        for (key, source) in settings.health_scripts.iter().filter(|(_, source)| !source.trim().is_empty()) {
            let script = Script { source: source.as_str().into(), clock: None };
            if let Some(error) = script.syntax_error() {
                problems.push(format!("the health script for {key} cannot be read: {error}"));
            }
            if key.contains(['*', '?', '[', '{']) {
                match Glob::gobwas(key, &[]) {
                    Ok(glob) => scripts.globs.push((glob, script)),
                    Err(error) => problems.push(format!("the health script for {key} is not used: {error}")),
                }
            } else {
                scripts.exact.insert(key.clone(), script);
            }
        }
        (scripts, problems)
    }

    /// Gives `os.time()` and `os.date()` a clock; without one they know no present.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let clock: Clock = Arc::new(clock);
        let scripts = self.exact.values_mut().chain(self.globs.iter_mut().map(|(_, script)| script));
        scripts.for_each(|script| script.clock = Some(clock.clone()));
        self
    }

    /// True where no user has a script.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.globs.is_empty()
    }

    /// The script for a kind: by its exact name, else by the first pattern in the order of their names.
    pub fn find(&self, group: &str, kind: &str) -> Option<&Script> {
        if self.is_empty() {
            return None;
        }
        let key = if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") };
        let by_glob = || self.globs.iter().find(|(glob, _)| glob.matches(&key)).map(|(_, script)| script);
        self.exact.get(&key).or_else(by_glob)
    }
}

impl Script {
    /// The script's verdict; none where it returns nothing. A script that fails leaves the health Unknown.
    pub fn judge<'a>(&self, object: &Object) -> Option<Verdict<'a>> {
        match self.run(object) {
            Ok(verdict) => verdict,
            Err(error) => unknown(words(&error)),
        }
    }

    fn syntax_error(&self) -> Option<String> {
        let lua = Lua::new_with(StdLib::NONE, LuaOptions::default()).ok()?;
        let parsed = lua.load(&*self.source).set_name("=<string>").into_function();
        parsed.err().map(|error| words(&error))
    }

    fn run<'a>(&self, object: &Object) -> mlua::Result<Option<Verdict<'a>>> {
        let lua = self.interpreter()?;
        let table = lua.create_table()?;
        for (key, value) in object.fields() {
            table.raw_set(key.as_str(), to_lua(&lua, value, 0)?)?;
        }
        lua.globals().set("obj", table)?;
        let returned: LuaValue = lua.load(&*self.source).set_name("=<string>").eval()?;
        match returned {
            LuaValue::Nil => Ok(None),
            LuaValue::Table(table) => read_verdict(&table),
            other => {
                let kind = if other.is_integer() { "number" } else { other.type_name() };
                Err(mlua::Error::runtime(format!("expect table output from Lua script, not {kind}")))
            }
        }
    }

    fn interpreter(&self) -> mlua::Result<Lua> {
        let lua = Lua::new_with(StdLib::TABLE | StdLib::STRING | StdLib::MATH, LuaOptions::default())?;
        lua.set_memory_limit(MEMORY)?;
        let globals = lua.globals();
        let unsafe_names = [
            "dofile",
            "load",
            "loadfile",
            "loadstring",
            "module",
            "require",
            "xpcall",
            "collectgarbage",
            "newproxy",
            "gcinfo",
        ];
        for name in unsafe_names {
            globals.raw_set(name, LuaValue::Nil)?;
        }
        globals.get::<mlua::Table>("string")?.raw_set("dump", LuaValue::Nil)?;
        globals.get::<mlua::Table>("math")?.raw_set("randomseed", LuaValue::Nil)?;
        globals.raw_set("print", lua.create_function(|_, _: mlua::MultiValue| Ok(()))?)?;
        globals.raw_set("os", time_library(&lua, self.clock.clone())?)?;

        let purse = Rc::new(Purse::new(self.clock.as_ref()));
        let counting = purse.clone();
        lua.set_hook(HookTriggers::new().every_nth_instruction(LOOK_EVERY), move |_, _| {
            counting.pay(u64::from(LOOK_EVERY)).map(|()| VmState::Continue)
        })?;
        guard(&lua, purse)?;
        Ok(lua)
    }
}

/// What is left of one run.
struct Purse {
    left: Cell<u64>,
    clock: Option<Clock>,
    started: i64,
}

impl Purse {
    fn new(clock: Option<&Clock>) -> Self {
        let started = clock.map_or(0, |clock| clock());
        Self { left: Cell::new(INSTRUCTIONS), clock: clock.cloned(), started }
    }

    fn pay(&self, instructions: u64) -> mlua::Result<()> {
        let late = self.clock.as_ref().is_some_and(|clock| clock() - self.started >= SECONDS);
        let left = if late { 0 } else { self.left.get().saturating_sub(instructions) };
        self.left.set(left);
        if left == 0 { Err(mlua::Error::runtime("the script takes too long")) } else { Ok(()) }
    }
}

/// A script may not catch its own end, and text functions pay before they work.
fn guard(lua: &Lua, purse: Rc<Purse>) -> mlua::Result<()> {
    let paying = purse.clone();
    let pay = lua.create_function(move |_, (name, arguments): (String, mlua::MultiValue)| {
        paying.pay(work(&name, &arguments))
    })?;
    let is_over = lua.create_function(move |_, ()| purse.pay(0))?;
    lua.load(GUARD).set_name("=guard").call::<()>((pay, is_over))
}

const GUARD: &str = "local pay, is_over = ...
local real = pcall
local function checked(...) is_over() return ... end
pcall = function(...) return checked(real(...)) end
local functions = {}
for name, work in pairs(string) do functions[name] = work end
for name, work in pairs(functions) do
  string[name] = function(...) pay(name, ...) return work(...) end
end";

/// The most a text function may have to do: matching goes back once for each repetition in its pattern.
fn work(name: &str, arguments: &mlua::MultiValue) -> u64 {
    let length = |value: &LuaValue| match value {
        LuaValue::String(text) => text.as_bytes().len() as u64,
        _ => 0,
    };
    let all: u64 = arguments.iter().map(length).sum();
    match (name, arguments.front(), arguments.get(1)) {
        ("rep", Some(text), Some(count)) => {
            let count = match count {
                LuaValue::Integer(count) => u64::try_from(*count).unwrap_or(0),
                LuaValue::Number(count) => *count as u64,
                // Lua reads a number from a text; whoever does that pays for the largest.
                LuaValue::String(_) => u64::MAX,
                _ => 0,
            };
            length(text).saturating_mul(count) / 16
        }
        ("find" | "match" | "gmatch" | "gsub", Some(text), Some(LuaValue::String(pattern))) => length(text)
            .saturating_add(1)
            .saturating_pow(repetitions(&pattern.as_bytes()).max(1))
            .saturating_add(all),
        _ => all / 16,
    }
}

fn repetitions(pattern: &[u8]) -> u32 {
    let mut count = 0;
    let mut bytes = pattern.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => drop(bytes.next()),
            b'*' | b'+' | b'-' => count += 1,
            _ => {}
        }
    }
    // Without an anchor every place is a start.
    count + u32::from(pattern.first() != Some(&b'^') && count > 0)
}

/// `os.time` and `os.date`, in UTC.
fn time_library(lua: &Lua, clock: Option<Clock>) -> mlua::Result<mlua::Table> {
    let now = move || {
        clock.as_ref().map(|clock| clock()).ok_or_else(|| mlua::Error::runtime("there is no clock here"))
    };
    let library = lua.create_table()?;
    let present = now.clone();
    library.raw_set(
        "time",
        lua.create_function(move |_, table: Option<mlua::Table>| match table {
            Some(table) => seconds(&table),
            None => present().map(|now| now as f64),
        })?,
    )?;
    library.raw_set(
        "date",
        lua.create_function(move |lua, (format, time): (Option<String>, Option<f64>)| {
            let second = time.map_or_else(&now, |time| Ok(time as i64))?;
            let moment = jiff::Timestamp::from_second(second)
                .map_err(mlua::Error::external)?
                .to_zoned(jiff::tz::TimeZone::UTC);
            let format = format.unwrap_or_else(|| "%c".to_owned());
            match format.trim_start_matches('!') {
                "*t" => date_table(lua, &moment).map(LuaValue::Table),
                format => {
                    let text = jiff::fmt::strtime::format(format, &moment).map_err(mlua::Error::external)?;
                    lua.create_string(text).map(LuaValue::String)
                }
            }
        })?,
    )?;
    Ok(library)
}

fn seconds(table: &mlua::Table) -> mlua::Result<f64> {
    let field = |name: &str, default: i64| {
        table.get::<Option<f64>>(name).map(|value| value.map_or(default, |value| value as i64))
    };
    let (year, month, day) = (field("year", 1970)?, field("month", 1)?, field("day", 1)?);
    let (hour, minute, second) = (field("hour", 12)?, field("min", 0)?, field("sec", 0)?);
    let narrow = |value: i64| i16::try_from(value).map_err(mlua::Error::external);
    let first = jiff::civil::date(narrow(year.clamp(-9999, 9999))?, 1, 1).at(0, 0, 0, 0);
    let span = jiff::Span::new()
        .try_months(month - 1)
        .and_then(|span| span.try_days(day - 1))
        .and_then(|span| span.try_hours(hour))
        .and_then(|span| span.try_minutes(minute))
        .and_then(|span| span.try_seconds(second))
        .map_err(mlua::Error::external)?;
    let moment = first.checked_add(span).map_err(mlua::Error::external)?;
    let moment = moment.to_zoned(jiff::tz::TimeZone::UTC).map_err(mlua::Error::external)?;
    Ok(moment.timestamp().as_second() as f64)
}

fn date_table(lua: &Lua, moment: &jiff::Zoned) -> mlua::Result<mlua::Table> {
    let table = lua.create_table()?;
    table.raw_set("year", f64::from(moment.year()))?;
    table.raw_set("month", f64::from(moment.month()))?;
    table.raw_set("day", f64::from(moment.day()))?;
    table.raw_set("hour", f64::from(moment.hour()))?;
    table.raw_set("min", f64::from(moment.minute()))?;
    table.raw_set("sec", f64::from(moment.second()))?;
    table.raw_set("wday", f64::from(moment.weekday().to_sunday_one_offset()))?;
    table.raw_set("yday", f64::from(moment.day_of_year()))?;
    table.raw_set("isdst", false)?;
    Ok(table)
}

/// Every number is a Lua number, a null is nothing.
fn to_lua(lua: &Lua, value: &Value, depth: usize) -> mlua::Result<LuaValue> {
    if depth > DEPTH {
        return Err(mlua::Error::runtime("the object is nested too deeply"));
    }
    Ok(match value {
        Value::Null => LuaValue::Nil,
        Value::Bool(bool) => LuaValue::Boolean(*bool),
        Value::Number(number) => LuaValue::Number(number.as_f64().unwrap_or_default()),
        Value::String(text) => LuaValue::String(lua.create_string(text)?),
        Value::Array(list) => {
            let table = lua.create_table_with_capacity(list.len(), 0)?;
            for (place, item) in list.iter().enumerate() {
                table.raw_set(place + 1, to_lua(lua, item, depth + 1)?)?;
            }
            LuaValue::Table(table)
        }
        Value::Object(map) => {
            let table = lua.create_table_with_capacity(0, map.len())?;
            for (key, item) in map {
                table.raw_set(key.as_str(), to_lua(lua, item, depth + 1)?)?;
            }
            LuaValue::Table(table)
        }
    })
}

/// An empty table has no opinion; a table without one of the known codes is a mistake.
fn read_verdict<'a>(table: &mlua::Table) -> mlua::Result<Option<Verdict<'a>>> {
    if table.is_empty() {
        return Ok(None);
    }
    let text = |field: &str| -> mlua::Result<String> {
        Ok(match table.raw_get(field)? {
            LuaValue::String(text) => text.to_string_lossy(),
            LuaValue::Nil => String::new(),
            other => other.to_string()?,
        })
    };
    let (status, message) = (text("status")?, text("message")?);
    let code = match status.as_str() {
        "Healthy" => HealthCode::Healthy,
        "Suspended" => HealthCode::Suspended,
        "Progressing" => HealthCode::Progressing,
        "Missing" => HealthCode::Missing,
        "Degraded" => HealthCode::Degraded,
        "Unknown" => HealthCode::Unknown,
        _ => return Ok(unknown("Lua returned an invalid health status")),
    };
    Ok(verdict(code, message))
}

/// The first line of an error: what and where, without the interpreter's stack.
fn words(error: &mlua::Error) -> String {
    let text = match error {
        mlua::Error::CallbackError { cause, .. } => return words(cause),
        other => other.to_string(),
    };
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches("runtime error: ").trim_start_matches("syntax error: ").to_owned()
}

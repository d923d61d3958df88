//! From events to values: anchors, merges, keys and the rules of Go's decoders.

use super::builder::{Builder, Duplicates, Numbers, ReadOptions};
use super::parser::{Event, EventKind, Parser, Properties, Target};
use super::source::Source;
use crate::error::{Limits, ReadError};
use crate::number::{json_float, shortest_single_float};
use crate::resolve::{resolve_plain, resolve_tagged};
use crate::scalar::Scalar;
use crate::scan::fault::Dialect;
use crate::scan::token::Style;

/// How values are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) dialect: Dialect,
    /// Values take the way through JSON: keys become text, and numbers may change.
    pub(crate) through_json: Option<Numbers>,
    pub(crate) duplicates: Duplicates,
    pub(crate) limits: Limits,
}

impl Rules {
    pub(crate) fn plain(dialect: Dialect, options: &ReadOptions) -> Self {
        let ReadOptions { numbers: _, duplicates, limits } = *options;
        Self { dialect, through_json: None, duplicates, limits }
    }

    pub(crate) fn through_json(options: &ReadOptions) -> Self {
        let ReadOptions { numbers, duplicates, limits } = *options;
        Self { dialect: Dialect::V2, through_json: Some(numbers), duplicates, limits }
    }
}

/// Why values could not be made in one go.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The text cannot be read.
    Read(Box<ReadError>),
    /// Go reads the whole document before it decodes, so faults of syntax further on come first.
    Decode(Box<ReadError>),
    /// On the way through JSON something may be wrong that a later key can still make right: only a second reading
    /// with all types kept can tell.
    Unclear,
}

impl From<Box<ReadError>> for Stop {
    fn from(error: Box<ReadError>) -> Self {
        Self::Read(error)
    }
}

impl Stop {
    pub(super) fn read(error: ReadError) -> Self {
        Self::Read(Box::new(error))
    }

    pub(super) fn decode(problem: impl std::fmt::Display) -> Self {
        Self::Decode(Box::new(ReadError::decode(problem)))
    }
}

/// Reads the first document. `None` where the stream has none.
pub(crate) fn compose<B: Builder>(
    text: &str,
    rules: Rules,
    builder: &mut B,
) -> Result<Option<B::Value>, Stop> {
    if text.len() > rules.limits.bytes {
        let problem = format!("text of {} bytes exceeds the limit of {}", text.len(), rules.limits.bytes);
        return Err(Stop::read(ReadError::limit(problem)));
    }
    let parser = Parser::new(text, rules.dialect, rules.limits.depth);
    let mut composer = Composer::new(Source::new(parser), rules);
    match composer.document(builder) {
        Err(Stop::Decode(error)) => {
            composer.source.drain()?;
            Err(Stop::Decode(error))
        }
        done => done,
    }
}

pub(crate) struct Composer<'a> {
    pub(super) source: Source<'a>,
    pub(super) rules: Rules,
    /// Faults that let the reading go on.
    pub(super) faults: Vec<String>,
    pub(super) first_fault: Option<usize>,
    steps: usize,
    alias_steps: usize,
    alias_depth: usize,
}

impl<'a> Composer<'a> {
    fn new(source: Source<'a>, rules: Rules) -> Self {
        Self {
            source,
            rules,
            faults: Vec::new(),
            first_fault: None,
            steps: 0,
            alias_steps: 0,
            alias_depth: 0,
        }
    }

    fn document<B: Builder>(&mut self, builder: &mut B) -> Result<Option<B::Value>, Stop> {
        if matches!(self.source.next()?.kind, EventKind::StreamEnd) {
            return Ok(None);
        }
        self.count()?;
        let first = self.source.next()?;
        let value = self.value(builder, first, 0)?;
        // The end of the document, or a fault on the way to it.
        self.source.next()?;
        if !self.faults.is_empty() {
            return Err(Stop::read(ReadError::unmarshal(&self.faults, self.first_fault)));
        }
        Ok(Some(value))
    }

    /// Makes the value that begins with `event`.
    pub(super) fn value<B: Builder>(
        &mut self,
        builder: &mut B,
        event: Event<'a>,
        depth: usize,
    ) -> Result<B::Value, Stop> {
        self.count()?;
        match event.kind {
            EventKind::Scalar { .. } => {
                let scalar = self.scalar(event)?;
                let scalar = match self.rules.through_json {
                    Some(numbers) => json_scalar(scalar, numbers)?,
                    None => scalar,
                };
                Ok(builder.scalar(scalar))
            }
            EventKind::SequenceStart => self.sequence(builder, self.deeper(depth)?),
            EventKind::MappingStart => self.mapping(builder, self.deeper(depth)?),
            EventKind::Alias { name, target } => {
                let first = self.enter_alias(name, target)?;
                let value = self.value(builder, first, depth);
                self.leave_alias();
                value
            }
            // The parser gives no other event where a value must be.
            _ => Ok(builder.scalar(Scalar::Null)),
        }
    }

    fn sequence<B: Builder>(&mut self, builder: &mut B, depth: usize) -> Result<B::Value, Stop> {
        let mut sequence = builder.sequence();
        loop {
            let event = self.source.next()?;
            if matches!(event.kind, EventKind::SequenceEnd) {
                return Ok(builder.finish_sequence(sequence));
            }
            let item = self.value(builder, event, depth)?;
            builder.push(&mut sequence, item);
        }
    }

    pub(super) fn deeper(&self, depth: usize) -> Result<usize, Stop> {
        if depth >= self.rules.limits.depth {
            let problem = format!("exceeded max depth of {}", self.rules.limits.depth);
            return Err(Stop::read(ReadError::limit(problem)));
        }
        Ok(depth + 1)
    }

    /// Resolves a scalar's type.
    pub(super) fn scalar(&self, event: Event<'a>) -> Result<Scalar<'a>, Stop> {
        let Event { kind: EventKind::Scalar { text, style }, properties, .. } = event else {
            return Ok(Scalar::Null);
        };
        let dialect = self.rules.dialect;
        let tag = properties.and_then(|properties| {
            let Properties { anchor: _, tag } = *properties;
            tag
        });
        match tag.as_deref() {
            None | Some("!") if style != Style::Plain => Ok(Scalar::String(text)),
            None => Ok(resolve_plain(dialect, text)),
            Some("!") if dialect == Dialect::V3 => Ok(resolve_plain(dialect, text)),
            Some(tag) => resolve_tagged(dialect, tag, text).map_err(Stop::decode),
        }
    }

    /// Starts to play what an alias stands for and gives its first step.
    pub(super) fn enter_alias(&mut self, name: &str, target: Target) -> Result<Event<'a>, Stop> {
        match target {
            Target::Node(number) => {
                self.alias_depth += 1;
                self.source.play(number);
                Ok(self.source.next()?)
            }
            Target::Itself => {
                let problem = format!("anchor '{name}' value contains itself");
                Err(Stop::decode(problem))
            }
        }
    }

    pub(super) fn leave_alias(&mut self) {
        self.source.stop();
        self.alias_depth -= 1;
    }

    /// Counts one step of decoding. Where too many of them come out of aliases, the document is a bomb.
    pub(super) fn count(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > self.rules.limits.nodes {
            let problem = format!("exceeded max number of {} nodes", self.rules.limits.nodes);
            return Err(Stop::read(ReadError::limit(problem)));
        }
        if self.alias_depth > 0 {
            self.alias_steps += 1;
        }
        if self.alias_steps > 100 && self.steps > 1000 {
            let share = self.alias_steps as f64 / self.steps as f64;
            if share > allowed_alias_share(self.steps) {
                return Err(Stop::decode("document contains excessive aliasing"));
            }
        }
        Ok(())
    }

    pub(super) fn fault(&mut self, line: usize, problem: String) {
        self.first_fault.get_or_insert(line);
        self.faults.push(format!("line {line}: {problem}"));
    }
}

/// The share of steps that may come out of aliases: nearly all in small documents, a tenth in large ones.
fn allowed_alias_share(steps: usize) -> f64 {
    const SMALL: f64 = 400_000.0;
    const LARGE: f64 = 4_000_000.0;
    let steps = (steps as f64).clamp(SMALL, LARGE);
    0.99 - 0.89 * ((steps - SMALL) / (LARGE - SMALL))
}

/// A scalar after it went through JSON text.
pub(crate) fn json_scalar(scalar: Scalar<'_>, numbers: Numbers) -> Result<Scalar<'_>, Stop> {
    Ok(match (scalar, numbers) {
        (Scalar::Float(number), _) if !number.is_finite() => return Err(Stop::Unclear),
        (Scalar::Int(number), Numbers::Float64) => Scalar::Float(number as f64),
        (Scalar::Uint(number), Numbers::Float64) => Scalar::Float(number as f64),
        (Scalar::Float(number), Numbers::Kept) => kept_float(number),
        (Scalar::Timestamp(text), _) => Scalar::String(text),
        (scalar, _) => scalar,
    })
}

/// A float whose JSON text is an integer reads back as one.
fn kept_float(number: f64) -> Scalar<'static> {
    if number.fract() != 0.0 || number.abs() >= 1e20 {
        return Scalar::Float(number);
    }
    let text = json_float(number);
    if let Ok(integer) = text.parse() {
        return Scalar::Int(integer);
    }
    text.parse().map_or(Scalar::Float(number), Scalar::Uint)
}

/// The text of a key in JSON; `None` where it has none.
pub(crate) fn json_key(key: Scalar<'_>) -> Option<Scalar<'_>> {
    let text = match key {
        Scalar::String(text) | Scalar::Timestamp(text) => return Some(Scalar::String(text)),
        Scalar::Bool(flag) => flag.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => match shortest_single_float(number).as_str() {
            "+Inf" => ".inf".to_owned(),
            "-Inf" => "-.inf".to_owned(),
            "NaN" => ".nan".to_owned(),
            text => text.to_owned(),
        },
        Scalar::Null | Scalar::Uint(_) => return None,
    };
    Some(Scalar::String(text.into()))
}

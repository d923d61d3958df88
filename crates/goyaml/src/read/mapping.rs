//! Maps: keys, merges and duplicates.

use std::borrow::Cow;
use std::collections::HashSet;

use super::builder::{Builder, Duplicates};
use super::compose::{Composer, Stop, json_key};
use super::parser::{Event, EventKind, Target};
use super::source::Start;
use crate::go_syntax::{go_quote, go_scalar, go_value};
use crate::scalar::Scalar;
use crate::scan::fault::Dialect;
use crate::scan::token::Style;
use crate::value::ValueBuilder;

/// More duplicates than this are not told one by one.
const TOLD_DUPLICATES: usize = 100;

/// A key as v3 compares keys: by kind and written text.
#[derive(PartialEq, Eq, Hash)]
struct WrittenKey<'a> {
    kind: u8,
    text: Cow<'a, str>,
}

/// How entries come into a map.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entering {
    /// They replace those that are there.
    Replacing,
    /// They come out of a merge, and those that are there stay. A map with nothing but text for keys takes all keys
    /// as they are written, and none that are null.
    Filling { text_keys: bool },
}

impl<'a> Composer<'a> {
    pub(super) fn mapping<B: Builder>(&mut self, builder: &mut B, depth: usize) -> Result<B::Value, Stop> {
        let mut mapping = builder.mapping();
        self.entries(builder, &mut mapping, Entering::Replacing, depth)?;
        Ok(builder.finish_mapping(mapping))
    }

    /// Reads the entries of a map up to its end.
    fn entries<B: Builder>(
        &mut self,
        builder: &mut B,
        mapping: &mut B::Mapping,
        entering: Entering,
        depth: usize,
    ) -> Result<(), Stop> {
        let inner_faults = self.faults.len();
        let mut written = Vec::new();
        let mut late_merge = None;
        let mut text_keys = true;
        loop {
            let key = self.source.next()?;
            if matches!(key.kind, EventKind::MappingEnd) {
                break;
            }
            if self.rules.dialect == Dialect::V3 {
                written.push((written_key(&key), key.line as usize + 1));
            }
            if is_merge(&key, self.rules.dialect) {
                let value = self.source.next()?;
                match self.rules.dialect {
                    Dialect::V2 => self.merge(builder, mapping, value, entering, depth)?,
                    Dialect::V3 => late_merge = Some(self.source.set_aside(value)?),
                }
                continue;
            }
            text_keys &= self.entry(builder, mapping, key, entering, depth)?;
        }
        if self.found_duplicates(&written, inner_faults) {
            return Ok(());
        }
        // v3 merges at the end, and what is there stays.
        if let Some(start) = late_merge {
            let filling = match entering {
                Entering::Replacing => Entering::Filling { text_keys },
                filling => filling,
            };
            self.source.play_from(start);
            let value = self.source.next()?;
            self.merge(builder, mapping, value, filling, depth)?;
            self.source.stop();
        }
        Ok(())
    }

    /// Reads one entry; true when its key is text.
    fn entry<B: Builder>(
        &mut self,
        builder: &mut B,
        mapping: &mut B::Mapping,
        key: Event<'a>,
        entering: Entering,
        depth: usize,
    ) -> Result<bool, Stop> {
        let written = match (&key.kind, entering) {
            (EventKind::Scalar { text, .. }, Entering::Filling { text_keys: true }) => Some(text.clone()),
            _ => None,
        };
        let mut key = self.key(key, depth)?;
        let is_text = matches!(key, Scalar::String(_));
        let value = self.source.next()?;
        if let Some(written) = written {
            let is_null = key == Scalar::Null;
            if !is_text {
                key = Scalar::String(written);
            }
            if is_null || builder.contains(mapping, &key) {
                self.source.set_aside(value)?;
                return Ok(is_text);
            }
        } else if entering != Entering::Replacing && builder.contains(mapping, &key) {
            self.source.set_aside(value)?;
            return Ok(is_text);
        }
        let line = value.line as usize + 1;
        let value = self.value(builder, value, depth)?;
        if self.refuses_twice() && builder.contains(mapping, &key) {
            self.fault(line, format!("key {} already set in map", go_scalar(&key)));
        } else {
            builder.insert(mapping, key, value);
        }
        Ok(is_text)
    }

    fn refuses_twice(&self) -> bool {
        self.rules.duplicates == Duplicates::Refused && self.rules.dialect == Dialect::V2
    }

    /// Reads a key, which has to be a scalar.
    fn key(&mut self, event: Event<'a>, depth: usize) -> Result<Scalar<'a>, Stop> {
        match event.kind {
            EventKind::Scalar { .. } => {
                self.count()?;
                let key = self.scalar(event)?;
                match self.rules.through_json {
                    Some(_) => json_key(key).ok_or(Stop::Unclear),
                    None => Ok(key),
                }
            }
            EventKind::Alias { name, target } => {
                self.count()?;
                let first = self.enter_alias(name, target)?;
                let key = self.key(first, depth);
                self.leave_alias();
                key
            }
            _ => {
                self.rules.through_json = None;
                let key = self.value(&mut ValueBuilder, event, depth)?;
                let problem = format!("invalid map key: {}", go_value(&key, self.rules.dialect));
                Err(Stop::decode(problem))
            }
        }
    }

    /// Merges a map, an alias of one, or a list of these, into the map.
    fn merge<B: Builder>(
        &mut self,
        builder: &mut B,
        mapping: &mut B::Mapping,
        value: Event<'a>,
        entering: Entering,
        depth: usize,
    ) -> Result<(), Stop> {
        if !matches!(value.kind, EventKind::SequenceStart) {
            return self.merge_one(builder, mapping, value, entering, depth);
        }
        let start = self.source.set_aside(value)?;
        let mut items = self.items(start);
        // In v2 the later write wins, and of several maps the first must: so they are taken backwards.
        if self.rules.dialect == Dialect::V2 {
            items.reverse();
        }
        for item in items {
            self.source.play_from(item);
            let value = self.source.next()?;
            self.merge_one(builder, mapping, value, entering, depth)?;
            self.source.stop();
        }
        Ok(())
    }

    /// Where the items of a recorded list begin.
    fn items(&self, list: Start) -> Vec<Start> {
        let mut items = Vec::new();
        let mut item = Start(list.0 + 1);
        while !matches!(self.source.recorded(item).kind, EventKind::SequenceEnd) {
            items.push(item);
            item = self.source.after(item);
        }
        items
    }

    fn merge_one<B: Builder>(
        &mut self,
        builder: &mut B,
        mapping: &mut B::Mapping,
        value: Event<'a>,
        entering: Entering,
        depth: usize,
    ) -> Result<(), Stop> {
        match value.kind {
            EventKind::MappingStart => {
                self.count()?;
                let depth = self.deeper(depth)?;
                self.entries(builder, mapping, entering, depth)
            }
            EventKind::Alias { name, target } => {
                if let Target::Node(number) = target
                    && !matches!(self.source.recorded_node(number).kind, EventKind::MappingStart)
                {
                    return Err(wants_map());
                }
                self.count()?;
                let first = self.enter_alias(name, target)?;
                let merged = self.merge_one(builder, mapping, first, entering, depth);
                self.leave_alias();
                merged
            }
            _ => Err(wants_map()),
        }
    }

    /// v3 refuses keys that are written alike. The faults of an outer map hide those inside of it.
    fn found_duplicates(&mut self, written: &[(WrittenKey<'a>, usize)], inner_faults: usize) -> bool {
        let mut seen = HashSet::with_capacity(written.len());
        if written.iter().all(|(key, _)| seen.insert(key)) {
            return false;
        }
        self.faults.truncate(inner_faults);
        if inner_faults == 0 {
            self.first_fault = None;
        }
        let mut told = 0;
        for (index, (first, first_line)) in written.iter().enumerate() {
            for (second, line) in written[index + 1..].iter().filter(|(second, _)| first == second) {
                if told == TOLD_DUPLICATES {
                    return true;
                }
                told += 1;
                let key = go_quote(&second.text);
                self.fault(*line, format!("mapping key {key} already defined at line {first_line}"));
            }
        }
        true
    }
}

fn wants_map() -> Stop {
    Stop::decode("map merge requires map or sequence of maps as the value")
}

fn is_merge(event: &Event<'_>, dialect: Dialect) -> bool {
    let EventKind::Scalar { text, style } = &event.kind else {
        return false;
    };
    if text != "<<" {
        return false;
    }
    match event.tag() {
        None => *style == Style::Plain,
        Some("!") => dialect == Dialect::V2 || *style == Style::Plain,
        Some(tag) => tag == "tag:yaml.org,2002:merge",
    }
}

fn written_key<'a>(event: &Event<'a>) -> WrittenKey<'a> {
    match &event.kind {
        EventKind::Scalar { text, .. } => WrittenKey { kind: 0, text: text.clone() },
        EventKind::Alias { name, .. } => WrittenKey { kind: 1, text: Cow::Borrowed(name) },
        EventKind::SequenceStart => WrittenKey { kind: 2, text: Cow::Borrowed("") },
        _ => WrittenKey { kind: 3, text: Cow::Borrowed("") },
    }
}

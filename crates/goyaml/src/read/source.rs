//! Events for the composer: fresh ones from the parser, and those behind an anchor once more for each alias.

use std::collections::HashMap;

use super::parser::{Event, EventKind, Parser, Target};
use crate::error::ReadError;

/// A place in the record where a node begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start(pub(crate) usize);

pub(crate) struct Source<'a> {
    parser: Parser<'a>,
    /// Events of the nodes with anchors, kept to be played again.
    record: Vec<Event<'a>>,
    /// Where each node with an anchor begins in the record.
    nodes: Vec<Start>,
    anchors: HashMap<&'a str, u32>,
    /// Nodes that are being recorded, with the depth at which each ends.
    open: Vec<(u32, usize)>,
    depth: usize,
    /// Positions in the record that are being played; the last one is the source of events.
    playing: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(crate) fn new(parser: Parser<'a>) -> Self {
        Self {
            parser,
            record: Vec::new(),
            nodes: Vec::new(),
            anchors: HashMap::new(),
            open: Vec::new(),
            depth: 0,
            playing: Vec::new(),
        }
    }

    /// The next event, from the record while one is played.
    pub(crate) fn next(&mut self) -> Result<Event<'a>, Box<ReadError>> {
        match self.playing.last_mut() {
            Some(position) => {
                let event = self.record[*position].clone();
                *position += 1;
                Ok(event)
            }
            None => self.next_fresh(),
        }
    }

    pub(crate) fn next_fresh(&mut self) -> Result<Event<'a>, Box<ReadError>> {
        let dialect = self.parser.dialect();
        let mut event = self.parser.next().map_err(|fault| Box::new(fault.into_error(dialect)))?;
        if let EventKind::Alias { name, target } = &mut event.kind {
            *target = self.target(name, event.line)?;
        }
        if let Some(name) = event.anchor() {
            let number = self.nodes.len() as u32;
            self.nodes.push(Start(self.record.len()));
            self.anchors.insert(name, number);
            self.open.push((number, self.depth));
        }
        if !self.open.is_empty() {
            self.record.push(event.clone());
        }
        self.count_depth(&event.kind);
        Ok(event)
    }

    fn count_depth(&mut self, kind: &EventKind<'_>) {
        match kind {
            EventKind::SequenceStart | EventKind::MappingStart => self.depth += 1,
            EventKind::SequenceEnd | EventKind::MappingEnd => {
                self.depth = self.depth.saturating_sub(1);
                self.close();
            }
            EventKind::Scalar { .. } | EventKind::Alias { .. } => self.close(),
            EventKind::StreamEnd | EventKind::DocumentStart | EventKind::DocumentEnd => {}
        }
    }

    fn close(&mut self) {
        if self.open.last().is_some_and(|(_, depth)| *depth == self.depth) {
            self.open.pop();
        }
    }

    fn target(&self, name: &str, line: u32) -> Result<Target, Box<ReadError>> {
        let Some(number) = self.anchors.get(name) else {
            let error = ReadError::decode(format!("unknown anchor '{name}' referenced"));
            return Err(Box::new(ReadError { line: Some(line as usize + 1), ..error }));
        };
        let is_open = self.open.iter().any(|(open, _)| open == number);
        Ok(if is_open { Target::Itself } else { Target::Node(*number) })
    }

    /// Plays a recorded node; [`stop`](Self::stop) ends it.
    pub(crate) fn play(&mut self, number: u32) {
        self.play_from(self.nodes[number as usize]);
    }

    pub(crate) fn play_from(&mut self, start: Start) {
        self.playing.push(start.0);
    }

    pub(crate) fn stop(&mut self) {
        self.playing.pop();
    }

    /// What a recorded node is.
    pub(crate) fn recorded(&self, start: Start) -> &Event<'a> {
        &self.record[start.0]
    }

    pub(crate) fn recorded_node(&self, number: u32) -> &Event<'a> {
        self.recorded(self.nodes[number as usize])
    }

    /// Where the node behind a recorded one begins.
    pub(crate) fn after(&self, start: Start) -> Start {
        let mut depth = 0usize;
        for (offset, event) in self.record[start.0..].iter().enumerate() {
            match event.kind {
                EventKind::SequenceStart | EventKind::MappingStart => depth += 1,
                EventKind::SequenceEnd | EventKind::MappingEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Start(start.0 + offset + 1);
            }
        }
        Start(self.record.len())
    }

    /// Takes the node that begins with `first` without making values of it, and keeps its events.
    pub(crate) fn set_aside(&mut self, first: Event<'a>) -> Result<Start, Box<ReadError>> {
        if let Some(position) = self.playing.last() {
            let start = Start(position - 1);
            let after = self.after(start);
            if let Some(position) = self.playing.last_mut() {
                *position = after.0;
            }
            return Ok(start);
        }
        // Inside of a node with an anchor the record has it already.
        let recorded = first.anchor().is_some() || !self.open.is_empty();
        let start = if recorded { self.record.len() - 1 } else { self.record.len() };
        let mut depth = 0usize;
        let mut event = first;
        let mut keep = !recorded;
        loop {
            match event.kind {
                EventKind::SequenceStart | EventKind::MappingStart => depth += 1,
                EventKind::SequenceEnd | EventKind::MappingEnd => depth = depth.saturating_sub(1),
                _ => {}
            }
            if keep {
                self.record.push(event);
            }
            if depth == 0 {
                return Ok(Start(start));
            }
            let length = self.record.len();
            event = self.next_fresh()?;
            keep = self.record.len() == length;
        }
    }

    /// Reads the document to its end, for the faults that it may still hold.
    pub(crate) fn drain(&mut self) -> Result<(), Box<ReadError>> {
        self.playing.clear();
        loop {
            match self.next_fresh()?.kind {
                EventKind::DocumentEnd | EventKind::StreamEnd => return Ok(()),
                _ => {}
            }
        }
    }
}

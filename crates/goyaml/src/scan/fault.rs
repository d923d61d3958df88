//! Faults of a text below the grammar, and how Go words faults of scanner and parser.

use std::borrow::Cow;

use super::cursor::Mark;
use crate::error::{ReadError, ReadErrorKind};

/// Which rules a text is read by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// go-yaml v2: YAML 1.1 scalars.
    V2,
    /// go-yaml v3: mostly YAML 1.2 scalars.
    V3,
}

/// Who found a fault; decides how the line is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finder {
    Reader,
    Scanner,
    Parser,
    Limit,
}

/// A fault in the text, not yet in words.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) finder: Finder,
    pub(crate) problem: Cow<'static, str>,
    pub(crate) at: Mark,
    /// Where the thing began that could not be finished.
    pub(crate) context: Mark,
}

impl Fault {
    pub(crate) fn scanner(problem: &'static str, at: Mark, context: Mark) -> Box<Self> {
        Box::new(Self { finder: Finder::Scanner, problem: problem.into(), at, context })
    }

    pub(crate) fn parser(problem: &'static str, at: Mark, context: Mark) -> Box<Self> {
        Box::new(Self { finder: Finder::Parser, problem: problem.into(), at, context })
    }

    pub(crate) fn reader(problem: &'static str) -> Box<Self> {
        let (at, context) = Default::default();
        Box::new(Self { finder: Finder::Reader, problem: problem.into(), at, context })
    }

    pub(crate) fn too_deep(limit: usize, at: Mark) -> Box<Self> {
        let problem = format!("exceeded max depth of {limit}").into();
        Box::new(Self { finder: Finder::Limit, problem, at, context: at })
    }

    /// The fault as go-yaml words it: v2 names the line of the problem and v3 that of its beginning; both count lines
    /// from 0 where the parser found it, and name no line 0.
    pub(crate) fn into_error(self, dialect: Dialect) -> ReadError {
        let counted_from_one = matches!(self.finder, Finder::Scanner | Finder::Limit);
        let line = match dialect {
            Dialect::V2 if self.at.line > 0 => self.at.line + u32::from(counted_from_one),
            Dialect::V2 => self.context.line,
            Dialect::V3 if self.context.line > 0 => self.context.line + u32::from(counted_from_one),
            Dialect::V3 if self.at.line > 0 => self.at.line + u32::from(counted_from_one),
            Dialect::V3 => 0,
        };
        let place = if line > 0 { format!("line {line}: ") } else { String::new() };
        let known = self.finder != Finder::Reader;
        ReadError {
            kind: if self.finder == Finder::Limit { ReadErrorKind::Limit } else { ReadErrorKind::Syntax },
            line: known.then_some(self.at.line as usize + 1),
            column: known.then_some(self.at.column as usize + 1),
            message: format!("yaml: {place}{}", self.problem),
        }
    }
}

/// How much go-yaml reads at once.
const CHUNK: usize = 512;

/// Up to where go-yaml's scanner sees a text that holds a character which YAML forbids: it reads in chunks, and the
/// chunk with the bad character never arrives. `None` for a text without such a character.
pub(crate) fn visible_length(text: &str) -> Option<usize> {
    let bad = first_forbidden(text)?;
    let byte_order_mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut visible = 0;
    loop {
        let mut end = (visible + CHUNK).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if bad < end || end == text.len() {
            return Some(visible.max(byte_order_mark));
        }
        visible = end;
    }
}

fn first_forbidden(text: &str) -> Option<usize> {
    let suspects = text.as_bytes();
    if !suspects.iter().fold(false, |found, byte| found | is_suspect(*byte)) {
        return None;
    }
    text.char_indices().find(|(_, character)| is_forbidden(*character)).map(|(place, _)| place)
}

/// Whether a forbidden character may begin with this byte.
#[inline]
fn is_suspect(byte: u8) -> bool {
    (byte < 0x20) & (byte != b'\n') & (byte != b'\t') & (byte != b'\r')
        | (byte == 0x7F)
        | (byte == 0xC2)
        | (byte == 0xEF)
}

/// Characters which go-yaml's reader refuses.
pub(crate) fn is_forbidden(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{85}' => false,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => true,
        _ => false,
    }
}

//! What a text allows: which of its styles read back as this text.

use super::{Emitter, Place};
use crate::resolve::{is_base_60, is_typed, old_bool};
use crate::scan::cursor::break_width;
use crate::scan::fault::Dialect;
use crate::scan::token::Style;

/// What a text allows.
#[derive(Debug, PartialEq, Eq)]
struct Allowed {
    plain: bool,
    single_quoted: bool,
    block: bool,
    multiline: bool,
}

impl Emitter {
    /// The style for a text.
    pub(super) fn style(&self, text: &str, place: Place) -> Style {
        let mut style = if text.contains('\n') {
            Style::Literal
        } else if reads_as_text(text, self.dialect) {
            Style::Plain
        } else {
            Style::DoubleQuoted
        };
        if style == Style::Plain && is_harmless(text) {
            return style;
        }
        let allowed = analyze(text, self.dialect);
        if place.simple_key && allowed.multiline {
            style = Style::DoubleQuoted;
        }
        if style == Style::Plain && !allowed.plain {
            style = Style::SingleQuoted;
        }
        if style == Style::SingleQuoted && !allowed.single_quoted {
            style = Style::DoubleQuoted;
        }
        if style == Style::Literal && (!allowed.block || place.simple_key) {
            style = Style::DoubleQuoted;
        }
        style
    }
}

/// Whether a plain text reads back as text, for other readers of YAML 1.1 too.
fn reads_as_text(text: &str, dialect: Dialect) -> bool {
    !is_typed(dialect, text)
        && !is_base_60(text)
        && (dialect == Dialect::V2 || text.len() > 3 || old_bool(text).is_none())
}

/// Words, paths and the like, which need no closer look.
fn is_harmless(text: &str) -> bool {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/' | b'-' | b'.');
    let starts_well = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'/');
    text.as_bytes().first().is_some_and(starts_well) && text.as_bytes().iter().all(harmless)
}

/// Whether a text has a line break of any kind.
pub(super) fn has_break(text: &str) -> bool {
    let bytes = text.as_bytes();
    (0..bytes.len())
        .any(|place| matches!(bytes[place], b'\r' | b'\n' | 0xC2 | 0xE2) && break_width(&bytes[place..]) > 0)
}

pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What go-yaml writes without an escape. It knows no character beyond 16 bits.
pub(super) fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && character != '\u{feff}'
}

fn analyze(text: &str, dialect: Dialect) -> Allowed {
    if text.is_empty() {
        return Allowed { plain: true, single_quoted: true, block: false, multiline: false };
    }
    let mut indicators = text.starts_with("---") || text.starts_with("...");
    let (mut multiline, mut special, mut tabs) = (false, false, false);
    let (mut break_space, mut space_break) = (false, false);
    let mut previous = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let before_blank = characters.peek().is_none_or(|next| matches!(next, ' ' | '\t'));
        indicators |= is_indicator(character, previous, before_blank);
        match character {
            '\t' if dialect == Dialect::V3 => tabs = true,
            _ => special |= !is_printable(character),
        }
        if character == ' ' {
            break_space |= previous.is_some_and(is_break);
        } else if is_break(character) {
            multiline = true;
            space_break |= previous == Some(' ');
        }
        previous = Some(character);
    }
    let is_edge = |character: char| character == ' ' || is_break(character);
    let bad_edges = text.starts_with(is_edge) || text.ends_with(is_edge);
    Allowed {
        plain: !(bad_edges || break_space || space_break || special || tabs || multiline || indicators),
        single_quoted: !(break_space || space_break || special || tabs),
        block: !(text.ends_with(' ') || space_break || special),
        multiline,
    }
}

/// Whether a character means something to YAML where it stands.
fn is_indicator(character: char, previous: Option<char>, before_blank: bool) -> bool {
    let Some(previous) = previous else {
        return match character {
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@'
            | '`' => true,
            '?' | ':' | '-' => before_blank,
            _ => false,
        };
    };
    match character {
        ':' => before_blank,
        '#' => matches!(previous, ' ' | '\t') || is_break(previous),
        _ => false,
    }
}

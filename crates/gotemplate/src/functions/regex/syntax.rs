//! Go's regular expressions (RE2 syntax) read into the tree that the regex engine compiles.
//!
//! Go's own grammar is followed, so that what Go refuses is refused with its words, and `\d`, `\b` and their like mean
//! ASCII.

use regex_syntax::hir::{Capture, Class, ClassUnicode, Dot, Hir, Look, Repetition};

use super::classes::{self, folded};
use super::{brackets, escapes};

/// How deep groups may nest. Go allows 1000; its answer to more is the same.
const MAX_DEPTH: usize = 250;
/// The highest count in `x{n}`, and the highest product of nested ones.
const MAX_REPEAT: u32 = 1000;

/// A pattern that Go would refuse; the texts are Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("error parsing regexp: {fault}: `{part}`")]
pub(super) struct SyntaxError {
    pub fault: Fault,
    /// The offending part of the pattern.
    pub part: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    #[error("invalid character class range")]
    CharRange,
    #[error("invalid escape sequence")]
    Escape,
    #[error("invalid named capture")]
    NamedCapture,
    #[error("invalid or unsupported Perl syntax")]
    PerlOp,
    #[error("invalid nested repetition operator")]
    RepeatOp,
    #[error("invalid repeat count")]
    RepeatSize,
    #[error("invalid UTF-8")]
    Utf8,
    #[error("missing closing ]")]
    MissingBracket,
    #[error("missing closing )")]
    MissingParen,
    #[error("missing argument to repetition operator")]
    MissingRepeatArgument,
    #[error("trailing backslash at end of expression")]
    TrailingBackslash,
    #[error("unexpected )")]
    UnexpectedParen,
    #[error("expression nests too deeply")]
    NestingDepth,
    #[error("expression too large")]
    Large,
}

impl SyntaxError {
    pub fn new(fault: Fault, part: impl Into<String>) -> Self {
        Self { fault, part: part.into() }
    }
}

/// A pattern that has been read.
pub(super) struct Parsed {
    pub hir: Hir,
    /// The names of the groups from 1 on; several may share one.
    pub group_names: Vec<Option<String>>,
}

/// Reads a pattern.
pub(super) fn parse(pattern: &str) -> Result<Parsed, SyntaxError> {
    let mut parser = Parser::new(pattern);
    while !parser.rest().is_empty() {
        parser.step()?;
    }
    parser.finish()
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub fold: bool,
    pub multi_line: bool,
    pub dot_newline: bool,
    pub lazy: bool,
}

/// Something that a repetition may follow.
struct Item {
    hir: Hir,
    /// The highest product of nested counts in it.
    repeats: u32,
    depth: usize,
}

/// An open group: finished alternatives and the items of the present one.
struct Frame {
    alternatives: Vec<Item>,
    items: Vec<Item>,
    /// Flags to go back to behind the group.
    flags: Flags,
    capture: Option<u32>,
}

impl Frame {
    fn new(flags: Flags, capture: Option<u32>) -> Self {
        Self { alternatives: Vec::new(), items: Vec::new(), flags, capture }
    }

    fn end_alternative(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.alternatives.push(join(items, Hir::concat));
    }

    fn close(mut self) -> Item {
        self.end_alternative();
        join(self.alternatives, Hir::alternation)
    }
}

fn join(mut items: Vec<Item>, combine: fn(Vec<Hir>) -> Hir) -> Item {
    if items.len() == 1
        && let Some(only) = items.pop()
    {
        return only;
    }
    let repeats = items.iter().map(|item| item.repeats).max().unwrap_or(1);
    let depth = items.iter().map(|item| item.depth).max().unwrap_or(0) + 1;
    Item { hir: combine(items.into_iter().map(|item| item.hir).collect()), repeats, depth }
}

struct Parser<'a> {
    pattern: &'a str,
    at: usize,
    flags: Flags,
    /// Groups round the present place; the first is the whole pattern.
    outer: Vec<Frame>,
    frame: Frame,
    group_names: Vec<Option<String>>,
    /// Where the repetition just read begins.
    last_repeat: Option<usize>,
}

impl<'a> Parser<'a> {
    fn new(pattern: &'a str) -> Self {
        Self {
            pattern,
            at: 0,
            flags: Flags::default(),
            outer: Vec::new(),
            frame: Frame::new(Flags::default(), None),
            group_names: Vec::new(),
            last_repeat: None,
        }
    }

    fn rest(&self) -> &'a str {
        &self.pattern[self.at..]
    }

    /// Reads one element of the pattern.
    fn step(&mut self) -> Result<(), SyntaxError> {
        let rest = self.rest();
        let mut repeat = None;
        match rest.as_bytes()[0] {
            b'(' if rest.starts_with("(?") => self.group_flags()?,
            b'(' => {
                self.open(Some(None))?;
                self.at += 1;
            }
            b'|' => {
                self.frame.end_alternative();
                self.at += 1;
            }
            b')' => self.close()?,
            b'^' => self.look(if self.flags.multi_line { Look::StartLF } else { Look::Start }, 1),
            b'$' => self.look(if self.flags.multi_line { Look::EndLF } else { Look::End }, 1),
            b'.' => {
                let dot = if self.flags.dot_newline { Dot::AnyChar } else { Dot::AnyCharExceptLF };
                self.push(Hir::dot(dot));
                self.at += 1;
            }
            b'[' => {
                let (class, length) = brackets::parse(rest, self.flags.fold)?;
                self.push(class_hir(class));
                self.at += length;
            }
            b'*' => repeat = Some(self.repeat((0, None), 1)?),
            b'+' => repeat = Some(self.repeat((1, None), 1)?),
            b'?' => repeat = Some(self.repeat((0, Some(1)), 1)?),
            b'{' => match scan_counts(rest) {
                Some((counts, length)) => repeat = Some(self.counted(counts, length)?),
                // What cannot be read as counts is a plain brace.
                None => self.literal('{', 1),
            },
            b'\\' => self.escape(rest)?,
            _ => {
                let letter = first_char(rest);
                self.literal(letter, letter.len_utf8());
            }
        }
        self.last_repeat = repeat;
        Ok(())
    }

    fn finish(self) -> Result<Parsed, SyntaxError> {
        if !self.outer.is_empty() {
            return Err(SyntaxError::new(Fault::MissingParen, self.pattern));
        }
        let item = self.frame.close();
        check_depth(item.depth, self.pattern)?;
        Ok(Parsed { hir: item.hir, group_names: self.group_names })
    }

    fn push(&mut self, hir: Hir) {
        self.frame.items.push(Item { hir, repeats: 1, depth: 1 });
    }

    fn look(&mut self, look: Look, length: usize) {
        self.push(Hir::look(look));
        self.at += length;
    }

    fn literal(&mut self, letter: char, length: usize) {
        self.push(literal_hir(Some(letter), self.flags.fold));
        self.at += length;
    }

    /// Opens a group; `capture` holds the name of a capturing one.
    fn open(&mut self, capture: Option<Option<String>>) -> Result<(), SyntaxError> {
        check_depth(self.outer.len(), self.pattern)?;
        let index = capture.map(|name| {
            self.group_names.push(name);
            self.group_names.len() as u32
        });
        let frame = std::mem::replace(&mut self.frame, Frame::new(self.flags, index));
        self.outer.push(frame);
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let Some(outer) = self.outer.pop() else {
            return Err(SyntaxError::new(Fault::UnexpectedParen, self.pattern));
        };
        let frame = std::mem::replace(&mut self.frame, outer);
        self.flags = frame.flags;
        let capture = frame.capture;
        let mut item = frame.close();
        if let Some(index) = capture {
            // Names stay out of the tree: Go lets several groups share one, the engine does not.
            item.hir = Hir::capture(Capture { index, name: None, sub: Box::new(item.hir) });
            item.depth += 1;
        }
        check_depth(item.depth, self.pattern)?;
        self.frame.items.push(item);
        self.at += 1;
        Ok(())
    }

    /// `(?i)`, `(?i:`, `(?P<name>` and `(?<name>`.
    fn group_flags(&mut self) -> Result<(), SyntaxError> {
        let rest = self.rest();
        let named = [("(?P<", 4), ("(?<", 3)].into_iter().find(|(start, _)| rest.starts_with(start));
        if let Some((_, start)) = named.filter(|(_, start)| rest.len() > *start) {
            let end = rest.find('>').ok_or_else(|| SyntaxError::new(Fault::NamedCapture, rest))?;
            let name = rest.get(start..end).unwrap_or_default();
            let sound = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
            if name.is_empty() || !name.bytes().all(sound) {
                return Err(SyntaxError::new(Fault::NamedCapture, &rest[..=end]));
            }
            self.open(Some(Some(name.to_owned())))?;
            self.at += end + 1;
            return Ok(());
        }
        let (flags, grouping, length) = scan_flags(rest, self.flags)?;
        if grouping {
            self.open(None)?;
        }
        self.flags = flags;
        self.at += length;
        Ok(())
    }

    fn counted(&mut self, counts: Counts, length: usize) -> Result<usize, SyntaxError> {
        let too_big = |count: Option<u32>| count.is_none_or(|count| count > MAX_REPEAT);
        let wrong = match counts {
            Counts { min, max: None } => too_big(min),
            Counts { min, max: Some(max) } => too_big(min) || too_big(max) || min > max,
        };
        if wrong {
            return Err(SyntaxError::new(Fault::RepeatSize, &self.rest()[..length]));
        }
        self.repeat((counts.min.unwrap_or(0), counts.max.flatten()), length)
    }

    /// Repeats the item before; gives the place where the operator begins.
    fn repeat(&mut self, (min, max): (u32, Option<u32>), length: usize) -> Result<usize, SyntaxError> {
        let begin = self.at;
        let counted = self.pattern.as_bytes()[begin] == b'{';
        self.at += length;
        let mut lazy = self.flags.lazy;
        if self.rest().starts_with('?') {
            self.at += 1;
            lazy = !lazy;
        }
        if let Some(last) = self.last_repeat {
            return Err(SyntaxError::new(Fault::RepeatOp, &self.pattern[last..self.at]));
        }
        let operator = &self.pattern[begin..self.at];
        let item =
            self.frame.items.pop().ok_or_else(|| SyntaxError::new(Fault::MissingRepeatArgument, operator))?;
        let times = match max {
            _ if !counted => 1,
            Some(0) => 0,
            Some(max) => max,
            None => min,
        };
        let repeats = if max == Some(0) { 1 } else { times.max(1).saturating_mul(item.repeats) };
        if counted && (min >= 2 || max.is_some_and(|max| max >= 2)) && repeats > MAX_REPEAT {
            return Err(SyntaxError::new(Fault::RepeatSize, operator));
        }
        let depth = item.depth + 1;
        check_depth(depth, self.pattern)?;
        let hir = Hir::repetition(Repetition { min, max, greedy: !lazy, sub: Box::new(item.hir) });
        self.frame.items.push(Item { hir, repeats, depth });
        Ok(begin)
    }

    fn escape(&mut self, rest: &'a str) -> Result<(), SyntaxError> {
        match rest.as_bytes().get(1) {
            Some(b'A') => self.look(Look::Start, 2),
            Some(b'z') => self.look(Look::End, 2),
            Some(b'b') => self.look(Look::WordAscii, 2),
            Some(b'B') => self.look(Look::WordAsciiNegate, 2),
            Some(b'Q') => {
                let text = &rest[2..];
                let (literal, length) = match text.find(r"\E") {
                    Some(end) => (&text[..end], 2 + end + 2),
                    None => (text, rest.len()),
                };
                for letter in literal.chars() {
                    self.literal(letter, 0);
                }
                self.at += length;
            }
            _ => match escapes::scan_class(rest, self.flags.fold)? {
                Some((class, length)) => {
                    self.push(class_hir(class));
                    self.at += length;
                }
                None => {
                    let (letter, length) = escapes::scan_character(rest)?;
                    self.push(literal_hir(letter, self.flags.fold));
                    self.at += length;
                }
            },
        }
        Ok(())
    }
}

fn check_depth(depth: usize, pattern: &str) -> Result<(), SyntaxError> {
    if depth > MAX_DEPTH { Err(SyntaxError::new(Fault::NestingDepth, pattern)) } else { Ok(()) }
}

fn class_hir(class: ClassUnicode) -> Hir {
    Hir::class(Class::Unicode(class))
}

/// One letter; `None` is a code point that no text holds.
fn literal_hir(letter: Option<char>, fold: bool) -> Hir {
    match letter {
        None => Hir::fail(),
        Some(letter) if fold => class_hir(folded(classes::of(&[(letter, letter)]))),
        Some(letter) => Hir::literal(letter.encode_utf8(&mut [0; 4]).as_bytes().to_vec()),
    }
}

fn first_char(text: &str) -> char {
    text.chars().next().unwrap_or_default()
}

/// The flags of `(?flags)` or `(?flags:`, whether a group opens, and the length.
fn scan_flags(text: &str, flags: Flags) -> Result<(Flags, bool, usize), SyntaxError> {
    let (mut flags, mut on, mut seen) = (flags, true, false);
    for (at, letter) in text.char_indices().skip(2) {
        let end = at + letter.len_utf8();
        match letter {
            'i' => (flags.fold, seen) = (on, true),
            'm' => (flags.multi_line, seen) = (on, true),
            's' => (flags.dot_newline, seen) = (on, true),
            'U' => (flags.lazy, seen) = (on, true),
            '-' if on => (on, seen) = (false, false),
            ':' | ')' if on || seen => return Ok((flags, letter == ':', end)),
            _ => return Err(SyntaxError::new(Fault::PerlOp, &text[..end])),
        }
    }
    Err(SyntaxError::new(Fault::PerlOp, text))
}

/// The counts of `{2}`, `{2,}` or `{2,3}`; a number too big to count is `None`.
struct Counts {
    min: Option<u32>,
    /// `None` where there is no upper end.
    max: Option<Option<u32>>,
}

fn scan_counts(text: &str) -> Option<(Counts, usize)> {
    let (min, rest) = scan_count(&text[1..])?;
    let (max, rest) = match rest.strip_prefix(',') {
        None => (Some(min), rest),
        Some(rest) if rest.starts_with('}') => (None, rest),
        Some(rest) => {
            let (max, rest) = scan_count(rest)?;
            (Some(max), rest)
        }
    };
    let rest = rest.strip_prefix('}')?;
    Some((Counts { min, max }, text.len() - rest.len()))
}

fn scan_count(text: &str) -> Option<(Option<u32>, &str)> {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() || digits.len() > 1 && digits.starts_with('0') {
        return None;
    }
    Some((digits.parse().ok(), rest))
}

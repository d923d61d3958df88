//! Compiled patterns, and searches that step through a text as Go's do.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;
use regex_automata::util::syntax;
use regex_automata::{Input, Span};

use super::syntax::{Fault, SyntaxError, parse};
use crate::functions::FunctionError;
use crate::{Context, utf8};

/// The largest program a pattern may become, in bytes.
const MAX_PROGRAM: usize = 10 << 20;
/// How much the kept programs of a thread may take together, in bytes.
const MAX_KEPT: usize = 32 << 20;

/// A pattern ready for use.
pub(super) struct Compiled {
    pub regex: Regex,
    /// The names of the groups from 1 on.
    pub group_names: Vec<Option<String>>,
    empty_pattern: bool,
}

/// The compiled pattern, from those this thread has kept or made anew.
///
/// Making one is charged for by the size of its program: that is what a short pattern such as `\pL{1000}` hides.
pub(super) fn compiled(
    ctx: &mut Context<'_>,
    pattern: &[u8],
) -> Result<Result<Rc<Compiled>, SyntaxError>, FunctionError> {
    thread_local! {
        static KEPT: RefCell<Kept> = RefCell::default();
    }
    if let Some(found) = KEPT.with_borrow(|kept| kept.by_pattern.get(pattern).cloned()) {
        return Ok(found);
    }
    let made = compile(pattern).map(Rc::new);
    let program = match &made {
        Ok(compiled) => compiled.regex.memory_usage(),
        Err(SyntaxError { fault: Fault::Large, .. }) => MAX_PROGRAM,
        Err(_) => 0,
    };
    KEPT.with_borrow_mut(|kept| kept.keep(pattern, made.clone(), program));
    ctx.spend_steps(1 + (program >> 4) as u64)?;
    Ok(made)
}

#[derive(Default)]
struct Kept {
    by_pattern: HashMap<Vec<u8>, Result<Rc<Compiled>, SyntaxError>>,
    size: usize,
}

impl Kept {
    fn keep(&mut self, pattern: &[u8], made: Result<Rc<Compiled>, SyntaxError>, program: usize) {
        let size = pattern.len() + program + size_of::<Compiled>();
        if self.size + size > MAX_KEPT {
            *self = Self::default();
        }
        if size <= MAX_KEPT {
            self.size += size;
            self.by_pattern.insert(pattern.to_vec(), made);
        }
    }
}

fn compile(pattern: &[u8]) -> Result<Compiled, SyntaxError> {
    let text = std::str::from_utf8(pattern).map_err(|error| {
        let rest = pattern.get(error.valid_up_to()..).unwrap_or_default();
        SyntaxError::new(Fault::Utf8, String::from_utf8_lossy(rest))
    })?;
    let parsed = parse(text)?;
    let regex = Regex::builder()
        .configure(Regex::config().nfa_size_limit(Some(MAX_PROGRAM)).utf8_empty(true))
        // Looks at single bytes (`\B`) are fine: where they stand is always between characters.
        .syntax(syntax::Config::new().utf8(false))
        .build_from_hir(&parsed.hir)
        .map_err(|_| SyntaxError::new(Fault::Large, text))?;
    Ok(Compiled { regex, group_names: parsed.group_names, empty_pattern: text.is_empty() })
}

/// A text to search.
///
/// For Go a byte that is not UTF-8 is a U+FFFD of one byte. So such a text is searched with the real character in
/// its place, and what is found is led back to the bytes.
pub(super) struct Subject<'t> {
    text: &'t [u8],
    replaced: Option<Replaced>,
}

struct Replaced {
    text: String,
    /// For each byte of the replaced text, and its end, the place in the true one.
    places: Vec<usize>,
}

impl<'t> Subject<'t> {
    pub fn new(text: &'t [u8]) -> Self {
        let replaced = std::str::from_utf8(text).is_err().then(|| Replaced::new(text));
        Self { text, replaced }
    }

    /// The bytes of the true text.
    pub fn slice(&self, span: Span) -> &'t [u8] {
        let place = |at: usize| self.replaced.as_ref().map_or(at, |replaced| replaced.places[at]);
        &self.text[place(span.start)..place(span.end)]
    }

    fn searched(&self) -> &[u8] {
        self.replaced.as_ref().map_or(self.text, |replaced| replaced.text.as_bytes())
    }

    fn len(&self) -> usize {
        self.searched().len()
    }
}

impl Replaced {
    fn new(text: &[u8]) -> Self {
        let mut replaced = Self { text: String::with_capacity(text.len()), places: Vec::new() };
        for (place, letter) in utf8::char_indices(text) {
            replaced.text.push(letter);
            replaced.places.resize(replaced.text.len(), place);
        }
        replaced.places.push(text.len());
        replaced
    }
}

impl Compiled {
    pub fn is_match(&self, text: &Subject<'_>) -> bool {
        self.regex.is_match(text.searched())
    }

    pub fn find<'t>(&self, text: &Subject<'t>) -> Option<&'t [u8]> {
        self.regex.find(text.searched()).map(|found| text.slice(found.span()))
    }

    /// The matches one after another, at most `most` (all where it is negative).
    pub fn find_all(
        &self,
        ctx: &mut Context<'_>,
        text: &Subject<'_>,
        most: i64,
    ) -> Result<Vec<Span>, FunctionError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let (mut found, mut at, mut last_end) = (Vec::new(), 0, None);
        while found.len() < most && at <= text.len() {
            charge_search(ctx, text, at)?;
            let input = Input::new(text.searched()).span(at..text.len());
            let Some(span) = self.regex.find(input).map(|found| found.span()) else { break };
            let empty_here = span.end == at;
            // An empty match right behind a match does not count.
            if !(empty_here && Some(span.start) == last_end) {
                found.push(span);
            }
            at = if empty_here { at + width_at(text, at) } else { span.end };
            last_end = Some(span.end);
        }
        Ok(found)
    }

    /// The pieces between the matches.
    pub fn split<'t>(
        &self,
        ctx: &mut Context<'_>,
        text: &Subject<'t>,
        most: i64,
    ) -> Result<Option<Vec<&'t [u8]>>, FunctionError> {
        if most == 0 {
            return Ok(None);
        }
        if !self.empty_pattern && text.len() == 0 {
            return Ok(Some(vec![b""]));
        }
        let piece = |start, end| text.slice(Span { start, end });
        let (mut pieces, mut begin, mut end) = (Vec::new(), 0, 0);
        for span in self.find_all(ctx, text, most)? {
            if most > 0 && pieces.len() as i64 >= most - 1 {
                break;
            }
            end = span.start;
            if span.end != 0 {
                pieces.push(piece(begin, end));
            }
            begin = span.end;
        }
        if end != text.len() {
            pieces.push(piece(begin, text.len()));
        }
        Ok(Some(pieces))
    }

    /// The text with each match replaced by what `write` appends.
    pub fn replace_all(
        &self,
        ctx: &mut Context<'_>,
        text: &Subject<'_>,
        write: impl Fn(&mut Vec<u8>, &Captures),
    ) -> Result<Vec<u8>, FunctionError> {
        let mut out = Vec::with_capacity(text.len());
        let mut captures = self.regex.create_captures();
        let (mut last_end, mut at) = (0, 0);
        while at <= text.len() {
            charge_search(ctx, text, at)?;
            let written = out.len();
            self.regex.captures(Input::new(text.searched()).span(at..text.len()), &mut captures);
            let Some(span) = captures.get_match().map(|found| found.span()) else { break };
            out.extend_from_slice(text.slice(Span { start: last_end, end: span.start }));
            // No replacement for an empty match right behind another match.
            if span.end > last_end || span.start == 0 {
                write(&mut out, &captures);
            }
            ctx.spend_bytes((out.len() - written) as u64)?;
            last_end = span.end;
            at = span.end.max(at + width_at(text, at));
        }
        out.extend_from_slice(text.slice(Span { start: last_end, end: text.len() }));
        Ok(out)
    }
}

/// One search looks at no more than the rest of the text. Many that all do make a square of its length; the budget
/// is asked often enough meanwhile to see a deadline pass.
fn charge_search(ctx: &mut Context<'_>, text: &Subject<'_>, at: usize) -> Result<(), FunctionError> {
    Ok(ctx.spend_steps(1 + ((text.len() - at) >> 12) as u64)?)
}

/// The length of the character at `at`, at least 1.
fn width_at(text: &Subject<'_>, at: usize) -> usize {
    utf8::decode(&text.searched()[at..]).map_or(1, |(_, width)| width)
}

//! From tokens to events, by the grammar of YAML 1.1 as go-yaml reads it.

use std::borrow::Cow;

use crate::scan::cursor::Mark;
use crate::scan::fault::{Dialect, Fault};
use crate::scan::token::{Style, TagParts, Token, TokenKind};
use crate::scan::{Scanned, Scanner};

/// One step through a document. Anchors and tags are rare, so they take little room here.
#[derive(Clone, Debug)]
pub(crate) struct Event<'a> {
    pub(crate) kind: EventKind<'a>,
    pub(crate) properties: Option<Box<Properties<'a>>>,
    /// The line, counted from 0.
    pub(crate) line: u32,
}

/// What may stand before a node.
#[derive(Clone, Debug)]
pub(crate) struct Properties<'a> {
    pub(crate) anchor: Option<&'a str>,
    /// The tag in its long form.
    pub(crate) tag: Option<Box<str>>,
}

impl<'a> Event<'a> {
    pub(crate) fn anchor(&self) -> Option<&'a str> {
        self.properties.as_ref()?.anchor
    }

    pub(crate) fn tag(&self) -> Option<&str> {
        self.properties.as_ref()?.tag.as_deref()
    }
}

/// What an alias stands for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// The node with this number, in the order of anchors.
    Node(u32),
    /// A node that is still open: it would hold itself.
    Itself,
}

#[derive(Clone, Debug)]
pub(crate) enum EventKind<'a> {
    StreamEnd,
    DocumentStart,
    DocumentEnd,
    /// The target is found where anchors are known.
    Alias {
        name: &'a str,
        target: Target,
    },
    Scalar {
        text: Cow<'a, str>,
        style: Style,
    },
    SequenceStart,
    SequenceEnd,
    MappingStart,
    MappingEnd,
}

/// What the parser expects next.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    ImplicitDocumentStart,
    DocumentStart,
    DocumentContent,
    DocumentEnd,
    BlockNode,
    BlockSequenceFirstEntry,
    BlockSequenceEntry,
    IndentlessSequenceEntry,
    BlockMappingFirstKey,
    BlockMappingKey,
    BlockMappingValue,
    FlowSequenceFirstEntry,
    FlowSequenceEntry,
    FlowSequencePairKey,
    FlowSequencePairValue,
    FlowSequencePairEnd,
    FlowMappingFirstKey,
    FlowMappingKey,
    FlowMappingValue,
    FlowMappingEmptyValue,
    End,
}

/// Turns a text into events.
pub(crate) struct Parser<'a> {
    scanner: Scanner<'a>,
    dialect: Dialect,
    pub(super) state: State,
    states: Vec<State>,
    /// Where the open collections began.
    marks: Vec<Mark>,
    tag_directives: Vec<TagParts>,
}

/// Which shapes a node may have where it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Flow,
    Block,
    BlockOrIndentlessSequence,
}

impl<'a> Parser<'a> {
    pub(crate) fn new(text: &'a str, dialect: Dialect, depth_limit: usize) -> Self {
        // Go gives its parser a line break where there is nothing at all.
        let text = if text.is_empty() { "\n" } else { text };
        Self {
            scanner: Scanner::new(text, dialect, depth_limit),
            dialect,
            state: State::ImplicitDocumentStart,
            states: Vec::new(),
            marks: Vec::new(),
            tag_directives: Vec::new(),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    pub(crate) fn next(&mut self) -> Scanned<Event<'a>> {
        match self.state {
            State::ImplicitDocumentStart => self.document_start(true),
            State::DocumentStart => self.document_start(false),
            State::DocumentContent => self.document_content(),
            State::DocumentEnd => self.document_end(),
            State::BlockNode => self.node(Place::Block),
            State::BlockSequenceFirstEntry => self.block_sequence_entry(true),
            State::BlockSequenceEntry => self.block_sequence_entry(false),
            State::IndentlessSequenceEntry => self.indentless_sequence_entry(),
            State::BlockMappingFirstKey => self.block_mapping_key(true),
            State::BlockMappingKey => self.block_mapping_key(false),
            State::BlockMappingValue => self.block_mapping_value(),
            State::FlowSequenceFirstEntry => self.flow_sequence_entry(true),
            State::FlowSequenceEntry => self.flow_sequence_entry(false),
            State::FlowSequencePairKey => self.flow_sequence_pair_key(),
            State::FlowSequencePairValue => self.flow_sequence_pair_value(),
            State::FlowSequencePairEnd => self.flow_sequence_pair_end(),
            State::FlowMappingFirstKey => self.flow_mapping_key(true),
            State::FlowMappingKey => self.flow_mapping_key(false),
            State::FlowMappingValue => self.flow_mapping_value(false),
            State::FlowMappingEmptyValue => self.flow_mapping_value(true),
            State::End => Ok(plain_event(EventKind::StreamEnd, Mark::default())),
        }
    }

    pub(super) fn peek(&mut self) -> Scanned<&Token<'a>> {
        self.scanner.peek()
    }

    /// The mark of the next token's start.
    pub(super) fn here(&mut self) -> Scanned<Mark> {
        Ok(self.peek()?.start)
    }

    /// Takes the next token and gives its end.
    pub(super) fn pass(&mut self) -> Mark {
        self.scanner.take().map(|token| token.end).unwrap_or_default()
    }

    /// Takes the first token of a collection and remembers where it stood.
    pub(super) fn enter(&mut self) -> Scanned<()> {
        let mark = self.here()?;
        self.marks.push(mark);
        self.pass();
        Ok(())
    }

    /// Takes the last token of a collection.
    pub(super) fn leave(&mut self, kind: EventKind<'a>) -> Scanned<Event<'a>> {
        let at = self.here()?;
        self.marks.pop();
        self.pop_state();
        self.pass();
        Ok(plain_event(kind, at))
    }

    pub(super) fn pop_state(&mut self) {
        self.state = self.states.pop().unwrap_or(State::End);
    }

    pub(super) fn child(&mut self, place: Place, then: State) -> Scanned<Event<'a>> {
        self.states.push(then);
        self.node(place)
    }

    /// A node that is not there reads as an empty plain scalar.
    pub(super) fn empty_scalar(&mut self, at: Mark, then: State) -> Scanned<Event<'a>> {
        self.state = then;
        Ok(empty_scalar(at))
    }

    pub(super) fn fault<T>(&mut self, problem: &'static str) -> Scanned<T> {
        let context = self.marks.pop().unwrap_or_default();
        let at = self.here()?;
        Err(Fault::parser(problem, at, context))
    }

    fn document_start(&mut self, implicit: bool) -> Scanned<Event<'a>> {
        if !implicit {
            while matches!(self.peek()?.kind, TokenKind::DocumentEnd) {
                self.pass();
            }
        }
        let token = self.peek()?;
        let at = token.start;
        match token.kind {
            TokenKind::StreamEnd => {
                self.state = State::End;
                Ok(plain_event(EventKind::StreamEnd, at))
            }
            TokenKind::Version { .. } | TokenKind::TagDirective(_) | TokenKind::DocumentStart => {
                self.explicit_document(at)
            }
            _ if implicit => {
                self.directives()?;
                self.states.push(State::DocumentEnd);
                self.state = State::BlockNode;
                Ok(plain_event(EventKind::DocumentStart, at))
            }
            // Behind a document, another one needs its marker.
            _ => self.explicit_document(at),
        }
    }

    fn explicit_document(&mut self, at: Mark) -> Scanned<Event<'a>> {
        self.directives()?;
        let token = self.peek()?;
        if !matches!(token.kind, TokenKind::DocumentStart) {
            let start = token.start;
            return Err(Fault::parser("did not find expected <document start>", start, Mark::default()));
        }
        self.states.push(State::DocumentEnd);
        self.state = State::DocumentContent;
        self.pass();
        Ok(plain_event(EventKind::DocumentStart, at))
    }

    fn document_content(&mut self) -> Scanned<Event<'a>> {
        let token = self.peek()?;
        match token.kind {
            TokenKind::Version { .. }
            | TokenKind::TagDirective(_)
            | TokenKind::DocumentStart
            | TokenKind::DocumentEnd
            | TokenKind::StreamEnd => {
                let at = token.start;
                self.pop_state();
                Ok(empty_scalar(at))
            }
            _ => self.node(Place::Block),
        }
    }

    fn document_end(&mut self) -> Scanned<Event<'a>> {
        let token = self.peek()?;
        let at = token.start;
        if matches!(token.kind, TokenKind::DocumentEnd) {
            self.pass();
        }
        self.tag_directives.clear();
        self.state = State::DocumentStart;
        Ok(plain_event(EventKind::DocumentEnd, at))
    }

    /// Reads the directives before a document.
    fn directives(&mut self) -> Scanned<()> {
        let mut has_version = false;
        loop {
            let token = self.peek()?;
            let at = token.start;
            let fault = |problem| Err(Fault::parser(problem, at, Mark::default()));
            match &token.kind {
                TokenKind::Version { .. } if has_version => return fault("found duplicate %YAML directive"),
                TokenKind::Version { major: 1, minor: 1 } => has_version = true,
                TokenKind::Version { .. } => return fault("found incompatible YAML document"),
                TokenKind::TagDirective(directive) => {
                    let directive = (**directive).clone();
                    if self.tag_directives.iter().any(|known| known.handle == directive.handle) {
                        return fault("found duplicate %TAG directive");
                    }
                    self.tag_directives.push(directive);
                }
                _ => return Ok(()),
            }
            self.pass();
        }
    }

    fn node(&mut self, place: Place) -> Scanned<Event<'a>> {
        let token = self.peek()?;
        let at = token.start;
        match token.kind {
            TokenKind::Scalar { .. } => return self.scalar(None, at),
            TokenKind::Alias(name) => {
                self.pop_state();
                self.pass();
                return Ok(plain_event(EventKind::Alias { name, target: Target::Itself }, at));
            }
            _ => {}
        }
        let properties = self.properties(at)?;
        let token = self.peek()?;
        let (kind, state) = match token.kind {
            TokenKind::Scalar { .. } => return self.scalar(properties, at),
            TokenKind::BlockEntry if place == Place::BlockOrIndentlessSequence => {
                (EventKind::SequenceStart, State::IndentlessSequenceEntry)
            }
            TokenKind::FlowSequenceStart => (EventKind::SequenceStart, State::FlowSequenceFirstEntry),
            TokenKind::FlowMappingStart => (EventKind::MappingStart, State::FlowMappingFirstKey),
            TokenKind::BlockSequenceStart if place != Place::Flow => {
                (EventKind::SequenceStart, State::BlockSequenceFirstEntry)
            }
            TokenKind::BlockMappingStart if place != Place::Flow => {
                (EventKind::MappingStart, State::BlockMappingFirstKey)
            }
            _ if properties.is_some() => {
                self.pop_state();
                return Ok(Event { properties, ..empty_scalar(at) });
            }
            _ => {
                let start = token.start;
                return Err(Fault::parser("did not find expected node content", start, at));
            }
        };
        self.state = state;
        Ok(Event { kind, properties, line: at.line })
    }

    fn scalar(&mut self, properties: Option<Box<Properties<'a>>>, at: Mark) -> Scanned<Event<'a>> {
        self.pop_state();
        match self.scanner.take() {
            Some(Token { kind: TokenKind::Scalar { text, style }, .. }) => {
                Ok(Event { kind: EventKind::Scalar { text, style }, properties, line: at.line })
            }
            _ => Ok(empty_scalar(at)),
        }
    }

    /// Reads an anchor and a tag, in either order.
    fn properties(&mut self, at: Mark) -> Scanned<Option<Box<Properties<'a>>>> {
        let (mut anchor, mut tag) = (None, None);
        loop {
            let token = self.peek()?;
            match &token.kind {
                TokenKind::Anchor(name) if anchor.is_none() => anchor = Some(*name),
                TokenKind::Tag(parts) if tag.is_none() => tag = Some(((**parts).clone(), token.start)),
                _ => break,
            }
            self.pass();
        }
        let tag = match tag {
            Some((parts, mark)) => Some(self.long_tag(parts, mark, at)?),
            None => None,
        };
        if anchor.is_none() && tag.is_none() {
            return Ok(None);
        }
        Ok(Some(Box::new(Properties { anchor, tag })))
    }

    fn long_tag(&self, tag: TagParts, mark: Mark, start: Mark) -> Scanned<Box<str>> {
        let declared = self.tag_directives.iter().find(|directive| directive.handle == tag.handle);
        let prefix = match (tag.handle.as_str(), declared) {
            ("", _) => "",
            (_, Some(directive)) => directive.suffix.as_str(),
            ("!", None) => "!",
            ("!!", None) => "tag:yaml.org,2002:",
            _ => return Err(Fault::parser("found undefined tag handle", mark, start)),
        };
        Ok([prefix, &tag.suffix].concat().into())
    }
}

pub(super) fn plain_event<'a>(kind: EventKind<'a>, at: Mark) -> Event<'a> {
    Event { kind, properties: None, line: at.line }
}

fn empty_scalar<'a>(at: Mark) -> Event<'a> {
    plain_event(EventKind::Scalar { text: Cow::Borrowed(""), style: Style::Plain }, at)
}

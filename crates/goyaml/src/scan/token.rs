//! What the scanner hands to the parser.

use std::borrow::Cow;

use super::cursor::Mark;

/// The way a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
    Folded,
}

/// One token with the places where it begins and ends.
#[derive(Debug)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind<'a>,
    pub(crate) start: Mark,
    pub(crate) end: Mark,
}

#[derive(Debug)]
pub(crate) enum TokenKind<'a> {
    StreamEnd,
    Version { major: u8, minor: u8 },
    TagDirective(Box<TagParts>),
    DocumentStart,
    DocumentEnd,
    BlockSequenceStart,
    BlockMappingStart,
    BlockEnd,
    FlowSequenceStart,
    FlowSequenceEnd,
    FlowMappingStart,
    FlowMappingEnd,
    BlockEntry,
    FlowEntry,
    Key,
    Value,
    Alias(&'a str),
    Anchor(&'a str),
    Tag(Box<TagParts>),
    Scalar { text: Cow<'a, str>, style: Style },
}

/// A tag: its handle (`!`, `!!`, `!name!` or empty) and what follows; in a directive the prefix it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TagParts {
    pub(crate) handle: String,
    pub(crate) suffix: String,
}

//! The parser's steps inside of lists and maps, in block and in flow style.

use super::parser::{Event, EventKind, Parser, Place, State, plain_event};
use crate::scan::Scanned;
use crate::scan::cursor::Mark;
use crate::scan::token::TokenKind;

impl<'a> Parser<'a> {
    pub(super) fn block_sequence_entry(&mut self, first: bool) -> Scanned<Event<'a>> {
        if first {
            self.enter()?;
        }
        match self.peek()?.kind {
            TokenKind::BlockEntry => {
                let mark = self.pass();
                match self.peek()?.kind {
                    TokenKind::BlockEntry | TokenKind::BlockEnd => {
                        self.empty_scalar(mark, State::BlockSequenceEntry)
                    }
                    _ => self.child(Place::Block, State::BlockSequenceEntry),
                }
            }
            TokenKind::BlockEnd => self.leave(EventKind::SequenceEnd),
            _ => self.fault("did not find expected '-' indicator"),
        }
    }

    pub(super) fn indentless_sequence_entry(&mut self) -> Scanned<Event<'a>> {
        let token = self.peek()?;
        if !matches!(token.kind, TokenKind::BlockEntry) {
            let at = token.start;
            self.pop_state();
            return Ok(plain_event(EventKind::SequenceEnd, at));
        }
        let mark = self.pass();
        match self.peek()?.kind {
            TokenKind::BlockEntry | TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => {
                self.empty_scalar(mark, State::IndentlessSequenceEntry)
            }
            _ => self.child(Place::Block, State::IndentlessSequenceEntry),
        }
    }

    pub(super) fn block_mapping_key(&mut self, first: bool) -> Scanned<Event<'a>> {
        if first {
            self.enter()?;
        }
        match self.peek()?.kind {
            TokenKind::Key => {
                let mark = self.pass();
                self.block_mapping_child(mark, State::BlockMappingValue)
            }
            TokenKind::BlockEnd => self.leave(EventKind::MappingEnd),
            _ => self.fault("did not find expected key"),
        }
    }

    pub(super) fn block_mapping_value(&mut self) -> Scanned<Event<'a>> {
        let token = self.peek()?;
        if !matches!(token.kind, TokenKind::Value) {
            let at = token.start;
            return self.empty_scalar(at, State::BlockMappingKey);
        }
        let mark = self.pass();
        self.block_mapping_child(mark, State::BlockMappingKey)
    }

    pub(super) fn block_mapping_child(&mut self, mark: Mark, then: State) -> Scanned<Event<'a>> {
        match self.peek()?.kind {
            TokenKind::Key | TokenKind::Value | TokenKind::BlockEnd => self.empty_scalar(mark, then),
            _ => self.child(Place::BlockOrIndentlessSequence, then),
        }
    }

    pub(super) fn flow_sequence_entry(&mut self, first: bool) -> Scanned<Event<'a>> {
        if first {
            self.enter()?;
        } else if !matches!(self.peek()?.kind, TokenKind::FlowSequenceEnd) {
            if !matches!(self.peek()?.kind, TokenKind::FlowEntry) {
                return self.fault("did not find expected ',' or ']'");
            }
            self.pass();
        }
        let token = self.peek()?;
        match token.kind {
            TokenKind::FlowSequenceEnd => self.leave(EventKind::SequenceEnd),
            TokenKind::Key => {
                let at = token.start;
                self.pass();
                self.state = State::FlowSequencePairKey;
                Ok(plain_event(EventKind::MappingStart, at))
            }
            _ => self.child(Place::Flow, State::FlowSequenceEntry),
        }
    }

    pub(super) fn flow_sequence_pair_key(&mut self) -> Scanned<Event<'a>> {
        match self.peek()?.kind {
            // go-yaml, as libyaml, loses the token that follows a `?` without a key.
            TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowSequenceEnd => {
                let mark = self.pass();
                self.empty_scalar(mark, State::FlowSequencePairValue)
            }
            _ => self.child(Place::Flow, State::FlowSequencePairValue),
        }
    }

    pub(super) fn flow_sequence_pair_value(&mut self) -> Scanned<Event<'a>> {
        if matches!(self.peek()?.kind, TokenKind::Value) {
            self.pass();
            if !matches!(self.peek()?.kind, TokenKind::FlowEntry | TokenKind::FlowSequenceEnd) {
                return self.child(Place::Flow, State::FlowSequencePairEnd);
            }
        }
        let at = self.here()?;
        self.empty_scalar(at, State::FlowSequencePairEnd)
    }

    pub(super) fn flow_sequence_pair_end(&mut self) -> Scanned<Event<'a>> {
        let at = self.here()?;
        self.state = State::FlowSequenceEntry;
        Ok(plain_event(EventKind::MappingEnd, at))
    }

    pub(super) fn flow_mapping_key(&mut self, first: bool) -> Scanned<Event<'a>> {
        if first {
            self.enter()?;
        } else if !matches!(self.peek()?.kind, TokenKind::FlowMappingEnd) {
            if !matches!(self.peek()?.kind, TokenKind::FlowEntry) {
                return self.fault("did not find expected ',' or '}'");
            }
            self.pass();
        }
        match self.peek()?.kind {
            TokenKind::FlowMappingEnd => self.leave(EventKind::MappingEnd),
            TokenKind::Key => {
                self.pass();
                let token = self.peek()?;
                match token.kind {
                    TokenKind::Value | TokenKind::FlowEntry | TokenKind::FlowMappingEnd => {
                        let at = token.start;
                        self.empty_scalar(at, State::FlowMappingValue)
                    }
                    _ => self.child(Place::Flow, State::FlowMappingValue),
                }
            }
            _ => self.child(Place::Flow, State::FlowMappingEmptyValue),
        }
    }

    pub(super) fn flow_mapping_value(&mut self, empty: bool) -> Scanned<Event<'a>> {
        if !empty && matches!(self.peek()?.kind, TokenKind::Value) {
            self.pass();
            if !matches!(self.peek()?.kind, TokenKind::FlowEntry | TokenKind::FlowMappingEnd) {
                return self.child(Place::Flow, State::FlowMappingKey);
            }
        }
        let at = self.here()?;
        self.empty_scalar(at, State::FlowMappingKey)
    }
}

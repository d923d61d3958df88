//! Each kind of token: what it demands of its surroundings, and what it changes for the next one.

use super::fault::Fault;
use super::token::{Token, TokenKind};
use super::{Scanned, Scanner, SimpleKey};

impl<'a> Scanner<'a> {
    /// Ends whatever was open: at the end, at a directive and at a document marker.
    pub(super) fn leave_document(&mut self) -> Scanned<()> {
        self.unroll_indent(-1);
        self.remove_simple_key()?;
        self.simple_key_allowed = false;
        Ok(())
    }

    pub(super) fn fetch_stream_end(&mut self) -> Scanned<()> {
        self.cursor.finish_line();
        self.leave_document()?;
        self.finished = true;
        self.push(TokenKind::StreamEnd, self.cursor.mark());
        Ok(())
    }

    pub(super) fn fetch_directive(&mut self) -> Scanned<()> {
        self.leave_document()?;
        let start = self.cursor.mark();
        let (kind, end) = self.scan_directive(start)?;
        self.tokens.push_back(Token { kind, start, end });
        Ok(())
    }

    pub(super) fn fetch_marker(&mut self, kind: TokenKind<'a>) -> Scanned<()> {
        self.leave_document()?;
        self.push_indicator(3, kind);
        Ok(())
    }

    pub(super) fn push_indicator(&mut self, length: usize, kind: TokenKind<'a>) {
        let start = self.cursor.mark();
        self.cursor.skip(length);
        self.push(kind, start);
    }

    pub(super) fn fetch_flow_start(&mut self, kind: TokenKind<'a>) -> Scanned<()> {
        self.save_simple_key()?;
        let mark = self.cursor.mark();
        let token = self.taken + self.tokens.len();
        self.simple_keys.push(SimpleKey { token, mark, ..SimpleKey::default() });
        self.flow_level += 1;
        if self.flow_level > self.depth_limit {
            return Err(Fault::too_deep(self.depth_limit, mark));
        }
        self.simple_key_allowed = true;
        self.push_indicator(1, kind);
        Ok(())
    }

    pub(super) fn fetch_flow_end(&mut self, kind: TokenKind<'a>) -> Scanned<()> {
        self.remove_simple_key()?;
        if self.flow_level > 0 {
            self.flow_level -= 1;
            let inner = self.simple_keys.pop().unwrap_or_default();
            // go-yaml forgets keys by the number of their token, and for an empty collection that is the number of
            // the collection itself: it cannot be a key.
            let outer = self.current_key();
            outer.holds_back &= outer.token != inner.token;
        }
        self.simple_key_allowed = false;
        self.push_indicator(1, kind);
        Ok(())
    }

    pub(super) fn fetch_flow_entry(&mut self) -> Scanned<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(1, TokenKind::FlowEntry);
        Ok(())
    }

    pub(super) fn fetch_block_entry(&mut self) -> Scanned<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.misplaced("block sequence entries are not allowed in this context"));
            }
            self.roll_indent_here(TokenKind::BlockSequenceStart)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        self.push_indicator(1, TokenKind::BlockEntry);
        Ok(())
    }

    pub(super) fn fetch_key(&mut self) -> Scanned<()> {
        if self.flow_level == 0 {
            if !self.simple_key_allowed {
                return Err(self.misplaced("mapping keys are not allowed in this context"));
            }
            self.roll_indent_here(TokenKind::BlockMappingStart)?;
        }
        self.remove_simple_key()?;
        self.simple_key_allowed = self.flow_level == 0;
        self.push_indicator(1, TokenKind::Key);
        Ok(())
    }

    pub(super) fn fetch_value(&mut self) -> Scanned<()> {
        let key = *self.current_key();
        if self.is_valid_key(key)? {
            self.insert(key.token, TokenKind::Key, key.mark);
            self.roll_indent(key.mark.column, key.token, TokenKind::BlockMappingStart, key.mark)?;
            self.current_key().possible = false;
            self.simple_key_allowed = false;
        } else {
            if self.flow_level == 0 {
                if !self.simple_key_allowed {
                    return Err(self.misplaced("mapping values are not allowed in this context"));
                }
                self.roll_indent_here(TokenKind::BlockMappingStart)?;
            }
            self.simple_key_allowed = self.flow_level == 0;
        }
        self.push_indicator(1, TokenKind::Value);
        Ok(())
    }

    pub(super) fn fetch_anchor(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark();
        let kind = self.scan_anchor(start)?;
        self.push(kind, start);
        Ok(())
    }

    pub(super) fn fetch_tag(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let start = self.cursor.mark();
        let tag = self.scan_tag(start)?;
        self.push(TokenKind::Tag(Box::new(tag)), start);
        Ok(())
    }

    pub(super) fn fetch_block_scalar(&mut self) -> Scanned<()> {
        self.remove_simple_key()?;
        self.simple_key_allowed = true;
        let token = self.scan_block_scalar()?;
        self.tokens.push_back(token);
        Ok(())
    }

    pub(super) fn fetch_quoted_scalar(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_quoted_scalar()?;
        self.tokens.push_back(token);
        Ok(())
    }

    pub(super) fn fetch_plain_scalar(&mut self) -> Scanned<()> {
        self.save_simple_key()?;
        self.simple_key_allowed = false;
        let token = self.scan_plain_scalar()?;
        self.tokens.push_back(token);
        Ok(())
    }
}

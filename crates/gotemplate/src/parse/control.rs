//! Text, actions and blocks.

use std::sync::Arc;

use super::constant::unquote;
use super::node::{Branch, NodeId, NodeKind, Slice};
use super::scope::Scope;
use super::token::{Kind, Token};
use super::{Ending, Item, MAX_CONTROL_DEPTH, ParseError, Parser};
use crate::stack;

impl Parser<'_> {
    /// `{{define "name"}} ... {{end}}`, behind the keyword.
    pub(super) fn definition(&mut self) -> Result<(), ParseError> {
        let context = "define clause";
        let token = self.next_non_space();
        if !matches!(token.kind, Kind::Str | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        let name = self.template_name(token, context)?;
        self.expect(Kind::RightDelim, context)?;
        self.body(name.into(), context)
    }

    /// The body of a definition or block, with variables of its own, up to its `{{end}}`.
    fn body(&mut self, name: Arc<[u8]>, context: &str) -> Result<(), ParseError> {
        let outer = std::mem::replace(&mut self.scope, Scope::new());
        let outer_line = std::mem::take(&mut self.action_line);
        let (root, ending) = self.item_list()?;
        if ending != Ending::End {
            return Err(self.error(format!("unexpected {} in {context}", ending.text())));
        }
        let slots = std::mem::replace(&mut self.scope, outer).slots();
        self.action_line = outer_line;
        self.add(name, root, slots)
    }

    /// Nodes up to an `{{end}}` or `{{else}}`.
    fn item_list(&mut self) -> Result<(Slice, Ending), ParseError> {
        if self.depth >= MAX_CONTROL_DEPTH {
            return Err(self.error("max control structure depth exceeded"));
        }
        self.depth += 1;
        let list = stack::grow(|| self.items());
        self.depth -= 1;
        list
    }

    fn items(&mut self) -> Result<(Slice, Ending), ParseError> {
        let mut nodes = Vec::new();
        while self.peek_non_space().kind != Kind::Eof {
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::Ending(ending) => return Ok((self.slice(&nodes), ending)),
            }
        }
        Err(self.error("unexpected EOF"))
    }

    pub(super) fn text_or_action(&mut self) -> Result<Item, ParseError> {
        let token = self.next_non_space();
        match token.kind {
            Kind::Text => {
                let kind = NodeKind::Text { start: token.start as u32, end: token.end as u32 };
                Ok(Item::Node(self.push(token.start, kind)))
            }
            Kind::LeftDelim => {
                self.action_line = token.line;
                let item = self.action();
                self.action_line = 0;
                item
            }
            _ => Err(self.unexpected(token, "input")),
        }
    }

    fn action(&mut self) -> Result<Item, ParseError> {
        let token = self.next_non_space();
        let node = match token.kind {
            Kind::Block => self.block()?,
            Kind::Break => self.loop_exit(token, "{{break}}", NodeKind::Break)?,
            Kind::Continue => self.loop_exit(token, "{{continue}}", NodeKind::Continue)?,
            Kind::Else => {
                let next = self.peek_non_space();
                if !matches!(next.kind, Kind::If | Kind::With) {
                    self.expect(Kind::RightDelim, "else")?;
                }
                return Ok(Item::Ending(Ending::Else));
            }
            Kind::End => {
                self.expect(Kind::RightDelim, "end")?;
                return Ok(Item::Ending(Ending::End));
            }
            Kind::If => self.control("if")?,
            Kind::Range => self.control("range")?,
            Kind::With => self.control("with")?,
            Kind::Template => self.template_call()?,
            _ => {
                self.back_up();
                let pos = self.peek().start;
                let pipe = self.pipeline("command", Kind::RightDelim)?;
                self.push(pos, NodeKind::Action { pipe })
            }
        };
        Ok(Item::Node(node))
    }

    fn loop_exit(&mut self, token: Token, shown: &str, kind: NodeKind) -> Result<NodeId, ParseError> {
        let next = self.next_non_space();
        if next.kind != Kind::RightDelim {
            return Err(self.unexpected(next, shown));
        }
        if self.scope.range_depth == 0 {
            return Err(self.error(format!("{shown} outside {{{{range}}}}")));
        }
        Ok(self.push(token.start, kind))
    }

    fn control(&mut self, context: &'static str) -> Result<NodeId, ParseError> {
        let mark = self.scope.mark();
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let body = self.scope.mark();
        self.scope.range_depth += usize::from(context == "range");
        let list = self.item_list();
        self.scope.range_depth -= usize::from(context == "range");
        let (list, ending) = list?;
        self.scope.leave_body(body);
        let otherwise = match ending {
            Ending::End => None,
            Ending::Else => Some(self.otherwise(context)?),
        };
        self.scope.pop(mark);
        let branch = Branch { pipe, list, otherwise };
        let kind = match context {
            "if" => NodeKind::If(branch),
            "with" => NodeKind::With(branch),
            _ => NodeKind::Range(branch),
        };
        let pos = self.source.node(pipe).pos as usize;
        Ok(self.push(pos, kind))
    }

    /// What follows an `{{else`: `if` and `with` chain on.
    fn otherwise(&mut self, context: &'static str) -> Result<Slice, ParseError> {
        let next = self.peek().kind;
        if context == "if" && next == Kind::If || context == "with" && next == Kind::With {
            self.next();
            if self.depth >= MAX_CONTROL_DEPTH {
                return Err(self.error("max control structure depth exceeded"));
            }
            self.depth += 1;
            let chained = stack::grow(|| self.control(context));
            self.depth -= 1;
            let chained = chained?;
            return Ok(self.slice(&[chained]));
        }
        let (list, ending) = self.item_list()?;
        if ending != Ending::End {
            return Err(self.error(format!("expected end; found {}", ending.text())));
        }
        Ok(list)
    }

    fn block(&mut self) -> Result<NodeId, ParseError> {
        let context = "block clause";
        let token = self.next_non_space();
        let name = self.template_name(token, context)?;
        let pipe = self.pipeline(context, Kind::RightDelim)?;
        let constant = self.string_constant(&name);
        self.body(name.into(), context)?;
        Ok(self.push(token.start, NodeKind::Template { name: constant, pipe: Some(pipe) }))
    }

    fn template_call(&mut self) -> Result<NodeId, ParseError> {
        let context = "template clause";
        let token = self.next_non_space();
        let name = self.template_name(token, context)?;
        let mut pipe = None;
        if self.next_non_space().kind != Kind::RightDelim {
            self.back_up();
            pipe = Some(self.pipeline(context, Kind::RightDelim)?);
        }
        let name = self.string_constant(&name);
        Ok(self.push(token.start, NodeKind::Template { name, pipe }))
    }

    fn template_name(&mut self, token: Token, context: &str) -> Result<Vec<u8>, ParseError> {
        if !matches!(token.kind, Kind::Str | Kind::RawString) {
            return Err(self.unexpected(token, context));
        }
        unquote(self.token_text(token)).ok_or_else(|| self.error("invalid syntax"))
    }
}

//! Pipelines, commands and operands.

use super::constant::{number, unquote};
use super::node::{NodeId, NodeKind, Slice};
use super::token::{Kind, Token};
use super::{ParseError, Parser};
use crate::stack;

/// How deep parentheses may nest, as in Go.
const MAX_PAREN_DEPTH: usize = 10_000;

/// Variables that a pipeline declares or assigns.
#[derive(Default)]
struct Declarations {
    tokens: Vec<Token>,
    assign: bool,
}

impl Parser<'_> {
    /// A pipeline up to the token `end`.
    pub(super) fn pipeline(&mut self, context: &'static str, end: Kind) -> Result<NodeId, ParseError> {
        let pos = self.peek_non_space().start;
        let declared = self.declarations(context)?;
        let mut commands = Vec::new();
        loop {
            let token = self.next_non_space();
            match token.kind {
                kind if kind == end => break,
                Kind::Bool
                | Kind::CharConstant
                | Kind::Complex
                | Kind::Dot
                | Kind::Field
                | Kind::Identifier
                | Kind::Number
                | Kind::Nil
                | Kind::RawString
                | Kind::Str
                | Kind::Variable
                | Kind::LeftParen => {
                    self.back_up();
                    commands.push(self.command()?);
                }
                _ => return Err(self.unexpected(token, context)),
            }
        }
        self.check_commands(&commands, context)?;
        let decls = self.declare(&declared, context == "range");
        let commands = self.slice(&commands);
        Ok(self.push(pos, NodeKind::Pipe { decls, assign: declared.assign, commands }))
    }

    /// `$x :=`, `$x =`, and `$i, $x :=` in a range.
    fn declarations(&mut self, context: &'static str) -> Result<Declarations, ParseError> {
        let mut declared = Declarations::default();
        loop {
            let variable = self.peek_non_space();
            if variable.kind != Kind::Variable {
                return Ok(declared);
            }
            self.next();
            let after = self.peek();
            let next = self.peek_non_space();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    declared.assign = next.kind == Kind::Assign;
                    self.next_non_space();
                    self.know(&mut declared, variable);
                    return Ok(declared);
                }
                Kind::Char if self.token_text(next) == b"," => {
                    self.next_non_space();
                    self.know(&mut declared, variable);
                    if context != "range" || declared.tokens.len() >= 2 {
                        return Err(self.error(format!("too many declarations in {context}")));
                    }
                    let follows = self.peek_non_space().kind;
                    if !matches!(follows, Kind::Variable | Kind::RightDelim | Kind::RightParen) {
                        return Err(self.error("range can only initialize variables"));
                    }
                }
                _ => {
                    if after.kind == Kind::Space {
                        self.back_up_3(variable, after);
                    } else {
                        self.back_up_2(variable);
                    }
                    return Ok(declared);
                }
            }
        }
    }

    fn know(&mut self, declared: &mut Declarations, variable: Token) {
        declared.tokens.push(variable);
        let name = self.token_text(variable);
        self.scope.know(name);
    }

    /// The variables exist only after the pipeline: `$x := $x` reads the outer one.
    fn declare(&mut self, declared: &Declarations, looped: bool) -> Slice {
        let mut nodes = Vec::with_capacity(declared.tokens.len());
        for &token in &declared.tokens {
            let text = self.token_text(token);
            let slot =
                if declared.assign { self.scope.slot(text).0 } else { self.scope.declare(text, looped) };
            let name = self.name_constant(text);
            nodes.push(
                self.push(token.start, NodeKind::Variable { name, slot, fields: Slice::default(), looped }),
            );
        }
        self.slice(&nodes)
    }

    fn check_commands(&self, commands: &[NodeId], context: &str) -> Result<(), ParseError> {
        if commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        for (at, &command) in commands.iter().enumerate().skip(1) {
            let NodeKind::Command { args } = self.source.node(command).kind else { continue };
            let first = self.source.list(args).first().map(|&id| self.source.node(id).kind);
            if let Some(
                NodeKind::Bool(_)
                | NodeKind::Dot
                | NodeKind::Nil
                | NodeKind::Number { .. }
                | NodeKind::Str { .. },
            ) = first
            {
                return Err(self.error(format!("non executable command in pipeline stage {}", at + 1)));
            }
        }
        Ok(())
    }

    /// Operands up to a pipe, a delimiter or a closing parenthesis.
    fn command(&mut self) -> Result<NodeId, ParseError> {
        let pos = self.peek_non_space().start;
        let mut args = Vec::new();
        loop {
            self.peek_non_space();
            if let Some(operand) = self.operand()? {
                args.push(operand);
            }
            let token = self.next();
            match token.kind {
                Kind::Space => {}
                Kind::RightDelim | Kind::RightParen => {
                    self.back_up();
                    break;
                }
                Kind::Pipe => break,
                _ => return Err(self.unexpected(token, "operand")),
            }
        }
        if args.is_empty() {
            return Err(self.error("empty command"));
        }
        let args = self.slice(&args);
        Ok(self.push(pos, NodeKind::Command { args }))
    }

    /// A term with the fields behind it.
    fn operand(&mut self) -> Result<Option<NodeId>, ParseError> {
        let first_name = self.source.names.len();
        let Some(node) = self.term()? else { return Ok(None) };
        if self.peek().kind != Kind::Field {
            return Ok(Some(node));
        }
        let pos = self.peek().start;
        let kind = self.source.node(node).kind;
        if let NodeKind::Bool(_)
        | NodeKind::Str { .. }
        | NodeKind::Number { .. }
        | NodeKind::Nil
        | NodeKind::Dot = kind
        {
            let text = super::text::node_text(&self.source, node);
            return Err(self.error(format!("unexpected . after term {}", crate::fmt::quote(&text))));
        }
        let start = self.source.names.len() as u32;
        while self.peek().kind == Kind::Field {
            let token = self.next();
            let name = &self.token_text(token)[1..];
            self.name_constant(name);
        }
        let added = Slice { start, len: self.source.names.len() as u32 - start };
        let kind = match kind {
            // The names of a field and of those behind it lie side by side.
            NodeKind::Field { fields } => {
                debug_assert_eq!(fields.start as usize, first_name);
                NodeKind::Field { fields: Slice { len: fields.len + added.len, ..fields } }
            }
            NodeKind::Variable { name, slot, looped, .. } => {
                NodeKind::Variable { name, slot, fields: added, looped }
            }
            _ => NodeKind::Chain { node, fields: added },
        };
        Ok(Some(self.push(pos, kind)))
    }

    fn term(&mut self) -> Result<Option<NodeId>, ParseError> {
        let token = self.next_non_space();
        let text = self.token_text(token);
        let kind = match token.kind {
            Kind::Identifier => self.identifier(text)?,
            Kind::Dot => NodeKind::Dot,
            Kind::Nil => NodeKind::Nil,
            Kind::Variable => self.variable(text)?,
            Kind::Field => {
                let start = self.name_constant(&text[1..]);
                NodeKind::Field { fields: Slice { start, len: 1 } }
            }
            Kind::Bool => NodeKind::Bool(text == b"true"),
            Kind::CharConstant | Kind::Complex | Kind::Number => self.number(token)?,
            Kind::LeftParen => return self.parenthesized().map(Some),
            Kind::Str | Kind::RawString => {
                let value = unquote(text).ok_or_else(|| self.error("invalid syntax"))?;
                NodeKind::Str { index: self.string_constant(&value), end: token.end as u32 }
            }
            _ => {
                self.back_up();
                return Ok(None);
            }
        };
        Ok(Some(self.push(token.start, kind)))
    }

    fn identifier(&mut self, text: &[u8]) -> Result<NodeKind, ParseError> {
        let function = std::str::from_utf8(text).ok().and_then(|name| self.source.functions.id(name));
        match function {
            Some(function) => Ok(NodeKind::Identifier { name: self.name_constant(text), function }),
            None => Err(self.error(format!("function {} not defined", crate::fmt::quote(text)))),
        }
    }

    fn variable(&mut self, text: &[u8]) -> Result<NodeKind, ParseError> {
        if !self.scope.is_known(text) {
            return Err(self.error(format!("undefined variable {}", crate::fmt::quote(text))));
        }
        let (slot, looped) = self.scope.slot(text);
        Ok(NodeKind::Variable { name: self.name_constant(text), slot, fields: Slice::default(), looped })
    }

    fn number(&mut self, token: Token) -> Result<NodeKind, ParseError> {
        let text = String::from_utf8_lossy(self.token_text(token));
        let number = number(&text, token.kind).map_err(|message| self.error(message))?;
        self.source.numbers.push(number);
        Ok(NodeKind::Number { index: (self.source.numbers.len() - 1) as u32, end: token.end as u32 })
    }

    fn parenthesized(&mut self) -> Result<NodeId, ParseError> {
        if self.scope.paren_depth >= MAX_PAREN_DEPTH {
            return Err(self.error("max expression depth exceeded"));
        }
        self.scope.paren_depth += 1;
        let pipe = stack::grow(|| self.pipeline("parenthesized pipeline", Kind::RightParen));
        self.scope.paren_depth -= 1;
        pipe
    }
}

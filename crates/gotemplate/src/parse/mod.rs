//! From template text to parsed templates.

mod constant;
mod control;
mod expression;
mod lex;
mod node;
mod scope;
mod text;
mod token;

use std::sync::Arc;

use crate::functions::FunctionSet;
use crate::str::ConstStr;

pub use node::Template;
pub(crate) use node::{Branch, NO_SLOT, Node, NodeId, NodeKind, Slice, Source};
pub(crate) use text::{location, node_text};

use lex::Lexer;
use scope::Scope;
use token::{Kind, Token};

/// How deep `if`, `range` and their like may nest.
const MAX_CONTROL_DEPTH: usize = 10_000;

/// A text that is no template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("template: {name}:{line}: {message}")]
pub struct ParseError {
    /// Name of the text.
    pub name: String,
    /// The line, from 1.
    pub line: u32,
    /// What is wrong, in Go's words.
    pub message: String,
}

/// The templates of one text: the text itself, and those that it defines.
#[derive(Clone, Debug)]
pub struct Parsed {
    templates: Vec<Arc<Template>>,
    main: Arc<Template>,
}

impl Parsed {
    /// Parses a text.
    ///
    /// # Errors
    /// When the text is no template or names a function that is not in the set.
    pub fn parse(
        name: impl AsRef<[u8]>,
        text: impl AsRef<[u8]>,
        functions: &Arc<FunctionSet>,
    ) -> Result<Parsed, ParseError> {
        let (name, text) = (name.as_ref(), text.as_ref());
        if u32::try_from(text.len()).is_err() {
            let name = String::from_utf8_lossy(name).into_owned();
            return Err(ParseError { name, line: 1, message: "text is longer than 4 GiB".into() });
        }
        Parser::new(name, text, functions).parse()
    }

    /// All templates, the text itself among them.
    pub fn templates(&self) -> &[Arc<Template>] {
        &self.templates
    }

    /// The template that is the text itself.
    pub fn main(&self) -> &Arc<Template> {
        &self.main
    }
}

struct Draft {
    name: Arc<[u8]>,
    root: Slice,
    slots: u32,
    empty: bool,
}

struct Parser<'t> {
    text: &'t [u8],
    lexer: Lexer<'t>,
    source: Source,
    tokens: [Token; 3],
    peeked: usize,
    scope: Scope,
    drafts: Vec<Draft>,
    /// Line of the delimiter that opened the present action.
    action_line: u32,
    depth: usize,
}

/// What ended a list of nodes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    End,
    Else,
}

impl Ending {
    fn text(self) -> &'static str {
        match self {
            Ending::End => "{{end}}",
            Ending::Else => "{{else}}",
        }
    }
}

/// One step of a list.
enum Item {
    Node(NodeId),
    Ending(Ending),
}

impl<'t> Parser<'t> {
    fn new(name: &[u8], text: &'t [u8], functions: &Arc<FunctionSet>) -> Parser<'t> {
        let source = Source {
            name: name.into(),
            text: text.into(),
            functions: functions.clone(),
            nodes: Vec::with_capacity(text.len() / 16),
            ids: Vec::with_capacity(text.len() / 16),
            names: Vec::new(),
            strings: Vec::new(),
            numbers: Vec::new(),
        };
        Parser {
            text,
            lexer: Lexer::new(text),
            source,
            tokens: [Token::NONE; 3],
            peeked: 0,
            scope: Scope::new(),
            drafts: Vec::new(),
            action_line: 0,
            depth: 0,
        }
    }

    fn parse(mut self) -> Result<Parsed, ParseError> {
        let mut nodes = Vec::new();
        while self.peek().kind != Kind::Eof {
            if self.peek().kind == Kind::LeftDelim {
                let delimiter = self.next();
                if self.next_non_space().kind == Kind::Define {
                    self.definition()?;
                    continue;
                }
                self.back_up_2(delimiter);
            }
            match self.text_or_action()? {
                Item::Node(node) => nodes.push(node),
                Item::Ending(ending) => return Err(self.error(format!("unexpected {}", ending.text()))),
            }
        }
        let root = self.slice(&nodes);
        let name = self.source.name.clone();
        let slots = self.scope.slots();
        self.add(name, root, slots)?;
        Ok(self.finish())
    }

    fn finish(self) -> Parsed {
        let source = Arc::new(self.source);
        let templates: Vec<Arc<Template>> = self
            .drafts
            .into_iter()
            .map(|Draft { name, root, slots, empty }| {
                Arc::new(Template { name, source: source.clone(), root, slots, empty })
            })
            .collect();
        let main = templates.iter().find(|template| template.name == source.name).cloned();
        let main = main.unwrap_or_else(|| templates[templates.len() - 1].clone());
        Parsed { templates, main }
    }

    /// Keeps a template; a text must not define one twice.
    fn add(&mut self, name: Arc<[u8]>, root: Slice, slots: u32) -> Result<(), ParseError> {
        let empty = self.is_empty(root);
        let draft = Draft { name, root, slots, empty };
        match self.drafts.iter().position(|have| have.name == draft.name) {
            None => self.drafts.push(draft),
            Some(at) if self.drafts[at].empty => self.drafts[at] = draft,
            Some(_) if empty => {}
            Some(_) => {
                let name = crate::fmt::quote(&draft.name);
                return Err(self.error(format!("template: multiple definition of template {name}")));
            }
        }
        Ok(())
    }

    /// Whether there is only white space.
    fn is_empty(&self, list: Slice) -> bool {
        self.source.list(list).iter().all(|&id| match self.source.node(id).kind {
            NodeKind::Text { start, end } => {
                let text = &self.text[start as usize..end as usize];
                crate::utf8::chars(text).all(char::is_whitespace)
            }
            _ => false,
        })
    }

    fn next(&mut self) -> Token {
        if self.peeked > 0 {
            self.peeked -= 1;
        } else {
            self.tokens[0] = self.lexer.next_token();
        }
        self.tokens[self.peeked]
    }

    fn back_up(&mut self) {
        self.peeked += 1;
    }

    /// Puts back the last token and, before it, `first`.
    fn back_up_2(&mut self, first: Token) {
        self.tokens[1] = first;
        self.peeked = 2;
    }

    /// Puts back the last token and, before it, `first` and `second`.
    fn back_up_3(&mut self, first: Token, second: Token) {
        self.tokens[1] = second;
        self.tokens[2] = first;
        self.peeked = 3;
    }

    fn peek(&mut self) -> Token {
        if self.peeked == 0 {
            self.peeked = 1;
            self.tokens[0] = self.lexer.next_token();
        }
        self.tokens[self.peeked - 1]
    }

    fn next_non_space(&mut self) -> Token {
        loop {
            let token = self.next();
            if token.kind != Kind::Space {
                return token;
            }
        }
    }

    fn peek_non_space(&mut self) -> Token {
        let token = self.next_non_space();
        self.back_up();
        token
    }

    fn token_text(&self, token: Token) -> &'t [u8] {
        &self.text[token.start..token.end]
    }

    fn expect(&mut self, kind: Kind, context: &str) -> Result<Token, ParseError> {
        let token = self.next_non_space();
        if token.kind == kind { Ok(token) } else { Err(self.unexpected(token, context)) }
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        let name = String::from_utf8_lossy(&self.source.name).into_owned();
        ParseError { name, line: self.tokens[0].line, message: message.into() }
    }

    fn unexpected(&self, token: Token, context: &str) -> ParseError {
        if token.kind != Kind::Error {
            let shown = self.shown(token);
            return self.error(format!("unexpected {shown} in {context}"));
        }
        let mut message = self.lexer.message.clone();
        if self.action_line != 0 && self.action_line != token.line {
            let name = String::from_utf8_lossy(&self.source.name);
            let preposition = if message.ends_with(" action") { "" } else { " in action" };
            message.push_str(&format!("{preposition} started at {name}:{}", self.action_line));
        }
        self.error(message)
    }

    /// A token as error texts show it.
    fn shown(&self, token: Token) -> String {
        let text = self.token_text(token);
        match token.kind {
            Kind::Eof => "EOF".into(),
            kind if kind.is_keyword() => format!("<{}>", String::from_utf8_lossy(text)),
            _ if text.len() > 10 => {
                let end = crate::utf8::char_indices(text).nth(10).map_or(text.len(), |(end, _)| end);
                format!("{}...", crate::fmt::quote(&text[..end]))
            }
            _ => crate::fmt::quote(text),
        }
    }

    fn push(&mut self, pos: usize, kind: NodeKind) -> NodeId {
        self.source.nodes.push(Node { pos: pos as u32, kind });
        (self.source.nodes.len() - 1) as NodeId
    }

    /// Keeps the indexes of some nodes side by side.
    fn slice(&mut self, ids: &[NodeId]) -> Slice {
        let start = self.source.ids.len() as u32;
        self.source.ids.extend_from_slice(ids);
        Slice { start, len: ids.len() as u32 }
    }

    fn name_constant(&mut self, text: &[u8]) -> u32 {
        self.source.names.push(ConstStr::new(text));
        (self.source.names.len() - 1) as u32
    }

    fn string_constant(&mut self, text: &[u8]) -> u32 {
        self.source.strings.push(ConstStr::new(text));
        (self.source.strings.len() - 1) as u32
    }
}

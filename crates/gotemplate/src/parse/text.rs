//! Nodes written back as text, for error messages.

use super::node::{Branch, NodeId, NodeKind, Slice, Source};
use crate::stack;

/// `name:line:column` of a byte; the column counts bytes from 0 on the first line, as Go has it.
pub(crate) fn location(source: &Source, pos: u32) -> String {
    let before = &source.text[..(pos as usize).min(source.text.len())];
    let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
    let column = match before.iter().rposition(|&byte| byte == b'\n') {
        Some(newline) => before.len() - newline - 1,
        None => before.len(),
    };
    format!("{}:{line}:{column}", String::from_utf8_lossy(&source.name))
}

/// The node as Go's `String` method writes it.
pub(crate) fn node_text(source: &Source, node: NodeId) -> Vec<u8> {
    let mut out = Vec::new();
    Writer { source, out: &mut out }.node(node);
    out
}

struct Writer<'a> {
    source: &'a Source,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn write(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn node(&mut self, id: NodeId) {
        let node = self.source.node(id);
        match node.kind {
            NodeKind::Text { start, end } => self.source_text(start, end),
            NodeKind::Action { pipe } => {
                self.write("{{");
                self.node(pipe);
                self.write("}}");
            }
            NodeKind::If(branch) => self.branch("if", branch),
            NodeKind::With(branch) => self.branch("with", branch),
            NodeKind::Range(branch) => self.branch("range", branch),
            NodeKind::Break => self.write("{{break}}"),
            NodeKind::Continue => self.write("{{continue}}"),
            NodeKind::Template { name, pipe } => self.template(name, pipe),
            NodeKind::Pipe { decls, assign, commands } => self.pipe(decls, assign, commands),
            NodeKind::Command { args } => self.command(args),
            NodeKind::Identifier { name, .. } => self.name(name),
            NodeKind::Variable { name, fields, .. } => {
                self.name(name);
                self.fields(fields);
            }
            NodeKind::Field { fields } => self.fields(fields),
            NodeKind::Chain { node, fields } => {
                self.operand(node);
                self.fields(fields);
            }
            NodeKind::Dot => self.write("."),
            NodeKind::Nil => self.write("nil"),
            NodeKind::Bool(truth) => self.write(if truth { "true" } else { "false" }),
            NodeKind::Number { end, .. } | NodeKind::Str { end, .. } => self.source_text(node.pos, end),
        }
    }

    fn source_text(&mut self, start: u32, end: u32) {
        self.out.extend_from_slice(&self.source.text[start as usize..end as usize]);
    }

    fn name(&mut self, name: u32) {
        self.out.extend_from_slice(self.source.names[name as usize].as_bytes());
    }

    fn fields(&mut self, fields: Slice) {
        for name in self.source.names(fields) {
            self.out.push(b'.');
            self.out.extend_from_slice(name.as_bytes());
        }
    }

    /// Pipelines inside commands and chains stand in parentheses.
    fn operand(&mut self, id: NodeId) {
        if !matches!(self.source.node(id).kind, NodeKind::Pipe { .. }) {
            return self.node(id);
        }
        self.out.push(b'(');
        stack::grow(|| self.node(id));
        self.out.push(b')');
    }

    fn command(&mut self, args: Slice) {
        for (at, &arg) in self.source.list(args).iter().enumerate() {
            if at > 0 {
                self.out.push(b' ');
            }
            self.operand(arg);
        }
    }

    fn pipe(&mut self, decls: Slice, assign: bool, commands: Slice) {
        for (at, &decl) in self.source.list(decls).iter().enumerate() {
            if at > 0 {
                self.write(", ");
            }
            self.node(decl);
        }
        if decls.len > 0 {
            self.write(if assign { " = " } else { " := " });
        }
        for (at, &command) in self.source.list(commands).iter().enumerate() {
            if at > 0 {
                self.write(" | ");
            }
            self.node(command);
        }
    }

    fn template(&mut self, name: u32, pipe: Option<NodeId>) {
        self.write("{{template ");
        let quoted = crate::fmt::quote(self.source.strings[name as usize].as_bytes());
        self.write(&quoted);
        if let Some(pipe) = pipe {
            self.out.push(b' ');
            self.node(pipe);
        }
        self.write("}}");
    }

    fn branch(&mut self, name: &str, branch: Branch) {
        self.write(&format!("{{{{{name} "));
        self.node(branch.pipe);
        self.write("}}");
        stack::grow(|| self.list(branch.list));
        if let Some(otherwise) = branch.otherwise {
            self.write("{{else}}");
            stack::grow(|| self.list(otherwise));
        }
        self.write("{{end}}");
    }

    fn list(&mut self, list: Slice) {
        for &id in self.source.list(list) {
            self.node(id);
        }
    }
}

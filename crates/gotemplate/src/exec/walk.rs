//! Statements: text, actions, branches, loops, template calls.

use super::{Exec, Running};
use crate::list::Element;
use crate::parse::{Branch, NodeId, NodeKind, Slice};
use crate::{Context, Value, fmt, stack};

/// How a list of statements ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
}

impl Context<'_> {
    pub(super) fn walk_list(&mut self, running: &Running<'_>, dot: &Value, list: Slice) -> Exec<Flow> {
        for &id in running.source.list(list) {
            let flow = self.walk(running, dot, id)?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    fn walk(&mut self, running: &Running<'_>, dot: &Value, id: NodeId) -> Exec<Flow> {
        self.step(running)?;
        self.node = id;
        match running.source.node(id).kind {
            NodeKind::Text { start, end } => {
                let text = &running.source.text[start as usize..end as usize];
                self.made(running, text.len())?;
                self.out.extend_from_slice(text);
            }
            NodeKind::Action { pipe } => {
                let value = self.pipeline(running, dot, pipe)?;
                if !declares(running, pipe) {
                    self.node = id;
                    self.print(running, &value)?;
                }
            }
            NodeKind::If(branch) => return self.branch(running, dot, branch, false),
            NodeKind::With(branch) => return self.branch(running, dot, branch, true),
            NodeKind::Range(branch) => return stack::grow(|| self.range(running, dot, id, branch)),
            NodeKind::Break => return Ok(Flow::Break),
            NodeKind::Continue => return Ok(Flow::Continue),
            NodeKind::Template { name, pipe } => self.call_template(running, dot, name, pipe)?,
            other => return Err(self.error(running, format!("unknown node: {other:?}"))),
        }
        Ok(Flow::Next)
    }

    fn branch(&mut self, running: &Running<'_>, dot: &Value, branch: Branch, with: bool) -> Exec<Flow> {
        let value = self.pipeline(running, dot, branch.pipe)?;
        if value.truth() {
            let inner = Running { boxed_dot: running.boxed_dot && !with, ..*running };
            let dot = if with { &value } else { dot };
            return stack::grow(|| self.walk_list(&inner, dot, branch.list));
        }
        match branch.otherwise {
            Some(otherwise) => stack::grow(|| self.walk_list(running, dot, otherwise)),
            None => Ok(Flow::Next),
        }
    }

    fn range(&mut self, running: &Running<'_>, dot: &Value, id: NodeId, branch: Branch) -> Exec<Flow> {
        self.node = id;
        let value = self.pipeline(running, dot, branch.pipe)?;
        let variables = Variables::of(running, branch.pipe);
        let mut turns = Turns { list: branch.list, variables, any: false };
        match &value {
            Value::Nil | Value::NilInterface => {}
            Value::Int(_) | Value::Int64(_) | Value::Sized(..) => {
                self.range_integer(running, &value, &mut turns)?
            }
            Value::Bytes(bytes) => {
                let running = &Running { boxed_dot: false, ..*running };
                for (at, &byte) in bytes.iter().enumerate() {
                    let element = Value::Sized(crate::IntKind::Uint8, u64::from(byte));
                    if self.turn(running, &mut turns, Value::Int(at as i64), element)? {
                        break;
                    }
                }
            }
            Value::List(list) => {
                let running = &Running { boxed_dot: list.list_type().element == Element::Any, ..*running };
                for (at, item) in list.items().iter().enumerate() {
                    if self.turn(running, &mut turns, Value::Int(at as i64), in_interface(item))? {
                        break;
                    }
                }
            }
            Value::Map(map) => {
                let running = &Running { boxed_dot: map.map_type().element == Element::Any, ..*running };
                // As in Go the entries are those from before the loop, whatever its body does to the map.
                for (key, value) in map.snapshot() {
                    if self.turn(running, &mut turns, Value::Str(key), in_interface(&value))? {
                        break;
                    }
                }
            }
            Value::Bool(_) | Value::Float(_) | Value::Str(_) | Value::Object(_) | Value::Function(_) => {
                let shown = fmt::to_text(&value);
                return Err(self.error(running, format!("range can't iterate over {shown}")));
            }
        }
        match branch.otherwise {
            // Go stops a break in the else part here, so it does not end the loop around.
            Some(otherwise) if !turns.any => match self.walk_list(running, dot, otherwise)? {
                Flow::Continue => Ok(Flow::Continue),
                Flow::Next | Flow::Break => Ok(Flow::Next),
            },
            _ => Ok(Flow::Next),
        }
    }

    fn range_integer(&mut self, running: &Running<'_>, value: &Value, turns: &mut Turns) -> Exec<()> {
        if turns.variables.second.is_some() {
            let shown = fmt::to_text(value);
            let message = format!("can't use {shown} to iterate over more than one variable");
            return Err(self.error(running, message));
        }
        let running = &Running { boxed_dot: false, ..*running };
        let end = value.as_integer().unwrap_or(i64::MAX);
        for number in 0..end.max(0) {
            let element = match value {
                Value::Int(_) => Value::Int(number),
                Value::Sized(kind, _) => Value::Sized(*kind, number as u64),
                _ => Value::Int64(number),
            };
            if self.turn(running, turns, Value::Nil, element)? {
                break;
            }
        }
        Ok(())
    }

    /// One turn of a loop; whether the loop is over.
    fn turn(&mut self, running: &Running<'_>, turns: &mut Turns, index: Value, element: Value) -> Exec<bool> {
        self.step(running)?;
        turns.any = true;
        match turns.variables {
            Variables { first: Some(first), second: Some(second), .. } => {
                self.assign(running, first, index)?;
                self.assign(running, second, element.clone())?;
            }
            Variables { first: Some(first), second: None, .. } => {
                self.assign(running, first, element.clone())?
            }
            Variables { first: None, .. } => {}
        }
        let flow = self.walk_list(running, &element, turns.list)?;
        Ok(flow == Flow::Break)
    }

    fn call_template(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        name: u32,
        pipe: Option<NodeId>,
    ) -> Exec<()> {
        let name = running.source.strings[name as usize].as_bytes();
        let Some(template) = self.templates.get(name).cloned() else {
            return Err(self.error(running, format!("template {} not defined", fmt::quote(name))));
        };
        let dot = match pipe {
            Some(pipe) => self.pipeline(running, dot, pipe)?,
            None => Value::Nil,
        };
        self.run(&template, dot)
    }

    fn print(&mut self, running: &Running<'_>, value: &Value) -> Exec<()> {
        let before = self.out.len();
        match value {
            Value::Nil | Value::NilInterface => self.out.extend_from_slice(b"<no value>"),
            Value::Function(_) => {
                let node = String::from_utf8_lossy(&self.node_text(running, self.node)).into_owned();
                return Err(self.error(running, format!("can't print {node} of type {}", value.go_type())));
            }
            other => {
                let printed = fmt::append_text(&mut self.out, other);
                printed.map_err(|exhausted| self.exhausted(running, exhausted))?;
            }
        }
        self.made(running, self.out.len() - before)
    }
}

/// What stays the same from one turn of a loop to the next, and whether there was a turn.
struct Turns {
    list: Slice,
    variables: Variables,
    any: bool,
}

/// The variables of a loop, as nodes.
#[derive(Clone, Copy)]
struct Variables {
    first: Option<NodeId>,
    second: Option<NodeId>,
}

impl Variables {
    fn of(running: &Running<'_>, pipe: NodeId) -> Variables {
        let NodeKind::Pipe { decls, .. } = running.source.node(pipe).kind else {
            return Variables { first: None, second: None };
        };
        let decls = running.source.list(decls);
        Variables { first: decls.first().copied(), second: decls.get(1).copied() }
    }
}

/// An element as it stands in its container: nil there is a nil interface.
fn in_interface(element: &Value) -> Value {
    match element {
        Value::Nil => Value::NilInterface,
        other => other.clone(),
    }
}

fn declares(running: &Running<'_>, pipe: NodeId) -> bool {
    matches!(running.source.node(pipe).kind, NodeKind::Pipe { decls, .. } if decls.len > 0)
}

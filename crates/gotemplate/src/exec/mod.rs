//! Running parsed templates.

mod call;
mod error;
mod field;
mod operand;
mod pipeline;
mod walk;

pub use error::{ExecError, Frame};

use crate::budget::Exhausted;
use crate::parse::{Source, Template, location, node_text};
use crate::{Context, Value, stack};

/// Result of a step.
type Exec<T> = Result<T, Box<ExecError>>;

/// The template under way: what it is and where its variables are.
#[derive(Clone, Copy)]
struct Running<'t> {
    template: &'t Template,
    source: &'t Source,
    base: usize,
    /// Whether dot stands in an `interface {}`, as the elements of most lists do: error texts then name that
    /// instead of its type.
    boxed_dot: bool,
}

impl Context<'_> {
    /// Runs a template, its text going to `self.out`.
    pub(crate) fn run(&mut self, template: &Template, dot: Value) -> Exec<()> {
        let running =
            Running { template, source: &template.source, base: self.slots.len(), boxed_dot: false };
        if self.depth >= self.budget.max_depth() {
            let limit = self.budget.max_depth();
            return Err(self.exhausted(&running, Exhausted::Depth { limit }));
        }
        self.slots.resize(running.base + template.slots as usize, Value::Nil);
        self.slots[running.base] = dot.clone();
        let caller = self.node;
        self.depth += 1;
        let result = stack::grow(|| self.walk_list(&running, &dot, template.root));
        self.depth -= 1;
        self.node = caller;
        self.slots.truncate(running.base);
        result.map(|_| ())
    }

    /// The error at the present node.
    #[cold]
    fn error(&self, running: &Running<'_>, message: impl Into<String>) -> Box<ExecError> {
        ExecError::new(message, self.frame(running, None))
    }

    #[cold]
    fn exhausted(&self, running: &Running<'_>, exhausted: Exhausted) -> Box<ExecError> {
        ExecError::exhausted(exhausted, self.frame(running, None))
    }

    fn frame(&self, running: &Running<'_>, call: Option<&str>) -> Frame {
        let node = running.source.nodes.get(self.node as usize);
        Frame::At {
            location: location(running.source, node.map_or(0, |node| node.pos)),
            template: String::from_utf8_lossy(&running.template.name).into_owned(),
            node: String::from_utf8_lossy(&self.node_text(running, self.node)).into_owned(),
            call: call.map(str::to_string),
        }
    }

    fn node_text(&self, running: &Running<'_>, node: u32) -> Vec<u8> {
        if (node as usize) < running.source.nodes.len() {
            node_text(running.source, node)
        } else {
            Vec::new()
        }
    }

    #[inline]
    fn step(&mut self, running: &Running<'_>) -> Exec<()> {
        self.tick().map_err(|exhausted| self.exhausted(running, exhausted))
    }

    #[inline]
    fn made(&mut self, running: &Running<'_>, bytes: usize) -> Exec<()> {
        self.spend_bytes(bytes as u64).map_err(|exhausted| self.exhausted(running, exhausted))
    }
}

//! Pipelines and commands.

use super::{Exec, Running};
use crate::parse::{NO_SLOT, NodeId, NodeKind};
use crate::{Context, Value};

impl Context<'_> {
    /// The value of a pipeline; its variables are set.
    pub(super) fn pipeline(&mut self, running: &Running<'_>, dot: &Value, id: NodeId) -> Exec<Value> {
        self.node = id;
        let NodeKind::Pipe { decls, commands, .. } = running.source.node(id).kind else {
            return Err(self.error(running, "not a pipeline"));
        };
        let mut value = None;
        for &command in running.source.list(commands) {
            value = Some(self.command(running, dot, command, value)?.unwrapped());
        }
        let value = value.unwrap_or(Value::Nil);
        for &decl in running.source.list(decls) {
            self.assign(running, decl, value.clone())?;
        }
        Ok(value)
    }

    /// Sets the variable of a declaration or assignment.
    pub(super) fn assign(&mut self, running: &Running<'_>, decl: NodeId, value: Value) -> Exec<()> {
        let NodeKind::Variable { name, slot, .. } = running.source.node(decl).kind else { return Ok(()) };
        if slot == NO_SLOT {
            return Err(self.undefined_variable(running, name));
        }
        self.slots[running.base + slot as usize] = value;
        Ok(())
    }

    /// A command; `last` is what the command before it in the pipeline gave.
    fn command(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        id: NodeId,
        last: Option<Value>,
    ) -> Exec<Value> {
        self.step(running)?;
        let NodeKind::Command { args } = running.source.node(id).kind else {
            return Err(self.error(running, "not a command"));
        };
        let args = running.source.list(args);
        let first = args[0];
        match running.source.node(first).kind {
            NodeKind::Field { fields } => {
                self.node = first;
                self.field_chain(running, dot, dot, first, fields, args, last)
            }
            NodeKind::Chain { .. } => self.chain(running, dot, first, args, last),
            NodeKind::Identifier { function, .. } => {
                self.node = first;
                self.call_function(running, dot, function, id, args, last)
            }
            NodeKind::Pipe { .. } => {
                self.not_a_function(running, args, last.as_ref())?;
                crate::stack::grow(|| self.pipeline(running, dot, first))
            }
            NodeKind::Variable { .. } => self.variable(running, dot, first, args, last),
            _ => {
                self.node = first;
                self.not_a_function(running, args, last.as_ref())?;
                self.literal(running, dot, first)
            }
        }
    }

    /// A command that is a single word.
    fn literal(&mut self, running: &Running<'_>, dot: &Value, id: NodeId) -> Exec<Value> {
        match running.source.node(id).kind {
            NodeKind::Bool(truth) => Ok(Value::Bool(truth)),
            NodeKind::Dot => Ok(dot.clone()),
            NodeKind::Nil => Err(self.error(running, "nil is not a command")),
            NodeKind::Number { index, .. } => self.ideal_constant(running, index),
            NodeKind::Str { index, .. } => Ok(Value::Str(running.source.strings[index as usize].to_str())),
            _ => {
                let text = crate::fmt::quote(&self.node_text(running, id));
                Err(self.error(running, format!("can't evaluate command {text}")))
            }
        }
    }

    pub(super) fn chain(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        id: NodeId,
        args: &[NodeId],
        last: Option<Value>,
    ) -> Exec<Value> {
        self.node = id;
        let NodeKind::Chain { node, fields } = running.source.node(id).kind else {
            return Err(self.error(running, "not a chain"));
        };
        if matches!(running.source.node(node).kind, NodeKind::Nil) {
            let text = String::from_utf8_lossy(&self.node_text(running, id)).into_owned();
            return Err(self.error(running, format!("indirection through explicit nil in {text}")));
        }
        let receiver = self.any_operand(running, dot, node)?;
        self.field_chain(running, dot, &receiver, id, fields, args, last)
    }

    pub(super) fn variable(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        id: NodeId,
        args: &[NodeId],
        last: Option<Value>,
    ) -> Exec<Value> {
        self.node = id;
        let NodeKind::Variable { name, slot, fields, .. } = running.source.node(id).kind else {
            return Err(self.error(running, "not a variable"));
        };
        if slot == NO_SLOT {
            return Err(self.undefined_variable(running, name));
        }
        let value = self.slots[running.base + slot as usize].clone();
        if fields.len > 0 {
            return self.field_chain(running, dot, &value, id, fields, args, last);
        }
        self.not_a_function(running, args, last.as_ref())?;
        Ok(value)
    }

    fn undefined_variable(&self, running: &Running<'_>, name: u32) -> Box<super::ExecError> {
        let name = running.source.names[name as usize].to_str();
        self.error(running, format!("undefined variable: {name}"))
    }

    fn not_a_function(&self, running: &Running<'_>, args: &[NodeId], last: Option<&Value>) -> Exec<()> {
        if args.len() <= 1 && last.is_none() {
            return Ok(());
        }
        // A variable is evaluated as an argument with no words of its own.
        let text = args.first().map(|&first| self.node_text(running, first)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        Err(self.error(running, format!("can't give argument to non-function {text}")))
    }
}

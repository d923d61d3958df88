//! Fields and methods.

use super::call::Callee;
use super::{Exec, Running};
use crate::context::MissingKey;
use crate::list::Element;
use crate::object::Method;
use crate::parse::{NodeId, NodeKind, Slice};
use crate::str::ConstStr;
use crate::{Context, Map, Object, Value};

/// How a field is used.
struct Access<'a> {
    dot: &'a Value,
    /// For error messages.
    node: NodeId,
    args: &'a [NodeId],
    last: Option<Value>,
    /// Whether the receiver stood in an `interface {}`, which error texts name instead of its type.
    in_interface: bool,
}

impl Context<'_> {
    /// `receiver.a.b.c`, the last of them perhaps a method with arguments.
    #[expect(clippy::too_many_arguments, reason = "each is a different part of one command")]
    pub(super) fn field_chain(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        receiver: &Value,
        node: NodeId,
        fields: Slice,
        args: &[NodeId],
        mut last: Option<Value>,
    ) -> Exec<Value> {
        let names = running.source.names(fields);
        let mut held = Value::Nil;
        let mut in_interface = match running.source.node(node).kind {
            NodeKind::Field { .. } => running.boxed_dot,
            NodeKind::Variable { looped, .. } => looped,
            _ => false,
        };
        for (at, name) in names.iter().enumerate() {
            let receiver = if at == 0 { receiver } else { &held };
            let boxes = matches!(receiver, Value::Map(map) if map.map_type().element == Element::Any);
            let ends = at + 1 == names.len();
            let plain = !ends || args.len() <= 1 && last.is_none();
            held = match receiver {
                Value::Map(map) if plain && map.map_type().methods.is_empty() => {
                    self.entry(running, map, name)?
                }
                _ => {
                    let args = if ends { args } else { &[] };
                    let last = if ends { last.take() } else { None };
                    self.field(running, Access { dot, node, args, last, in_interface }, receiver, name)?
                }
            };
            in_interface = boxes;
        }
        Ok(held)
    }

    fn field(
        &mut self,
        running: &Running<'_>,
        access: Access<'_>,
        receiver: &Value,
        name: &ConstStr,
    ) -> Exec<Value> {
        match receiver {
            Value::Map(map) => self.map_field(running, access, map, name),
            Value::Nil if self.missing_key == MissingKey::Error => {
                let name = crate::fmt::quote(name.as_bytes());
                Err(self.error(running, format!("nil data; no entry for key {name}")))
            }
            Value::Nil => Ok(Value::Nil),
            Value::NilInterface => {
                let name = name.to_str();
                Err(self.error(running, format!("nil pointer evaluating interface {{}}.{name}")))
            }
            Value::Object(object) => self.object_field(running, access, &**object, receiver, name),
            Value::List(list) => match method(list.list_type().methods, name) {
                Some(method) => self.call_method(running, access, method, receiver),
                None => Err(self.no_field(running, &access, receiver, name)),
            },
            _ => Err(self.no_field(running, &access, receiver, name)),
        }
    }

    fn map_field(
        &mut self,
        running: &Running<'_>,
        access: Access<'_>,
        map: &Map,
        name: &ConstStr,
    ) -> Exec<Value> {
        let map_type = map.map_type();
        if let Some(method) = method(map_type.methods, name) {
            return self.call_method(running, access, method, &Value::Map(map.clone()));
        }
        if has_arguments(&access) {
            let name = name.to_str();
            return Err(self.error(running, format!("{name} is not a method but has arguments")));
        }
        self.entry(running, map, name)
    }

    /// The value under a key, or what a missing one gives.
    fn entry(&mut self, running: &Running<'_>, map: &Map, name: &ConstStr) -> Exec<Value> {
        match map.get(name.as_bytes()) {
            Some(Value::Nil) => Ok(Value::NilInterface),
            Some(value) => Ok(value),
            None => self.missing(running, map, name),
        }
    }

    fn missing(&mut self, running: &Running<'_>, map: &Map, name: &ConstStr) -> Exec<Value> {
        match self.missing_key {
            MissingKey::Invalid => Ok(Value::Nil),
            MissingKey::Zero => Ok(match map.map_type().element.zero() {
                Value::Nil => Value::NilInterface,
                zero => zero,
            }),
            MissingKey::Error => {
                let name = crate::fmt::quote(name.as_bytes());
                Err(self.error(running, format!("map has no entry for key {name}")))
            }
        }
    }

    fn object_field(
        &mut self,
        running: &Running<'_>,
        access: Access<'_>,
        object: &dyn Object,
        receiver: &Value,
        name: &ConstStr,
    ) -> Exec<Value> {
        if let Some(method) = method(object.methods(), name) {
            return self.call_method(running, access, method, receiver);
        }
        let Some(value) = std::str::from_utf8(name.as_bytes()).ok().and_then(|name| object.field(name))
        else {
            return Err(self.no_field(running, &access, receiver, name));
        };
        if has_arguments(&access) {
            let message = format!("{} has arguments but cannot be invoked as function", name.to_str());
            return Err(self.error(running, message));
        }
        Ok(value)
    }

    fn call_method(
        &mut self,
        running: &Running<'_>,
        access: Access<'_>,
        method: &'static Method,
        receiver: &Value,
    ) -> Exec<Value> {
        let callee = Callee {
            name: method.name,
            params: method.params,
            variadic: method.variadic,
            call: method.call,
            receiver: Some(receiver),
        };
        self.call(running, access.dot, &callee, access.node, access.args, access.last)
    }

    fn no_field(
        &self,
        running: &Running<'_>,
        access: &Access<'_>,
        receiver: &Value,
        name: &ConstStr,
    ) -> Box<super::ExecError> {
        let go_type = if access.in_interface { "interface {}".into() } else { receiver.go_type() };
        self.error(running, format!("can't evaluate field {} in type {go_type}", name.to_str()))
    }
}

fn method(methods: &'static [Method], name: &ConstStr) -> Option<&'static Method> {
    methods.iter().find(|method| method.name.as_bytes() == name.as_bytes())
}

fn has_arguments(access: &Access<'_>) -> bool {
    access.args.len() > 1 || access.last.is_some()
}

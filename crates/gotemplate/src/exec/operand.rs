//! Operands: arguments, and the constants among them.

use super::{Exec, Running};
use crate::complex::Complex;
use crate::functions::Param;
use crate::list::{ANY_LIST, TEXT_LIST};
use crate::map::ANY_MAP;
use crate::parse::{NodeId, NodeKind};
use crate::{Context, IntKind, List, Map, Value};

impl Context<'_> {
    /// An argument as the parameter wants it.
    pub(super) fn argument(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        param: Param,
        id: NodeId,
    ) -> Exec<Value> {
        self.step(running)?;
        self.node = id;
        let value = match running.source.node(id).kind {
            NodeKind::Nil => {
                return nil_of(param)
                    .ok_or_else(|| self.error(running, format!("cannot assign nil to {}", param.go_type())));
            }
            NodeKind::Bool(_) | NodeKind::Number { .. } | NodeKind::Str { .. } => {
                return self.constant(running, param, id);
            }
            _ => self.any_operand(running, dot, id)?,
        };
        self.checked(running, value, param)
    }

    /// The value of an operand, nil in an interface staying so.
    pub(super) fn any_operand(&mut self, running: &Running<'_>, dot: &Value, id: NodeId) -> Exec<Value> {
        match running.source.node(id).kind {
            NodeKind::Dot => Ok(dot.clone()),
            NodeKind::Field { fields } => {
                self.node = id;
                self.field_chain(running, dot, dot, id, fields, &[], None)
            }
            NodeKind::Variable { .. } => self.variable(running, dot, id, &[], None),
            NodeKind::Pipe { .. } => crate::stack::grow(|| self.pipeline(running, dot, id)),
            NodeKind::Identifier { function, .. } => {
                self.node = id;
                self.call_function(running, dot, function, id, &[], None)
            }
            NodeKind::Chain { .. } => crate::stack::grow(|| self.chain(running, dot, id, &[], None)),
            _ => self.constant(running, Param::Any, id),
        }
    }

    /// A constant as the parameter's type.
    fn constant(&mut self, running: &Running<'_>, param: Param, id: NodeId) -> Exec<Value> {
        self.node = id;
        let kind = running.source.node(id).kind;
        let number = match kind {
            NodeKind::Number { index, .. } => Some(running.source.numbers[index as usize]),
            _ => None,
        };
        let (value, wanted) = match (param, kind) {
            (Param::Any | Param::Reflect, NodeKind::Bool(truth)) => return Ok(Value::Bool(truth)),
            (Param::Any | Param::Reflect, NodeKind::Number { index, .. }) => {
                return self.ideal_constant(running, index);
            }
            (Param::Any | Param::Reflect | Param::Str, NodeKind::Str { index, .. }) => {
                return Ok(Value::Str(running.source.strings[index as usize].to_str()));
            }
            (Param::Bool, NodeKind::Bool(truth)) => return Ok(Value::Bool(truth)),
            (Param::Bool, _) => (None, "bool"),
            (Param::Str, _) => (None, "string"),
            (Param::Int, _) => (number.and_then(|number| number.int).map(Value::Int), "integer"),
            (Param::Int64, _) => (number.and_then(|number| number.int).map(Value::Int64), "integer"),
            (Param::Float, _) => (number.and_then(|number| number.float).map(Value::Float), "float"),
            (Param::Uint32, _) => {
                let number = number.and_then(|number| number.uint).map(|number| number & 0xFFFF_FFFF);
                (number.map(|number| Value::Sized(IntKind::Uint32, number)), "unsigned integer")
            }
            _ => {
                let text = self.shown(running, id);
                let message = format!("can't handle {text} for arg of type {}", param.go_type());
                return Err(self.error(running, message));
            }
        };
        value.ok_or_else(|| {
            let text = self.shown(running, id);
            self.error(running, format!("expected {wanted}; found {text}"))
        })
    }

    /// A number where any type will do.
    pub(super) fn ideal_constant(&mut self, running: &Running<'_>, index: u32) -> Exec<Value> {
        let number = running.source.numbers[index as usize];
        if let Some((real, imaginary)) = number.complex {
            return Ok(Value::object(Complex { real, imaginary }));
        }
        if let (Some(float), true) = (number.float, number.looks_float) {
            return Ok(Value::Float(float));
        }
        number.int.map(Value::Int).ok_or_else(|| {
            let text = self.shown(running, self.node);
            self.error(running, format!("{text} overflows int"))
        })
    }

    fn shown(&self, running: &Running<'_>, id: NodeId) -> String {
        String::from_utf8_lossy(&self.node_text(running, id)).into_owned()
    }

    /// The value if it fits the parameter, converted where Go converts it.
    pub(super) fn checked(&mut self, running: &Running<'_>, value: Value, param: Param) -> Exec<Value> {
        if let Value::Nil = value {
            return nil_of(param)
                .ok_or_else(|| self.error(running, format!("invalid value; expected {}", param.go_type())));
        }
        let fits = match (param, &value) {
            (Param::Any, _) => return Ok(value.unwrapped()),
            (Param::Reflect, _) => return Ok(value),
            (Param::Bool, Value::Bool(_))
            | (Param::Str, Value::Str(_))
            | (Param::Int, Value::Int(_))
            | (Param::Int64, Value::Int64(_))
            | (Param::Uint32, Value::Sized(IntKind::Uint32, _))
            | (Param::Float, Value::Float(_)) => true,
            (Param::List, Value::List(list)) => list.list_type().go_type == ANY_LIST.go_type,
            (Param::Texts, Value::List(list)) => list.list_type().go_type == TEXT_LIST.go_type,
            (Param::Map, Value::Map(map)) => {
                let map_type = map.map_type();
                if map_type.named && map_type.element == ANY_MAP.element {
                    return Ok(Value::Map(map.with_type(&ANY_MAP)));
                }
                map_type.go_type == ANY_MAP.go_type
            }
            (Param::Named(name), Value::Object(object)) => {
                object.go_type().trim_start_matches('*') == name.trim_start_matches('*')
            }
            _ => false,
        };
        if fits {
            return Ok(value);
        }
        let message = format!("wrong type for value; expected {}; got {}", param.go_type(), value.go_type());
        Err(self.error(running, message))
    }
}

/// What nil becomes for the parameter; `None` where its type has no nil.
fn nil_of(param: Param) -> Option<Value> {
    match param {
        Param::Any | Param::Reflect => Some(Value::Nil),
        Param::List => Some(Value::List(List::nil(&ANY_LIST))),
        Param::Texts => Some(Value::List(List::nil(&TEXT_LIST))),
        Param::Map => Some(Value::Map(Map::nil(&ANY_MAP))),
        Param::Named(name) if name.starts_with('*') => Some(Value::Nil),
        Param::Bool
        | Param::Str
        | Param::Int
        | Param::Int64
        | Param::Uint32
        | Param::Float
        | Param::Named(_) => None,
    }
}

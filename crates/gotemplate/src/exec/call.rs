//! Calls of functions and methods.

use smallvec::SmallVec;

use super::{Exec, ExecError, Running};
use crate::functions::{Call, Function, FunctionError, Param, Special};
use crate::parse::NodeId;
use crate::{Context, Value};

/// Arguments of a call; few have more than six.
type Args = SmallVec<[Value; 6]>;

/// What is called.
pub(super) struct Callee<'a> {
    pub name: &'a str,
    pub params: &'a [Param],
    pub variadic: bool,
    pub call: Call,
    /// The first argument of a method.
    pub receiver: Option<&'a Value>,
}

impl Context<'_> {
    /// Calls the function with that id. `node` is where an error of the function is reported.
    pub(super) fn call_function(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        function: u32,
        node: NodeId,
        args: &[NodeId],
        last: Option<Value>,
    ) -> Exec<Value> {
        let function: &Function = running.source.functions.by_id(function);
        let callee = Callee {
            name: function.name,
            params: function.params,
            variadic: function.variadic,
            call: function.call,
            receiver: None,
        };
        match function.special {
            Special::No => self.call(running, dot, &callee, node, args, last),
            Special::And => self.short_circuit(running, dot, &callee, args, last, false),
            Special::Or => self.short_circuit(running, dot, &callee, args, last, true),
            Special::Call => self.call_value(running, dot, &callee, node, args, last),
        }
    }

    pub(super) fn call(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        callee: &Callee<'_>,
        node: NodeId,
        args: &[NodeId],
        last: Option<Value>,
    ) -> Exec<Value> {
        let values = self.arguments(running, dot, callee, args, last)?;
        let result = match (callee.call)(self, &values) {
            Ok(result) => result,
            Err(error) => return Err(self.failed(running, node, callee.name, error)),
        };
        let made = match &result {
            Value::Str(text) => text.len(),
            Value::List(list) => list.len() * size_of::<Value>(),
            Value::Bytes(bytes) => bytes.len(),
            _ => return Ok(result),
        };
        self.made(running, made)?;
        Ok(result)
    }

    /// Counts the arguments, evaluates them and checks their types.
    fn arguments(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        callee: &Callee<'_>,
        args: &[NodeId],
        last: Option<Value>,
    ) -> Exec<Args> {
        let args = args.get(1..).unwrap_or(&[]);
        self.check_count(running, callee, args.len(), last.is_some())?;
        let mut values = Args::new();
        if let Some(receiver) = callee.receiver {
            values.push(receiver.clone());
        }
        for (at, &arg) in args.iter().enumerate() {
            let param = param(callee.params, at);
            values.push(self.argument(running, dot, param, arg)?);
        }
        if let Some(last) = last {
            let param = param(callee.params, args.len());
            values.push(self.checked(running, last, param)?);
        }
        Ok(values)
    }

    fn check_count(&self, running: &Running<'_>, callee: &Callee<'_>, args: usize, last: bool) -> Exec<()> {
        let given = args + usize::from(last);
        let fixed = callee.params.len() - usize::from(callee.variadic);
        let message = if callee.variadic && given < fixed {
            format!("wrong number of args for {}: want at least {fixed} got {args}", callee.name)
        } else if !callee.variadic && given != fixed {
            format!("wrong number of args for {}: want {fixed} got {given}", callee.name)
        } else {
            return Ok(());
        };
        Err(self.error(running, message))
    }

    /// `and` and `or`: the first argument that decides, the rest unseen.
    fn short_circuit(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        callee: &Callee<'_>,
        args: &[NodeId],
        last: Option<Value>,
        decides: bool,
    ) -> Exec<Value> {
        let args = args.get(1..).unwrap_or(&[]);
        self.check_count(running, callee, args.len(), last.is_some())?;
        let mut value = Value::Nil;
        for &arg in args {
            value = self.argument(running, dot, Param::Reflect, arg)?;
            if value.truth() == decides {
                return Ok(value);
            }
        }
        Ok(last.unwrap_or(value))
    }

    /// `call f x y`
    fn call_value(
        &mut self,
        running: &Running<'_>,
        dot: &Value,
        callee: &Callee<'_>,
        node: NodeId,
        args: &[NodeId],
        last: Option<Value>,
    ) -> Exec<Value> {
        let name = match args.get(1) {
            Some(&function) => String::from_utf8_lossy(&self.node_text(running, function)).into_owned(),
            None => last.as_ref().map(reflected).unwrap_or_default(),
        };
        let values = self.arguments(running, dot, callee, args, last)?;
        let (function, values) = values.split_first().unwrap_or((&Value::Nil, &[]));
        let result = self.call_checked(&name, function, values);
        result.map_err(|error| self.failed(running, node, "call", error))
    }

    fn call_checked(
        &mut self,
        name: &str,
        function: &Value,
        values: &[Value],
    ) -> Result<Value, FunctionError> {
        let function = match function {
            Value::Function(function) => function.clone(),
            Value::Nil | Value::NilInterface => return Err(FunctionError::new("call of nil")),
            other => {
                let message = format!("non-function {name} of type {}", other.go_type());
                return Err(FunctionError::new(message));
            }
        };
        let fixed = function.params.len() - usize::from(function.variadic);
        let given = values.len();
        if function.variadic && given < fixed {
            let message = format!("wrong number of args for {name}: got {given} want at least {fixed}");
            return Err(FunctionError::new(message));
        }
        if !function.variadic && given != fixed {
            return Err(FunctionError::new(format!(
                "wrong number of args for {name}: got {given} want {fixed}"
            )));
        }
        let mut checked = Args::new();
        for (at, value) in values.iter().enumerate() {
            let param = param(&function.params, at);
            let value = crate::functions::assigned(value, param)
                .map_err(|message| FunctionError::new(format!("arg {at}: {message}")))?;
            checked.push(value);
        }
        (function.call)(self, &checked)
    }

    /// The error of a function, at the node that called it.
    #[cold]
    fn failed(
        &mut self,
        running: &Running<'_>,
        node: NodeId,
        name: &str,
        error: FunctionError,
    ) -> Box<ExecError> {
        self.node = node;
        let frame = self.frame(running, Some(name));
        match error {
            FunctionError::Message(message) => ExecError::new(message, frame),
            FunctionError::Template(inner) => inner.within(frame),
            FunctionError::Exhausted(exhausted) => ExecError::exhausted(exhausted, frame),
        }
    }
}

/// The parameter for argument `at`; the last one repeats.
fn param(params: &[Param], at: usize) -> Param {
    params.get(at).or(params.last()).copied().unwrap_or(Param::Any)
}

/// What Go's `reflect.Value.String` gives.
fn reflected(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Nil => "<invalid Value>".to_owned(),
        other => format!("<{} Value>", other.go_type()),
    }
}

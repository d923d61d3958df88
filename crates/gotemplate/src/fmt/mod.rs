//! Go's package fmt: how values become text.

mod directives;
mod flags;
mod float;
mod print;
mod quote;

use crate::budget::Exhausted;
use crate::{Str, Value};

pub use float::float_text;
pub(crate) use quote::{Unquoted, quote_into, unquote_char};
pub use quote::{quote, quote_char};

use flags::Flags;

/// The longest text that one print makes.
const MAX_BYTES: usize = 64 << 20;
/// How deep values may nest to be printed; beyond, a map most likely holds itself.
const MAX_DEPTH: usize = 1_000;

/// What `fmt.Sprint` gives for one value: its `%v`.
///
/// Text that would be endless ends in `<nested too deep>` or is cut.
pub fn to_text(value: &Value) -> Str {
    if let Value::Str(text) = value {
        return text.clone();
    }
    let mut printer = Printer::default();
    printer.print_arg(value, 'v');
    Str::from(printer.out)
}

/// Appends the value as an action prints it: its `%v`, except that a pointer gives way to what it points to.
///
/// # Errors
/// When the text is too long or the value nested too deep.
pub(crate) fn append_text(out: &mut Vec<u8>, value: &Value) -> Result<(), Exhausted> {
    match value {
        Value::Str(text) => out.extend_from_slice(text.as_bytes()),
        Value::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Value::Object(object) => {
            let mut printer = Printer::on(std::mem::take(out));
            printer.shown_object(&**object);
            *out = printer.out;
            return printer.exhausted.map_or(Ok(()), Err);
        }
        other => {
            let mut printer = Printer::on(std::mem::take(out));
            printer.print_arg(other, 'v');
            *out = printer.out;
            return printer.exhausted.map_or(Ok(()), Err);
        }
    }
    Ok(())
}

/// Go's `fmt.Sprint`: a blank between two operands when neither is a string.
///
/// # Errors
/// When the text is too long or a value nested too deep.
pub fn sprint(values: &[Value]) -> Result<Str, Exhausted> {
    let mut printer = Printer::default();
    let mut after_string = true;
    for value in values {
        let string = is_string(value);
        if !string && !after_string {
            printer.out.push(b' ');
        }
        printer.print_arg(value, 'v');
        after_string = string;
    }
    printer.finish()
}

/// Go's `fmt.Sprintln`.
///
/// # Errors
/// When the text is too long or a value nested too deep.
pub fn sprintln(values: &[Value]) -> Result<Str, Exhausted> {
    let mut printer = Printer::default();
    for (at, value) in values.iter().enumerate() {
        if at > 0 {
            printer.out.push(b' ');
        }
        printer.print_arg(value, 'v');
    }
    printer.out.push(b'\n');
    printer.finish()
}

/// Go's `fmt.Sprintf`.
///
/// # Errors
/// When the text is too long or a value nested too deep.
pub fn sprintf(format: &[u8], values: &[Value]) -> Result<Str, Exhausted> {
    let mut printer = Printer::default();
    directives::run(&mut printer, format, values);
    printer.finish()
}

fn is_string(value: &Value) -> bool {
    value.kind() == crate::Kind::String
}

/// Text under way.
#[derive(Default)]
struct Printer {
    out: Vec<u8>,
    flags: Flags,
    /// A marker for a wrong verb is being written, so methods are not asked again.
    erroring: bool,
    exhausted: Option<Exhausted>,
}

impl Printer {
    fn on(out: Vec<u8>) -> Printer {
        Printer { out, ..Printer::default() }
    }

    fn finish(self) -> Result<Str, Exhausted> {
        match self.exhausted {
            Some(exhausted) => Err(exhausted),
            None => Ok(Str::from(self.out)),
        }
    }

    /// Whether `more` bytes still fit; if not, the print has failed.
    fn has_room(&mut self, more: usize) -> bool {
        if self.out.len().saturating_add(more) > MAX_BYTES {
            self.exhausted.get_or_insert(Exhausted::Bytes { limit: MAX_BYTES as u64 });
        }
        self.exhausted.is_none()
    }

    fn push_char(&mut self, c: char) {
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

//! `chunk`: a list cut into lists of a size.

use super::super::{Arguments, FunctionError};
use super::elements;
use crate::{ANY_LIST, Context, LIST_LIST, List, Value};

/// The number of chunks goes through floating point in Sprig, so that sizes below one have odd results.
pub(super) fn chunk(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let size = args.int(0)?;
    let items = elements(args.any(1), "Cannot chunk type")?;
    let count = ((items.len() as f64 - 1.0) / size as f64).floor() + 1.0;
    let negative = size < 0 && items.is_empty();
    if negative || !(0.0..=items.len() as f64 + 1.0).contains(&count) {
        return Err(FunctionError::new("runtime error: makeslice: len out of range"));
    }
    let typed = |items: &[Value]| Value::List(List::typed(items.to_vec(), &ANY_LIST));
    let chunks = match usize::try_from(size) {
        Ok(size) if size > 0 => items.chunks(size).map(typed).collect(),
        _ => (0..count as usize).map(|_| typed(&items)).collect(),
    };
    Ok(Value::List(List::typed(chunks, &LIST_LIST)))
}

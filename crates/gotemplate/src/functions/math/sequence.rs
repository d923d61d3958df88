//! Runs of numbers.

use crate::functions::{Arguments, FunctionError};
use crate::list::INT_LIST;
use crate::{Context, List, Value};

/// What one number of a run costs, in bytes.
const NUMBER_SIZE: u64 = size_of::<Value>() as u64;

/// `until n`: from 0 to before `n`, downwards for a negative one.
pub(super) fn until(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let stop = args.int(0)?;
    list(ctx, Run { start: 0, stop, step: if stop < 0 { -1 } else { 1 } })
}

/// `untilStep start stop step`
pub(super) fn until_step(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    list(ctx, Run { start: args.int(0)?, stop: args.int(1)?, step: args.int(2)? })
}

/// `seq`: as the command of that name, its numbers joined by blanks.
pub(super) fn seq(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let numbers: Vec<i64> = (0..args.len()).map(|at| args.int(at)).collect::<Result<_, _>>()?;
    let (start, end, step) = match numbers[..] {
        [end] => (1, end, None),
        [start, end] => (start, end, None),
        [start, step, end] => (start, end, Some(step)),
        _ => return Ok(Value::str("")),
    };
    let direction = if end < start { -1 } else { 1 };
    if step.is_some_and(|step| end < start && step > 0) {
        return Ok(Value::str(""));
    }
    let run = Run { start, stop: end.wrapping_add(direction), step: step.unwrap_or(direction) };
    ctx.spend_bytes(run.count().saturating_mul(20))?;
    let texts: Vec<String> = run.numbers().map(|number| number.to_string()).collect();
    Ok(Value::str(texts.join(" ")))
}

fn list(ctx: &mut Context<'_>, run: Run) -> Result<Value, FunctionError> {
    ctx.spend_bytes(run.count().saturating_mul(NUMBER_SIZE))?;
    Ok(Value::List(List::typed(run.numbers().map(Value::Int).collect(), &INT_LIST)))
}

/// Numbers from `start` to before `stop`; none where the step leads the other way.
struct Run {
    start: i64,
    stop: i64,
    step: i64,
}

impl Run {
    fn count(&self) -> u64 {
        let upwards = self.start <= self.stop;
        if self.step == 0 || upwards != (self.step > 0) {
            return 0;
        }
        self.start.abs_diff(self.stop).div_ceil(self.step.unsigned_abs())
    }

    fn numbers(&self) -> impl Iterator<Item = i64> {
        let step = self.step;
        let count = usize::try_from(self.count()).unwrap_or(usize::MAX);
        std::iter::successors(Some(self.start), move |number| number.checked_add(step)).take(count)
    }
}

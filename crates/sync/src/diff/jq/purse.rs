//! The purse from which an expression pays its steps.

use std::cell::Cell;

use jaq_core::data::HasLut;
use jaq_core::{DataT, Exn, Lut, Native};
use jaq_json::Val;

/// Steps that one expression may spend on one object: about a microsecond each.
pub(super) const PURSE: u64 = 200_000;
/// Steps one use of a regular expression costs: it is compiled anew each time.
const REGEX_STEPS: u64 = 500;

/// What the natives below find in their context.
pub(super) struct Purse;

#[derive(Clone)]
pub(super) struct Spending<'a> {
    pub(super) lut: &'a Lut<Purse>,
    pub(super) purse: &'a Cell<u64>,
}

impl DataT for Purse {
    type V<'a> = Val;
    type Data<'a> = Spending<'a>;
}

impl<'a> HasLut<'a, Purse> for Spending<'a> {
    fn lut(&self) -> &'a Lut<Purse> {
        self.lut
    }
}

impl Spending<'_> {
    /// Pays, or fails once nothing is left; the purse then stays empty.
    fn pay(&self, steps: u64) -> Result<(), Exn<'static, Val>> {
        let left = self.purse.get().saturating_sub(steps);
        self.purse.set(left);
        if left > 0 {
            Ok(())
        } else {
            Err(Exn::from(jaq_core::Error::str("the expression takes too many steps")))
        }
    }
}

fn width(value: &Val) -> u64 {
    1 + match value {
        Val::Arr(list) => list.len() as u64 / 16,
        Val::Obj(map) => map.len() as u64 / 16,
        _ => 0,
    }
}

/// Reading a value is cheaper than a step: so many to one.
const READS_A_STEP: u64 = 16;

/// Values inside, and texts by their length; stops counting where nobody could pay.
fn weight(value: &Val) -> u64 {
    let mut weight = 0;
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        weight += 1;
        match value {
            Val::TStr(text) | Val::BStr(text) => weight += text.len() as u64 / 16,
            Val::Arr(list) => open.extend(list.iter()),
            Val::Obj(map) => open.extend(map.values()),
            Val::Null | Val::Bool(_) | Val::Num(_) => {}
        }
        if weight > PURSE * READS_A_STEP {
            break;
        }
    }
    1 + weight / READS_A_STEP
}

/// Filters that pass their input through and take its price.
pub(super) fn tolls() -> [jaq_core::native::Fun<Purse>; 4] {
    macro_rules! toll {
        ($name:literal, $price:expr) => {
            (
                $name,
                jaq_core::native::v(0),
                Native::<Purse>::new(|cv| {
                    let price: fn(&Val) -> u64 = $price;
                    let paid = cv.0.data().pay(price(&cv.1));
                    Box::new(std::iter::once(paid.map(|()| cv.1)))
                })
                .with_paths(|cv| {
                    let price: fn(&Val) -> u64 = $price;
                    let paid = cv.0.data().pay(price(&cv.1.0));
                    Box::new(std::iter::once(paid.map(|()| cv.1)))
                }),
            )
        };
    }
    [
        toll!("windlass_step", |_| 1),
        toll!("windlass_width", width),
        toll!("windlass_weigh", weight),
        toll!("windlass_regex", |value| REGEX_STEPS + weight(value)),
    ]
}

/// Natives that no expression can reach, since they are not on offer, do nothing all the same: the ones which end
/// the process, write, or read the clock and the environment.
pub(super) fn disarm(
    (name, arguments, native): jaq_core::native::Fun<Purse>,
) -> jaq_core::native::Fun<Purse> {
    let worldly = ["halt", "env", "now", "localtime", "strflocaltime", "debug_empty", "stderr_empty"];
    if !worldly.contains(&name) {
        return (name, arguments, native);
    }
    let refuse = Native::<Purse>::new(|_| {
        Box::new(std::iter::once(Err(Exn::from(jaq_core::Error::str("not available")))))
    });
    (name, arguments, refuse)
}

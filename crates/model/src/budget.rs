//! What one render may spend (rule R3): steps, bytes in and out, objects, and a deadline the caller hands in.

use std::cell::Cell;

/// Limits of one render.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps of templates, expressions and walks.
    pub steps: u64,
    /// Bytes read from the source.
    pub bytes_in: u64,
    /// Bytes of text that templates make on the way.
    pub text: u64,
    /// Bytes of manifests written.
    pub bytes_out: u64,
    /// Objects rendered.
    pub objects: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: 50_000_000, bytes_in: 100 << 20, text: 1 << 30, bytes_out: 50 << 20, objects: 20_000 }
    }
}

/// Which limit a render has passed; the application gets it as its error, nobody else notices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exceeded {
    /// Too many steps.
    #[error("the render took more than {0} steps")]
    Steps(u64),
    /// Too much was read.
    #[error("the render read more than {0} bytes")]
    BytesIn(u64),
    /// Templates made too much text.
    #[error("the templates made more than {0} bytes of text")]
    Text(u64),
    /// Too much was written.
    #[error("the render wrote more than {0} bytes")]
    BytesOut(u64),
    /// Too many objects.
    #[error("the render made more than {0} objects")]
    Objects(u64),
    /// The deadline has passed.
    #[error("the render did not end within its time")]
    Deadline,
}

/// What is left of one render's limits. `tick` also asks a deadline that the caller hands in, now and then.
pub struct Budget<'a> {
    limits: Limits,
    steps: Cell<u64>,
    bytes_in: Cell<u64>,
    text: Cell<u64>,
    bytes_out: Cell<u64>,
    objects: Cell<u64>,
    late: &'a dyn Fn() -> bool,
}

/// Steps between two looks at the deadline.
const LOOK_EVERY: u64 = 4096;

impl<'a> Budget<'a> {
    /// A fresh budget; `late` says whether the deadline has passed (the clock stays with the caller).
    pub fn new(limits: Limits, late: &'a dyn Fn() -> bool) -> Self {
        let zero = || Cell::new(0);
        Self {
            limits,
            steps: zero(),
            bytes_in: zero(),
            text: zero(),
            bytes_out: zero(),
            objects: zero(),
            late,
        }
    }

    /// Counts steps.
    pub fn tick(&self, steps: u64) -> Result<(), Exceeded> {
        let before = self.steps.get();
        let after = before.saturating_add(steps);
        self.steps.set(after);
        if after > self.limits.steps {
            return Err(Exceeded::Steps(self.limits.steps));
        }
        if before / LOOK_EVERY != after / LOOK_EVERY && (self.late)() {
            return Err(Exceeded::Deadline);
        }
        Ok(())
    }

    /// Counts bytes read.
    pub fn read(&self, bytes: usize) -> Result<(), Exceeded> {
        count(&self.bytes_in, bytes as u64, self.limits.bytes_in).map_err(Exceeded::BytesIn)
    }

    /// Counts bytes of text that templates make.
    pub fn made_text(&self, bytes: u64) -> Result<(), Exceeded> {
        count(&self.text, bytes, self.limits.text).map_err(Exceeded::Text)
    }

    /// Counts bytes written.
    pub fn wrote(&self, bytes: usize) -> Result<(), Exceeded> {
        count(&self.bytes_out, bytes as u64, self.limits.bytes_out).map_err(Exceeded::BytesOut)
    }

    /// Counts objects made.
    pub fn made(&self, objects: usize) -> Result<(), Exceeded> {
        count(&self.objects, objects as u64, self.limits.objects).map_err(Exceeded::Objects)
    }
}

fn count(spent: &Cell<u64>, more: u64, limit: u64) -> Result<(), u64> {
    spent.set(spent.get().saturating_add(more));
    if spent.get() > limit { Err(limit) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named() {
        let limits = Limits { steps: 10_000, bytes_in: 1, text: 1, bytes_out: 2, objects: 3 };
        let budget = Budget::new(limits, &|| false);
        assert_eq!(budget.tick(10_000), Ok(()));
        assert_eq!(budget.tick(1), Err(Exceeded::Steps(10_000)));
        assert_eq!(budget.read(2), Err(Exceeded::BytesIn(1)));
        assert_eq!(budget.wrote(3), Err(Exceeded::BytesOut(2)));
        assert_eq!(budget.made(4), Err(Exceeded::Objects(3)));
    }

    #[test]
    fn the_deadline_is_asked_now_and_then() {
        let asked = Cell::new(0);
        let late = || {
            asked.set(asked.get() + 1);
            true
        };
        let budget = Budget::new(Limits::default(), &late);
        assert_eq!((0..LOOK_EVERY - 1).map(|_| budget.tick(1)).find(Result::is_err), None);
        assert_eq!(budget.tick(1), Err(Exceeded::Deadline));
        assert_eq!(asked.get(), 1);
    }
}

//! What one render may spend.

use std::cell::Cell;

/// Counts what a render spends and says when it is too much.
///
/// The caller of a render hands one in; its own may look at a deadline too. It is asked about every 256 steps and
/// whenever text is made, so it should be quick.
pub trait Budget {
    /// Takes `steps` (nodes evaluated, items looped over) and `bytes` (text and lists made).
    ///
    /// # Errors
    /// When the render has spent too much of something.
    fn spend(&self, steps: u64, bytes: u64) -> Result<(), Exhausted>;

    /// How deep templates may nest: include in include, and so on.
    fn max_depth(&self) -> usize {
        10_000
    }
}

/// A render went beyond its budget.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Exhausted {
    /// Too many nodes evaluated and items looped over.
    #[error("template budget spent: more than {limit} steps")]
    Steps {
        /// The most that is allowed.
        limit: u64,
    },
    /// Too much text and too many lists made.
    #[error("template budget spent: more than {limit} bytes made")]
    Bytes {
        /// The most that is allowed.
        limit: u64,
    },
    /// Templates or values nested too deep.
    #[error("template budget spent: nested deeper than {limit}")]
    Depth {
        /// The most that is allowed.
        limit: usize,
    },
    /// Something that the caller's own budget watches, in its words.
    #[error("template budget spent: {0}")]
    Other(String),
}

/// A budget of fixed numbers.
#[derive(Debug)]
pub struct Limits {
    max_steps: u64,
    max_bytes: u64,
    steps: Cell<u64>,
    bytes: Cell<u64>,
}

impl Limits {
    /// Allows so many steps and so many bytes.
    pub fn new(max_steps: u64, max_bytes: u64) -> Limits {
        Limits { max_steps, max_bytes, steps: Cell::new(0), bytes: Cell::new(0) }
    }
}

impl Default for Limits {
    /// 50 million steps and 1 GiB of made text: hundreds of times what large charts need.
    fn default() -> Limits {
        Limits::new(50_000_000, 1 << 30)
    }
}

impl Budget for Limits {
    fn spend(&self, steps: u64, bytes: u64) -> Result<(), Exhausted> {
        self.steps.set(self.steps.get().saturating_add(steps));
        self.bytes.set(self.bytes.get().saturating_add(bytes));
        if self.steps.get() > self.max_steps {
            return Err(Exhausted::Steps { limit: self.max_steps });
        }
        if self.bytes.get() > self.max_bytes {
            return Err(Exhausted::Bytes { limit: self.max_bytes });
        }
        Ok(())
    }
}

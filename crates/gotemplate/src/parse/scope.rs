//! Which variables a template holds at each point, and in which slot.

use super::node::NO_SLOT;

/// The variables of one template while it is parsed.
pub(super) struct Scope {
    /// Names that Go's parser lets through: also those only assigned to.
    known: Vec<Box<[u8]>>,
    /// Names that exist when the template runs; the place is the slot.
    slots: Vec<Slot>,
    most: usize,
    pub(super) range_depth: usize,
    pub(super) paren_depth: usize,
}

struct Slot {
    name: Box<[u8]>,
    /// Whether a `range` declares it.
    looped: bool,
}

/// Where a block began, to go back there at its end.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    known: usize,
    slots: usize,
}

impl Scope {
    pub(super) fn new() -> Scope {
        let dollar: Box<[u8]> = Box::from(*b"$");
        let slot = Slot { name: dollar.clone(), looped: false };
        Scope { known: vec![dollar], slots: vec![slot], most: 1, range_depth: 0, paren_depth: 0 }
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { known: self.known.len(), slots: self.slots.len() }
    }

    /// Takes away what a body declared before its `{{else}}` is parsed: it does not exist when that runs, though
    /// Go's parser still lets its names through.
    pub(super) fn leave_body(&mut self, mark: Mark) {
        self.slots.truncate(mark.slots);
    }

    pub(super) fn pop(&mut self, mark: Mark) {
        self.known.truncate(mark.known);
        self.slots.truncate(mark.slots);
    }

    /// Makes the name known; it has no slot before it is declared.
    pub(super) fn know(&mut self, name: &[u8]) {
        self.known.push(name.into());
    }

    pub(super) fn declare(&mut self, name: &[u8], looped: bool) -> u32 {
        self.slots.push(Slot { name: name.into(), looped });
        self.most = self.most.max(self.slots.len());
        (self.slots.len() - 1) as u32
    }

    pub(super) fn is_known(&self, name: &[u8]) -> bool {
        self.known.iter().any(|known| **known == *name)
    }

    /// The slot of the variable, and whether a `range` declares it.
    pub(super) fn slot(&self, name: &[u8]) -> (u32, bool) {
        let found = self.slots.iter().rposition(|slot| *slot.name == *name);
        found.map_or((NO_SLOT, false), |slot| (slot as u32, self.slots[slot].looped))
    }

    /// How many slots the template needs.
    pub(super) fn slots(&self) -> u32 {
        self.most as u32
    }
}

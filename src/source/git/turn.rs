//! One conversation with a remote at a time, shared by those who wait for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Whose turn it is to talk to a remote.
#[derive(Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    talking: bool,
    /// How many looks have begun.
    begun: u64,
    /// The last look that was answered.
    answered: u64,
}

/// The right to talk, until it is dropped.
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Waits for the right to talk.
    pub fn take(&self) -> Turn<'_> {
        let mut state = self.lock();
        while state.talking {
            state = self.over.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.talking = true;
        Turn(self)
    }

    /// Waits for the right to look, or for a look of another that began after this call: none in that case. One
    /// that had begun before may have missed what the caller has heard of.
    pub fn take_unless_answered(&self) -> Option<Turn<'_>> {
        let mut state = self.lock();
        let before = state.begun;
        loop {
            if state.answered > before {
                return None;
            }
            if !state.talking {
                state.talking = true;
                state.begun += 1;
                return Some(Turn(self));
            }
            state = self.over.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// Notes that this look was answered.
    pub fn answered(&self) {
        let mut state = self.0.lock();
        state.answered = state.begun;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().talking = false;
        self.0.over.notify_all();
    }
}

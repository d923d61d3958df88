//! The walk: decide, carry out, look again, until nothing moves; then on to the next moment at which something does.

use std::time::Duration;

use model::Time;

use super::carry_out::Refused;
use super::row::Row;
use super::world::World;
use crate::decide;
use crate::decision::{Decision, Event, Held};
use crate::observed::ReadError;

/// How many decisions one moment may take; more is a circle.
const MOST: usize = 200;

/// Why a walk cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Stuck {
    /// An object cannot be read.
    #[error("an object of the simulation cannot be read")]
    Read(#[from] ReadError),
    /// An action was refused though nothing changed since.
    #[error("a decision was refused")]
    Refused(#[from] Refused),
    /// It never comes to rest.
    #[error("the Rollout does not come to rest at {at}: {last}")]
    Circle {
        /// When.
        at: Time,
        /// What was decided last.
        last: String,
    },
}

/// How a walk ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to do.
    Done,
    /// It waits for something that does not come by itself.
    Waits(Vec<Held>),
    /// The time that was given is over.
    OutOfTime,
}

impl World {
    /// Decides and carries out until nothing moves at this moment; every look is handed to `each`. Gives what is held
    /// and when to look again.
    ///
    /// # Errors
    /// When it does not come to rest, or a decision cannot be carried out.
    pub fn settle(&mut self, mut each: impl FnMut(&Self, &Decision)) -> Result<Decision, Stuck> {
        let mut last = String::new();
        for _ in 0..MOST {
            self.measure()?;
            let seen = self.observe()?;
            let decision = decide(&seen, self.now);
            if decision.actions.is_empty() && decision.status == seen.rollout.status {
                return Ok(decision);
            }
            self.carry_out(&decision)?;
            last = format!("{:?} {} {}", decision.actions, decision.status.phase, decision.status.message);
            each(self, &decision);
        }
        Err(Stuck::Circle { at: self.now, last })
    }

    /// The next moment after now at which something happens by itself.
    pub fn next(&self, decision: &Decision) -> Option<Time> {
        let wake = decision.wake.filter(|wake| *wake > self.now);
        wake.into_iter().chain(self.next_pod()).chain(self.next_measured()).min()
    }

    /// Walks on until nothing happens by itself any more, or for `most`; rows and events are handed out as they come.
    ///
    /// # Errors
    /// As [`World::settle`].
    pub fn walk(
        &mut self,
        start: Time,
        most: Duration,
        mut show: impl FnMut(Row, &[Event]),
    ) -> Result<End, Stuck> {
        let end = self.now.plus(most);
        loop {
            let mut failed = None;
            let decision = self.settle(|world, decision| match world.row(start, &decision.held) {
                Ok(row) => show(row, &decision.events),
                Err(error) => failed = Some(error),
            })?;
            if let Some(error) = failed {
                return Err(error.into());
            }
            match self.next(&decision) {
                None if decision.held.is_empty() => return Ok(End::Done),
                None => return Ok(End::Waits(decision.held)),
                Some(next) if next > end => {
                    self.now = end;
                    self.run_pods();
                    return Ok(End::OutOfTime);
                }
                Some(next) => {
                    self.now = next;
                    self.run_pods();
                }
            }
        }
    }
}

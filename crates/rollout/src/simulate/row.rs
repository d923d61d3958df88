//! What can be seen at one moment, in one line.

use std::fmt;

use model::Time;
use model::rollout::RolloutStatus;

use super::world::World;
use crate::Held;
use crate::observed::{ReadError, ReplicaSet};
use crate::progress::{asked, in_force};
use crate::view::View;

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Since the beginning.
    pub seconds: i64,
    /// Step in progress, and how many there are.
    pub step: Option<(i32, usize)>,
    /// Weight that the steps ask for, and the one in force (by the router, or by pod counts).
    pub weight: (i32, i32),
    /// Pods of the stable version by its spec, and available ones.
    pub stable: (i32, i32),
    /// Pods of the new version by its spec, and available ones.
    pub canary: (i32, i32),
    /// Pods of all other versions by their spec.
    pub others: i32,
    /// Phase and message.
    pub phase: String,
    /// What it waits for.
    pub waits: String,
}

impl World {
    /// What can be seen now.
    ///
    /// # Errors
    /// When an object has a field of an unexpected shape.
    pub fn row(&self, start: Time, held: &[Held]) -> Result<Row, ReadError> {
        let seen = self.observe()?;
        let status = seen.rollout.status.clone();
        let view = View::new(&seen, &status).ok();
        let pods = |set: Option<&ReplicaSet>| set.map_or((0, 0), |set| (set.replicas, set.available));
        let new = view.as_ref().and_then(|view| view.new);
        let stable = view.as_ref().and_then(View::stable_apart);
        let promoted = !status.stable_rs.is_empty() && status.stable_rs == status.current_pod_hash;
        let (stable, new) = if promoted && stable.is_none() { (new, None) } else { (stable, new) };
        let others = view.as_ref().map_or(0, |view| view.others.iter().map(|set| set.replicas).sum());
        let words = format!("{} {}", status.phase, status.message);
        Ok(Row {
            seconds: self.now.0.as_second() - start.0.as_second(),
            step: view.as_ref().and_then(|view| step(view, &status)),
            weight: (asked(&seen.rollout, &status), in_force(&status, pods(stable), pods(new))),
            stable: pods(stable),
            canary: pods(new),
            others,
            phase: words.trim().to_owned(),
            waits: held.iter().map(|held| held.message.clone()).collect::<Vec<_>>().join("; "),
        })
    }
}

fn step(view: &View, status: &RolloutStatus) -> Option<(i32, usize)> {
    let count = view.steps().len();
    (count > 0).then(|| (status.current_step_index.unwrap_or(0), count))
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, step, weight, stable, canary, others, phase, waits: _ } = self;
        let step = step.map_or_else(|| "-".to_owned(), |(index, count)| format!("{index}/{count}"));
        write!(f, "{:02}:{:02} {step:>5} ", seconds / 60, seconds % 60)?;
        write!(f, "{:>3}/{:<3} ", weight.0, weight.1)?;
        write!(f, "{:>2}({}) {:>2}({})", stable.0, stable.1, canary.0, canary.1)?;
        if *others > 0 {
            write!(f, " +{others}")?;
        }
        write!(f, "  {phase}")
    }
}

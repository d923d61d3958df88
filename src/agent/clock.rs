//! The only reader of the time, and of the system's randomness.

use std::sync::OnceLock;
use std::time::Instant;

use model::Time;

/// Now, by the wall clock: what is written into statuses and compared with what stands there.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the time")]
pub fn now() -> Time {
    Time(jiff::Timestamp::try_from(std::time::SystemTime::now()).unwrap_or(jiff::Timestamp::UNIX_EPOCH))
}

/// Now, by the monotonic clock: how long something took, and deadlines in memory.
#[expect(clippy::disallowed_methods, reason = "this is the one reader of the time")]
pub fn monotonic() -> Instant {
    Instant::now()
}

/// Now, as waits in memory are counted: the wall clock as it stood at the first call, moved on by the monotonic clock.
/// Setting the clock makes no such wait shorter or longer (fault F13).
pub fn steady() -> Time {
    static FIRST: OnceLock<(Instant, Time)> = OnceLock::new();
    let (first, wall) = FIRST.get_or_init(moment);
    wall.plus(monotonic().duration_since(*first))
}

/// A moment of the wall clock, as waits in memory are counted. What has passed is due now.
pub fn steady_at(when: Time) -> Time {
    // The wall clock first: a wait may end a moment late, never early.
    let left = when.since(now());
    steady().plus(left)
}

/// Now, by both clocks.
pub fn moment() -> (Instant, Time) {
    (monotonic(), now())
}

/// Fills `bytes` with the system's randomness.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has randomness");
}

//! The only reader of the time, and of the system's randomness.

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

/// Now, by both clocks.
pub fn moment() -> (Instant, Time) {
    (monotonic(), now())
}

/// Fills `bytes` with the system's randomness.
pub fn fill_random(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has randomness");
}

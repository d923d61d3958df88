//! What a render may know of the world outside.

use jiff::{Timestamp, tz::TimeZone};

/// The clock, the local time zone and the source of randomness, given by the caller.
pub trait World {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// The zone that Go calls `Local`.
    fn local_zone(&self) -> TimeZone;

    /// Fills the bytes with randomness; keys and certificates are made from it, so it should be good.
    fn fill_random(&self, bytes: &mut [u8]);
}

/// A world that stands still at the start of 1970 in UTC, with the same "random" numbers each time.
///
/// For tests and for checks whose output must not change; keys made with it are no secret.
#[derive(Debug, Default)]
pub struct StillWorld {
    state: std::cell::Cell<u64>,
}

impl World for StillWorld {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }

    fn local_zone(&self) -> TimeZone {
        TimeZone::UTC
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

impl StillWorld {
    /// SplitMix64.
    fn next(&self) -> u64 {
        let state = self.state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.state.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

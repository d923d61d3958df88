//! A small cluster in memory: it carries decisions out, its pods come up in their time, and it tells what can be seen.
//!
//! It is what `windlass simulate` walks through, and what the tests of the machine play their stories in. Time is a
//! number here: nothing waits.

mod carry_out;
mod measure;
mod pods;
mod row;
mod story;
mod walk;
mod world;

pub use measure::{BadReadings, Reading, Readings};
pub use pods::PodRule;
pub use row::Row;
pub use story::{NoStory, Wishes, story};
pub use walk::{End, Stuck};
pub use world::World;

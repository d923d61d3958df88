//! From a commit to a plan: render, desired, diff, health, plan.
//!
//! Each stage takes only what the stage before has built, and nothing here touches the world: the agent gathers,
//! this crate decides, the agent acts.

pub mod desired;
pub mod diff;
pub mod glob;
pub mod health;
pub mod plan;
pub mod project;
pub mod render;

//! The nouns everybody shares: plain values, no behaviour beyond reading themselves.
//!
//! In reading order: [`key`] and [`object`] name a manifest, [`annotations`] reads what users say on it,
//! [`application`] and [`project`] are the objects that drive windlass, [`settings`] is what an operator
//! configures, [`tree`] is one commit's files, [`budget`] is what one render may spend.

pub mod analysis;
pub mod annotations;
pub mod application;
pub mod application_set;
pub mod budget;
pub mod crd;
pub mod experiment;
pub mod key;
pub mod kinds;
pub mod links;
pub mod object;
pub mod parts;
pub mod project;
pub mod rollout;
pub mod settings;
pub mod time;
pub mod tree;

pub use application::Application;
pub use key::{GroupKind, Gvk, ObjectKey};
pub use kinds::Kinds;
pub use object::Object;
pub use project::AppProject;
pub use time::Time;

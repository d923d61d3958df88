//! Desired and live objects -> drift: what a sync would change, and what is nobody's business.
//!
//! Comparison is by field ownership. [`ownership`] answers most objects without asking anybody: our field
//! manager owns exactly what the manifest says, with the values it says. Whatever is left is put to the API
//! server as a dry-run, and [`compare()`] reads its answer. Fields that only the live object has (defaults, other
//! owners) are never drift.
//!
//! In reading order: [`normalize`] makes a manifest fit to apply, [`fields`] reads `managedFields`,
//! [`ownership`] decides without a request, [`ignore`] (with [`jq`]) says what is not compared, [`compare()`] has the
//! last word, [`predict`] stands in where no dry-run can be had, [`takeover`] moves the fields of earlier
//! client-side managers, [`redact`] keeps Secrets in and [`text`] shows two objects line by line.

pub mod compare;
mod errors;
pub mod fields;
pub mod ignore;
pub mod jq;
pub mod normalize;
pub mod ownership;
pub mod path;
pub mod predict;
mod quantity;
pub mod redact;
mod remember;
mod seal;
pub mod takeover;
pub mod text;

pub use compare::{Answer, Change, Options, Verdict, compare};
pub use ignore::IgnoreRules;
pub use ownership::{Local, MANAGER, decide};
pub use path::{FieldPath, Step};
pub use remember::{VerdictKey, fingerprint};

/// How deep a comparison follows an object; the API server refuses deeper ones long before.
const MAX_DEPTH: usize = 200;

//! Version constraints for Git tags, by the rules that Helm and upstream share.

use gotemplate::functions::semver::{Constraint, Version};

use crate::source::git::Versions;

/// Masterminds' semantic versions.
pub struct Semver;

impl Versions for Semver {
    fn is_version(&self, text: &str) -> bool {
        Version::parse(text).is_ok()
    }

    fn newest<'t>(&self, constraint: &str, tags: &[&'t str]) -> Option<Option<&'t str>> {
        let constraint = Constraint::parse(constraint).ok()?;
        let versions = tags.iter().filter_map(|tag| Some((Version::parse(tag).ok()?, *tag)));
        let matching = versions.filter(|(version, _)| constraint.check(version));
        Some(matching.max_by(|(one, _), (other, _)| one.cmp(other)).map(|(_, tag)| tag))
    }
}

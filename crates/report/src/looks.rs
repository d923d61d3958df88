//! When each remote was last asked for its names, and how that went: how old what the page says may be.

use std::collections::BTreeMap;

use model::Time;

/// The last looks, by the repository's URL as it may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looks(BTreeMap<String, Look>);

/// The last look at one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When it was last asked.
    pub at: Time,
    /// When it last answered.
    pub answered_at: Option<Time>,
    /// Why it did not answer the last time.
    pub failure: Option<String>,
}

/// Repositories that are remembered; of more, the ones longest not asked are forgotten.
const MOST: usize = 4_096;

impl Looks {
    /// Notes a look. True where it went otherwise than the one before.
    pub fn note(&mut self, repository: &str, at: Time, failure: Option<String>) -> bool {
        let before = self.0.get(repository);
        let answered_at = match failure {
            None => Some(at),
            Some(_) => before.and_then(|before| before.answered_at),
        };
        let news =
            before.is_some_and(|before| before.failure != failure) || (before.is_none() && failure.is_some());
        self.0.insert(repository.to_owned(), Look { at, answered_at, failure });
        if self.0.len() > MOST {
            let oldest = self.0.iter().min_by_key(|(_, look)| look.at).map(|(name, _)| name.clone());
            oldest.map(|name| self.0.remove(&name));
        }
        news
    }

    /// The last look at a repository; none for one that is watched, or that was never asked.
    pub fn at(&self, repository: &str) -> Option<&Look> {
        self.0.get(repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_look_that_went_otherwise_is_news() {
        let at = |text: &str| text.parse::<Time>().expect("it is a time");
        let (first, second) = (at("2024-05-02T12:00:00Z"), at("2024-05-02T12:02:00Z"));
        let mut looks = Looks::default();
        assert!(!looks.note("a", first, None));
        assert!(looks.note("a", second, Some("it is away".into())));
        assert!(!looks.note("a", second, Some("it is away".into())));
        let look = looks.at("a").expect("it was noted");
        assert_eq!((look.at, look.answered_at), (second, Some(first)));
        assert!(looks.note("a", second, None));
        assert_eq!(looks.at("b"), None);
    }
}

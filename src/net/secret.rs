//! Secret values as a type of their own.

use std::fmt;
use std::sync::Arc;

/// A secret text: it cannot be printed, written out or compared by accident (rule R5).
///
/// Cloning shares the text.
#[derive(Clone, Default)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself: only for the place that sends it to its owner's host.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// True where no secret was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether `offered` is this secret, in a time that does not tell where they differ.
    pub fn matches(&self, offered: &[u8]) -> bool {
        let own = self.0.as_bytes();
        own.len() == offered.len() && own.iter().zip(offered).fold(0, |seen, (a, b)| seen | (a ^ b)) == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_nothing_and_matches_only_itself() {
        let secret = Secret::from("hunter2");
        assert_eq!(format!("{secret:?}"), "(secret)");
        assert!(secret.matches(b"hunter2"));
        for other in ["hunter3", "hunter", "hunter22", ""] {
            assert!(!secret.matches(other.as_bytes()), "{other:?} was taken for the secret");
        }
    }
}

//! Arguments of a run: where their values come from, and how they get into its metrics.

use std::collections::BTreeMap;

use model::analysis::{Argument, Metric, SecretKeyRef};
use serde_json::Value as Json;

/// Values of Secrets, by name and key; or why one could not be read, in the server's words.
pub type SecretValues = BTreeMap<(String, String), Result<String, String>>;

/// Why a metric's arguments have no values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// It has two sources.
    #[error("arg '{0}' has both Value and ValueFrom fields")]
    Both(String),
    /// It has none.
    #[error("args.{0} was not resolved")]
    Unresolved(String),
    /// The Secret, or the key in it, is missing.
    #[error("{0}")]
    Secret(String),
    /// A placeholder names nothing that is known.
    #[error("failed to resolve {{{{{0}}}}}")]
    Unknown(String),
    /// A placeholder does not end.
    #[error("a placeholder that begins with {{{{ does not end in }}}}")]
    Open,
    /// With its values the metric is none any more.
    #[error("metric {name} cannot be read with its arguments: {why}")]
    Shape {
        /// The metric.
        name: String,
        /// What is wrong with it.
        why: String,
    },
}

/// The keys of Secrets that a run's arguments need.
pub fn secrets(arguments: &[Argument]) -> Vec<SecretKeyRef> {
    arguments.iter().filter_map(|argument| argument.value_from.as_ref()?.secret_key_ref.clone()).collect()
}

/// Arguments with their values.
pub(super) struct Values {
    by_name: BTreeMap<String, String>,
    secret: Vec<String>,
}

/// Looks the values up.
pub(super) fn resolve(arguments: &[Argument], secrets: &SecretValues) -> Result<Values, ArgumentError> {
    let (mut by_name, mut secret) = (BTreeMap::new(), Vec::new());
    for Argument { name, value, value_from } in arguments {
        let value = match (value, value_from) {
            (Some(_), Some(_)) => return Err(ArgumentError::Both(name.clone())),
            (Some(value), None) => value.clone(),
            (None, Some(source)) => {
                let reference = source.secret_key_ref.as_ref();
                let reference = reference.ok_or_else(|| ArgumentError::Unresolved(name.clone()))?;
                let value = read(reference, secrets)?;
                secret.push(value.clone());
                value
            }
            (None, None) => return Err(ArgumentError::Unresolved(name.clone())),
        };
        by_name.insert(format!("args.{name}"), value);
    }
    Ok(Values { by_name, secret })
}

fn read(reference: &SecretKeyRef, secrets: &SecretValues) -> Result<String, ArgumentError> {
    let SecretKeyRef { name, key } = reference;
    match secrets.get(&(name.clone(), key.clone())) {
        Some(Ok(value)) => Ok(value.clone()),
        Some(Err(words)) => Err(ArgumentError::Secret(words.clone())),
        None => Err(ArgumentError::Secret(format!("secrets \"{name}\" not found"))),
    }
}

impl Values {
    /// Values that must not be shown.
    pub fn secrets(self) -> Vec<String> {
        self.secret.into_iter().filter(|value| !value.is_empty()).collect()
    }

    /// The metric with its placeholders filled in.
    pub fn put_into(&self, metric: &Metric) -> Result<Metric, ArgumentError> {
        let shape =
            |why: serde_json::Error| ArgumentError::Shape { name: metric.name.clone(), why: why.to_string() };
        let text = serde_json::to_string(metric).map_err(shape)?;
        if !text.contains("{{") {
            return Ok(metric.clone());
        }
        serde_json::from_str(&self.fill(&text)?).map_err(shape)
    }

    /// Fills in the placeholders of a JSON text.
    fn fill(&self, text: &str) -> Result<String, ArgumentError> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").ok_or(ArgumentError::Open)?;
            let name = name.trim();
            // A quote ends the text that the placeholder stands in: what was found are the braces of the JSON itself.
            if name.contains('"') {
                return Err(ArgumentError::Open);
            }
            let value = self.by_name.get(name).ok_or_else(|| ArgumentError::Unknown(name.to_owned()))?;
            out.push_str(before);
            // The placeholder stands inside a JSON text: the value goes in without its own quotes.
            let quoted = Json::from(value.as_str()).to_string();
            out.push_str(&quoted[1..quoted.len() - 1]);
            rest = after;
        }
        out.push_str(rest);
        Ok(out)
    }
}

/// A text without the values that must not be shown.
pub(super) fn redact(text: &str, secrets: &[String]) -> String {
    secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret, "*****"))
}

//! The build environment: `$ARGOCD_APP_...` in the places where upstream substitutes it (reference section 2.7).

use std::collections::BTreeMap;

use model::application::{Application, Source};

/// Names and values that `$NAME` and `${NAME}` stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Environment(BTreeMap<&'static str, String>);

impl Environment {
    /// The environment of one source of `app` at `revision`.
    pub fn new(app: &Application, control_namespace: &str, source: &Source, revision: &str) -> Self {
        let short = |length: usize| revision.get(..length).unwrap_or(revision).to_owned();
        Self(BTreeMap::from([
            ("ARGOCD_APP_NAME", app.instance_name(control_namespace)),
            ("ARGOCD_APP_NAMESPACE", app.spec.destination.namespace.clone()),
            ("ARGOCD_APP_PROJECT_NAME", app.spec.project_name().to_owned()),
            ("ARGOCD_APP_REVISION", revision.to_owned()),
            ("ARGOCD_APP_REVISION_SHORT", short(7)),
            ("ARGOCD_APP_REVISION_SHORT_8", short(8)),
            ("ARGOCD_APP_SOURCE_REPO_URL", source.repo_url.clone()),
            ("ARGOCD_APP_SOURCE_PATH", source.path.clone()),
            ("ARGOCD_APP_SOURCE_TARGET_REVISION", source.target_revision.clone()),
        ]))
    }

    /// The name the Application's objects are tracked by.
    pub fn instance(&self) -> &str {
        self.value("ARGOCD_APP_NAME")
    }

    /// `text` with names replaced: an unknown name becomes nothing, `$$` becomes `$`.
    pub fn substitute(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            result.push_str(&rest[..at]);
            let (value, after) = self.name_after(&rest[at + 1..]);
            result.push_str(value);
            rest = after;
        }
        result.push_str(rest);
        result
    }

    /// The value of the name at the start of `text` (which follows a `$`), and what is behind it.
    fn name_after<'a>(&'a self, text: &'a str) -> (&'a str, &'a str) {
        if let Some(after) = text.strip_prefix('$') {
            return ("$", after);
        }
        if let Some((name, after)) = text.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            return (self.value(name), after);
        }
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        if end == 0 { ("$", text) } else { (self.value(&text[..end]), &text[end..]) }
    }

    fn value(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_unknown_ones_vanish() {
        let environment = Environment(BTreeMap::from([("ARGOCD_APP_NAME", "shop".to_owned())]));
        let check = |text: &str, expected: &str| assert_eq!(environment.substitute(text), expected);
        check("$ARGOCD_APP_NAME-x", "shop-x");
        check("a/${ARGOCD_APP_NAME}.yaml", "a/shop.yaml");
        check("${HOME}$HOME|", "|");
        check("$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME");
        check("cost: 5$ ", "cost: 5$ ");
    }
}

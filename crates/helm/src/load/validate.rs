//! What Helm asks of a chart's description before it uses it.

use gotemplate::functions::semver::Version;

use crate::chart::{Dependency, Metadata};

/// Cleans the texts of `metadata` as Helm does, then checks it; the error is Helm's text.
pub(crate) fn validate(metadata: &mut Metadata) -> Result<(), String> {
    clean_all(metadata);
    let m = &*metadata;
    if m.api_version.is_empty() {
        return Err("chart.metadata.apiVersion is required".to_owned());
    }
    if m.name.is_empty() {
        return Err("chart.metadata.name is required".to_owned());
    }
    if m.name == "." || m.name == ".." {
        return Err(format!("chart.metadata.name {:?} is not allowed", m.name));
    }
    if m.name.contains('/') {
        return Err(format!("chart.metadata.name {:?} is invalid", m.name));
    }
    if m.version.is_empty() {
        return Err("chart.metadata.version is required".to_owned());
    }
    if Version::parse(&m.version).is_err() {
        return Err(format!("chart.metadata.version {:?} is invalid", m.version));
    }
    if !matches!(m.chart_type.as_str(), "" | "application" | "library") {
        return Err("chart.metadata.type must be application or library".to_owned());
    }
    if m.maintainers.iter().any(Option::is_none) {
        return Err("maintainers must not contain empty or null nodes".to_owned());
    }
    dependencies(m)
}

fn dependencies(metadata: &Metadata) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    for dependency in metadata.dependencies.iter().flatten() {
        let Some(dependency) = dependency else {
            return Err("dependencies must not contain empty or null nodes".to_owned());
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !dependency.alias.chars().all(allowed) {
            return Err(format!("dependency {:?} has disallowed characters in the alias", dependency.name));
        }
        let key = if dependency.alias.is_empty() { &dependency.name } else { &dependency.alias };
        if seen.contains(&key.as_str()) {
            return Err(format!("more than one dependency with name or alias {key:?}"));
        }
        seen.push(key);
    }
    Ok(())
}

fn clean_all(m: &mut Metadata) {
    let texts = [
        &mut m.name,
        &mut m.description,
        &mut m.home,
        &mut m.icon,
        &mut m.condition,
        &mut m.tags,
        &mut m.app_version,
        &mut m.kube_version,
    ];
    texts.into_iter().chain(&mut m.sources).chain(&mut m.keywords).for_each(clean);
    for maintainer in m.maintainers.iter_mut().flatten() {
        [&mut maintainer.name, &mut maintainer.email, &mut maintainer.url].into_iter().for_each(clean);
    }
    for d in m.dependencies.iter_mut().flatten().flatten() {
        let Dependency { name, version, repository, condition, tags, .. } = d;
        [name, version, repository, condition].into_iter().chain(tags).for_each(clean);
    }
}

/// Every blank becomes a space, what cannot be printed goes.
fn clean(text: &mut String) {
    let plain = |byte: u8| (b' '..=b'~').contains(&byte);
    if !text.bytes().all(plain) {
        *text =
            text.chars().filter_map(|c| if c.is_whitespace() { Some(' ') } else { printable(c) }).collect();
    }
}

fn printable(c: char) -> Option<char> {
    // A character in mid-text is escaped by the standard library exactly when it cannot be printed.
    let text: String = ['a', c].iter().collect();
    let escaped = text.escape_debug().count() > 2 && !matches!(c, '"' | '\'' | '\\');
    (!escaped).then_some(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::metadata::read_metadata;

    #[track_caller]
    fn check(text: &str, expected: Result<(), &str>) {
        let mut metadata = Metadata { api_version: "v2".to_owned(), ..Metadata::default() };
        let read = read_metadata(text, &mut metadata).map_err(|error| error.to_string());
        let found = read.and_then(|()| validate(&mut metadata));
        assert_eq!(found.as_ref().map_err(String::as_str).copied(), expected, "{text}");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        check("name: a\nversion: 1.0.0", Ok(()));
        check("name: a\nversion: 1", Ok(()));
        check("version: 1.0.0", Err("chart.metadata.name is required"));
        check("name: a", Err("chart.metadata.version is required"));
        check("name: a/b\nversion: 1.0.0", Err("chart.metadata.name \"a/b\" is invalid"));
        check("name: ..\nversion: 1.0.0", Err("chart.metadata.name \"..\" is not allowed"));
        check("name: a\nversion: bad", Err("chart.metadata.version \"bad\" is invalid"));
        check("name: a\nversion: 1.0.0\ntype: x", Err("chart.metadata.type must be application or library"));
        check(
            "name: a\nversion: 1.0.0\ndependencies: [{name: b}, {name: c, alias: b}]",
            Err("more than one dependency with name or alias \"b\""),
        );
        check(
            "name: a\nversion: 1.0.0\ndependencies: [null]",
            Err("dependencies must not contain empty or null nodes"),
        );
        check(
            "name: [a]",
            Err("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go \
             struct field Metadata.name of type string"),
        );
        let refused = |text: &str, what: &str| {
            let prefix = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ";
            check(text, Err(&format!("{prefix}{what}")));
        };
        refused("[a]", "array into Go value of type v2.Metadata");
        refused("keywords: a", "string into Go struct field Metadata.keywords of type []string");
        refused(
            "dependencies: a",
            "string into Go struct field Metadata.dependencies of type []*v2.Dependency",
        );
        refused(
            "dependencies: [a]",
            "string into Go struct field Metadata.dependencies of type v2.Dependency",
        );
        refused(
            "maintainers: {}",
            "object into Go struct field Metadata.maintainers of type []*v2.Maintainer",
        );
        refused(
            "dependencies: [{name: b, import-values: x}]",
            "string into Go struct field Dependency.dependencies.import-values of type []interface {}",
        );
    }
}

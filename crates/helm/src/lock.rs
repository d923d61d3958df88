//! What charts/ lacks and where it is to come from; fetching is the caller's matter.

use std::sync::Arc;

use goyaml::JsonLayout;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::chart::{Chart, Contents, Dependency};
use crate::dependencies::{in_range, is_present};

/// A chart to fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DependencyRequest {
    /// Name of the chart.
    pub name: String,
    /// The repository as it is listed: `https://`, `oci://`, `file://` (a path from this chart's folder) or `@alias`.
    pub repository: String,
    /// A version where a lock file gave it, else a range.
    pub version: String,
    /// Whether the version is the lock file's.
    pub locked: bool,
}

/// Why dependencies cannot be fetched; the texts are Helm's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LockError {
    /// Chart.lock was made for another Chart.yaml.
    #[error(
        "the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml). Please update the \
         dependencies with 'helm dependency update'"
    )]
    OutOfSync,
    /// The same for charts of version 1.
    #[error(
        "the lock file (requirements.lock) is out of sync with the dependencies file (requirements.yaml). Please \
         update the dependencies"
    )]
    RequirementsOutOfSync,
    /// A dependency that is not in charts/ names no repository.
    #[error("dependency {0} is not in charts/ and names no repository")]
    NoRepository(String),
    /// A chart that was fetched is another than the one that was asked for.
    #[error("{name} {found} was fetched where {wanted} is asked for")]
    WrongVersion {
        /// The chart.
        name: String,
        /// What came.
        found: String,
        /// What was asked for.
        wanted: String,
    },
}

impl Chart {
    /// The charts that Chart.yaml lists and charts/ lacks: at the lock file's versions where there is one, else as
    /// ranges to choose from. `alias` gives the address behind a repository name such as `@stable`.
    ///
    /// # Errors
    /// When the lock file belongs to another list, or a missing chart has no repository.
    pub fn missing_dependencies(
        &self,
        alias: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Vec<DependencyRequest>, LockError> {
        let listed: Vec<&Dependency> = self.contents.metadata.dependencies().collect();
        if listed.iter().all(|dependency| is_present(&self.contents, &dependency.name)) {
            return Ok(Vec::new());
        }
        if let Some(lock) = &self.contents.lock {
            self.check_lock(&listed, &lock.dependencies, &lock.digest, alias)?;
        }
        let (chosen, locked) = match &self.contents.lock {
            Some(lock) => (lock.dependencies.iter().collect(), true),
            None => (listed, false),
        };
        let missing = chosen.into_iter().filter(|dependency| !is_present(&self.contents, &dependency.name));
        let mut requests: Vec<DependencyRequest> = Vec::new();
        for Dependency { name, repository, version, .. } in missing {
            if repository.is_empty() {
                return Err(LockError::NoRepository(name.clone()));
            }
            let request = DependencyRequest {
                name: name.clone(),
                repository: repository.clone(),
                version: version.clone(),
                locked,
            };
            if !requests.contains(&request) {
                requests.push(request);
            }
        }
        Ok(requests)
    }

    /// The same chart with what was fetched in its charts/.
    ///
    /// # Errors
    /// When a chart is not the one that was asked for.
    pub fn with_dependencies(
        self,
        fetched: Vec<(DependencyRequest, Arc<Chart>)>,
    ) -> Result<Chart, LockError> {
        let mut contents = Contents::clone(&self.contents);
        for (request, chart) in fetched {
            let found = &chart.contents.metadata;
            if found.name != request.name || !in_range(&request.version, &found.version) {
                return Err(LockError::WrongVersion {
                    name: found.name.clone(),
                    found: found.version.clone(),
                    wanted: format!("{} {}", request.name, request.version),
                });
            }
            contents.subcharts.push(chart.contents.clone());
        }
        contents.subcharts.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        Ok(contents.into())
    }

    fn check_lock(
        &self,
        listed: &[&Dependency],
        locked: &[Dependency],
        digest: &str,
        alias: &dyn Fn(&str) -> Option<String>,
    ) -> Result<(), LockError> {
        let own: Vec<Dependency> = listed.iter().map(|dependency| (*dependency).clone()).collect();
        let resolved: Vec<Dependency> =
            own.iter().map(|dependency| with_address(dependency, alias)).collect();
        if digest == hash(&format!("[{},{}]", json_list(&resolved), json_list(locked))) {
            return Ok(());
        }
        if self.contents.metadata.api_version != "v1" {
            return Err(LockError::OutOfSync);
        }
        // Helm 2 hashed the requirements alone, as written.
        if digest == hash(&format!("{{\"dependencies\":{}}}", json_list(&own))) {
            return Ok(());
        }
        Err(LockError::RequirementsOutOfSync)
    }
}

fn with_address(dependency: &Dependency, alias: &dyn Fn(&str) -> Option<String>) -> Dependency {
    let repository = &dependency.repository;
    let name = repository.strip_prefix('@').or_else(|| repository.strip_prefix("alias:"));
    let address = name.and_then(alias).unwrap_or_else(|| repository.clone());
    Dependency { repository: address, ..dependency.clone() }
}

fn hash(json: &str) -> String {
    let digest = Sha256::digest(json.as_bytes());
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&digest))
}

/// The list as Go's encoding/json writes its structs: in the order of the fields, empty ones left out.
fn json_list(dependencies: &[Dependency]) -> String {
    let items: Vec<String> = dependencies.iter().map(json_dependency).collect();
    format!("[{}]", items.join(","))
}

fn json_dependency(dependency: &Dependency) -> String {
    let Dependency { name, version, repository, condition, tags, enabled, import_values, alias } = dependency;
    let mut fields = vec![format!("\"name\":{}", json_text(name))];
    let mut add = |key: &str, set: bool, json: String| {
        if set {
            fields.push(format!("\"{key}\":{json}"));
        }
    };
    add("version", !version.is_empty(), json_text(version));
    add("repository", true, json_text(repository));
    add("condition", !condition.is_empty(), json_text(condition));
    add("tags", !tags.is_empty(), json(&Json::from(tags.clone())));
    add("enabled", *enabled, "true".to_owned());
    add("import-values", !import_values.is_empty(), json(&Json::from(import_values.clone())));
    add("alias", !alias.is_empty(), json_text(alias));
    format!("{{{}}}", fields.join(","))
}

fn json_text(text: &str) -> String {
    json(&Json::from(text))
}

fn json(value: &Json) -> String {
    goyaml::go_json(value, JsonLayout::COMPACT).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryFiles;

    fn chart(lock: Option<&str>) -> Chart {
        let mut files = MemoryFiles::default();
        let description = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n- name: db\n  version: '>=1.0.0'\n  \
                           repository: https://r.example/\n";
        files.insert("Chart.yaml", description.as_bytes());
        if let Some(lock) = lock {
            files.insert("Chart.lock", lock.as_bytes());
        }
        Chart::load(&files).expect("it loads")
    }

    #[track_caller]
    fn check(lock: Option<&str>, expected: Result<(&str, bool), LockError>) {
        let found = chart(lock).missing_dependencies(&|_| None);
        let first = found.map(|requests| (requests[0].version.clone(), requests[0].locked));
        assert_eq!(first, expected.map(|(version, locked)| (version.to_owned(), locked)));
    }

    #[test]
    fn what_is_missing_is_asked_for() {
        check(None, Ok((">=1.0.0", false)));
        let json = "[[{\"name\":\"db\",\"version\":\"\\u003e=1.0.0\",\"repository\":\"https://r.example/\"}],\
                    [{\"name\":\"db\",\"version\":\"1.2.3\",\"repository\":\"https://r.example/\"}]]";
        let lock = |digest: &str| {
            format!(
                "dependencies:\n- {{name: db, version: 1.2.3, repository: 'https://r.example/'}}\ndigest: {digest}"
            )
        };
        check(Some(&lock(&hash(json))), Ok(("1.2.3", true)));
        check(Some(&lock("sha256:00")), Err(LockError::OutOfSync));
    }

    #[test]
    fn what_was_fetched_must_be_what_was_asked_for() {
        let request = chart(None).missing_dependencies(&|_| None).expect("there is no lock").remove(0);
        let fetched = |version: &str| {
            let text = format!("apiVersion: v2\nname: db\nversion: {version}\n");
            Arc::new(Chart::load(&MemoryFiles::from_iter([("Chart.yaml", text)])).expect("it loads"))
        };
        let whole =
            chart(None).with_dependencies(vec![(request.clone(), fetched("1.5.0"))]).expect("it fits");
        assert_eq!(whole.missing_dependencies(&|_| None), Ok(Vec::new()));
        assert!(matches!(
            chart(None).with_dependencies(vec![(request, fetched("0.5.0"))]),
            Err(LockError::WrongVersion { .. })
        ));
    }
}

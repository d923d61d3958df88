//! Chart.yaml and its relatives, read as Helm reads them into its Go structs.

use serde_json::{Map as Object, Value as Json};

use crate::chart::{Dependency, Lock, Maintainer, Metadata};

/// Why a chart's description could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DescriptionError {
    /// It is no YAML.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(String),
    /// A field has the wrong type.
    #[error("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {found} into Go {place}")]
    Type {
        /// The JSON type that was found.
        found: &'static str,
        /// Where, in Go's words.
        place: String,
    },
}

/// Reads Chart.yaml or requirements.yaml into `metadata`; fields that are not named stay as they are.
pub(crate) fn read_metadata(text: &str, metadata: &mut Metadata) -> Result<(), DescriptionError> {
    let Some(object) = object(text, "v2.Metadata")? else { return Ok(()) };
    let at = Place("Metadata");
    let m = metadata;
    let dependency = |value: &Json| dependency(at, value);
    let maintainer = |value: &Json| maintainer(at, value);
    for (key, value) in &object {
        match key.to_ascii_lowercase().as_str() {
            "name" => set(&mut m.name, at.text(value, "name")?),
            "home" => set(&mut m.home, at.text(value, "home")?),
            "sources" => m.sources = at.texts(value, "sources")?.unwrap_or_default(),
            "version" => set(&mut m.version, at.text(value, "version")?),
            "description" => set(&mut m.description, at.text(value, "description")?),
            "keywords" => m.keywords = at.texts(value, "keywords")?.unwrap_or_default(),
            "maintainers" => {
                m.maintainers =
                    at.list(value, "maintainers", "*v2.Maintainer", maintainer)?.unwrap_or_default()
            }
            "icon" => set(&mut m.icon, at.text(value, "icon")?),
            "apiversion" => set(&mut m.api_version, at.text(value, "apiVersion")?),
            "condition" => set(&mut m.condition, at.text(value, "condition")?),
            "tags" => set(&mut m.tags, at.text(value, "tags")?),
            "appversion" => set(&mut m.app_version, at.text(value, "appVersion")?),
            "deprecated" => m.deprecated = at.flag(value, "deprecated")?.unwrap_or(m.deprecated),
            "annotations" => m.annotations = at.text_map(value, "annotations")?,
            "kubeversion" => set(&mut m.kube_version, at.text(value, "kubeVersion")?),
            "dependencies" => {
                m.dependencies = at.list(value, "dependencies", "*v2.Dependency", dependency)?
            }
            "type" => set(&mut m.chart_type, at.text(value, "type")?),
            _ => {}
        }
    }
    Ok(())
}

/// Reads Chart.lock or requirements.lock.
pub(crate) fn read_lock(text: &str) -> Result<Lock, DescriptionError> {
    let mut lock = Lock::default();
    let Some(object) = object(text, "v2.Lock")? else { return Ok(lock) };
    let at = Place("Lock");
    let dependency = |value: &Json| dependency(at, value);
    for (key, value) in &object {
        match key.to_ascii_lowercase().as_str() {
            "generated" => set(&mut lock.generated, at.text(value, "generated")?),
            "digest" => set(&mut lock.digest, at.text(value, "digest")?),
            "dependencies" => {
                let read = at.list(value, "dependencies", "*v2.Dependency", dependency)?.unwrap_or_default();
                lock.dependencies = read.into_iter().flatten().collect();
            }
            _ => {}
        }
    }
    Ok(lock)
}

/// The object of a YAML text, its fields in byte order (as they come out of a Go map); none where it is empty.
fn object(text: &str, go_type: &str) -> Result<Option<Object<String, Json>>, DescriptionError> {
    let json = goyaml::to_json(text).map_err(|error| DescriptionError::Yaml(error.to_string()))?;
    match json {
        Json::Null => Ok(None),
        Json::Object(mut object) => {
            object.sort_keys();
            Ok(Some(object))
        }
        other => Err(mismatch(&other, format!("value of type {go_type}"))),
    }
}

/// One dependency; null stands for a missing one.
fn dependency(outer: Place, value: &Json) -> Result<Option<Dependency>, DescriptionError> {
    let Some(object) = outer.object(value, "dependencies", "v2.Dependency")? else { return Ok(None) };
    let at = Place("Dependency");
    let mut d = Dependency::default();
    for (key, value) in &object {
        match key.to_ascii_lowercase().as_str() {
            "name" => set(&mut d.name, at.text(value, "dependencies.name")?),
            "version" => set(&mut d.version, at.text(value, "dependencies.version")?),
            "repository" => set(&mut d.repository, at.text(value, "dependencies.repository")?),
            "condition" => set(&mut d.condition, at.text(value, "dependencies.condition")?),
            "tags" => d.tags = at.texts(value, "dependencies.tags")?.unwrap_or_default(),
            "enabled" => d.enabled = at.flag(value, "dependencies.enabled")?.unwrap_or(false),
            "import-values" => {
                d.import_values = at
                    .list(value, "dependencies.import-values", "interface {}", |v| Ok(v.clone()))?
                    .unwrap_or_default();
            }
            "alias" => set(&mut d.alias, at.text(value, "dependencies.alias")?),
            _ => {}
        }
    }
    Ok(Some(d))
}

fn maintainer(outer: Place, value: &Json) -> Result<Option<Maintainer>, DescriptionError> {
    let Some(object) = outer.object(value, "maintainers", "v2.Maintainer")? else { return Ok(None) };
    let at = Place("Maintainer");
    let mut m = Maintainer::default();
    for (key, value) in &object {
        match key.to_ascii_lowercase().as_str() {
            "name" => set(&mut m.name, at.text(value, "maintainers.name")?),
            "email" => set(&mut m.email, at.text(value, "maintainers.email")?),
            "url" => set(&mut m.url, at.text(value, "maintainers.url")?),
            _ => {}
        }
    }
    Ok(Some(m))
}

fn set(field: &mut String, value: Option<String>) {
    if let Some(value) = value {
        *field = value;
    }
}

/// The Go struct whose fields are read: it is named in errors.
#[derive(Clone, Copy)]
struct Place(&'static str);

impl Place {
    fn refuse(self, found: &Json, field: &str, go_type: &str) -> DescriptionError {
        mismatch(found, format!("struct field {}.{field} of type {go_type}", self.0))
    }

    /// A text; YAML numbers and flags become texts, null says nothing.
    fn text(self, value: &Json, field: &str) -> Result<Option<String>, DescriptionError> {
        match value {
            Json::Null => Ok(None),
            value => scalar_text(value).map(Some).ok_or_else(|| self.refuse(value, field, "string")),
        }
    }

    fn flag(self, value: &Json, field: &str) -> Result<Option<bool>, DescriptionError> {
        match value {
            Json::Null => Ok(None),
            Json::Bool(flag) => Ok(Some(*flag)),
            other => Err(self.refuse(other, field, "bool")),
        }
    }

    fn list<T>(
        self,
        value: &Json,
        field: &str,
        element: &str,
        read: impl Fn(&Json) -> Result<T, DescriptionError>,
    ) -> Result<Option<Vec<T>>, DescriptionError> {
        match value {
            Json::Null => Ok(None),
            Json::Array(items) => items.iter().map(read).collect::<Result<_, _>>().map(Some),
            other => Err(self.refuse(other, field, &format!("[]{element}"))),
        }
    }

    fn texts(self, value: &Json, field: &str) -> Result<Option<Vec<String>>, DescriptionError> {
        self.list(value, field, "string", |item| Ok(self.text(item, field)?.unwrap_or_default()))
    }

    fn object(
        self,
        value: &Json,
        field: &str,
        go_type: &str,
    ) -> Result<Option<Object<String, Json>>, DescriptionError> {
        match value {
            Json::Null => Ok(None),
            Json::Object(object) => {
                let mut object = object.clone();
                object.sort_keys();
                Ok(Some(object))
            }
            other => Err(self.refuse(other, field, go_type)),
        }
    }

    fn text_map(self, value: &Json, field: &str) -> Result<Option<Vec<(String, String)>>, DescriptionError> {
        let Json::Object(object) = value else {
            return if value.is_null() {
                Ok(None)
            } else {
                Err(self.refuse(value, field, "map[string]string"))
            };
        };
        let mut texts = Vec::with_capacity(object.len());
        for (key, value) in object {
            texts.push((key.clone(), self.text(value, field)?.unwrap_or_default()));
        }
        texts.sort();
        Ok(Some(texts))
    }
}

/// A scalar as text, as sigs.k8s.io/yaml writes it where Go wants a string.
pub(crate) fn scalar_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Number(number) => Some(match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) => goyaml::shortest_float(float),
            None => number.to_string(),
        }),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

pub(crate) fn mismatch(found: &Json, place: String) -> DescriptionError {
    let found = match found {
        Json::Null => "null",
        Json::Bool(_) => "bool",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    };
    DescriptionError::Type { found, place }
}

//! What an operator configures in `argocd-cm` and its neighbours, read once into types (reference section 7).

use std::collections::BTreeMap;
use std::time::Duration;

use crate::application::IgnoreDifferences;

/// How objects are marked as an application's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrackingMethod {
    /// By annotation.
    #[default]
    Annotation,
    /// By label.
    Label,
    /// By annotation, with the label for show.
    AnnotationAndLabel,
}

/// On which kinds `/status` is not compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IgnoreStatus {
    /// On all kinds; upstream's default.
    #[default]
    All,
    /// On CustomResourceDefinitions only.
    Crds,
    /// On none.
    None,
}

/// The settings that reconciliation reads; swapped whole when a ConfigMap changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `application.resourceTrackingMethod`.
    pub tracking_method: TrackingMethod,
    /// `application.instanceLabelKey`.
    pub instance_label: String,
    /// `installationID`; empty where several installations do not share a cluster.
    pub installation_id: String,
    /// `timeout.reconciliation`: how often a remote is asked; zero switches polling off.
    pub poll_interval: Duration,
    /// `timeout.reconciliation.jitter`.
    pub poll_jitter: Duration,
    /// `timeout.hard.reconciliation`: how often everything is rendered and compared anew; zero means never.
    pub hard_interval: Duration,
    /// `resource.compareoptions` `ignoreResourceStatusField`.
    pub ignore_status: IgnoreStatus,
    /// `resource.compareoptions` `ignoreAggregatedRoles`.
    pub ignore_aggregated_roles: bool,
    /// `resource.customizations.ignoreDifferences.*`, with globs for group and kind.
    pub ignore_differences: Vec<IgnoreDifferences>,
    /// `resource.customizations.health.*`: Lua by `group/Kind` (core: `Kind`), globs allowed.
    pub health_scripts: BTreeMap<String, String>,
    /// `resource.exclusions`.
    pub exclusions: Vec<KindFilter>,
    /// `resource.inclusions`.
    pub inclusions: Vec<KindFilter>,
    /// `resource.sensitive.mask.annotations`.
    pub masked_annotations: Vec<String>,
    /// `helm.valuesFileSchemes`.
    pub values_file_schemes: Vec<String>,
    /// `windlass.rewrite-url`: URL prefixes and what windlass asks instead.
    pub rewrite_urls: Vec<(String, String)>,
    /// `windlass.submodules`: fetch submodules (off by default, unlike upstream).
    pub submodules: bool,
    /// What could not be read, as sentences that name the key.
    pub problems: Vec<String>,
}

/// One rule of `resource.exclusions` or `resource.inclusions`; an empty list means any.
#[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KindFilter {
    /// Group globs.
    pub api_groups: Vec<String>,
    /// Kinds, or `*`.
    pub kinds: Vec<String>,
    /// Cluster globs.
    pub clusters: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tracking_method: TrackingMethod::default(),
            instance_label: "app.kubernetes.io/instance".to_owned(),
            installation_id: String::new(),
            poll_interval: Duration::from_secs(120),
            poll_jitter: Duration::from_secs(60),
            hard_interval: Duration::ZERO,
            ignore_status: IgnoreStatus::default(),
            ignore_aggregated_roles: false,
            ignore_differences: Vec::new(),
            health_scripts: BTreeMap::new(),
            exclusions: Vec::new(),
            inclusions: Vec::new(),
            masked_annotations: Vec::new(),
            values_file_schemes: vec!["http".to_owned(), "https".to_owned()],
            rewrite_urls: Vec::new(),
            submodules: false,
            problems: Vec::new(),
        }
    }
}

impl Settings {
    /// Reads the `data` of `argocd-cm`. A key that cannot be read keeps its default and is named in `problems`.
    pub fn read(data: &BTreeMap<String, String>) -> Self {
        let mut settings = Self::default();
        for (key, value) in data {
            if let Err(why) = settings.read_key(key, value) {
                settings
                    .problems
                    .push(format!("argocd-cm: {key} cannot be read: {why}; its default is used"));
            }
        }
        settings
    }

    fn read_key(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "application.resourceTrackingMethod" => {
                self.tracking_method = match value {
                    "label" => TrackingMethod::Label,
                    "annotation+label" => TrackingMethod::AnnotationAndLabel,
                    _ => TrackingMethod::Annotation,
                };
            }
            "application.instanceLabelKey" if !value.is_empty() => self.instance_label = value.to_owned(),
            "installationID" => self.installation_id = value.to_owned(),
            "timeout.reconciliation" => self.poll_interval = duration(value)?,
            "timeout.reconciliation.jitter" => self.poll_jitter = duration(value)?,
            "timeout.hard.reconciliation" => self.hard_interval = duration(value)?,
            "resource.compareoptions" => self.read_compare_options(value)?,
            "resource.exclusions" => self.exclusions = list(value)?,
            "resource.inclusions" => self.inclusions = list(value)?,
            "resource.sensitive.mask.annotations" => self.masked_annotations = words(value),
            "helm.valuesFileSchemes" => self.values_file_schemes = words(value),
            "windlass.rewrite-url" => self.rewrite_urls = rewrite_rules(value)?,
            "windlass.submodules" => self.submodules = value == "true",
            "resource.customizations" => self.read_customizations(value)?,
            _ => {
                if let Some(rest) = key.strip_prefix("resource.customizations.") {
                    return self.read_customization(rest, value);
                }
            }
        }
        Ok(())
    }

    fn read_compare_options(&mut self, value: &str) -> Result<(), String> {
        let options = yaml(value)?;
        self.ignore_aggregated_roles = options["ignoreAggregatedRoles"] == true;
        self.ignore_status = match options["ignoreResourceStatusField"].as_str() {
            Some("crd") => IgnoreStatus::Crds,
            Some("none" | "off" | "false") => IgnoreStatus::None,
            _ if options["ignoreResourceStatusField"] == false => IgnoreStatus::None,
            _ => IgnoreStatus::All,
        };
        Ok(())
    }

    /// The split form: `<type>.<group>_<Kind>`, `<type>.<Kind>` for the core group, `<type>.all`.
    fn read_customization(&mut self, rest: &str, value: &str) -> Result<(), String> {
        let (what, kind) =
            rest.split_once('.').ok_or("write resource.customizations.<type>.<group>_<Kind>")?;
        let (group, kind) = match kind.split_once('_') {
            _ if kind == "all" => ("*", "*"),
            Some(split) => split,
            None => ("", kind),
        };
        self.customize(what, group, kind, value)
    }

    /// The older form: a map of `<group>/<Kind>` to its parts.
    fn read_customizations(&mut self, value: &str) -> Result<(), String> {
        let map = yaml(value)?;
        for (name, parts) in map.as_object().ok_or("it must be a map")? {
            let (group, kind) = name.split_once('/').unwrap_or(("", name));
            for (what, text) in [("health", "health.lua"), ("ignoreDifferences", "ignoreDifferences")] {
                if let Some(text) = parts[text].as_str() {
                    self.customize(what, group, kind, text)?;
                }
            }
        }
        Ok(())
    }

    fn customize(&mut self, what: &str, group: &str, kind: &str, value: &str) -> Result<(), String> {
        match what {
            "health" => {
                let name = if group.is_empty() { kind.to_owned() } else { format!("{group}/{kind}") };
                self.health_scripts.insert(name, value.to_owned());
            }
            "ignoreDifferences" => {
                let mut rule: IgnoreDifferences =
                    serde_json::from_value(yaml(value)?).map_err(|e| e.to_string())?;
                (rule.group, rule.kind) = (group.to_owned(), kind.to_owned());
                self.ignore_differences.push(rule);
            }
            "useOpenLibs" | "actions" | "ignoreResourceUpdates" | "knownTypeFields" => {}
            other => return Err(format!("there is no customization {other:?}")),
        }
        Ok(())
    }
}

/// Reads a duration as Go writes it (`2m30s`, `1.5h`, `300ms`), or whole seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let refuse = || format!("{text:?} is not a duration such as 2m30s");
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Ok(Duration::from_secs(seconds));
    }
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(refuse)?;
        let number: f64 = rest[..digits].parse().map_err(|_| refuse())?;
        rest = &rest[digits..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match &rest[..end] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" | "µs" => 1e-6,
                "ns" => 1e-9,
                _ => return Err(refuse()),
            };
        rest = &rest[end..];
    }
    if text.is_empty() { Err(refuse()) } else { Duration::try_from_secs_f64(total).map_err(|_| refuse()) }
}

/// Rules `FROM=TO`, one a line.
fn rewrite_rules(value: &str) -> Result<Vec<(String, String)>, String> {
    let lines = value.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let rule = line.split_once('=').filter(|(from, to)| !from.is_empty() && !to.is_empty());
            rule.map(|(from, to)| (from.to_owned(), to.to_owned()))
                .ok_or_else(|| format!("{line:?} is not FROM=TO"))
        })
        .collect()
}

fn words(value: &str) -> Vec<String> {
    value.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn yaml(value: &str) -> Result<serde_json::Value, String> {
    goyaml::to_json(value).map_err(|error| error.to_string())
}

fn list<T: serde::de::DeserializeOwned>(value: &str) -> Result<Vec<T>, String> {
    let value = yaml(value)?;
    if value.is_null() {
        Ok(Vec::new())
    } else {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(entries: &[(&str, &str)]) -> Settings {
        Settings::read(&entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn durations_read_as_go_writes_them() {
        let seconds = |text| duration(text).map(|length| length.as_secs_f64());
        assert_eq!(seconds("2m30s"), Ok(150.0));
        assert_eq!(seconds("180"), Ok(180.0));
        assert_eq!(seconds("1.5h"), Ok(5400.0));
        assert_eq!(seconds("0s"), Ok(0.0));
        assert!(seconds("soon").is_err() && seconds("").is_err() && seconds("5 m").is_err());
    }

    #[test]
    fn customizations_read_in_both_forms() {
        let settings = read(&[
            (
                "resource.customizations.ignoreDifferences.apps_Deployment",
                "jsonPointers:\n- /spec/replicas\n",
            ),
            ("resource.customizations.health.Pod", "return {}"),
            ("resource.customizations", "argoproj.io/Application:\n  health.lua: |\n    return {}\n"),
        ]);
        assert_eq!(settings.problems, Vec::<String>::new());
        assert_eq!(settings.ignore_differences[0].kind, "Deployment");
        assert_eq!(settings.health_scripts.keys().collect::<Vec<_>>(), ["Pod", "argoproj.io/Application"]);
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named_and_loses_nothing_else() {
        let settings = read(&[("timeout.reconciliation", "often"), ("installationID", "x")]);
        assert_eq!(settings.poll_interval, Duration::from_secs(120));
        assert_eq!(settings.installation_id, "x");
        assert!(settings.problems[0].starts_with("argocd-cm: timeout.reconciliation cannot be read"));
    }
}

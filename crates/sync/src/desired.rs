//! Manifests -> Desired: namespaces filled, tracking stamped, duplicates put down to one.
//!
//! A render with problems is refused whole, so a file that could not be read never looks like a deletion (rule
//! R9). What is worth knowing but keeps nothing back becomes a condition (reference 2.10, 2.11).

mod exclusions;
mod hash;
mod tracking;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use model::annotations::{self, HookDeletePolicy, Options, Role};
use model::key::{GroupKind, Gvk, ObjectKey};
use model::kinds::Kinds;
use model::object::Object;

use crate::render::{Manifest, Origin, Problem, Rendered};

pub use exclusions::Exclusions;
pub use hash::content_hash;
pub(crate) use tracking::is_crd;
pub use tracking::{Tracking, TrackingId};

/// The group of CustomResourceDefinitions.
pub const CRD_GROUP: &str = "apiextensions.k8s.io";
/// Their kind.
pub const CRD_KIND: &str = "CustomResourceDefinition";

/// The complete set of objects that an Application wants at one revision.
#[derive(Clone, Debug, Default)]
pub struct Desired {
    objects: Vec<Arc<DesiredObject>>,
    index: HashMap<ObjectKey, usize>,
    notes: Vec<Note>,
}

/// One object as it is to be, with all that the plan asks of it read once.
#[derive(Clone, Debug)]
pub struct DesiredObject {
    /// The object, stamped.
    pub object: Arc<Object>,
    /// Which object it is; the name is empty for one with `generateName`.
    pub key: ObjectKey,
    /// Its kind at the version it is written in.
    pub gvk: Gvk,
    /// 64 bits of its content, whatever the order of its fields; stable within one process.
    pub hash: u64,
    /// Where it stands in the source.
    pub origin: Origin,
    /// Resource, hook or nothing.
    pub role: Role,
    /// When a hook is deleted.
    pub hook_delete_policies: Vec<HookDeletePolicy>,
    /// Its sync wave.
    pub wave: i64,
    /// Its sync options.
    pub options: Options,
    /// Whether it lies in a namespace; taken as true where neither discovery nor the set knows.
    pub namespaced: bool,
}

/// Something worth knowing about a set, as a condition's type and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Type of the condition.
    pub kind: &'static str,
    /// What it says.
    pub message: String,
    /// The object it is about.
    pub key: ObjectKey,
}

/// Why there is no complete set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Everything that is wrong.
    pub problems: Vec<Problem>,
}

impl Refused {
    /// A refusal with one cause that stands in no file, such as an unknown revision.
    pub fn because(cause: impl Into<String>, next_step: impl Into<String>) -> Self {
        let problem = Problem { origin: Origin::default(), cause: cause.into(), next_step: next_step.into() };
        Self { problems: vec![problem] }
    }
}

impl std::error::Error for Refused {}

impl std::fmt::Display for Refused {
    /// Each problem in a sentence with its place and next step.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 10;
        for (index, Problem { origin, cause, next_step }) in self.problems.iter().take(SHOWN).enumerate() {
            f.write_str(if index == 0 { "" } else { "; " })?;
            match (origin.file.as_str(), origin.line) {
                ("", _) => {}
                (file, 0) => write!(f, "{file}: ")?,
                (file, line) => write!(f, "{file}:{line}: ")?,
            }
            f.write_str(cause)?;
            if !next_step.is_empty() {
                write!(f, " ({next_step})")?;
            }
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// What a render needs to become desired.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The name objects are tracked by.
    pub instance: &'a str,
    /// Namespace of namespaced objects that name none.
    pub namespace: &'a str,
    /// What the cluster serves.
    pub kinds: &'a Kinds,
    /// How objects are marked.
    pub tracking: &'a Tracking,
    /// Kinds that nobody manages.
    pub exclusions: &'a Exclusions<'a>,
}

impl Desired {
    /// Takes a complete render.
    ///
    /// # Errors
    /// Where the render has problems: all of them.
    pub fn from_render(rendered: Rendered, context: &Context<'_>) -> Result<Self, Refused> {
        let Rendered { source_types: _, manifests, problems, warnings: _ } = rendered;
        if !problems.is_empty() {
            return Err(Refused { problems });
        }
        let scopes = scopes_of(&manifests);
        let mut set = Self::default();
        let mut seen: HashMap<ObjectKey, (usize, usize)> = HashMap::with_capacity(manifests.len());
        for (position, manifest) in manifests.into_iter().enumerate() {
            let kind = GroupKind::new(manifest.object.group(), manifest.object.kind());
            if context.exclusions.excludes(&kind) {
                set.notes.push(excluded(&manifest.object.key()));
                continue;
            }
            let object = set.take(manifest, &scopes, context);
            // Objects with generateName have no key of their own: each is one more.
            let mut key = object.key.clone();
            if key.name.is_empty() {
                key.name = format!("{}{position}", object.object.generate_name());
            }
            set.put(key, object, &mut seen);
        }
        set.notes.extend(repeated(&seen));
        Ok(set)
    }

    /// The objects, in the order rendered.
    pub fn objects(&self) -> &[Arc<DesiredObject>] {
        &self.objects
    }

    /// One object.
    pub fn get(&self, key: &ObjectKey) -> Option<&Arc<DesiredObject>> {
        self.index.get(key).map(|index| &self.objects[*index])
    }

    /// What is worth knowing about the set.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// True where the source asks for nothing at all: such a set never prunes without `allowEmpty`.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    fn take(&mut self, manifest: Manifest, scopes: &Scopes, context: &Context<'_>) -> DesiredObject {
        let Manifest { mut object, origin } = manifest;
        let kind = GroupKind::new(object.group(), object.kind());
        let scope =
            context.kinds.namespaced(&kind).or_else(|| scopes.get(&kind).copied()).or(well_known(&kind));
        let namespaced = scope.unwrap_or(true);
        if !namespaced && !object.namespace().is_empty() {
            object.set_namespace("");
        } else if namespaced && object.namespace().is_empty() {
            object.set_namespace(context.namespace);
        }
        context.tracking.stamp(&mut object, context.instance, context.namespace);
        let key = object.key();
        if scope == Some(true) && key.namespace.is_empty() {
            self.notes.push(Note {
                kind: "InvalidSpecError",
                message: format!(
                    "Namespace for {} {} is missing. Set it in the manifest or in spec.destination.namespace.",
                    key.name, key.kind
                ),
                key: key.clone(),
            });
        }
        DesiredObject {
            gvk: object.gvk(),
            hash: content_hash(object.fields()),
            role: annotations::role(&object),
            hook_delete_policies: annotations::hook_delete_policies(&object),
            wave: annotations::sync_wave(&object),
            options: annotations::sync_options(&object),
            object: Arc::new(object),
            key,
            origin,
            namespaced,
        }
    }

    /// Adds an object; of two with one key the later stays, at the place of the first.
    fn put(&mut self, key: ObjectKey, object: DesiredObject, seen: &mut HashMap<ObjectKey, (usize, usize)>) {
        let count = seen.entry(key.clone()).or_insert((0, self.objects.len()));
        count.0 += 1;
        if count.0 == 1 {
            self.index.insert(key, self.objects.len());
            self.objects.push(Arc::new(object));
        } else {
            self.objects[count.1] = Arc::new(object);
        }
    }
}

/// The scope of kinds that stand outside every namespace on any cluster.
fn well_known(kind: &GroupKind) -> Option<bool> {
    let cluster_scoped =
        (kind.group.is_empty() && kind.kind == "Namespace") || tracking::is_crd(&kind.group, &kind.kind);
    cluster_scoped.then_some(false)
}

/// Which kinds the set's own CustomResourceDefinitions put into namespaces.
type Scopes = BTreeMap<GroupKind, bool>;

fn scopes_of(manifests: &[Manifest]) -> Scopes {
    let scope = |manifest: &Manifest| {
        let kind = crd_kind(&manifest.object)?;
        Some((kind, manifest.object.pointer("/spec/scope")?.as_str()? == "Namespaced"))
    };
    manifests.iter().filter_map(scope).collect()
}

/// The kind that a CustomResourceDefinition defines; none for any other object.
pub fn crd_kind(object: &Object) -> Option<GroupKind> {
    if object.kind() != CRD_KIND || object.group() != CRD_GROUP {
        return None;
    }
    let group = object.pointer("/spec/group")?.as_str()?;
    Some(GroupKind::new(group, object.pointer("/spec/names/kind")?.as_str()?))
}

fn excluded(key: &ObjectKey) -> Note {
    let message = format!(
        "Resource {}/{} {} is excluded in the settings. Take it out of the source, or change resource.exclusions.",
        key.group, key.kind, key.name
    );
    Note { kind: "ExcludedResourceWarning", message, key: key.clone() }
}

fn repeated(seen: &HashMap<ObjectKey, (usize, usize)>) -> Vec<Note> {
    let mut notes: Vec<Note> = seen
        .iter()
        .filter(|(_, (count, _))| *count > 1)
        .map(|(key, (count, _))| Note {
            kind: "RepeatedResourceWarning",
            message: format!(
                "Resource {}/{}/{}/{} appeared {count} times among application resources.",
                key.group, key.kind, key.namespace, key.name
            ),
            key: key.clone(),
        })
        .collect();
    notes.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::kinds::ServedVersion;
    use model::settings::Settings;
    use serde_json::{Value, json};

    fn kinds() -> Kinds {
        let mut kinds = Kinds::default();
        for (group, kind, namespaced) in
            [("", "Service", true), ("", "Namespace", false), ("apps", "Deployment", true)]
        {
            let version = ServedVersion {
                version: "v1".into(),
                plural: format!("{}s", kind.to_lowercase()),
                namespaced,
                verbs: vec!["get".into()],
            };
            kinds.insert(GroupKind::new(group, kind), version);
        }
        kinds
    }

    fn desired(objects: &[Value], namespace: &str) -> Desired {
        let manifests = objects.iter().enumerate().map(|(line, object)| Manifest {
            object: Object::manifest(object.clone()).expect("it is a manifest"),
            origin: Origin { source: 0, file: "all.yaml".into(), line: u32::try_from(line).unwrap_or(0) },
        });
        let rendered = Rendered {
            source_types: Vec::new(),
            manifests: manifests.collect(),
            problems: Vec::new(),
            warnings: Vec::new(),
        };
        let (settings, kinds, tracking) = (Settings::default(), kinds(), Tracking::default());
        let exclusions = Exclusions { settings: &settings, server: "https://kubernetes.default.svc" };
        let context = Context {
            instance: "shop",
            namespace,
            kinds: &kinds,
            tracking: &tracking,
            exclusions: &exclusions,
        };
        Desired::from_render(rendered, &context).expect("the render is complete")
    }

    #[track_caller]
    fn check(objects: &[Value], namespace: &str, expected: &str) {
        let set = desired(objects, namespace);
        let mut lines: Vec<String> = set
            .objects()
            .iter()
            .map(|object| {
                let id = object.object.annotation(annotations::TRACKING_ID).unwrap_or("-");
                format!("{} line {} {id}", object.key, object.origin.line)
            })
            .collect();
        lines.extend(set.notes().iter().map(|note| format!("{}: {}", note.kind, note.message)));
        assert_eq!(lines.join("\n"), expected);
    }

    fn object(api_version: &str, kind: &str, name: &str, namespace: Option<&str>) -> Value {
        let mut metadata = json!({ "name": name });
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})
    }

    #[test]
    fn namespaces_follow_discovery_and_the_id_follows_them() {
        check(
            &[
                object("v1", "Service", "web", None),
                object("apps/v1", "Deployment", "web", Some("other")),
                object("v1", "Namespace", "shop", Some("stray")),
            ],
            "prod",
            "Service prod/web line 0 shop:/Service:prod/web\n\
             apps/Deployment other/web line 1 shop:apps/Deployment:other/web\n\
             Namespace shop line 2 shop:/Namespace:prod/shop",
        );
    }

    #[test]
    fn a_kind_of_the_sets_own_crd_has_that_scope_and_crds_are_never_stamped() {
        let crd = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": CRD_KIND, "metadata": {"name": "things.example.com"},
            "spec": {"group": "example.com", "names": {"kind": "Thing"}, "scope": "Cluster"},
        });
        check(
            &[
                object("example.com/v1", "Thing", "a", None),
                crd,
                object("example.com/v1", "Unknown", "b", None),
            ],
            "prod",
            "example.com/Thing a line 0 shop:example.com/Thing:prod/a\n\
             apiextensions.k8s.io/CustomResourceDefinition things.example.com line 1 -\n\
             example.com/Unknown prod/b line 2 shop:example.com/Unknown:prod/b",
        );
    }

    #[test]
    fn the_last_of_two_stays_with_a_warning() {
        check(
            &[
                object("v1", "Service", "web", None),
                object("v1", "Service", "api", None),
                object("v1", "Service", "web", Some("prod")),
            ],
            "prod",
            "Service prod/web line 2 shop:/Service:prod/web\n\
             Service prod/api line 1 shop:/Service:prod/api\n\
             RepeatedResourceWarning: Resource /Service/prod/web appeared 2 times among application resources.",
        );
    }

    #[test]
    fn what_is_excluded_or_has_no_namespace_is_said() {
        check(
            &[object("events.k8s.io/v1", "Event", "e", None), object("v1", "Service", "web", None)],
            "",
            "Service web line 1 shop:/Service:/web\n\
             ExcludedResourceWarning: Resource events.k8s.io/Event e is excluded in the settings. Take it out of \
             the source, or change resource.exclusions.\n\
             InvalidSpecError: Namespace for web Service is missing. Set it in the manifest or in \
             spec.destination.namespace.",
        );
    }

    #[test]
    fn generated_names_are_counted_not_merged() {
        let hook = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "job-"}});
        assert_eq!(desired(&[hook.clone(), hook], "prod").objects().len(), 2);
    }

    #[test]
    fn a_render_with_problems_is_refused_whole() {
        let refused = Refused::because("revision v9 is not in the repository", "push it");
        let rendered = Rendered {
            source_types: Vec::new(),
            manifests: Vec::new(),
            problems: refused.problems.clone(),
            warnings: Vec::new(),
        };
        let (settings, kinds, tracking) = (Settings::default(), kinds(), Tracking::default());
        let exclusions = Exclusions { settings: &settings, server: "" };
        let context = Context {
            instance: "shop",
            namespace: "prod",
            kinds: &kinds,
            tracking: &tracking,
            exclusions: &exclusions,
        };
        assert_eq!(Desired::from_render(rendered, &context).err(), Some(refused.clone()));
        assert_eq!(refused.to_string(), "revision v9 is not in the repository (push it)");
    }
}

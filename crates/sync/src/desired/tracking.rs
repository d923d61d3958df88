//! Whose an object is: marks written on what we want, read on what is there (reference 2.10, threat T14).

use model::annotations::{INSTALLATION_ID, TRACKING_ID};
use model::key::ObjectKey;
use model::object::Object;
use model::settings::{Settings, TrackingMethod};

use super::{CRD_GROUP, CRD_KIND};

/// How objects are marked as an Application's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracking {
    /// By annotation, label or both.
    pub method: TrackingMethod,
    /// Key of the label.
    pub label: String,
    /// Tells several installations on one cluster apart; empty where there is one.
    pub installation_id: String,
}

/// `<instance>:<group>/<Kind>:<namespace>/<name>`: an Application and the very object it marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingId<'a> {
    /// The name the Application tracks by.
    pub instance: &'a str,
    /// API group.
    pub group: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Namespace; the destination's for a cluster-scoped object.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
}

impl<'a> TrackingId<'a> {
    /// Reads an id; none where it has another shape.
    pub fn read(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (instance, kind, object) = (parts.next()?, parts.next()?, parts.next()?);
        let (group, kind) = pair(kind)?;
        let (namespace, name) = pair(object)?;
        Some(Self { instance, group, kind, namespace, name })
    }

    /// Whether the id is of this very object: a copied annotation names another one.
    pub fn names(&self, object: &Object) -> bool {
        let namespace = object.namespace();
        self.group == object.group()
            && self.kind == object.kind()
            && self.name == object.name()
            && (namespace.is_empty() || namespace == self.namespace)
    }
}

impl std::fmt::Display for TrackingId<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { instance, group, kind, namespace, name } = self;
        write!(f, "{instance}:{group}/{kind}:{namespace}/{name}")
    }
}

/// Exactly two parts around one slash.
fn pair(text: &str) -> Option<(&str, &str)> {
    text.split_once('/').filter(|(_, second)| !second.contains('/'))
}

impl Default for Tracking {
    fn default() -> Self {
        Self::from_settings(&Settings::default())
    }
}

impl Tracking {
    /// The settings' way of marking.
    pub fn from_settings(settings: &Settings) -> Self {
        Self {
            method: settings.tracking_method,
            label: settings.instance_label.clone(),
            installation_id: settings.installation_id.clone(),
        }
    }

    /// Marks an object that is wanted. CustomResourceDefinitions are never marked, so never pruned.
    pub fn stamp(&self, object: &mut Object, instance: &str, destination_namespace: &str) {
        if is_crd(object.group(), object.kind()) {
            return;
        }
        match self.method {
            TrackingMethod::Annotation => self.annotate(object, instance, destination_namespace),
            TrackingMethod::Label => object.set_label(&self.label, instance),
            TrackingMethod::AnnotationAndLabel => {
                self.annotate(object, instance, destination_namespace);
                object.set_label(&self.label, label_value(instance));
            }
        }
        if self.installation_id.is_empty() {
            object.remove_annotation(INSTALLATION_ID);
        } else {
            object.set_annotation(INSTALLATION_ID, &self.installation_id);
        }
    }

    /// The Application that owns a live object, by the name it tracks by.
    ///
    /// None for an object that another object owns, that nobody marked, that another installation marked, or whose
    /// id names another object (a copied or forged mark owns nothing).
    pub fn owner<'a>(&self, live: &'a Object) -> Option<&'a str> {
        if !live.owner_references().is_empty() || is_crd(live.group(), live.kind()) {
            return None;
        }
        if !self.installation_id.is_empty() && live.annotation(INSTALLATION_ID) != Some(&self.installation_id)
        {
            return None;
        }
        let owner = match self.method {
            TrackingMethod::Label => live.label(&self.label),
            TrackingMethod::Annotation | TrackingMethod::AnnotationAndLabel => live
                .annotation(TRACKING_ID)
                .and_then(TrackingId::read)
                .filter(|id| id.names(live))
                .map(|id| id.instance),
        };
        owner.filter(|instance| !instance.is_empty())
    }

    /// True where the mark names the object itself, so that it cannot have been copied from another.
    pub fn names_objects(&self) -> bool {
        match self.method {
            TrackingMethod::Annotation | TrackingMethod::AnnotationAndLabel => true,
            TrackingMethod::Label => false,
        }
    }

    fn annotate(&self, object: &mut Object, instance: &str, destination_namespace: &str) {
        let ObjectKey { group, kind, namespace, name } = &object.key();
        let namespace = if namespace.is_empty() { destination_namespace } else { namespace };
        object
            .set_annotation(TRACKING_ID, &TrackingId { instance, group, kind, namespace, name }.to_string());
    }
}

/// Whether a kind is CustomResourceDefinition.
pub(crate) fn is_crd(group: &str, kind: &str) -> bool {
    group == CRD_GROUP && kind == CRD_KIND
}

/// What a label can hold of a name: 63 characters that end in a letter or digit.
fn label_value(instance: &str) -> &str {
    let mut end = instance.len().min(63);
    while !instance.is_char_boundary(end) {
        end -= 1;
    }
    let cut = &instance[..end];
    if end == instance.len() { cut } else { cut.trim_end_matches(|last: char| !last.is_ascii_alphanumeric()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn with(method: TrackingMethod, installation_id: &str) -> Tracking {
        Tracking { method, installation_id: installation_id.into(), ..Tracking::default() }
    }

    fn live(metadata: serde_json::Value) -> Object {
        let mut value = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata});
        value["metadata"]["name"] = "web".into();
        value["metadata"]["namespace"] = "prod".into();
        Object::from_value(value).expect("a map")
    }

    #[test]
    fn ids_have_exactly_their_parts() {
        for id in ["guestbook:/Service:default/web", "ns_app:apps/Deployment:prod/system:web"] {
            assert_eq!(TrackingId::read(id).expect("it reads").to_string(), id);
        }
        for id in ["", "a", "a:b", "a:b:c", "a:g/k/x:n/m", "a:g/k:n", "a:g/k:n/m/o"] {
            assert_eq!(TrackingId::read(id), None, "{id}");
        }
    }

    #[track_caller]
    fn check_owner(tracking: &Tracking, metadata: serde_json::Value, expected: Option<&str>) {
        assert_eq!(tracking.owner(&live(metadata)), expected);
    }

    #[test]
    fn a_mark_counts_only_on_the_object_it_names() {
        let tracking = Tracking::default();
        let marked = |id: &str| json!({"annotations": {TRACKING_ID: id}});
        check_owner(&tracking, marked("shop:apps/Deployment:prod/web"), Some("shop"));
        check_owner(&tracking, marked("shop:apps/Deployment:prod/other"), None);
        check_owner(&tracking, marked("shop:apps/Deployment:test/web"), None);
        check_owner(&tracking, marked("shop:extensions/Deployment:prod/web"), None);
        check_owner(&tracking, marked(":apps/Deployment:prod/web"), None);
        check_owner(&tracking, json!({"labels": {"app.kubernetes.io/instance": "shop"}}), None);
        let owned = json!({
            "annotations": {TRACKING_ID: "shop:apps/Deployment:prod/web"}, "ownerReferences": [{"kind": "X"}],
        });
        check_owner(&tracking, owned, None);
    }

    #[test]
    fn a_cluster_scoped_object_answers_to_any_namespace_in_its_id() {
        let object = Object::from_value(json!({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": "prod", "annotations": {TRACKING_ID: "shop:/Namespace:argocd/prod"}},
        }));
        assert_eq!(Tracking::default().owner(&object.expect("a map")), Some("shop"));
    }

    #[test]
    fn another_installation_owns_its_own() {
        let metadata =
            json!({"annotations": {TRACKING_ID: "shop:apps/Deployment:prod/web", INSTALLATION_ID: "a"}});
        check_owner(&with(TrackingMethod::Annotation, "a"), metadata.clone(), Some("shop"));
        check_owner(&with(TrackingMethod::Annotation, "b"), metadata.clone(), None);
        check_owner(&with(TrackingMethod::Annotation, ""), metadata, Some("shop"));
    }

    #[test]
    fn each_method_stamps_what_it_reads() {
        for method in [TrackingMethod::Annotation, TrackingMethod::Label, TrackingMethod::AnnotationAndLabel]
        {
            let tracking = with(method, "here");
            let mut object = live(json!({}));
            tracking.stamp(&mut object, "shop", "prod");
            assert_eq!(tracking.owner(&object), Some("shop"), "{method:?}");
        }
        let mut object = live(json!({"annotations": {INSTALLATION_ID: "stray"}}));
        let long = format!("{}-.x", "a".repeat(61));
        with(TrackingMethod::AnnotationAndLabel, "").stamp(&mut object, &long, "prod");
        assert_eq!(object.label("app.kubernetes.io/instance"), Some("a".repeat(61).as_str()));
        assert_eq!(object.annotation(INSTALLATION_ID), None);
    }
}

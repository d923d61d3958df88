//! One door for the tests of all routers: YAML in, short text out.

use model::Object;
use model::rollout::Canary;
use serde::Deserialize;
use serde_json::Value;

use super::{Desired, Destination, Live, Owner, RouteChange, Split, apply, hold, needs, release, verify};

/// What a test says about the canary, in few words.
pub fn desired(canary: i32) -> Desired {
    Desired {
        max_weight: 100,
        canary: Destination { weight: canary, service: "web-canary".into(), hash: "new".into() },
        stable: Destination { weight: 100 - canary, service: "web-stable".into(), hash: "old".into() },
        ..Desired::default()
    }
}

/// A Rollout with its routers, and the objects that are there.
pub struct World {
    owner: Owner,
    canary: Canary,
    pub objects: Vec<Object>,
}

impl World {
    /// `routing` is what stands below `trafficRouting`, `objects` what is in the cluster.
    #[track_caller]
    pub fn new(routing: &str, objects: &str) -> Self {
        let routing: Value = serde_yaml::from_str(routing).expect("trafficRouting is YAML");
        let services = serde_json::json!({
            "canaryService": "web-canary", "stableService": "web-stable", "trafficRouting": routing,
        });
        let canary = serde_json::from_value(services).expect("it is a canary strategy");
        Self { owner: owner(), canary, objects: read(objects) }
    }

    /// The same without Services: subsets alone tell the versions apart.
    #[track_caller]
    pub fn without_services(routing: &str, objects: &str) -> Self {
        let mut world = Self::new(routing, objects);
        world.canary.canary_service.clear();
        world.canary.stable_service.clear();
        world
    }

    pub fn split(&self) -> Split<'_> {
        Split::of(&self.owner, &self.canary).expect("it has traffic routing")
    }

    pub fn live(&self) -> Live<'_> {
        self.objects.iter().collect()
    }

    /// What is written, or why nothing is.
    pub fn written(&self, desired: &Desired) -> String {
        match apply(&self.split(), &self.live(), desired) {
            Ok(writes) => writes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            Err(error) => format!("error: {error}"),
        }
    }

    /// Carries the writes out, and checks that there is nothing left to do then.
    #[track_caller]
    pub fn carry_out(&mut self, desired: &Desired) {
        let writes = apply(&self.split(), &self.live(), desired).expect("it can be routed");
        for write in writes {
            let named =
                |object: &Object| object.kind() == write.gvk.kind && object.name() == write.target.name;
            self.objects.retain(|object| !named(object));
            match write.change {
                RouteChange::Create(object) | RouteChange::Patch { after: object, .. } => {
                    self.objects.push(object)
                }
                RouteChange::Delete => {}
            }
        }
        assert_eq!(self.written(desired), "", "a second pass finds something to do");
    }

    /// What must be read, in order.
    pub fn needs(&self) -> String {
        let needs = needs(&self.split(), &self.live());
        let shown = needs.into_iter().map(|need| match need {
            super::Need::Object { kind, namespace, name, required } => {
                format!("{} {namespace}/{name}{}", kind.kind, if required { "" } else { "?" })
            }
            super::Need::Labelled { kind, namespace, selector } => {
                format!("{} {namespace} [{selector}]", kind.kind)
            }
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    pub fn verified(&self) -> Option<bool> {
        verify(&self.split(), &self.live())
    }

    pub fn released(&self) -> String {
        let writes = release(&self.split(), &self.live());
        writes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    /// The object as Git has it, with what the Rollout wrote into the live one of the same name: its `spec`.
    #[track_caller]
    pub fn held(&self, git: &str) -> String {
        let mut git = read(git).pop().expect("one object");
        let live = self.live();
        let live = live.get(&git.key()).expect("it is in the cluster, too");
        hold(&self.split(), &mut git, live, &["web-experiment".to_owned()]);
        serde_json::to_string(git.get("spec").unwrap_or(&Value::Null)).expect("it can be written")
    }

    /// One object's field.
    #[track_caller]
    pub fn field(&self, kind: &str, pointer: &str) -> Value {
        let object = self.objects.iter().find(|object| object.kind() == kind).expect("there is one");
        object.pointer(pointer).cloned().unwrap_or_default()
    }
}

pub fn owner() -> Owner {
    Owner { name: "web".into(), namespace: "shop".into(), uid: "rollout-uid".into() }
}

/// Objects out of YAML documents; namespace, UID and version are filled in.
#[track_caller]
pub fn read(yaml: &str) -> Vec<Object> {
    let documents = serde_yaml::Deserializer::from_str(yaml);
    let values = documents.map(|one| Value::deserialize(one).expect("it is YAML"));
    let objects = values.filter(|value| !value.is_null()).map(|value| {
        let mut object = Object::manifest(value).expect("it is a manifest");
        if object.namespace().is_empty() {
            object.set_namespace("shop");
        }
        let uid = format!("{}-uid", object.name());
        object.metadata_mut().insert("uid".into(), uid.into());
        object.metadata_mut().insert("resourceVersion".into(), "7".into());
        object
    });
    objects.collect()
}

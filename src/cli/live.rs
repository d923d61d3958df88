//! The live side of one Application for a command: read once, object by object, with the user's own rights.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use futures::stream::{self, StreamExt};
use kube::Client;
use model::application::HealthStatus;
use model::kinds::Lookup;
use model::{Application, Gvk, Kinds, Object, ObjectKey};
use serde_json::Value;
use sync::desired::{Desired, Tracking};
use sync::health::{Scripts, assess};
use sync::plan::{self, NamespaceSeen};
use tokio::sync::Semaphore;

use super::given::Given;
use super::output;
use crate::agent::clock;
use crate::agent::judge::Judge;
use crate::agent::observe::Observed;
use crate::agent::render::World;
use crate::cluster::apply::{self, Refusal};
use crate::cluster::cache::{Cache, Whole};
use crate::cluster::carry_out::Hand;
use crate::cluster::connect::{ConnectError, connect};
use crate::cluster::fence::Fence;
use crate::cluster::seal::Seal;
use crate::cluster::snapshot::Snapshot;
use crate::cluster::{decision, discovery, request, status};
use crate::config::ClusterArgs;
use crate::source::credentials::SECRET_TYPE_LABEL;

/// Requests at once.
const AT_ONCE: usize = 16;

/// A connection for one command.
pub struct Live {
    /// Requests go through it.
    pub hand: Hand,
    /// Values of Secrets are compared by their hashes.
    pub seal: Seal,
    /// The cluster's version.
    pub version: String,
}

/// Why the cluster cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// There is no cluster.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It does not answer.
    #[error("the API server does not answer: {words}; check the address in the kubeconfig and your rights")]
    Discover {
        /// Its words.
        words: String,
    },
}

impl Live {
    /// Connects and asks what the cluster serves.
    ///
    /// # Errors
    /// Where there is no cluster, or it does not answer.
    pub async fn open(args: &ClusterArgs) -> Result<Self, LiveError> {
        let words = |error: kube::Error| LiveError::Discover { words: request::words(&error) };
        let (client, _counts) = connect(args, &Fence::new(clock::moment)).await?;
        let kinds = discovery::discover(&client).await.map_err(words)?;
        let version = discovery::server_version(&client).await.map_err(words)?;
        let mut key = [0; 32];
        clock::fill_random(&mut key);
        let seal = Seal::new(key);
        let (changes, _) = tokio::sync::mpsc::unbounded_channel();
        let cache = Cache::new(client.clone(), Judge::new(&Default::default(), seal.clone(), false), changes);
        let slots = Semaphore::new(AT_ONCE);
        let kinds = Arc::new(Snapshot::new(kinds));
        Ok(Self { hand: Hand { client, kinds, cache, slots }, seal, version })
    }

    /// Adds what the agent's namespace says to what was handed over. What may not be read is left out, and said.
    pub async fn complete(&self, given: &mut Given) -> Vec<String> {
        let namespace = given.control_namespace.clone();
        let core = format!("/api/v1/namespaces/{namespace}");
        let selector = format!("{SECRET_TYPE_LABEL}%20in%20(repository,repo-creds)");
        let project = request::encode(given.app.spec.project_name());
        let paths = [
            format!("{core}/configmaps/argocd-cm"),
            format!("{core}/configmaps/argocd-ssh-known-hosts-cm"),
            format!("{core}/configmaps/argocd-tls-certs-cm"),
            format!("/apis/argoproj.io/v1alpha1/namespaces/{namespace}/appprojects/{project}"),
            format!("{core}/secrets?labelSelector={selector}"),
        ];
        let mut unread = Vec::new();
        for path in paths {
            match get(&self.hand.client, &path).await {
                Ok(objects) => given.add(objects),
                Err(error) if request::code(&error) == Some(404) => {}
                Err(error) => {
                    let (place, words) = (path.split('?').next().unwrap_or_default(), request::words(&error));
                    unread.push(format!("Warning: could not read {place}: {words}"));
                }
            }
        }
        given.app.status = self.recorded(&given.app).await.unwrap_or_default();
        unread
    }

    /// The status of the Application as it stands in the cluster; none where it is not there or cannot be read.
    async fn recorded(&self, app: &Application) -> Option<model::application::ApplicationStatus> {
        let path = status::application(&app.namespace, &app.name);
        let found = self.hand.client.request::<Value>(request::get(&path)).await;
        let object = found.and_then(request::object_of).ok()?;
        Application::read(&object).ok().map(|app| app.status)
    }

    /// Instance names of all Applications: whose mark on an object means that two want it.
    pub async fn instances(&self, given: &Given) -> HashSet<String> {
        let path = "/apis/argoproj.io/v1alpha1/applications";
        let apps = get(&self.hand.client, path).await.unwrap_or_default();
        let apps = apps.iter().filter_map(|object| Application::read(object).ok());
        apps.map(|app| app.instance_name(&given.control_namespace)).collect()
    }

    /// Reads everything that is wanted, and everything in the Application's inventory.
    pub async fn observe(&self, app: &Application, desired: Option<&Desired>, world: &World) -> Observed {
        let (scripts, _) = Scripts::compile(&world.settings);
        let places = places(app, desired, &world.kinds);
        let asked = places.iter().map(|(key, gvk)| async move {
            (key, gvk, apply::read(&self.hand.client, &world.kinds, gvk, key).await)
        });
        let answers: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
        self.rollouts(&places, &world.kinds).await;
        let mut observed = Observed {
            whole: HashMap::with_capacity(places.len()),
            unlisted: BTreeMap::new(),
            namespace: self.namespace(&app.spec.destination.namespace, &world.kinds).await,
            wanted: places.keys().cloned().collect(),
            walks: Vec::new(),
        };
        for (key, gvk, answer) in answers {
            match answer {
                Ok(Some(object)) => {
                    let whole = self.whole(object, &world.tracking, &scripts);
                    observed.whole.insert(key.clone(), (gvk.clone(), whole));
                }
                // A kind that is not served has no objects; whoever wants one is told apart from this.
                Ok(None) | Err(Refusal::NotServed(_)) => {}
                Err(refusal) => {
                    observed.unlisted.insert(key.group_kind(), refusal.to_string());
                }
            }
        }
        observed
    }

    /// Reads the Rollouts beside the objects: what they hold is no drift.
    async fn rollouts(&self, places: &BTreeMap<ObjectKey, Gvk>, kinds: &Kinds) {
        let gvk = decision::kinds::rollout();
        let Lookup::Served(served) = kinds.find(&gvk) else { return };
        let namespaces: BTreeSet<&str> = places.keys().map(|key| &*key.namespace).collect();
        let mut found = Vec::new();
        for namespace in namespaces.into_iter().filter(|namespace| !namespace.is_empty()) {
            match get(&self.hand.client, &request::collection(&gvk, served, namespace)).await {
                Ok(objects) => found.extend(objects),
                Err(error) => output::complain(&format!(
                    "Warning: Rollouts of {namespace} cannot be read, so what they hold is taken for drift: {}",
                    request::words(&error)
                )),
            }
        }
        self.hand.cache.given(&gvk, found);
    }

    fn whole(&self, object: Object, tracking: &Tracking, scripts: &Scripts) -> Whole {
        let health = assess(&object, scripts).map(|health| HealthStatus {
            status: Some(health.code),
            message: health.message,
            last_transition_time: None,
        });
        let live = plan::Live::of(&object, tracking, health);
        Whole::of(&self.seal.seal(object), live)
    }

    async fn namespace(&self, name: &str, kinds: &Kinds) -> NamespaceSeen {
        if name.is_empty() {
            return NamespaceSeen::Absent;
        }
        let (gvk, key) = (Gvk::new("v1", "Namespace"), ObjectKey::new("", "Namespace", "", name));
        match apply::read(&self.hand.client, kinds, &gvk, &key).await {
            Ok(Some(object)) if object.is_deleting() => NamespaceSeen::Terminating,
            Ok(Some(_)) => NamespaceSeen::Present,
            Ok(None) => NamespaceSeen::Absent,
            Err(refusal) => NamespaceSeen::Unknown(refusal.to_string()),
        }
    }
}

/// Every object that counts, at a version the cluster serves: the wanted ones, then the inventory.
fn places(app: &Application, desired: Option<&Desired>, kinds: &Kinds) -> BTreeMap<ObjectKey, Gvk> {
    let rows = app.status.resources.iter().map(|row| {
        let gvk = Gvk { group: row.group.clone(), version: row.version.clone(), kind: row.kind.clone() };
        (row.key(), at_served_version(gvk, kinds))
    });
    let mut places: BTreeMap<ObjectKey, Gvk> = rows.collect();
    let wanted = desired.into_iter().flat_map(Desired::objects).filter(|object| !object.key.name.is_empty());
    places.extend(wanted.map(|object| (object.key.clone(), object.gvk.clone())));
    places
}

/// An object that was applied at a version which is gone is still there, at another.
fn at_served_version(gvk: Gvk, kinds: &Kinds) -> Gvk {
    match kinds.find(&gvk) {
        Lookup::OtherVersions(versions) => {
            let version = versions.first().map_or(gvk.version.clone(), |version| (*version).to_owned());
            Gvk { version, ..gvk }
        }
        Lookup::Served(_) | Lookup::Absent | Lookup::Unknown(_) => gvk,
    }
}

/// One object, or the items of a list.
async fn get(client: &Client, path: &str) -> Result<Vec<Object>, kube::Error> {
    let answer: Value = client.request(request::get(path)).await?;
    let (api_version, kind) = (answer["apiVersion"].clone(), answer["kind"].clone());
    let Some(items) = answer.get("items").and_then(Value::as_array) else {
        return request::object_of(answer).map(|object| vec![object]);
    };
    // The items of a list leave out what its head says.
    let kind: Value = kind.as_str().and_then(|kind| kind.strip_suffix("List")).into();
    let objects = items.iter().cloned().map(|mut item| {
        item["apiVersion"] = api_version.clone();
        item["kind"] = kind.clone();
        request::object_of(item)
    });
    objects.collect()
}

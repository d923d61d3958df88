//! Weights into route objects: what a Rollout wants of its traffic becomes writes, one file for each router.
//!
//! Everything here is a function of values. [`needs`] says what must be read, [`apply`] turns what was read and a
//! [`Desired`] into [`RouteWrite`]s (none where the objects already say so), [`verify`] reads whether a router
//! followed, and [`hold`] keeps what a Rollout wrote while the same object is applied from Git.

mod alb;
mod ambassador;
mod apisix;
mod app_mesh;
mod draft;
mod error;
mod gateway;
mod istio;
mod json;
mod live;
mod nginx;
mod owned;
mod smi;
mod traefik;
mod written;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use model::Object;
use model::rollout::{Canary, SetHeaderRoute, SetMirrorRoute, TrafficRouting};

pub use draft::{RouteChange, RouteWrite};
pub use error::RouteError;
pub use live::{Live, Need};
pub use written::{Written, hold_replicas, hold_service};

use draft::Draft;

/// The Rollout as the objects it owns refer to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// Its UID.
    pub uid: String,
}

/// Whose traffic is split, and how.
#[derive(Clone, Copy, Debug)]
pub struct Split<'a> {
    /// The Rollout.
    pub owner: &'a Owner,
    /// Its strategy.
    pub canary: &'a Canary,
    /// Its routers.
    pub routing: &'a TrafficRouting,
}

impl<'a> Split<'a> {
    /// The split of a canary; none where nothing routes its traffic.
    pub fn of(owner: &'a Owner, canary: &'a Canary) -> Option<Self> {
        Some(Self { owner, canary, routing: canary.traffic_routing.as_ref()? })
    }

    /// Whether a Service is one of the Rollout's own.
    fn is_own_service(&self, name: &str) -> bool {
        let canary = self.canary;
        let turns = canary.ping_pong.iter().flat_map(|pair| [&pair.ping_service, &pair.pong_service]);
        let mut own = [&canary.canary_service, &canary.stable_service].into_iter().chain(turns);
        !name.is_empty() && own.any(|own| own == name)
    }

    /// Whether steps may set a route of this name.
    fn is_managed_route(&self, name: &str) -> bool {
        !name.is_empty() && self.routing.managed_routes.iter().any(|route| route.name == name)
    }

    fn routers(&self) -> Vec<Box<dyn Router + 'a>> {
        let (split, to) = (*self, self.routing);
        let mut routers: Vec<Box<dyn Router + 'a>> = Vec::new();
        let mut add = |router: Option<Box<dyn Router + 'a>>| routers.extend(router);
        // Upstream's order.
        add(to.istio.as_ref().map(|at| Box::new(istio::Istio::new(split, at)) as _));
        add(to.nginx.as_ref().map(|at| Box::new(nginx::Nginx::new(split, at)) as _));
        add(to.alb.as_ref().map(|at| Box::new(alb::Alb::new(split, at)) as _));
        add(to.smi.as_ref().map(|at| Box::new(smi::Smi::new(split, at)) as _));
        add(to.ambassador.as_ref().map(|at| Box::new(ambassador::Ambassador::new(split, at)) as _));
        add(to.app_mesh.as_ref().map(|at| Box::new(app_mesh::AppMesh::new(split, at)) as _));
        add(to.traefik.as_ref().map(|at| Box::new(traefik::Traefik::new(split, at)) as _));
        add(to.apisix.as_ref().map(|at| Box::new(apisix::Apisix::new(split, at)) as _));
        for (name, config) in to.plugins.iter().flatten() {
            add(Some(gateway::plugin(split, name, config)));
        }
        routers
    }
}

/// What every router of a Rollout must say. It is whole: what is not in it must not be there.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desired {
    /// What counts as all traffic.
    pub max_weight: i32,
    /// The new version.
    pub canary: Destination,
    /// The version that is stable: it takes what is left.
    pub stable: Destination,
    /// Versions of an experiment.
    pub additional: Vec<Destination>,
    /// Services of experiments that ended: their destinations are taken away.
    pub retired: Vec<String>,
    /// Header routes that are set, by the steps so far. A managed route in neither list is taken away.
    pub header_routes: Vec<SetHeaderRoute>,
    /// Mirror routes that are set, by the steps so far.
    pub mirror_routes: Vec<SetMirrorRoute>,
    /// Why selectors of versions (subsets of a DestinationRule) may not move yet where no Service guards them.
    pub hold_hashes: Option<String>,
}

/// One destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Destination {
    /// Its share.
    pub weight: i32,
    /// Its Service; may be empty where subsets split the traffic.
    pub service: String,
    /// Its version.
    pub hash: String,
}

impl Desired {
    /// What is left for the old version.
    ///
    /// # Errors
    /// When the shares are negative or more than all traffic.
    pub fn stable_weight(&self) -> Result<i32, RouteError> {
        let (canary, max) = (self.canary.weight, self.max_weight);
        let additional: i32 = self.additional.iter().map(|other| other.weight).sum();
        let negative = canary < 0 || self.additional.iter().any(|other| other.weight < 0);
        match max - canary - additional {
            rest if rest >= 0 && !negative => Ok(rest),
            _ => Err(RouteError::Weights { canary, additional, max }),
        }
    }

    /// The same in percent, for routers that know no other whole.
    ///
    /// # Errors
    /// When the shares do not add up, or `maxTrafficWeight` is set for a router that has no such setting.
    fn stable_percent(&self, router: &str) -> Result<i32, RouteError> {
        if self.max_weight != 100 {
            let what = format!("{router} knows shares of 100 only; nginx and plugins know others");
            return Err(RouteError::setting("trafficRouting.maxTrafficWeight", what));
        }
        self.stable_weight()
    }
}

/// One router: what it reads, what it writes, and what it writes into objects that are others'.
trait Router {
    /// What must be read; asked again with what was read, it names what that refers to.
    fn needs(&self, live: &Live<'_>) -> Vec<Need>;

    /// Brings the objects to what is desired.
    fn apply(&self, draft: &mut Draft<'_>, desired: &Desired) -> Result<(), RouteError>;

    /// Whether the router reports that it follows; none where it does not tell.
    fn verify(&self, _live: &Live<'_>) -> Option<bool> {
        None
    }

    /// The fields it writes.
    fn written(&self) -> Vec<Written>;

    /// Puts what it wrote into `git`, an object about to be applied; `live` is the same object in the cluster.
    fn hold(&self, git: &mut Object, live: &Object, experiments: &[String]);

    /// Takes back what it wrote into objects that outlive the Rollout.
    fn release(&self, _draft: &mut Draft<'_>) {}
}

/// What must be read before [`apply`]: call again with what was read until nothing new is asked for.
pub fn needs(split: &Split<'_>, live: &Live<'_>) -> Vec<Need> {
    split.routers().iter().flat_map(|router| router.needs(live)).collect()
}

/// The writes that bring all routers to what is desired, in their order; none where nothing would change.
///
/// # Errors
/// When weights do not add up, or an object or field that a router needs is missing; then nothing is written.
pub fn apply(split: &Split<'_>, live: &Live<'_>, desired: &Desired) -> Result<Vec<RouteWrite>, RouteError> {
    desired.stable_weight()?;
    let mut draft = Draft::new(live);
    for router in split.routers() {
        router.apply(&mut draft, desired)?;
    }
    Ok(draft.writes())
}

/// Whether the routers report that they follow: `false` where one does not yet, none where none tells.
pub fn verify(split: &Split<'_>, live: &Live<'_>) -> Option<bool> {
    let told = split.routers().into_iter().filter_map(|router| router.verify(live));
    told.reduce(|all, one| all && one)
}

/// The fields that the routers write.
pub fn written_fields(split: &Split<'_>) -> Vec<Written> {
    split.routers().iter().flat_map(|router| router.written()).collect()
}

/// Puts what the Rollout wrote into `git`, an object about to be compared or applied; `live` is the same object in
/// the cluster, and `experiments` are the Services of experiments that have a share (`status.canary.weights`).
/// Everything else stays as Git has it. True where something was held.
pub fn hold(split: &Split<'_>, git: &mut Object, live: &Object, experiments: &[String]) -> bool {
    let before = git.clone();
    for router in split.routers() {
        router.hold(git, live, experiments);
    }
    *git != before
}

/// The writes that take back what the Rollout wrote into objects that outlive it.
pub fn release(split: &Split<'_>, live: &Live<'_>) -> Vec<RouteWrite> {
    let mut draft = Draft::new(live);
    for router in split.routers() {
        router.release(&mut draft);
    }
    draft.writes()
}

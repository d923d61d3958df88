//! `windlass render app`: what an Application describes, rendered as the agent does, without a cluster.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use model::Application;
use sync::desired::{Desired, Refused, Tracking};
use sync::project::{self, Cluster, ProjectProblem, in_cluster};

use super::given::{Given, GivenArgs, GivenError};
use super::offline::{self, DescribedCluster, DescribedClusterError};
use super::output;
use crate::agent::render::{Inputs, Kept, Renderer, World, render};
use crate::agent::start;
use crate::config::{ConfigError, SourceArgs, SourceConfig};
use crate::source::git::Observer;

/// `windlass render app`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  windlass render app application.yaml
  windlass render app application.yaml --revision v1.2.0
  windlass render app application.yaml --local-repository . --rewrite-url https://github.com/acme/shop=file://$PWD
  windlass render app application.yaml -f project.yaml -f repository-secret.yaml --kube-version 1.33

Git folders are read from their commits: what is not committed is not rendered. Secrets of the source are printed as they
are, ready to apply. Kinds that neither Kubernetes itself nor a given definition has are taken as namespaced.")]
pub struct RenderAppArgs {
    /// File with the Application; what else is in it counts as given with -f (`-` is standard input).
    #[arg(value_name = "APPLICATION.yaml")]
    application: PathBuf,

    #[command(flatten)]
    given: GivenArgs,

    #[command(flatten)]
    sources: SourceArgs,

    #[command(flatten)]
    cluster: DescribedCluster,
}

/// Why an Application could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderAppError {
    /// What was handed over cannot be read.
    #[error(transparent)]
    Given(#[from] GivenError),
    /// The options cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The described cluster cannot be used.
    #[error(transparent)]
    Cluster(#[from] DescribedClusterError),
    /// The runtime of the network does not start.
    #[error("could not start the network's runtime")]
    Runtime(#[source] std::io::Error),
    /// The project cannot be read.
    #[error("{0}; correct the AppProject")]
    Project(#[from] ProjectProblem),
    /// The Application cannot be rendered, or its project denies something.
    #[error("{0}")]
    Refused(#[from] Refused),
}

/// Prints the manifests; what is wrong goes to standard error with exit code 1.
pub fn run(args: RenderAppArgs) -> ExitCode {
    match manifests(args) {
        Ok((text, notes)) => {
            notes.iter().for_each(|note| output::complain(note));
            super::printed(&text)
        }
        Err(RenderAppError::Refused(refused)) => {
            print_refused(&refused);
            ExitCode::FAILURE
        }
        Err(error) => super::fail(&error),
    }
}

/// Each problem as a line with its file, line and next step.
pub fn print_refused(refused: &Refused) {
    refused.problems.iter().for_each(|problem| output::complain(&format!("Error: {problem}")));
}

/// The manifests as YAML, and what is worth knowing about them.
fn manifests(args: RenderAppArgs) -> Result<(String, Vec<String>), RenderAppError> {
    let sources = args.sources.check()?;
    let given = Given::read(&args.application, &args.given, &sources.rewrite_urls)?;
    let missing = given.app.spec.missing_in_sources();
    if !missing.is_empty() {
        let problems = missing.into_iter().flat_map(|words| Refused::because(words, "").problems);
        return Err(Refused { problems: problems.collect() }.into());
    }
    let settings = given.settings();
    let world = World {
        number: 0,
        kinds: Arc::new(offline::kinds(given.definitions())),
        api_versions: args.cluster.api_versions()?.into(),
        kube_version: args.cluster.version_text()?,
        tracking: Tracking::from_settings(&settings),
        settings: Arc::new(settings),
    };
    // Without a cluster any destination will do: only the project's rules ask for its name.
    let destination = &given.app.spec.destination;
    let cluster = in_cluster(destination)
        .unwrap_or_else(|_| Cluster { server: destination.server.clone(), name: destination.name.clone() });
    let shop = Shop::open(&sources)?;
    let desired = shop.render(&given, &cluster, &world).desired?;
    deny(&given, &cluster, &desired)?;
    let notes = desired.notes().iter().map(|note| format!("Warning: {}", note.message));
    Ok((written(&desired), notes.collect()))
}

/// What renders need, for one command.
pub struct Shop {
    /// Drives the network; it lives as long as the renderer.
    pub runtime: tokio::runtime::Runtime,
    renderer: Renderer,
}

impl Shop {
    /// Sources as the agent has them.
    ///
    /// # Errors
    /// Where no runtime starts.
    pub fn open(sources: &SourceConfig) -> Result<Self, RenderAppError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(RenderAppError::Runtime)?;
        Ok(Self {
            renderer: start::renderer(sources, runtime.handle().clone(), Observer::default()),
            runtime,
        })
    }

    /// Renders what was handed over; the remotes are asked now. It blocks: call it outside the runtime.
    pub fn render(&self, given: &Given, cluster: &Cluster, world: &World) -> Kept {
        given.configure(&self.renderer, &world.settings);
        let inputs = Inputs {
            app: &given.app,
            sources: given.app.spec.sources_in_force(),
            pinned: &[],
            cluster,
            world,
            control_namespace: &given.control_namespace,
            look: true,
            anew: true,
        };
        render(&self.renderer, &inputs, None)
    }
}

/// Asks the project, where it was handed over.
fn deny(given: &Given, cluster: &Cluster, desired: &Desired) -> Result<(), RenderAppError> {
    let Some(project) = given.project().transpose()? else { return Ok(()) };
    let app: &Application = &given.app;
    let mut denied = project::denials(&project, app, cluster, &given.control_namespace);
    denied.extend(desired.objects().iter().filter_map(|object| {
        project::decide_object(&project, cluster, &object.key, object.namespaced).err()
    }));
    denied.dedup();
    let problems: Vec<_> = denied
        .iter()
        .flat_map(|denied| Refused::because(denied.to_string(), denied.next_step()).problems)
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Refused { problems }.into()) }
}

/// The objects as documents, each below the place it comes from.
fn written(desired: &Desired) -> String {
    let mut text = String::new();
    for object in desired.objects() {
        // A file's name is the user's: it must not leave its comment.
        let origin = object.origin.to_string().replace(char::is_control, "?");
        let yaml = goyaml::to_yaml(&object.object.to_value()).unwrap_or_else(|error| format!("# {error}\n"));
        text.push_str(&format!("---\n# Source: {origin}\n{yaml}"));
    }
    text
}

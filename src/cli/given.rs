//! One Application as a user hands it over, with the objects it goes with: projects, settings, credentials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::application::ReadApplicationError;
use model::settings::Settings;
use model::{AppProject, Application, Object};
use sync::diff::normalize;
use sync::project::ProjectProblem;

use super::files::{ReadObjectsError, all_objects};
use crate::agent::own;
use crate::agent::render::Renderer;
use crate::source::known_hosts::KnownHosts;

/// Which Application, and what it goes with.
#[derive(Clone, Debug, clap::Args)]
pub struct GivenArgs {
    /// Revision instead of the one in the Application; given several times, the first counts for the first source and
    /// so on (an empty one keeps what the Application says).
    #[arg(long, value_name = "REVISION")]
    revision: Vec<String>,

    /// File with objects the Application goes with: AppProjects, repository Secrets, the ConfigMaps of settings,
    /// CustomResourceDefinitions (repeatable; `-` is standard input).
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Namespace of the agent: Applications in other namespaces have it in their names.
    #[arg(long, env = "WINDLASS_NAMESPACE", default_value = "argocd")]
    pub namespace: String,
}

/// What was handed over.
#[derive(Debug)]
pub struct Given {
    /// The Application.
    pub app: Application,
    /// Namespace of the agent.
    pub control_namespace: String,
    projects: BTreeMap<String, Object>,
    config_maps: BTreeMap<String, Object>,
    secrets: BTreeMap<String, Object>,
    definitions: Vec<Object>,
    rewrite_urls: Vec<(String, String)>,
}

/// Why there is no Application to work on.
#[derive(Debug, thiserror::Error)]
pub enum GivenError {
    /// A file cannot be read.
    #[error(transparent)]
    Objects(#[from] ReadObjectsError),
    /// The file holds no Application.
    #[error("{} holds no Application; give a file with one object of argoproj.io/v1alpha1 Application", path.display())]
    NoApplication {
        /// The file.
        path: PathBuf,
    },
    /// The file holds several.
    #[error("{} holds the Applications {names}; give a file with one of them", path.display())]
    Several {
        /// The file.
        path: PathBuf,
        /// Their names.
        names: String,
    },
    /// The Application cannot be read.
    #[error("{0}; correct the field")]
    Application(#[from] ReadApplicationError),
    /// There are more revisions than sources.
    #[error("--revision is given {given} times, but the Application has {sources} sources")]
    Revisions {
        /// Revisions given.
        given: usize,
        /// Sources in force.
        sources: usize,
    },
}

impl Given {
    /// Reads the Application in `file` and everything else that was handed over.
    ///
    /// # Errors
    /// Where a file cannot be read, or `file` does not hold one Application.
    pub fn read(
        file: &Path,
        args: &GivenArgs,
        rewrite_urls: &[(String, String)],
    ) -> Result<Self, GivenError> {
        let (mut apps, beside): (Vec<_>, Vec<_>) = all_objects(file)?.into_iter().partition(is_application);
        if apps.len() > 1 {
            let names = apps.iter().map(Object::name).collect::<Vec<_>>().join(", ");
            return Err(GivenError::Several { path: file.to_owned(), names });
        }
        let mut object = apps.pop().ok_or_else(|| GivenError::NoApplication { path: file.to_owned() })?;
        if object.namespace().is_empty() {
            object.set_namespace(&args.namespace);
        }
        let mut app = Application::read(&object)?;
        set_revisions(&mut app, &args.revision)?;
        let mut given = Self {
            app,
            control_namespace: args.namespace.clone(),
            projects: BTreeMap::new(),
            config_maps: BTreeMap::new(),
            secrets: BTreeMap::new(),
            definitions: Vec::new(),
            rewrite_urls: rewrite_urls.to_vec(),
        };
        given.add(beside);
        for file in &args.files {
            given.add(all_objects(file)?);
        }
        Ok(given)
    }

    /// Adds objects the Application goes with; what was there first stays.
    pub fn add(&mut self, objects: impl IntoIterator<Item = Object>) {
        for mut object in objects {
            let name = object.name().to_owned();
            match (object.group(), object.kind()) {
                ("argoproj.io", "AppProject") => {
                    self.projects.entry(name).or_insert(object);
                }
                ("", "ConfigMap") => {
                    self.config_maps.entry(name).or_insert(object);
                }
                ("", "Secret") => {
                    // Files may have stringData, which only the server folds into data.
                    normalize::for_apply(&mut object);
                    self.secrets.entry(name).or_insert(object);
                }
                _ if sync::desired::crd_kind(&object).is_some() => self.definitions.push(object),
                _ => {}
            }
        }
    }

    /// The Application's project; none where it was not handed over.
    pub fn project(&self) -> Option<Result<AppProject, ProjectProblem>> {
        let name = self.app.spec.project_name();
        let read = |object| {
            AppProject::read(object)
                .map_err(|error| ProjectProblem::Unreadable { name: name.to_owned(), why: error.to_string() })
        };
        self.projects.get(name).map(read)
    }

    /// CustomResourceDefinitions.
    pub fn definitions(&self) -> impl Iterator<Item = &Object> {
        self.definitions.iter()
    }

    /// The settings.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::read(&self.data("argocd-cm"));
        settings.rewrite_urls.extend(self.rewrite_urls.iter().cloned());
        settings
    }

    /// Makes `renderer` go by the settings and credentials.
    pub fn configure(&self, renderer: &Renderer, settings: &Settings) {
        renderer.rewrite(&settings.rewrite_urls);
        let known_hosts = self.data("argocd-ssh-known-hosts-cm");
        let known_hosts = known_hosts.get("ssh_known_hosts").map_or("", String::as_str);
        renderer.repositories.set_known_hosts(Arc::new(KnownHosts::parse(known_hosts)));
        renderer.http.set_trusted(self.data("argocd-tls-certs-cm").into_iter().collect());
        let credentials = Arc::new(own::credentials(self.secrets.values()));
        renderer.charts.set_credentials(credentials.clone());
        renderer.repositories.set_credentials(credentials);
    }

    fn data(&self, config_map: &str) -> BTreeMap<String, String> {
        self.config_maps.get(config_map).map(|object| own::texts(object, "data")).unwrap_or_default()
    }
}

fn is_application(object: &Object) -> bool {
    object.group() == "argoproj.io" && object.kind() == "Application"
}

/// Puts the revisions into the sources in force, in their order.
fn set_revisions(app: &mut Application, revisions: &[String]) -> Result<(), GivenError> {
    let sources = app.spec.sources_in_force().len();
    if revisions.len() > sources {
        return Err(GivenError::Revisions { given: revisions.len(), sources });
    }
    let single = app.spec.sources.is_empty();
    let in_force: Vec<_> =
        if single { app.spec.source.iter_mut().collect() } else { app.spec.sources.iter_mut().collect() };
    for (source, revision) in in_force.into_iter().zip(revisions).filter(|(_, revision)| !revision.is_empty())
    {
        source.target_revision.clone_from(revision);
    }
    Ok(())
}

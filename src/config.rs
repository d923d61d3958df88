//! Args (as typed) -> Config (checked); the only reader of the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::cli;

/// A pull-based GitOps agent: Git push is the only way in.
#[derive(Debug, Parser)]
#[command(
    name = "windlass",
    version,
    about,
    max_term_width = 110,
    after_help = "Examples:
  windlass agent --kubeconfig ~/.kube/config
  windlass render app application.yaml
  windlass diff --app application.yaml
  windlass health live.yaml

`windlass help COMMAND` tells more of each command."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,

    /// What is logged: a level, or `target=level` pairs; `info` for the agent and `warn` for other commands where
    /// nothing is given.
    #[arg(long, env = "WINDLASS_LOG", global = true)]
    log: Option<String>,

    /// How it is logged.
    #[arg(long, env = "WINDLASS_LOG_FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,
}

impl Args {
    /// What is logged.
    pub fn log(&self) -> &str {
        let usual = if matches!(self.command, Command::Agent(_)) { "info" } else { "warn" };
        self.log.as_deref().unwrap_or(usual)
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the agent: make the cluster follow Git.
    Agent(AgentArgs),
    /// Render manifests, without a cluster.
    #[command(
        subcommand,
        after_help = "Examples:
  windlass render app application.yaml
  windlass render helm ./charts/web --release-name web"
    )]
    Render(RenderCommand),
    /// Compare what an Application describes with the cluster.
    Diff(cli::diff::DiffArgs),
    /// Judge the health of live objects in files.
    Health(cli::health::HealthArgs),
    /// Walk through an update of a Rollout, without a cluster.
    Simulate(cli::simulate::SimulateArgs),
    /// Print a completion script for a shell.
    Completion(cli::completion::CompletionArgs),
}

/// What can be rendered.
#[derive(Debug, Subcommand)]
pub enum RenderCommand {
    /// Render what an Application describes, as the agent does.
    App(cli::render_app::RenderAppArgs),
    /// Render a Helm chart as `helm template` does.
    Helm(cli::render_helm::RenderHelmArgs),
}

/// Which cluster, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ClusterArgs {
    /// Kubeconfig file; in a pod the mounted ServiceAccount is used where none is given.
    #[arg(long, env = "KUBECONFIG")]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig; its current one where none is given.
    #[arg(long)]
    pub context: Option<String>,
}

/// Where sources come from.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct SourceArgs {
    /// Ask TO where a URL starts with FROM (repeatable; the longest FROM wins, as Git's url.insteadOf).
    #[arg(long, value_name = "FROM=TO", value_parser = rewrite_rule)]
    pub rewrite_url: Vec<(String, String)>,

    /// Allow repositories below this folder as file:// URLs or paths, and watch them (repeatable).
    #[arg(long, value_name = "DIR")]
    pub local_repository: Vec<PathBuf>,

    /// Folder for mirrors and charts; everything in it can be thrown away.
    #[arg(long, value_name = "DIR", env = "WINDLASS_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,

    /// Allow sources on loopback addresses (mirrors on the same machine).
    #[arg(long)]
    pub allow_loopback: bool,
}

/// `windlass agent`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  windlass agent --kubeconfig ~/.kube/config --local-repository $PWD
  windlass agent --listen 0.0.0.0:8080 --controllers sync
  windlass agent --rewrite-url https://github.com/=https://mirror.example.com/")]
pub struct AgentArgs {
    #[command(flatten)]
    cluster: ClusterArgs,
    #[command(flatten)]
    sources: SourceArgs,

    /// Namespace of the Applications, projects and settings.
    #[arg(long, env = "WINDLASS_NAMESPACE", default_value = "argocd")]
    pub namespace: String,

    /// Address of page, webhooks, health and metrics.
    #[arg(long, env = "WINDLASS_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Answer requests that call the page by this name (repeatable); on a loopback address only these and its own.
    #[arg(long, value_name = "NAME", env = "WINDLASS_ALLOW_HOST", value_delimiter = ',')]
    pub allow_host: Vec<String>,

    /// Which halves run.
    #[arg(long, value_delimiter = ',', default_value = "sync,rollouts")]
    pub controllers: Vec<Controller>,

    /// Name of this agent among others: the holder of the lease.
    #[arg(long, env = "POD_NAME")]
    pub identity: Option<String>,

    /// Drive only Rollouts whose label argo-rollouts.argoproj.io/controller-instance-id has this value.
    #[arg(long, value_name = "ID", default_value = "")]
    pub instance_id: String,

    /// Drive Rollouts at once, even while Argo Rollouts' own controller is there.
    #[arg(long)]
    pub drive_rollouts: bool,

    /// Prometheus of metrics that name none.
    #[arg(long, value_name = "URL", env = "ARGO_ROLLOUTS_PROMETHEUS_ADDRESS", default_value = "")]
    pub prometheus_address: String,
}

/// One half of the agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Controller {
    /// Git to cluster.
    Sync,
    /// Progressive delivery.
    Rollouts,
}

/// What the agent needs, defaults resolved.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// Which cluster.
    pub cluster: ClusterArgs,
    /// Where sources come from.
    pub sources: SourceConfig,
    /// Namespace of its own objects.
    pub namespace: String,
    /// Address to serve on.
    pub listen: SocketAddr,
    /// Names by which the page may be called.
    pub allow_hosts: Vec<String>,
    /// Which halves run.
    pub controllers: Vec<Controller>,
    /// Holder of the lease.
    pub identity: String,
    /// Which Rollouts are driven.
    pub instance_id: String,
    /// Rollouts are driven whoever else is there.
    pub drive_rollouts: bool,
    /// Prometheus of metrics that name none.
    pub prometheus_address: String,
}

/// Where sources come from, checked.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Prefix rules from the command line; the settings ConfigMap adds more.
    pub rewrite_urls: Vec<(String, String)>,
    /// Folders below which local repositories are allowed.
    pub local_repositories: Vec<PathBuf>,
    /// Folder for mirrors and charts.
    pub cache_dir: PathBuf,
    /// Sources on loopback addresses are allowed.
    pub allow_loopback: bool,
}

/// Why the arguments cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A folder of `--local-repository` cannot be used.
    #[error("--local-repository {path}: {source}; name a folder that exists")]
    LocalRepository {
        /// As typed.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

impl AgentArgs {
    /// Checks the arguments and fills in what was not typed.
    pub fn check(self) -> Result<AgentConfig, ConfigError> {
        let identity = self.identity.unwrap_or_else(|| format!("windlass-{}", std::process::id()));
        Ok(AgentConfig {
            cluster: self.cluster,
            sources: self.sources.check()?,
            namespace: self.namespace,
            listen: self.listen,
            allow_hosts: self.allow_host,
            controllers: self.controllers,
            identity,
            instance_id: self.instance_id,
            drive_rollouts: self.drive_rollouts,
            prometheus_address: self.prometheus_address,
        })
    }
}

impl SourceArgs {
    /// Checks the arguments and fills in what was not typed.
    pub fn check(self) -> Result<SourceConfig, ConfigError> {
        let canonical = |path: PathBuf| {
            path.canonicalize().map_err(|source| ConfigError::LocalRepository { path, source })
        };
        Ok(SourceConfig {
            rewrite_urls: self.rewrite_url,
            local_repositories: self.local_repository.into_iter().map(canonical).collect::<Result<_, _>>()?,
            cache_dir: self.cache_dir.unwrap_or_else(default_cache_dir),
            allow_loopback: self.allow_loopback,
        })
    }
}

fn default_cache_dir() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home);
    base.unwrap_or_else(std::env::temp_dir).join("windlass")
}

fn rewrite_rule(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err("write FROM=TO, as in https://github.com/=http://mirror.example.com/".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }

    #[test]
    fn rewrite_rules_need_both_sides() {
        assert_eq!(rewrite_rule("a=b"), Ok(("a".into(), "b".into())));
        assert!(rewrite_rule("a=").is_err() && rewrite_rule("a").is_err());
    }
}

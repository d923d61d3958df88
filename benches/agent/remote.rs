//! One Application's repository over smart HTTP, and the webhook of its pushes.

use std::path::Path;

use serde_json::json;

use crate::fleet::manifests;
use crate::support::agent::Agent;
use crate::support::git::TestRepository;
use crate::support::git_http::{GitBackend, HttpServer};

/// A repository as a Git server serves it.
pub struct Remote {
    repository: TestRepository,
    server: HttpServer,
}

impl Remote {
    /// Name of its Application.
    pub const NAME: &'static str = "remote";
    /// Its URL as the Application has it.
    pub const URL: &'static str = "https://git.example.com/fleet/remote.git";

    /// Makes and serves it.
    pub fn serve(root: &Path) -> Self {
        let repository = TestRepository::bare(&root.join("fleet/remote.git"));
        repository.commit("main", &[("deploy/all.yaml", &manifests(Self::NAME, "first"))]);
        Self { repository, server: GitBackend::start(root) }
    }

    /// The rewriting rule that leads to it.
    pub fn rule(&self) -> String {
        format!("https://git.example.com/={}", self.server.url(""))
    }

    /// Pushes another word.
    pub fn push(&self, word: &str) -> String {
        self.repository.commit("main", &[("deploy/all.yaml", &manifests(Self::NAME, word))])
    }

    /// Whether the agent takes webhooks at all.
    pub fn is_listened_to(agent: &Agent) -> bool {
        !matches!(agent.request("POST", "/api/webhook", "", "{}"), Ok((404, _)))
    }

    /// Tells the agent of a push, as GitHub does.
    pub fn tell(&self, agent: &Agent, commit: &str) {
        let body = json!({
            "ref": "refs/heads/main", "before": "0".repeat(40), "after": commit,
            "repository": {
                "html_url": "https://git.example.com/fleet/remote", "clone_url": Self::URL,
                "default_branch": "main",
            },
            "commits": [{"added": [], "removed": [], "modified": ["deploy/all.yaml"]}],
        });
        let headers = "X-GitHub-Event: push\r\nContent-Type: application/json\r\n";
        let answer = agent.request("POST", "/api/webhook", headers, &body.to_string());
        assert!(matches!(answer, Ok((200 | 202, _))), "the webhook is taken: {answer:?}");
    }

    /// How often the server was asked since this was asked last.
    pub fn reads(&self) -> usize {
        self.server.take_count()
    }
}

//! What the API server has written down of the agent's requests.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The log of one user's requests.
pub struct Audit {
    folder: tempfile::TempDir,
}

impl Audit {
    /// Prepares the log of `user`.
    pub fn of(user: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let policy = format!(
            "apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules:\n\
             - {{level: Metadata, users: ['{user}']}}\n- {{level: None}}\n"
        );
        std::fs::write(folder.path().join("policy.yaml"), policy).expect("it can be written");
        Self { folder }
    }

    /// Arguments of the API server that writes it.
    pub fn arguments(&self) -> [String; 2] {
        let path = |name: &str| self.path(name).display().to_string();
        [format!("audit-policy-file={}", path("policy.yaml")), format!("audit-log-path={}", path("log"))]
    }

    fn path(&self, name: &str) -> PathBuf {
        Path::new(self.folder.path()).join(name)
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<Asked> {
        let text = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        // The last line may be in the middle of being written.
        let lines = text.lines().filter_map(|line| serde_json::from_str(line).ok());
        lines.map(|event: Value| Asked(event)).collect()
    }
}

/// One request.
pub struct Asked(Value);

impl Asked {
    /// `verb resource.group`.
    pub fn what(&self) -> String {
        let text = |pointer: &str| self.0.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let group = text("/objectRef/apiGroup");
        let dot = if group.is_empty() { "" } else { "." };
        format!("{} {}{dot}{group}", text("/verb"), text("/objectRef/resource"))
    }

    /// Whether it was allowed.
    pub fn is_allowed(&self) -> bool {
        self.0["annotations"]["authorization.k8s.io/decision"] == "allow"
    }

    /// The binding that allows it.
    pub fn binding(&self) -> Option<&str> {
        let reason = self.0["annotations"]["authorization.k8s.io/reason"].as_str()?;
        reason.split('"').nth(1)
    }

    /// Whether the token with this id was sent.
    pub fn is_by(&self, token: &str) -> bool {
        self.0["user"]["extra"].to_string().contains(token)
    }
}

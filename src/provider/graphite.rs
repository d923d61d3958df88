//! Graphite.

use model::analysis::Graphite;
use rollout::analysis::{Outcome, replies};

use super::Providers;
use super::ask::{Ask, url};

impl Providers {
    /// Asks Graphite. The query of a template is the query of the URL, `target=…&from=…`.
    pub(super) async fn graphite(&self, metric: &Graphite) -> Result<Outcome, String> {
        let query: String = metric.query.split_whitespace().collect();
        let render = url(&metric.address, "render", &[])?;
        let (status, body) = Ask::get(format!("{render}?{query}&format=json")).send(&self.http).await?;
        Ok(replies::graphite(status, &body))
    }
}

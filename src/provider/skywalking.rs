//! SkyWalking.

use std::time::Duration;

use model::Time;
use model::analysis::Skywalking;
use rollout::analysis::{Outcome, replies};
use serde_json::json;

use super::Providers;
use super::ask::{Ask, length, url};

impl Providers {
    /// Asks SkyWalking about the last minutes.
    pub(super) async fn skywalking(&self, metric: &Skywalking, now: Time) -> Result<Outcome, String> {
        let interval = length(&metric.interval, Duration::from_secs(300))?;
        let minute = |at: Time| at.0.strftime("%Y-%m-%d %H%M").to_string();
        let start = now.0.checked_sub(interval).map_err(|why| why.to_string())?;
        let duration = json!({"start": minute(Time(start)), "end": minute(now), "step": "MINUTE"});
        let body = json!({"query": metric.query, "variables": {"duration": duration}}).to_string();
        let ask = Ask::post(url(&metric.address, "graphql", &[])?, "application/json", body);
        let (status, body) = ask.send(&self.http).await?;
        Ok(replies::skywalking(status, &body))
    }
}

//! Kayenta.

use model::Time;
use model::analysis::{Kayenta, KayentaScopeDetail, Measurement};
use rollout::analysis::{Outcome, replies};
use serde_json::{Map, Value, json};

use super::Providers;
use super::ask::{Ask, url};

impl Providers {
    /// Asks for a judgement.
    pub(super) async fn kayenta(&self, metric: &Kayenta, now: Time) -> Result<Outcome, String> {
        let Kayenta { address, application, configuration_account_name, threshold, scopes, .. } = metric;
        let query: [(&str, &str); 2] =
            [("application", application.as_str()), ("configurationAccountName", configuration_account_name)];
        let (status, body) = Ask::get(url(address, "v2/canaryConfig", &query)?).send(&self.http).await?;
        let config = replies::kayenta_config(status, &body, &metric.canary_config_name)?;
        let query: [(&str, &str); 4] = [
            ("application", application.as_str()),
            ("metricsAccountName", &metric.metrics_account_name),
            ("configurationAccountName", configuration_account_name),
            ("storageAccountName", &metric.storage_account_name),
        ];
        let sides = scopes.iter().map(|scope| {
            let sides = json!({"controlScope": side(&scope.control_scope), "experimentScope": side(&scope.experiment_scope)});
            (scope.name.clone(), sides)
        });
        let sides: Map<String, Value> = sides.collect();
        let body =
            json!({"scopes": sides, "thresholds": {"pass": threshold.pass, "marginal": threshold.marginal}});
        let at = url(address, &format!("canary/{config}"), &query)?;
        let (status, body) = Ask::post(at, "application/json", body.to_string()).send(&self.http).await?;
        Ok(replies::kayenta_execution(status, &body, now))
    }

    /// Looks at a judgement that was asked for.
    pub(super) async fn kayenta_again(
        &self,
        metric: &Kayenta,
        measurement: &Measurement,
        now: Time,
    ) -> Result<Outcome, String> {
        let id =
            measurement.metadata.get("canaryExecutionId").ok_or("the measurement remembers no judgement")?;
        let at = url(&metric.address, &format!("canary/{id}"), &[])?;
        let (status, body) = Ask::get(at).send(&self.http).await?;
        Ok(replies::kayenta_verdict(status, &body, &metric.threshold, now))
    }
}

fn side(detail: &KayentaScopeDetail) -> Value {
    let KayentaScopeDetail { scope, region, step, start, end } = detail;
    json!({"scope": scope, "location": region, "step": step, "start": start, "end": end})
}

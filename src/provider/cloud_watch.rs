//! CloudWatch.

use std::time::Duration;

use model::Time;
use model::analysis::{CloudWatch, CloudWatchQuery, CloudWatchStat};
use model::parts::IntOrString;
use rollout::analysis::{Outcome, replies};
use serde_json::{Value, json};

use super::ask::{Ask, length};
use super::{Providers, sigv4};

impl Providers {
    /// Asks CloudWatch.
    pub(super) async fn cloud_watch(&self, metric: &CloudWatch, now: Time) -> Result<Outcome, String> {
        let keys = self.options.aws.as_ref().ok_or("windlass has no keys for AWS")?;
        let interval = length(&metric.interval, Duration::from_secs(300))?;
        let end = now.0.as_second();
        let queries: Result<Vec<_>, _> = metric.metric_data_queries.iter().map(query).collect();
        let body = json!({
            "StartTime": end - i64::try_from(interval.as_secs()).unwrap_or(0), "EndTime": end,
            "MetricDataQueries": queries?,
        });
        let usual = || format!("https://monitoring.{}.amazonaws.com/", keys.region);
        let address = Some(&keys.endpoint).filter(|own| !own.is_empty()).cloned().unwrap_or_else(usual);
        let ask = Ask::post(address, "application/x-amz-json-1.0", body.to_string())
            .header("x-amz-target", "GraniteServiceVersion20100801.GetMetricData");
        let ask = sigv4::sign(ask, keys, "", "monitoring", now)?;
        let (status, body) = ask.send(&self.http).await?;
        Ok(replies::cloud_watch(status, &body))
    }
}

fn query(wanted: &CloudWatchQuery) -> Result<Value, String> {
    let CloudWatchQuery { id, expression, label, metric_stat, period, return_data } = wanted;
    let mut query = json!({"Id": id});
    for (name, text) in [("Expression", expression), ("Label", label)] {
        if let Some(text) = text {
            query[name] = text.as_str().into();
        }
    }
    if let Some(period) = period {
        query["Period"] = number(period)?.into();
    }
    if let Some(return_data) = return_data {
        query["ReturnData"] = (*return_data).into();
    }
    if let Some(wanted) = metric_stat {
        query["MetricStat"] = stat(wanted)?;
    }
    Ok(query)
}

fn stat(wanted: &CloudWatchStat) -> Result<Value, String> {
    let CloudWatchStat { metric, period, stat, unit } = wanted;
    let mut out = json!({"Stat": stat});
    if let Some(period) = period {
        out["Period"] = number(period)?.into();
    }
    if !unit.is_empty() {
        out["Unit"] = unit.as_str().into();
    }
    if let Some(metric) = metric {
        let dimensions = metric.dimensions.iter().map(|one| json!({"Name": one.name, "Value": one.value}));
        let dimensions: Vec<_> = dimensions.collect();
        out["Metric"] = json!({"MetricName": metric.metric_name, "Dimensions": dimensions});
        if let Some(namespace) = &metric.namespace {
            out["Metric"]["Namespace"] = namespace.as_str().into();
        }
    }
    Ok(out)
}

fn number(value: &IntOrString) -> Result<i64, String> {
    match value {
        IntOrString::Int(number) => Ok(*number),
        IntOrString::Text(text) => text.parse().map_err(|_| format!("period {text:?} is not a number")),
    }
}

//! A Job as a measurement: what is made, and what has become of it.

use std::time::Duration;

use model::analysis::{JobMetric, Measurement};
use model::{Object, Time};
use serde_json::{Map, Value as Json, json};

use super::super::measure::{Found, Outcome};
use super::super::phase::Phase;
use crate::observed::Meta;

/// Label and annotations of a measurement's Job.
const RUN_UID: &str = "analysisrun.argoproj.io/uid";
const RUN_NAME: &str = "analysisrun.argoproj.io/name";
const RUN_NAMESPACE: &str = "analysisrun.argoproj.io/namespace";
const METRIC: &str = "analysisrun.argoproj.io/metric-name";

/// Metadata of a measurement.
const JOB_NAME: &str = "job-name";
const JOB_NAMESPACE: &str = "job-namespace";

/// `<uid of the run>.<metric>.<number>`, its middle cut so that it is a label's value, too.
pub fn job_name(run_uid: &str, metric: &str, number: i32) -> String {
    let left = 63_usize.saturating_sub(run_uid.len() + number.to_string().len() + 2);
    let metric = &metric[..metric.floor_char_boundary(left)];
    format!("{run_uid}.{metric}.{number}")
}

/// The Job of a measurement, in the namespace of its run.
pub fn new_job(run: &Meta, metric: &str, number: i32, wanted: &JobMetric) -> Object {
    let own = wanted.metadata.clone().unwrap_or_default();
    let mut labels = own.labels;
    labels.insert(RUN_UID.to_owned(), run.uid.clone());
    let mut annotations = own.annotations;
    for (name, value) in [(RUN_NAME, &*run.name), (RUN_NAMESPACE, &*run.namespace), (METRIC, metric)] {
        annotations.insert(name.to_owned(), value.to_owned());
    }
    let mut spec = serde_json::to_value(&wanted.spec).expect("a Job's spec is JSON");
    if let Some(template) = spec.get_mut("template").and_then(Json::as_object_mut) {
        let metadata = template.entry("metadata").or_insert_with(|| Map::new().into());
        if let Some(metadata) = metadata.as_object_mut() {
            let labels = metadata.entry("labels").or_insert_with(|| Map::new().into());
            labels[RUN_UID] = run.uid.as_str().into();
        }
    }
    let owner = json!({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "AnalysisRun", "name": run.name, "uid": run.uid,
        "controller": true, "blockOwnerDeletion": true,
    });
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": job_name(&run.uid, metric, number), "namespace": run.namespace,
            "labels": labels, "annotations": annotations, "ownerReferences": [owner],
        },
        "spec": spec,
    });
    Object::from_value(job).expect("it is written as a map above")
}

/// What has become of a Job. `pods` are its own.
pub fn job(job: &Object, pods: &[Object], started_at: Time, now: Time) -> Outcome {
    let mut outcome = Outcome::new(found(job, pods, started_at, now));
    outcome.metadata.insert(JOB_NAME.to_owned(), job.name().to_owned());
    outcome.metadata.insert(JOB_NAMESPACE.to_owned(), job.namespace().to_owned());
    outcome
}

fn found(job: &Object, pods: &[Object], started_at: Time, now: Time) -> Found {
    let conditions = job.pointer("/status/conditions").and_then(Json::as_array);
    let holds = |kind: &str| {
        let mut all = conditions.into_iter().flatten();
        all.find(|condition| condition["type"] == kind && condition["status"] == "True")
    };
    let verdict = |phase: Phase, message: String| Found::Verdict { phase, text: String::new(), message };
    if holds("Complete").is_some() {
        return verdict(Phase::Successful, String::new());
    }
    if let Some(failed) = holds("Failed") {
        let message = failed["message"].as_str().unwrap_or_default();
        return verdict(Phase::Failed, message.to_owned());
    }
    match pods.iter().find_map(stuck) {
        Some(message) => verdict(Phase::Inconclusive, message),
        None => Found::Running { resume_at: next_look(started_at, now) },
    }
}

/// Why a pod will never run: its image cannot be had.
fn stuck(pod: &Object) -> Option<String> {
    let lists = ["/status/initContainerStatuses", "/status/containerStatuses"];
    let containers = lists.iter().filter_map(|list| pod.pointer(list)?.as_array()).flatten();
    let mut waiting =
        containers.filter_map(|container| Some((container, container.pointer("/state/waiting")?)));
    let reasons = ["ErrImagePull", "ImagePullBackOff", "InvalidImageName"];
    let (container, waiting) =
        waiting.find(|(_, waiting)| reasons.contains(&waiting["reason"].as_str().unwrap_or_default()))?;
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let (name, reason, message) =
        (text(&container["name"]), text(&waiting["reason"]), text(&waiting["message"]));
    Some(format!("Pod {} container {name}: {reason}: {message}", pod.name()))
}

/// When to look again: the longer it takes, the less often.
pub fn next_look(started_at: Time, now: Time) -> Time {
    let elapsed = now.since(started_at).as_secs_f64();
    now.plus(Duration::from_secs_f64((2.0 * elapsed).sqrt().max(1.0)))
}

/// The Job that a measurement remembers.
pub fn remembered(measurement: &Measurement) -> Option<(&str, &str)> {
    Some((measurement.metadata.get(JOB_NAMESPACE)?, measurement.metadata.get(JOB_NAME)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time(jiff::Timestamp::from_second(seconds).expect("it is a time"))
    }

    fn object(value: Json) -> Object {
        Object::from_value(value).expect("it is a map")
    }

    #[test]
    fn a_job_carries_its_run_and_keeps_what_the_user_wrote() {
        let wanted: JobMetric = serde_json::from_value(json!({
            "metadata": {"labels": {"team": "a"}},
            "spec": {"backoffLimit": 1, "template": {"spec": {"containers": [{"name": "c", "image": "i"}]}}},
        }))
        .expect("it is a Job");
        let run =
            Meta { name: "web-1".into(), namespace: "shop".into(), uid: "u-1".into(), ..Meta::default() };
        let made = new_job(&run, "smoke", 2, &wanted);
        assert_eq!((made.name(), made.namespace()), ("u-1.smoke.2", "shop"));
        assert_eq!((made.label("team"), made.label(RUN_UID)), (Some("a"), Some("u-1")));
        assert_eq!(
            made.pointer("/spec/template/metadata/labels/analysisrun.argoproj.io~1uid"),
            Some(&json!("u-1"))
        );
        assert_eq!(made.pointer("/spec/backoffLimit"), Some(&json!(1)));
        assert_eq!(made.pointer("/metadata/ownerReferences/0/uid"), Some(&json!("u-1")));
        assert_eq!(job_name(&"u".repeat(36), &"m".repeat(80), 12).len(), 63);
    }

    #[test]
    fn what_became_of_it() {
        let state = |status: Json, pods: &[Object]| {
            job(&object(json!({"status": status})), pods, at(100), at(150)).found
        };
        let condition =
            |kind: &str| json!({"conditions": [{"type": kind, "status": "True", "message": "m"}]});
        assert!(matches!(state(condition("Complete"), &[]), Found::Verdict { phase: Phase::Successful, .. }));
        assert!(matches!(state(condition("Failed"), &[]), Found::Verdict { phase: Phase::Failed, .. }));
        // sqrt(2 * 50) = 10 seconds later.
        assert_eq!(state(json!({}), &[]), Found::Running { resume_at: at(160) });
        let waiting =
            json!({"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no"}}});
        let pod = object(json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [waiting]}}));
        let stuck = Found::Verdict {
            phase: Phase::Inconclusive,
            text: String::new(),
            message: "Pod p container c: ImagePullBackOff: no".into(),
        };
        assert_eq!(state(json!({}), &[pod]), stuck);
    }
}

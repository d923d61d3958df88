//! One line for each rule of each kind: object in, verdict out.

use model::application::HealthCode;
use model::settings::Settings;
use model::{Object, ObjectKey, annotations};
use serde_json::{Value, json};
use sync::health::{self, Health, Part, Scripts};

fn object(api_version: &str, kind: &str, rest: Value) -> Object {
    let mut object =
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "web", "generation": 2}});
    for (key, value) in rest.as_object().expect("a map") {
        match (object.get_mut(key.as_str()).and_then(Value::as_object_mut), value.as_object()) {
            (Some(there), Some(more)) => there.extend(more.clone()),
            _ => object[key.as_str()] = value.clone(),
        }
    }
    Object::from_value(object).expect("it is a map")
}

#[track_caller]
fn check(api_version: &str, kind: &str, rest: Value, expected: &str) {
    let shown = health::assess(&object(api_version, kind, rest), &Scripts::default())
        .map_or("none".to_owned(), |health| format!("{}: {}", health.code.as_str(), health.message));
    assert_eq!(shown.trim_end_matches(": "), expected, "{api_version} {kind}");
}

fn condition(kind: &str, status: &str, reason: &str) -> Value {
    json!({"type": kind, "status": status, "reason": reason, "message": format!("{kind} said")})
}

fn with(conditions: &[Value]) -> Value {
    json!({"status": {"conditions": conditions}})
}

#[test]
fn a_deletion_is_progress_but_for_hooks() {
    let gone = |finalizer: &str| json!({"metadata": {"deletionTimestamp": "2024-01-01T00:00:00Z", "finalizers": [finalizer]}, "data": {}});
    check("v1", "ConfigMap", gone("x/y"), "Progressing: Pending deletion");
    check("v1", "Service", gone("argocd.argoproj.io/hook-finalizer"), "Healthy");
}

#[test]
fn kinds_without_a_check_have_no_health() {
    check("v1", "ConfigMap", json!({}), "none");
    check(
        "argoproj.io/v1alpha1",
        "Application",
        json!({"status": {"health": {"status": "Degraded"}}}),
        "none",
    );
    check("networking.istio.io/v1", "VirtualService", json!({}), "none");
}

#[test]
fn deployments() {
    let is = |wanted: i64, all: i64, updated: i64, available: i64| {
        json!({"spec": {"replicas": wanted}, "status": {"observedGeneration": 2, "replicas": all,
            "updatedReplicas": updated, "availableReplicas": available}})
    };
    let check = |rest: Value, expected: &str| check("apps/v1", "Deployment", rest, expected);
    check(is(3, 3, 3, 3), "Healthy");
    check(is(0, 0, 0, 0), "Healthy");
    check(
        is(3, 3, 1, 3),
        "Progressing: Waiting for rollout to finish: 1 out of 3 new replicas have been updated...",
    );
    check(
        is(3, 5, 3, 3),
        "Progressing: Waiting for rollout to finish: 2 old replicas are pending termination...",
    );
    check(
        is(3, 3, 3, 2),
        "Progressing: Waiting for rollout to finish: 2 of 3 updated replicas are available...",
    );
    check(
        json!({"status": {"observedGeneration": 1}}),
        "Progressing: Waiting for rollout to finish: observed deployment generation less then desired generation",
    );
    check(
        json!({}),
        "Progressing: Waiting for rollout to finish: observed deployment generation less then desired generation",
    );
    check(json!({"spec": {"paused": true}}), "Suspended: Deployment is paused");
    check(
        json!({"status": {"observedGeneration": 2, "conditions": [condition("Progressing", "False", "ProgressDeadlineExceeded")]}}),
        "Degraded: Deployment \"web\" exceeded its progress deadline",
    );
    self::check(
        "apps/v1beta1",
        "Deployment",
        json!({}),
        "Unknown: unsupported Deployment GVK: apps/v1beta1, Kind=Deployment",
    );
}

#[test]
fn stateful_sets() {
    let is = |spec: Value, status: Value| {
        let mut status = status;
        status["observedGeneration"] = json!(2);
        json!({"spec": spec, "status": status})
    };
    let check = |rest: Value, expected: &str| check("apps/v1", "StatefulSet", rest, expected);
    let rolling = |partition: Value| json!({"replicas": 3, "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": partition}});
    check(json!({"status": {}}), "Progressing: Waiting for statefulset spec update to be observed...");
    check(
        is(json!({"replicas": 3}), json!({"readyReplicas": 1})),
        "Progressing: Waiting for 2 pods to be ready...",
    );
    check(
        is(rolling(json!({"partition": 1})), json!({"readyReplicas": 3, "updatedReplicas": 1})),
        "Progressing: Waiting for partitioned roll out to finish: 1 out of 2 new pods have been updated...",
    );
    check(
        is(rolling(json!({})), json!({"readyReplicas": 3, "updatedReplicas": 1})),
        "Healthy: partitioned roll out complete: 1 new pods have been updated...",
    );
    check(
        is(json!({"replicas": 1, "updateStrategy": {"type": "OnDelete"}}), json!({"readyReplicas": 1})),
        "Healthy: statefulset has 1 ready pods",
    );
    check(
        is(json!({}), json!({"updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"})),
        "Progressing: waiting for statefulset rolling update to complete 1 pods at revision b...",
    );
    check(
        is(json!({}), json!({"currentReplicas": 2, "updateRevision": "a", "currentRevision": "a"})),
        "Healthy: statefulset rolling update complete 2 pods at revision a...",
    );
}

#[test]
fn daemon_sets_and_replica_sets() {
    let daemon = |updated: i64, wanted: i64, available: i64| {
        json!({"status": {"observedGeneration": 2,
        "updatedNumberScheduled": updated, "desiredNumberScheduled": wanted, "numberAvailable": available}})
    };
    check("apps/v1", "DaemonSet", daemon(2, 2, 2), "Healthy");
    check(
        "apps/v1",
        "DaemonSet",
        daemon(1, 2, 2),
        "Progressing: Waiting for daemon set \"web\" rollout to finish: 1 out of 2 new pods have been updated...",
    );
    check(
        "apps/v1",
        "DaemonSet",
        daemon(2, 2, 1),
        "Progressing: Waiting for daemon set \"web\" rollout to finish: 1 of 2 updated pods are available...",
    );
    let mut on_delete = daemon(0, 2, 0);
    on_delete["spec"] = json!({"updateStrategy": {"type": "OnDelete"}});
    check("apps/v1", "DaemonSet", on_delete, "Healthy: daemon set 0 out of 2 new pods have been updated");
    let set = |conditions: Value, available: i64| json!({"spec": {"replicas": 2}, "status": {"observedGeneration": 2, "availableReplicas": available, "conditions": conditions}});
    check("apps/v1", "ReplicaSet", set(json!([]), 2), "Healthy");
    check(
        "apps/v1",
        "ReplicaSet",
        set(json!([]), 1),
        "Progressing: Waiting for rollout to finish: 1 out of 2 new replicas are available...",
    );
    check(
        "apps/v1",
        "ReplicaSet",
        set(json!([condition("ReplicaFailure", "True", "")]), 1),
        "Degraded: ReplicaFailure said",
    );
}

#[test]
fn pods() {
    let is = |policy: &str, status: Value| json!({"spec": {"restartPolicy": policy}, "status": status});
    let waiting = |reason: &str| json!([{"name": "c", "state": {"waiting": {"reason": reason, "message": format!("{reason}!")}}}]);
    let check = |rest: Value, expected: &str| check("v1", "Pod", rest, expected);
    for reason in ["ErrImagePull", "CreateContainerConfigError", "CrashLoopBackOff"] {
        check(
            is("Always", json!({"phase": "Pending", "containerStatuses": waiting(reason)})),
            &format!("Degraded: {reason}!"),
        );
    }
    check(
        is("Never", json!({"phase": "Pending", "containerStatuses": waiting("ErrImagePull")})),
        "Progressing",
    );
    check(
        is("Always", json!({"phase": "Pending", "containerStatuses": waiting("ContainerCreating")})),
        "Progressing",
    );
    let mut marked = is("Never", json!({"phase": "Pending", "containerStatuses": waiting("ErrImagePull")}));
    marked["metadata"] = json!({"annotations": {"argocd.argoproj.io/ignore-restart-policy": "true"}});
    check(marked.clone(), "Degraded: ErrImagePull!");
    marked["metadata"]["annotations"]["argocd.argoproj.io/hook"] = json!("PreSync");
    check(marked, "Progressing");
    check(is("Always", json!({"phase": "Succeeded"})), "Healthy");
    check(is("Never", json!({"phase": "Failed", "message": "why"})), "Degraded: why");
    let ended = |terminated: Value| json!({"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": terminated}}]});
    check(is("Never", ended(json!({"exitCode": 3}))), "Degraded: container \"c\" failed with exit code 3");
    check(is("Never", ended(json!({"reason": "OOMKilled", "exitCode": 137}))), "Degraded: OOMKilled");
    check(is("Never", ended(json!({"message": "m"}))), "Degraded: m");
    let running = |status: &str, last: Value| json!({"phase": "Running", "conditions": [condition("Ready", status, "")], "containerStatuses": [{"lastState": last}]});
    check(is("Always", running("True", json!({}))), "Healthy");
    check(is("Always", running("False", json!({}))), "Progressing");
    check(is("Always", running("False", json!({"terminated": {"exitCode": 1}}))), "Degraded");
    check(is("OnFailure", running("True", json!({}))), "Progressing");
    check(is("Always", json!({"phase": "Odd"})), "Unknown");
}

#[test]
fn jobs_and_cron_jobs() {
    check("batch/v1", "Job", json!({}), "Progressing");
    check("batch/v1", "Job", with(&[condition("Complete", "True", "")]), "Healthy: Complete said");
    check(
        "batch/v1",
        "Job",
        with(&[condition("Complete", "True", ""), condition("Failed", "True", "")]),
        "Degraded: Failed said",
    );
    check("batch/v1", "Job", with(&[condition("Suspended", "True", "")]), "Suspended: Suspended said");
    check("batch/v1", "Job", with(&[condition("Suspended", "False", "")]), "Healthy: Suspended said");
    let cron = |status: Value| json!({"spec": {}, "status": status});
    check("batch/v1", "CronJob", json!({"spec": {"suspend": true}}), "Healthy: CronJob is Suspended");
    check("batch/v1", "CronJob", json!({}), "Progressing: Waiting for CronJob");
    check("batch/v1", "CronJob", cron(json!({})), "Healthy: CronJob has not been scheduled yet");
    check(
        "batch/v1",
        "CronJob",
        cron(json!({"lastScheduleTime": "b"})),
        "Healthy: The Cronjob never completed succesfully. It may not be healthy",
    );
    check(
        "batch/v1",
        "CronJob",
        cron(json!({"lastScheduleTime": "b", "lastSuccessfulTime": "a", "active": [1]})),
        "Healthy: The job is running. Its last execution may not have been successful",
    );
    check(
        "batch/v1",
        "CronJob",
        cron(json!({"lastScheduleTime": "b", "lastSuccessfulTime": "a"})),
        "Degraded: CronJob has not completed its last execution successfully",
    );
    check(
        "batch/v1",
        "CronJob",
        cron(json!({"lastScheduleTime": "a", "lastSuccessfulTime": "b"})),
        "Healthy: CronJob has completed its last execution successfully",
    );
}

#[test]
fn autoscalers_and_budgets() {
    let v2 = |conditions: &[Value], expected: &str| {
        check("autoscaling/v2", "HorizontalPodAutoscaler", with(conditions), expected)
    };
    v2(&[], "Progressing: Waiting to Autoscale");
    v2(
        &[
            condition("AbleToScale", "True", "SucceededGetScale"),
            condition("ScalingActive", "False", "FailedGetResourceMetric"),
        ],
        "Degraded: ScalingActive said",
    );
    v2(&[condition("AbleToScale", "True", "SucceededGetScale")], "Healthy: AbleToScale said");
    v2(&[condition("ScalingActive", "True", "ValidMetricFound")], "Progressing: Waiting to Autoscale");
    let annotated = |text: String| json!({"metadata": {"annotations": {"autoscaling.alpha.kubernetes.io/conditions": text}}});
    let v1 = |rest: Value, expected: &str| check("autoscaling/v1", "HorizontalPodAutoscaler", rest, expected);
    v1(json!({}), "Progressing: Waiting to Autoscale");
    v1(
        annotated(json!([condition("AbleToScale", "False", "FailedGetScale")]).to_string()),
        "Degraded: AbleToScale said",
    );
    v1(
        annotated(json!([condition("ScalingLimited", "True", "")]).to_string()),
        "Healthy: ScalingLimited said",
    );
    v1(annotated("[]".into()), "Progressing: Waiting to Autoscale");
    check(
        "autoscaling/v3",
        "HorizontalPodAutoscaler",
        json!({}),
        "Unknown: unsupported HPA GVK: autoscaling/v3, Kind=HorizontalPodAutoscaler",
    );
    check("policy/v1", "PodDisruptionBudget", json!({}), "Progressing: Waiting for status");
    check(
        "policy/v1",
        "PodDisruptionBudget",
        with(&[condition("DisruptionAllowed", "False", "InsufficientPods")]),
        "Healthy: PodDisruptionBudget has InsufficientPods",
    );
    check(
        "policy/v1",
        "PodDisruptionBudget",
        with(&[condition("DisruptionAllowed", "False", "SyncFailed")]),
        "Degraded: PodDisruptionBudget has SyncFailed",
    );
}

#[test]
fn services_ingresses_and_claims() {
    let address = json!({"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}});
    check("v1", "Service", json!({"spec": {"type": "ClusterIP"}}), "Healthy");
    check("v1", "Service", json!({"spec": {"type": "LoadBalancer"}}), "Progressing");
    check("v1", "Service", json!({"spec": {"type": "LoadBalancer"}, "status": address.clone()}), "Healthy");
    check("networking.k8s.io/v1", "Ingress", json!({}), "Progressing");
    check("networking.k8s.io/v1", "Ingress", json!({"status": address}), "Healthy");
    check("extensions/v1beta1", "Ingress", json!({}), "Progressing");
    for (phase, expected) in
        [("Bound", "Healthy"), ("Pending", "Progressing"), ("Lost", "Degraded"), ("", "Unknown")]
    {
        check("v1", "PersistentVolumeClaim", json!({"status": {"phase": phase}}), expected);
    }
    check(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshot",
        json!({"status": {"readyToUse": true}}),
        "Healthy: Ready to use",
    );
    check(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshot",
        json!({"status": {"error": {"message": "m"}}}),
        "Degraded: m",
    );
    check("snapshot.storage.k8s.io/v1", "VolumeSnapshot", json!({}), "Progressing: Waiting for status");
}

#[test]
fn gateway_api_and_contour() {
    let group = "gateway.networking.k8s.io/v1";
    check(group, "Gateway", json!({}), "Progressing: Waiting for Gateway status");
    check(group, "Gateway", with(&[condition("Programmed", "True", "")]), "Healthy: Gateway is healthy");
    check(group, "Gateway", with(&[condition("Programmed", "Unknown", "")]), "Progressing: Programmed said");
    check(
        group,
        "Gateway",
        with(&[condition("Programmed", "True", ""), condition("Accepted", "False", "")]),
        "Degraded: Accepted said",
    );
    check(
        group,
        "Gateway",
        json!({"status": {"listeners": [{"conditions": [condition("ResolvedRefs", "False", "")]}]}}),
        "Degraded: Listener: ResolvedRefs said",
    );
    check(group, "GatewayClass", with(&[condition("Accepted", "True", "")]), "Healthy: Accepted said");
    let stale = json!({"type": "Accepted", "status": "True", "observedGeneration": 1});
    check(
        group,
        "GatewayClass",
        with(std::slice::from_ref(&stale)),
        "Progressing: Waiting for GatewayClass status",
    );
    let route = |conditions: Value| json!({"status": {"parents": [{"parentRef": {"name": "gw"}, "conditions": conditions}]}});
    check(
        group,
        "HTTPRoute",
        route(json!([condition("Accepted", "True", "")])),
        "Healthy: HTTPRoute is healthy",
    );
    check(group, "HTTPRoute", route(json!([stale.clone()])), "Progressing: Waiting for HTTPRoute status");
    check(group, "GRPCRoute", route(json!([stale])), "Healthy: GRPCRoute is healthy");
    check(
        group,
        "HTTPRoute",
        route(json!([condition("ResolvedRefs", "False", "")])),
        "Degraded: Parent gw: ResolvedRefs said",
    );
    let proxy = |status: &str, seen: i64, spec: Value| {
        json!({"spec": spec, "status": {"description": "d", "currentStatus": "x",
        "conditions": [{"type": "Valid", "status": status, "observedGeneration": seen}]}})
    };
    check("projectcontour.io/v1", "HTTPProxy", proxy("True", 2, json!({})), "Healthy: d");
    check("projectcontour.io/v1", "HTTPProxy", proxy("False", 2, json!({})), "Degraded: d");
    check(
        "projectcontour.io/v1",
        "HTTPProxy",
        proxy("True", 1, json!({})),
        "Progressing: Waiting for status",
    );
    check(
        "projectcontour.io/v1",
        "HTTPProxy",
        proxy("False", 2, json!({"includes": []})),
        "Healthy: HTTPProxy inclusions cannot be health checked",
    );
}

#[test]
fn argo_kinds() {
    let argo = |kind: &str, rest: Value, expected: &str| check("argoproj.io/v1alpha1", kind, rest, expected);
    argo("Rollout", json!({}), "Progressing: Waiting for rollout spec update to be observed");
    argo(
        "Rollout",
        json!({"status": {"observedGeneration": "1", "phase": "Healthy"}}),
        "Progressing: Waiting for rollout spec update to be observed",
    );
    argo("Rollout", json!({"status": {"observedGeneration": "2", "phase": "Healthy"}}), "Healthy");
    argo(
        "Rollout",
        json!({"status": {"observedGeneration": "2", "phase": "Paused", "message": "CanaryPauseStep"}}),
        "Suspended: CanaryPauseStep",
    );
    argo(
        "Rollout",
        json!({"status": {"observedGeneration": "2", "phase": "Degraded", "message": "m"}}),
        "Degraded: m",
    );
    let referred = |annotation: &str| {
        json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": annotation}},
        "spec": {"workloadRef": {}}, "status": {"observedGeneration": "2", "workloadObservedGeneration": "3", "phase": "Healthy"}})
    };
    argo("Rollout", referred("3"), "Healthy");
    argo("Rollout", referred("4"), "Progressing: Waiting for rollout spec update to be observed");
    let legacy = |status: Value, strategy: &str| json!({"spec": {"replicas": 1, "strategy": {strategy: {}}}, "status": status});
    argo(
        "Rollout",
        legacy(json!({"observedGeneration": "abc"}), "canary"),
        "Progressing: Waiting for rollout to finish: status has not been reconciled.",
    );
    let counts = |stable: &str| json!({"observedGeneration": "abc", "currentPodHash": "h", "updatedReplicas": 1, "availableReplicas": 1, "replicas": 1, "stableRS": stable, "blueGreen": {"activeSelector": "h"}});
    argo("Rollout", legacy(counts("h"), "canary"), "Healthy");
    argo("Rollout", legacy(counts("g"), "canary"), "Progressing: Waiting for rollout to finish steps");
    argo("Rollout", legacy(counts("g"), "blueGreen"), "Progressing: waiting for analysis to complete");
    argo(
        "Rollout",
        legacy(json!({"conditions": [condition("Progressing", "False", "RolloutAborted")]}), "canary"),
        "Degraded: Progressing said",
    );

    argo(
        "AnalysisRun",
        json!({}),
        "Progressing: Waiting for analysis run to finish: status has not been reconciled.",
    );
    argo("AnalysisRun", json!({"status": {"phase": "Pending"}}), "Progressing: Analysis run is running");
    argo("AnalysisRun", json!({"status": {"phase": "Inconclusive", "message": "m"}}), "Unknown: m");
    argo("AnalysisRun", json!({"status": {"phase": "Error"}}), "Degraded: Analysis run had an error");
    argo("AnalysisRun", json!({"status": {"phase": ""}}), "none");
    argo("Experiment", json!({"status": {"phase": "Successful"}}), "Healthy: Experiment is successful");
    argo(
        "ApplicationSet",
        with(&[condition("ResourcesUpToDate", "True", ""), condition("ErrorOccurred", "True", "")]),
        "Degraded: ErrorOccurred said",
    );
    argo(
        "ApplicationSet",
        with(&[condition("ResourcesUpToDate", "True", ""), condition("RolloutProgressing", "True", "")]),
        "Progressing: RolloutProgressing said",
    );
    argo(
        "ApplicationSet",
        with(&[condition("ResourcesUpToDate", "True", "")]),
        "Healthy: ResourcesUpToDate said",
    );
    argo("ApplicationSet", json!({}), "Progressing: Waiting for the status to be reported");
    argo("Workflow", json!({}), "Progressing");
    argo("Workflow", json!({"status": {"phase": "Failed", "message": "m"}}), "Degraded: m");
    argo("Workflow", json!({"status": {"phase": "Odd"}}), "Unknown");
    argo("CronWorkflow", json!({}), "Healthy: CronWorkflow is healthy.");
    argo("CronWorkflow", with(&[condition("SpecError", "True", "")]), "Degraded: SpecError said");
    argo("EventBus", with(&[condition("Deployed", "False", "")]), "Degraded: Deployed said");
}

#[test]
fn operators_that_say_ready() {
    for (api_version, kind, waiting) in [
        ("cert-manager.io/v1", "Certificate", "Waiting for certificate"),
        ("cert-manager.io/v1", "Issuer", "Initializing issuer"),
        ("cert-manager.io/v1", "ClusterIssuer", "Initializing ClusterIssuer"),
        ("external-secrets.io/v1", "ExternalSecret", "Waiting for ExternalSecret"),
        ("external-secrets.io/v1", "SecretStore", "Waiting for SecretStore"),
        ("external-secrets.io/v1", "ClusterSecretStore", "Waiting for ClusterSecretStore"),
        ("external-secrets.io/v1alpha1", "PushSecret", "Waiting for PushSecret"),
        ("karpenter.sh/v1", "NodePool", "Waiting for NodePool to be ready"),
    ] {
        check(api_version, kind, with(&[condition("Ready", "True", "")]), "Healthy: Ready said");
        check(api_version, kind, with(&[condition("Ready", "False", "")]), "Degraded: Ready said");
        check(api_version, kind, json!({}), &format!("Progressing: {waiting}"));
    }
    check(
        "cert-manager.io/v1",
        "Certificate",
        with(&[condition("Ready", "True", ""), condition("Issuing", "True", "")]),
        "Progressing: Issuing said",
    );
    check(
        "bitnami.com/v1alpha1",
        "SealedSecret",
        with(&[condition("Synced", "False", "")]),
        "Degraded: Synced said",
    );
    check(
        "karpenter.k8s.aws/v1",
        "EC2NodeClass",
        with(&[condition("Ready", "True", "")]),
        "Healthy: EC2NodeClass is ready",
    );
    let stores = |last: Value| with(&[condition("NotReady", "True", ""), last]);
    check(
        "external-secrets.io/v1",
        "ClusterExternalSecret",
        stores(condition("Ready", "True", "")),
        "Healthy: Ready said",
    );
    check(
        "external-secrets.io/v1",
        "ClusterExternalSecret",
        stores(condition("PartiallyReady", "True", "")),
        "Degraded: PartiallyReady said",
    );
}

#[test]
fn api_extensions() {
    let crd = |conditions: &[Value], expected: &str| {
        check("apiextensions.k8s.io/v1", "CustomResourceDefinition", with(conditions), expected)
    };
    crd(&[], "Progressing: Status conditions not found");
    crd(
        &[condition("NamesAccepted", "True", ""), condition("Established", "True", "")],
        "Healthy: CRD is healthy",
    );
    crd(
        &[condition("NamesAccepted", "False", "")],
        "Degraded: CRD names have not been accepted: NamesAccepted said",
    );
    crd(&[condition("NamesAccepted", "True", "")], "Degraded: CRD is not established");
    crd(&[condition("Established", "False", "Installing")], "Progressing: Established said");
    crd(
        &[condition("Established", "True", ""), condition("NonStructuralSchema", "True", "")],
        "Degraded: Schema violations found: NonStructuralSchema said",
    );
    crd(
        &[condition("Established", "True", ""), condition("Terminating", "True", "")],
        "Progressing: CRD is terminating: Terminating said",
    );
    let service = |conditions: &[Value], expected: &str| {
        check("apiregistration.k8s.io/v1", "APIService", with(conditions), expected)
    };
    service(&[condition("Available", "True", "Passed")], "Healthy: Passed: Available said");
    service(&[condition("Available", "False", "Failed")], "Progressing: Failed: Available said");
    service(&[], "Progressing: Waiting to be processed");
}

#[test]
fn scalers_and_serving() {
    let keda = |kind: &str, conditions: &[Value], expected: &str| {
        check("keda.sh/v1alpha1", kind, with(conditions), expected)
    };
    keda("ScaledObject", &[condition("Ready", "True", "")], "Healthy: Ready said");
    keda(
        "ScaledObject",
        &[condition("Ready", "True", ""), condition("Paused", "True", "")],
        "Suspended: Paused said",
    );
    keda(
        "ScaledObject",
        &[condition("Ready", "True", ""), condition("Fallback", "True", "")],
        "Degraded: Fallback said",
    );
    keda(
        "ScaledObject",
        &[condition("Ready", "Unknown", "")],
        "Progressing: Creating HorizontalPodAutoscaler Object",
    );
    keda("ScaledJob", &[condition("Ready", "Unknown", "")], "Degraded: Ready said");
    keda("ScaledJob", &[], "Progressing: Waiting for ScaledJob");
    let knative = |conditions: &[Value], expected: &str| {
        check("serving.knative.dev/v1", "Service", with(conditions), expected)
    };
    let three = |last: &str| {
        [
            condition("ConfigurationsReady", "True", ""),
            condition("RoutesReady", "True", ""),
            condition("Ready", last, "Why"),
        ]
    };
    knative(&three("True"), "Healthy: Knative Service is healthy.");
    knative(&three("False"), "Degraded: Ready is False, since Why. Ready said\n");
    knative(&three("Unknown"), "Progressing: Ready is Unknown, since Why. Ready said\n");
    check("serving.knative.dev/v1", "Service", json!({}), "Progressing: Waiting for status update.");
    let kserve = |transition: Value, conditions: &[Value], expected: &str| {
        check(
            "serving.kserve.io/v1beta1",
            "InferenceService",
            json!({"status": {"modelStatus": transition, "conditions": conditions}}),
            expected,
        );
    };
    kserve(
        json!({"transitionStatus": "UpToDate"}),
        &[condition("Ready", "True", ""), condition("Stopped", "False", "")],
        "Healthy: InferenceService is healthy.",
    );
    kserve(
        json!({"transitionStatus": "UpToDate"}),
        &[condition("Stopped", "True", "")],
        "Suspended: InferenceService is Stopped",
    );
    kserve(
        json!({"transitionStatus": "BlockedByFailedLoad"}),
        &[],
        "Degraded: 0: transitionStatus | BlockedByFailedLoad\n",
    );
    kserve(
        json!({"transitionStatus": "InProgress"}),
        &[condition("Ready", "False", "")],
        "Progressing: 0: transitionStatus | InProgress\n | 1: Ready | False | Ready said\n",
    );
}

#[test]
fn databases_queues_and_clusters() {
    let pg = |rest: Value, expected: &str| check("postgresql.cnpg.io/v1", "Cluster", rest, expected);
    let phase = |phase: &str| json!({"status": {"conditions": [], "phase": phase, "phaseReason": "r"}});
    pg(json!({}), "Progressing: Waiting for the CloudNativePG operator to report cluster status");
    pg(
        json!({"metadata": {"annotations": {"cnpg.io/reconciliationLoop": "disabled"}}}),
        "Suspended: Cluster reconciliation is suspended",
    );
    pg(phase("Cluster in healthy state"), "Healthy: r");
    pg(phase("Failing over"), "Degraded: r");
    pg(phase("Setting up primary"), "Progressing: r");
    pg(phase("Unable to create required cluster objects"), "Suspended: r");
    pg(phase("Something new"), "Unknown: r");
    pg(with(&[condition("cnpg.io/hibernation", "True", "")]), "Suspended: cnpg.io/hibernation said");
    let kafka = |kind: &str, conditions: &[Value], expected: &str| {
        check("kafka.strimzi.io/v1beta2", kind, with(conditions), expected)
    };
    kafka("Kafka", &[condition("NotReady", "True", "Creating")], "Progressing: Waiting for Kafka Cluster");
    kafka("Kafka", &[condition("NotReady", "True", "Other")], "Degraded: NotReady said");
    kafka("KafkaTopic", &[condition("NotReady", "True", "Creating")], "Degraded: NotReady said");
    kafka("KafkaUser", &[condition("Ready", "True", "")], "Healthy");
    let rabbit = |conditions: &[Value], expected: &str| {
        check("rabbitmq.com/v1beta1", "RabbitmqCluster", with(conditions), expected)
    };
    rabbit(
        &[condition("ClusterAvailable", "True", ""), condition("AllReplicasReady", "True", "")],
        "Healthy: RabbitMQ cluster ready",
    );
    rabbit(&[condition("ReconcileSuccess", "False", "")], "Degraded: ReconcileSuccess said");
    rabbit(
        &[condition("ClusterAvailable", "False", "")],
        "Progressing: Waiting for RabbitMQ cluster formation",
    );
    rabbit(&[], "Progressing: Waiting for RabbitMQ Operator");
    let elastic = |available: i64, phase: &str, health: &str, expected: &str| {
        check(
            "elasticsearch.k8s.elastic.co/v1",
            "Elasticsearch",
            json!({"spec": {"nodeSets": [{"count": 2}, {"count": 1}]},
            "status": {"availableNodes": available, "phase": phase, "health": health}}),
            expected,
        );
    };
    elastic(3, "Ready", "green", "Healthy: Elasticsearch Cluster status is Green");
    elastic(
        2,
        "Ready",
        "green",
        "Progressing: The desired amount of nodes is 3 but the amount of availableNodes is 2",
    );
    elastic(
        3,
        "Ready",
        "red",
        "Degraded: Elasticsearch Cluster status is Red. Check the status of indices, replicas and shards",
    );
    elastic(3, "Invalid", "green", "Degraded: Elasticsearch phase is Invalid");
    let capi = |rest: Value, expected: &str| check("cluster.x-k8s.io/v1beta1", "Cluster", rest, expected);
    capi(json!({"spec": {"paused": true}}), "Suspended: Cluster is paused");
    capi(json!({"status": {"phase": "Provisioned"}}), "Healthy: Cluster is running");
    let ready = |severity: &str| json!({"status": {"phase": "Provisioned", "conditions": [{"type": "Ready", "status": "False", "severity": severity, "message": "m"}]}});
    capi(ready("Error"), "Degraded: m");
    capi(ready("Info"), "Healthy: Cluster is running");
}

#[test]
fn crossplane_flux_and_the_rest() {
    check("s3.aws.upbound.io/v1beta1", "Bucket", json!({}), "Healthy: Resource is up-to-date.");
    check(
        "s3.aws.crossplane.io/v1beta1",
        "Bucket",
        with(&[condition("Synced", "False", "")]),
        "Degraded: Synced said",
    );
    check(
        "s3.aws.crossplane.io/v1beta1",
        "Bucket",
        with(&[condition("Synced", "True", ""), condition("Ready", "True", "")]),
        "Healthy: Resource is up-to-date.",
    );
    check(
        "aws.crossplane.io/v1beta1",
        "ProviderConfig",
        json!({"status": {"users": 1}}),
        "Healthy: Resource is in use.",
    );
    check("crossplane.io/v1", "Thing", json!({}), "none");
    check(
        "pkg.crossplane.io/v1",
        "Provider",
        with(&[condition("Installed", "True", "A"), condition("Healthy", "True", "B")]),
        "Healthy: A B",
    );
    check(
        "pkg.crossplane.io/v1",
        "Provider",
        with(&[condition("Installed", "True", "A"), condition("Healthy", "False", "B")]),
        "Degraded: A B",
    );
    let flux = |group: &str, kind: &str, conditions: &[Value], expected: &str| {
        check(&format!("{group}.toolkit.fluxcd.io/v1"), kind, with(conditions), expected)
    };
    flux("kustomize", "Kustomization", &[condition("Ready", "True", "Done")], "Healthy: Done");
    flux(
        "kustomize",
        "Kustomization",
        &[condition("Ready", "Unknown", "Busy"), condition("Reconciling", "True", "")],
        "Progressing: Busy",
    );
    flux("kustomize", "Kustomization", &[condition("Ready", "False", "Bad")], "Degraded: Bad");
    flux(
        "helm",
        "HelmRelease",
        &[condition("Ready", "True", "Done"), condition("Released", "True", "")],
        "Healthy: Done",
    );
    flux("helm", "HelmRelease", &[condition("Ready", "True", "Done")], "Degraded: Done");
    flux(
        "source",
        "GitRepository",
        &[condition("Ready", "True", "Done"), condition("ArtifactInStorage", "True", "")],
        "Healthy: Done",
    );
    check(
        "source.toolkit.fluxcd.io/v1",
        "GitRepository",
        json!({"spec": {"suspend": true}}),
        "Suspended: GitRepository is suspended",
    );
    check(
        "source.toolkit.fluxcd.io/v1",
        "HelmRepository",
        json!({"spec": {"type": "oci"}}),
        "Healthy: Helm repositories of type 'oci' do not contain any information in the status.",
    );
    check(
        "flagger.app/v1beta1",
        "Canary",
        json!({"status": {"phase": "Progressing", "canaryWeight": 10, "conditions": [condition("Promoted", "Unknown", "")]}}),
        "Progressing: Progressing --- Canary Weight: 10 % --- Promoted said",
    );
    check(
        "kyverno.io/v1",
        "Policy",
        with(&[condition("Ready", "True", "Succeeded")]),
        "Healthy: Policy is ready",
    );
    check(
        "monitoring.coreos.com/v1",
        "Prometheus",
        with(&[condition("Available", "True", "")]),
        "Healthy: All instances are available",
    );
    check(
        "monitoring.coreos.com/v1",
        "Prometheus",
        with(&[condition("Available", "False", "SomePodsNotReady")]),
        "Progressing: Available said",
    );
    check(
        "monitoring.coreos.com/v1",
        "Prometheus",
        with(&[condition("Available", "Degraded", "Other")]),
        "Degraded: Available said",
    );
    check(
        "install.istio.io/v1alpha1",
        "IstioOperator",
        json!({"status": {"status": "HEALTHY"}}),
        "Healthy: Component is healthy.",
    );
}

#[test]
fn odd_objects_do_not_break_a_check() {
    let odd = [
        json!(null),
        json!("x"),
        json!(-1),
        json!([]),
        json!({"conditions": "x"}),
        json!({"conditions": [1, null, {}]}),
        json!({"replicas": -9_223_372_036_854_775_808_i64, "updatedReplicas": 9_223_372_036_854_775_807_i64, "observedGeneration": 2}),
    ];
    let kinds = [
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("v1", "Pod"),
        ("batch/v1", "Job"),
        ("argoproj.io/v1alpha1", "Rollout"),
        ("flagger.app/v1beta1", "Canary"),
        ("gateway.networking.k8s.io/v1", "HTTPRoute"),
        ("x.crossplane.io/v1", "Any"),
        ("keda.sh/v1", "ScaledJob"),
    ];
    for (api_version, kind) in kinds {
        for spec in &odd {
            for status in &odd {
                let object = object(api_version, kind, json!({"spec": spec, "status": status}));
                let _ = health::assess(&object, &Scripts::default());
            }
        }
    }
}

#[test]
fn an_application_is_as_well_as_its_worst_object() {
    let key = |kind: &str, name: &str| ObjectKey::new("apps", kind, "shop", name);
    let live = object("apps/v1", "Deployment", json!({}));
    let is = |code: HealthCode, message: &str| Health { code, message: message.to_owned() };
    let (a, b) = (key("Deployment", "a"), key("Deployment", "b"));
    let (well, bad, none) =
        (is(HealthCode::Healthy, "fine"), is(HealthCode::Degraded, "broken"), is(HealthCode::Unknown, ""));
    let part = |key, live: Option<&Object>, health| {
        let ignored = live.and_then(|live| live.annotation(annotations::IGNORE_HEALTHCHECK)) == Some("true");
        Part { key, exists: live.is_some(), health, hook: false, is_self: false, ignored }
    };
    let check =
        |parts: &[Part<'_>], expected: Health| assert_eq!(health::aggregate(parts.iter().copied()), expected);
    check(&[], is(HealthCode::Healthy, ""));
    check(
        &[part(&a, Some(&live), Some(&well)), part(&b, Some(&live), Some(&bad))],
        is(HealthCode::Degraded, "apps/Deployment shop/b: broken"),
    );
    check(&[part(&a, Some(&live), Some(&well)), part(&b, None, None)], is(HealthCode::Healthy, ""));
    check(&[part(&a, None, None)], is(HealthCode::Missing, "none of its objects exists"));
    check(&[Part { hook: true, ..part(&a, Some(&live), Some(&bad)) }], is(HealthCode::Healthy, ""));
    check(&[Part { is_self: true, ..part(&a, Some(&live), Some(&bad)) }], is(HealthCode::Healthy, ""));
    let ignored = object(
        "apps/v1",
        "Deployment",
        json!({"metadata": {"annotations": {"argocd.argoproj.io/ignore-healthcheck": "true"}}}),
    );
    check(&[part(&a, Some(&ignored), Some(&bad))], is(HealthCode::Healthy, ""));
    let child = ObjectKey::new("argoproj.io", "Application", "argocd", "child");
    check(&[part(&child, Some(&live), Some(&none))], is(HealthCode::Healthy, ""));
    check(
        &[part(&child, Some(&live), Some(&bad))],
        is(HealthCode::Degraded, "argoproj.io/Application argocd/child: broken"),
    );
    let many = vec![part(&a, Some(&live), Some(&bad)); 5];
    let words = "apps/Deployment shop/a: broken; apps/Deployment shop/a: broken; apps/Deployment shop/a: broken; and 2 more";
    check(&many, is(HealthCode::Degraded, words));
}

#[track_caller]
fn check_script(key: &str, script: &str, object: &Object, expected: &str) {
    let settings =
        Settings { health_scripts: [(key.to_owned(), script.to_owned())].into(), ..Settings::default() };
    let (scripts, problems) = Scripts::compile(&settings);
    assert_eq!(problems, Vec::<String>::new());
    let scripts = scripts.with_clock(|| 1_700_000_000);
    let shown = health::assess(object, &scripts)
        .map_or("none".to_owned(), |health| format!("{}: {}", health.code.as_str(), health.message));
    assert_eq!(shown, expected);
}

#[test]
fn users_scripts_come_first() {
    let app = object(
        "argoproj.io/v1alpha1",
        "Application",
        json!({"status": {"health": {"status": "Degraded", "message": "m"}}}),
    );
    let customary = "hs = {}\nhs.status = \"Progressing\"\nhs.message = \"\"\nif obj.status ~= nil then\n  if obj.status.health ~= nil then\n    hs.status = obj.status.health.status\n    if obj.status.health.message ~= nil then hs.message = obj.status.health.message end\n  end\nend\nreturn hs";
    check_script("argoproj.io/Application", customary, &app, "Degraded: m");
    check_script(
        "argoproj.io/*",
        "return {status='Healthy', message=obj.kind}",
        &app,
        "Healthy: Application",
    );
    check_script("other/Application", "return {status='Healthy'}", &app, "none");
    let service =
        object("v1", "Service", json!({"spec": {"ports": [{"port": 80}, {"port": 443}], "null": null}}));
    check_script(
        "Service",
        "local sum = 0 for i, p in ipairs(obj.spec.ports) do sum = sum + p.port end return {status='Suspended', message=tostring(sum)}",
        &service,
        "Suspended: 523",
    );
    check_script("*", "if obj.spec.null == nil then return {} end", &service, "none");
    check_script("Service", "return nil", &service, "none");
}

#[test]
fn scripts_that_go_wrong_leave_the_health_unknown() {
    let service = object("v1", "Service", json!({}));
    let check = |script: &str, expected: &str| check_script("Service", script, &service, expected);
    check("return {status='Fine'}", "Unknown: Lua returned an invalid health status");
    check("return {message='m'}", "Unknown: Lua returned an invalid health status");
    check("return 1", "Unknown: expect table output from Lua script, not number");
    check(
        "return obj.status.conditions",
        "Unknown: <string>:1: attempt to index field 'status' (a nil value)",
    );
    check("while true do end", "Unknown: the script takes too long");
    check("while true do pcall(function() while true do end end) end", "Unknown: the script takes too long");
    check(
        "local t = {} while true do t[#t + 1] = string.rep('x', 1000000) end",
        "Unknown: the script takes too long",
    );
    check(
        "local t = {} while true do t[#t + 1] = #t .. string.rep('x', 1000000) end",
        "Unknown: memory error: not enough memory",
    );
    check(
        "return string.find(string.rep('a', 1000), string.rep('a-', 9) .. 'b')",
        "Unknown: the script takes too long",
    );
    check("return {status='Healthy', message=('v1.2.3'):match('^v(%d+)%.(%d+)')}", "Healthy: 1");
    check(
        "return {status='Healthy', message=tostring(io == nil and require == nil and loadstring == nil and os.execute == nil and os.getenv == nil and debug == nil)}",
        "Healthy: true",
    );
    check(
        "print('x') return {status='Healthy', message=os.date('!%Y-%m-%d', os.time())}",
        "Healthy: 2023-11-14",
    );
    check(
        "return {status='Healthy', message=tostring(os.time({year=2024, month=2, day=30, hour=0}))}",
        "Healthy: 1709251200",
    );
    check("return {status='Healthy', message=tostring(os.date('*t', 0).year)}", "Healthy: 1970");
    check(
        "local ok, why = pcall(error, 'x') return {status='Healthy', message=tostring(ok) .. string.upper('y')}",
        "Healthy: falseY",
    );
}

#[test]
fn a_script_that_cannot_be_read_is_named() {
    let settings = Settings {
        health_scripts: [
            ("Pod".to_owned(), "return {".to_owned()),
            ("a/[".to_owned(), "return {}".to_owned()),
        ]
        .into(),
        ..Settings::default()
    };
    let (_, problems) = Scripts::compile(&settings);
    assert_eq!(problems.len(), 2);
    assert!(
        problems[0].starts_with("the health script for Pod cannot be read: <string>:1: unexpected symbol"),
        "{problems:?}"
    );
}

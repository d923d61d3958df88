//! Rollouts that another controller began.

use insta::assert_snapshot;

use crate::play::play;

/// In the middle of a pause: the hash of the pods is not one that this machine would choose, and the template in the
/// ReplicaSets is filled in by the API server.
const MID_STEP: &str = "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: web, namespace: shop, uid: web, generation: 4, annotations: {rollout.argoproj.io/revision: '2'}}
spec:
  replicas: 10
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'web:2', resources: {limits: {cpu: 1}}}]}
  strategy:
    canary:
      canaryService: web-canary
      stableService: web-stable
      trafficRouting: {istio: {virtualService: {name: web}}}
      steps:
      - setWeight: 10
      - pause: {duration: 30s}
      - setWeight: 30
      - pause: {}
status:
  observedGeneration: '4'
  currentPodHash: 6b7d8f9bb5
  currentStepHash: STEPS
  currentStepIndex: 3
  stableRS: 5d4c8b7f96
  controllerPause: true
  pauseConditions: [{reason: CanaryPauseStep, startTime: '2025-12-31T23:59:00Z'}]
  canary:
    weights:
      canary: {weight: 30, serviceName: web-canary, podTemplateHash: 6b7d8f9bb5}
      stable: {weight: 70, serviceName: web-stable, podTemplateHash: 5d4c8b7f96}
---
apiVersion: v1
kind: Service
metadata: {name: web-stable, annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: web}}
spec: {selector: {app: web, rollouts-pod-template-hash: 5d4c8b7f96}}
---
apiVersion: v1
kind: Service
metadata: {name: web-canary, annotations: {argo-rollouts.argoproj.io/managed-by-rollouts: web}}
spec: {selector: {app: web, rollouts-pod-template-hash: 6b7d8f9bb5}}
---
SET 5d4c8b7f96 1 10 web:1
---
SET 6b7d8f9bb5 2 3 web:2
";

fn set(hash: &str, revision: &str, replicas: &str, image: &str) -> String {
    format!(
        "
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-{hash}
  namespace: shop
  creationTimestamp: '2025-12-31T23:00:0{revision}Z'
  labels: {{app: web, rollouts-pod-template-hash: {hash}}}
  annotations: {{rollout.argoproj.io/revision: '{revision}', rollout.argoproj.io/desired-replicas: '10'}}
  ownerReferences: [{{uid: web, controller: true}}]
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web, rollouts-pod-template-hash: {hash}}}}}
  template:
    metadata: {{creationTimestamp: null, labels: {{app: web, rollouts-pod-template-hash: {hash}}}}}
    spec:
      containers:
      - name: web
        image: {image}
        imagePullPolicy: IfNotPresent
        resources: {{limits: {{cpu: '1'}}, requests: {{cpu: '1'}}}}
        terminationMessagePath: /dev/termination-log
        terminationMessagePolicy: File
      dnsPolicy: ClusterFirst
      restartPolicy: Always
      schedulerName: default-scheduler
      securityContext: {{}}
      terminationGracePeriodSeconds: 30
status: {{observedGeneration: 1, replicas: {replicas}, readyReplicas: {replicas}, availableReplicas: {replicas}}}
"
    )
}

fn objects() -> String {
    let rollout: serde_json::Value =
        serde_yaml::from_str(MID_STEP.split("\n---\n").next().expect("it is there")).expect("it is YAML");
    let steps = serde_json::from_value::<Vec<model::rollout::CanaryStep>>(
        rollout["spec"]["strategy"]["canary"]["steps"].clone(),
    );
    let hash = rollout::hash::of_steps(&steps.expect("they are steps"));
    let text = MID_STEP.replace("STEPS", &hash);
    let documents = text.split("\n---\n").map(|document| match document.trim().strip_prefix("SET ") {
        None => document.to_owned(),
        Some(words) => {
            let words: Vec<&str> = words.split(' ').collect();
            set(words[0], words[1], words[2], words[3])
        }
    });
    documents.collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn a_rollout_in_mid_step_goes_on_at_its_step_with_its_pods() {
    assert_snapshot!(play(&objects(), "run 5m\npromote\nrun 5m"));
}

#[test]
fn an_undo_to_a_template_as_the_server_keeps_it_finds_the_old_pods() {
    let old = "{\"template\": {\"spec\": {\"containers\": [{\"name\": \"web\", \"image\": \"web:1\", \"imagePullPolicy\": \"IfNotPresent\", \"resources\": {\"limits\": {\"cpu\": \"1\"}, \"requests\": {\"cpu\": \"1\"}}}], \"restartPolicy\": \"Always\"}}}";
    assert_snapshot!(play(&objects(), &format!("run 10s\nspec {old}\nrun 2m")));
}

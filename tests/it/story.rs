//! The production environment, played as its users play it: the real repositories over smart HTTP, a real cluster,
//! the agent with its real rights.

mod expected;
mod mesh;
mod release;
mod renders;
mod seed;
mod stage;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::controlplane::{self, wait_for};
use expected::{Wanted, is_definition, objects, versions};
use seed::Seed;
use stage::{NAMESPACE, Story, definition};

const FIVE: [&str; 5] = ["argo-rollouts", "devops-paradox", "devops-toolkit", "production", "prometheus"];

#[test]
fn the_production_environment_follows_its_repository() {
    let Some(seed) = Seed::serve() else { return };
    // A control plane of its own: the story replaces and keeps definitions that other tests go by.
    let plane = controlplane::fresh();
    // Only the half that follows Git: who drives Rollouts also writes routes and Services.
    let mut story = Story::begin(&plane, &seed, &["--controllers=sync"]);

    story.play("01-setup.sh");
    plane.must(&["apply", "-f", &story.file("project.yaml"), "-f", &story.file("apps.yaml")]);
    story.five_applications_converge();
    story.the_old_chart_is_refused_in_words();

    story.what_is_ignored_is_not_healed();
    story.what_is_not_ignored_is_healed();
    story.edits_by_hand_are_undone();

    story.play("05-newer-argo-rollouts.sh");
    story.the_newer_chart_heals();
    story.a_restart_changes_nothing();

    story.a_stranger_moves_in();
    story.play("04-cleanup.sh");
    story.what_git_no_longer_holds_is_pruned();

    let files = [story.file("apps.yaml"), story.file("project.yaml")];
    plane.must(&["delete", "--wait=false", "-f", &files[0], "-f", &files[1]]);
    story.the_root_takes_its_own_away_and_nothing_else();
}

impl Story<'_> {
    fn five_applications_converge(&self) {
        self.stands("production", ["Synced", "Healthy", "Succeeded"]);
        self.stands("prometheus", ["Synced", "Healthy", "Succeeded"]);
        self.stands("devops-paradox", ["Synced", "Healthy", "Succeeded"]);
        // Its health needs who drives its Rollout; that story is told elsewhere.
        self.stands("devops-toolkit", ["Synced", "-", "Succeeded"]);
        self.stands("argo-rollouts", ["OutOfSync", "Missing", "-"]);
        assert_eq!(self.applications(), FIVE);
        self.shows(&FIVE);
        let mut expected = self.expected(&["01-setup"], &FIVE);
        expected.insert("argo-rollouts".to_owned(), Vec::new());
        self.holds_exactly(&expected);
    }

    /// Five definitions at a version that is gone: named with place, reason and successor, and nothing is applied.
    fn the_old_chart_is_refused_in_words(&self) {
        const REFUSED: [(&str, &str); 5] = [
            ("analysisruns", "analysis-run-crd.yaml"),
            ("analysistemplates", "analysis-template-crd.yaml"),
            ("clusteranalysistemplates", "cluster-analysis-template-crd.yaml"),
            ("experiments", "experiment-crd.yaml"),
            ("rollouts", "rollout-crd.yaml"),
        ];
        let operation = self.status("argo-rollouts")["operationState"].clone();
        let rows = operation["syncResult"]["resources"].as_array().cloned().unwrap_or_default();
        let found: Vec<(&str, &str)> =
            rows.iter().map(|row| (text(row, "name"), text(row, "status"))).collect();
        let names = REFUSED.map(|(name, _)| format!("{name}.argoproj.io"));
        assert_eq!(found, names.each_ref().map(|name| (name.as_str(), "SyncFailed")));
        for (row, (name, file)) in rows.iter().zip(REFUSED) {
            let message = text(row, "message");
            for word in [
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1beta1",
                name,
                &format!("charts/argo-rollouts/templates/crds/{file}:2"),
                "removed in Kubernetes 1.22",
                "the successor is apiextensions.k8s.io/v1.",
            ] {
                assert!(message.contains(word), "{word:?} is not in {message:?}");
            }
        }
        let message = text(&operation, "message");
        assert!(message.contains("CustomResourceDefinition") && message.contains("v1beta1"), "{message}");
        let tile = &self.shows(&FIVE)[0];
        assert!(tile.contains("removed in Kubernetes 1.22"), "{tile}");
        assert!(self.plane.get("namespace", "", "argo-rollouts").is_none(), "nothing of it is applied");
        assert_eq!(definition(self.plane, "rollouts"), self.before, "windlass' own definition is as it was");
    }

    /// A traffic controller shifts weights: that is drift nobody looks at.
    fn what_is_ignored_is_not_healed(&self) {
        self.edit("virtualservice", "devops-toolkit-devops-toolkit", "/spec/http/0/route/0/weight", "70");
        self.edit("virtualservice", "devops-toolkit-devops-toolkit", "/spec/http/0/route/1/weight", "30");
        // The next drift of the same application is seen after that one, and healed without it.
        self.edit("service", "devops-toolkit-devops-toolkit", "/spec/selector/app", "\"nobody\"");
        self.has(
            "service",
            "devops-toolkit-devops-toolkit",
            "/spec/selector/app",
            "devops-toolkit-devops-toolkit",
        );
        self.stands("devops-toolkit", ["Synced", "-", "Succeeded"]);
        self.has("virtualservice", "devops-toolkit-devops-toolkit", "/spec/http/0/route/1/weight", 30);
        let (code, said) = self.diff("devops-toolkit");
        let weights = "held by Rollout devops-toolkit-devops-toolkit: \
                       /spec/http/0/route/0/weight, /spec/http/0/route/1/weight\n";
        assert!(code == Some(0) && said.starts_with("Note: ") && said.ends_with(weights), "{code:?} {said}");
    }

    /// While no agent runs, so that the difference can be seen.
    fn what_is_not_ignored_is_healed(&mut self) {
        let name = "devops-toolkit-devops-toolkit";
        self.stop_agent();
        self.edit("virtualservice", name, "/spec/hosts/1", "\"nobody.example.com\"");
        let (code, text) = self.diff("devops-toolkit");
        assert!(code == Some(1) && text.contains("nobody.example.com"), "{code:?} {text}");
        self.start_agent();
        self.has("virtualservice", name, "/spec/hosts/1", "devops-toolkit.example.com");
        self.stands("devops-toolkit", ["Synced", "-", "Succeeded"]);
        // The sync that healed it left the weights, which are the Rollout's, as they were.
        self.has("virtualservice", name, "/spec/http/0/route/1/weight", 30);
        self.edit("virtualservice", name, "/spec/http/0/route/0/weight", "100");
        self.edit("virtualservice", name, "/spec/http/0/route/1/weight", "0");
    }

    fn edits_by_hand_are_undone(&self) {
        let name = "devops-paradox-devops-paradox";
        let path = "/spec/template/spec/containers/0/image";
        let live = self.plane.get("deployment", "production", name).expect("it is there");
        let image = live.pointer(path).cloned().expect("it has an image");
        self.edit("deployment", name, path, "\"nobody:1\"");
        self.has("deployment", name, path, image);
        self.plane.must(&["delete", "service", "devops-paradox", "-n", "production"]);
        wait_for("the deleted Service to be made again", || {
            let found = self.plane.get("service", "production", "devops-paradox");
            found.map(drop).ok_or_else(|| self.agent().log())
        });
        self.stands("devops-paradox", ["Synced", "Healthy", "Succeeded"]);
    }

    fn the_newer_chart_heals(&mut self) {
        self.stands("argo-rollouts", ["Synced", "Healthy", "Succeeded"]);
        let mut expected = self.expected(&["01-setup", "05-newer-argo-rollouts"], &FIVE);
        // That step was recorded after a release; here the first definition of devops-toolkit is still in force.
        let toolkit = |wanted: &Wanted| wanted.name.ends_with("/devops-toolkit");
        let first = objects(self.seed, "01-setup", "production").into_iter().find(toolkit);
        let root = expected.get_mut("production").expect("it is expected");
        root.retain(|wanted| !toolkit(wanted));
        root.extend(first);
        self.holds_exactly(&expected);
        self.stands("production", ["Synced", "Healthy", "Succeeded"]);
        self.shows(&FIVE);
    }

    /// A new agent finds everything as it should be: nothing is written but what it knows of itself.
    fn a_restart_changes_nothing(&mut self) {
        let before = versions(self.plane);
        self.stop_agent();
        self.start_agent();
        self.shows(&FIVE);
        let after = versions(self.plane);
        let changed: Vec<_> =
            after.iter().filter(|(name, version)| before.get(*name) != Some(version)).collect();
        assert!(changed.is_empty() && after.len() == before.len(), "{changed:?}");
        self.stands("prometheus", ["Synced", "Healthy", "Succeeded"]);
    }

    /// Objects that are nobody's: they must outlive everything.
    fn a_stranger_moves_in(&self) {
        self.plane.apply(
            "
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: stranger, namespace: production}
spec:
  replicas: 0
  selector: {matchLabels: {app: stranger}}
  template:
    metadata: {labels: {app: stranger}}
    spec: {containers: [{name: stranger, image: 'stranger:1'}]}
  strategy: {canary: {}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: stranger, namespace: monitoring}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: impostor
  namespace: monitoring
  annotations: {argocd.argoproj.io/tracking-id: 'prometheus:/ConfigMap:monitoring/prometheus-server'}
",
        );
    }

    fn strangers_are_there(&self) {
        for (kind, namespace, name) in [
            ("rollout.v1alpha1.argoproj.io", "production", "stranger"),
            ("configmap", "monitoring", "stranger"),
            ("configmap", "monitoring", "impostor"),
            ("namespace", "", "production"),
            ("namespace", "", "monitoring"),
            ("namespace", "", "argo-rollouts"),
            ("appproject.v1alpha1.argoproj.io", NAMESPACE, "default"),
        ] {
            let found = self.plane.get(kind, namespace, name);
            let found = found.unwrap_or_else(|| panic!("{kind} {namespace}/{name} is gone"));
            assert!(found.pointer("/metadata/deletionTimestamp").is_none(), "{kind} {name} is being deleted");
        }
        for plural in
            ["rollouts", "analysisruns", "analysistemplates", "clusteranalysistemplates", "experiments"]
        {
            assert!(definition(self.plane, plural).pointer("/metadata/deletionTimestamp").is_none());
        }
    }

    fn what_git_no_longer_holds_is_pruned(&mut self) {
        const THREE: [&str; 3] = ["devops-paradox", "devops-toolkit", "production"];
        for name in THREE {
            self.stands(name, ["Synced", "-", "Succeeded"]);
        }
        wait_for("two Applications to be pruned", || {
            let found = self.applications();
            if found == THREE { Ok(()) } else { Err(format!("{found:?}\n{}", self.agent().log())) }
        });
        let mut expected = self.expected(&["01-setup", "04-cleanup"], &THREE);
        expected.insert("argo-rollouts".to_owned(), self.kept_definitions());
        self.holds_exactly(&expected);
        for name in THREE {
            self.stands(name, ["Synced", "Healthy", "Succeeded"]);
        }
        self.shows(&THREE);
        self.strangers_are_there();
    }

    /// The definitions that the newer chart brought stay as it brought them.
    fn kept_definitions(&self) -> Vec<Wanted> {
        let mut objects = objects(self.seed, "05-newer-argo-rollouts", "argo-rollouts");
        objects.retain(|wanted| is_definition(&wanted.name));
        assert_eq!(objects.len(), 5);
        objects
    }

    fn the_root_takes_its_own_away_and_nothing_else(&self) {
        wait_for("the applications and their project to go", || {
            let project = self.plane.get("appproject.v1alpha1.argoproj.io", NAMESPACE, "production");
            let left = (self.applications(), project.is_some());
            if left == (Vec::new(), false) {
                Ok(())
            } else {
                Err(format!("{left:?}\n{}", self.agent().log()))
            }
        });
        let expected = BTreeMap::from([("argo-rollouts".to_owned(), self.kept_definitions())]);
        self.holds_exactly(&expected);
        self.shows(&[]);
        self.strangers_are_there();
    }
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

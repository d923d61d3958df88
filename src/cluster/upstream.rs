//! Whether Argo CD's own controller is alive in the namespace: two controllers must not drive the same Applications.

use std::collections::BTreeSet;

use model::Object;

use super::watch::Watched;

/// The label selector of the pods of Argo CD's application controller.
pub const PODS: &str = "app.kubernetes.io/name=argocd-application-controller";

/// What is known of Argo CD's own controller.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upstream {
    /// Its pods could not be listed yet, with the cause.
    Unknown(String),
    /// It is alive in this pod.
    Alive(String),
    /// It is not there.
    Gone,
}

/// The pods of its controller.
#[derive(Debug, Default)]
pub struct Pods {
    alive: BTreeSet<String>,
    is_listed: bool,
}

impl Pods {
    /// Takes a change; what is known then, where that is news of any kind.
    pub fn take(&mut self, watched: Watched) -> Option<Upstream> {
        match watched {
            // What was said last stays in force until the new list is complete.
            Watched::ListStarted => {
                self.alive.clear();
                self.is_listed = false;
            }
            Watched::Listed(pod) | Watched::Changed(pod) => self.note(&pod),
            Watched::Deleted(pod) => {
                self.alive.remove(pod.name());
            }
            Watched::ListEnded => self.is_listed = true,
            Watched::Failed { why, refused: _ } if !self.is_listed => return Some(Upstream::Unknown(why)),
            Watched::Failed { .. } => return None,
        }
        self.is_listed.then(|| match self.alive.first() {
            Some(pod) => Upstream::Alive(pod.clone()),
            None => Upstream::Gone,
        })
    }

    /// A pod that has ended for good drives nothing; one that is on its way up or down does, or will.
    fn note(&mut self, pod: &Object) {
        let phase = pod.pointer("/status/phase").and_then(serde_json::Value::as_str).unwrap_or_default();
        if matches!(phase, "Succeeded" | "Failed") {
            self.alive.remove(pod.name());
        } else {
            self.alive.insert(pod.name().to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pod(name: &str, phase: &str) -> Object {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "status": {"phase": phase}});
        Object::from_value(pod).expect("it is a map")
    }

    #[test]
    fn nothing_is_known_before_the_list_is_complete() {
        let mut pods = Pods::default();
        assert_eq!(pods.take(Watched::ListStarted), None);
        assert_eq!(pods.take(Watched::Listed(pod("a", "Running"))), None);
        let forbidden = Watched::Failed { why: "forbidden".into(), refused: true };
        assert_eq!(pods.take(forbidden), Some(Upstream::Unknown("forbidden".into())));
        assert_eq!(pods.take(Watched::ListEnded), Some(Upstream::Alive("a".into())));
    }

    #[test]
    fn it_is_gone_with_its_last_pod() {
        let mut pods = Pods::default();
        pods.take(Watched::ListEnded);
        assert_eq!(pods.take(Watched::Changed(pod("a", "Pending"))), Some(Upstream::Alive("a".into())));
        assert_eq!(pods.take(Watched::Changed(pod("b", "Running"))), Some(Upstream::Alive("a".into())));
        assert_eq!(pods.take(Watched::Changed(pod("a", "Failed"))), Some(Upstream::Alive("b".into())));
        assert_eq!(pods.take(Watched::Deleted(pod("b", "Running"))), Some(Upstream::Gone));
    }
}

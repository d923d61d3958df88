//! The routers' writes on the real API server, with the routers' own definitions.
//!
//! Istio: `istio.io/api`, file `kubernetes/customresourcedefinitions.gen.yaml`; Gateway API: `sigs.k8s.io/gateway-api`,
//! folder `config/crd`; both from the Go modules that `tests/controlplane` names. The others serve no definitions in a
//! Go module of this size: theirs are made here from the documented fields ([`definition`]), and keep what they do not
//! know.

use std::process::Command;

use model::Object;
use model::rollout::Canary;
use rollout::traffic::{
    Desired, Destination, Live, Need, Owner, RouteChange, RouteWrite, Split, apply, needs,
};
use serde_json::{Value, json};

use crate::support::controlplane::{ControlPlane, shared, wait_for};

/// One canary on the control plane, in a namespace of its own.
struct Routed {
    plane: &'static ControlPlane,
    owner: Owner,
    canary: Canary,
}

impl Routed {
    #[track_caller]
    fn new(namespace: &str, routing: &str, objects: &str) -> Self {
        let plane = shared();
        let _ = plane.kubectl(&["create", "namespace", namespace]);
        let rollout = format!(
            "{{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {{name: web, namespace: {namespace}}}, spec: {{paused: true, \
             selector: {{matchLabels: {{app: web}}}}, template: {{metadata: {{labels: {{app: web}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}}}"
        );
        plane.apply(&rollout);
        let uid =
            plane.get("rollouts.argoproj.io", namespace, "web").map(|found| found["metadata"]["uid"].clone());
        let uid = uid.and_then(|uid| uid.as_str().map(str::to_owned)).expect("the Rollout is there");
        let parts = objects.split("---\n").filter(|part| !part.trim().is_empty());
        for object in parts {
            let mut value: Value = serde_yaml::from_str(object).expect("it is YAML");
            value["metadata"]["namespace"] = namespace.into();
            plane.apply(&value.to_string());
        }
        let routing: Value = serde_yaml::from_str(routing).expect("it is YAML");
        let strategy =
            json!({"canaryService": "web-canary", "stableService": "web-stable", "trafficRouting": routing});
        let canary = serde_json::from_value(strategy).expect("it is a canary strategy");
        Self { plane, owner: Owner { name: "web".into(), namespace: namespace.into(), uid }, canary }
    }

    fn split(&self) -> Split<'_> {
        Split::of(&self.owner, &self.canary).expect("it has traffic routing")
    }

    /// Reads all that is needed, until nothing new is asked for.
    fn read(&self) -> Vec<Object> {
        let mut objects: Vec<Object> = Vec::new();
        loop {
            let live: Live<'_> = objects.iter().collect();
            let found: Vec<Object> =
                needs(&self.split(), &live).iter().filter_map(|need| self.fetch(need)).collect();
            let settled = found.len() == objects.len();
            objects = found;
            if settled {
                return objects;
            }
        }
    }

    fn fetch(&self, need: &Need) -> Option<Object> {
        let Need::Object { kind, namespace, name, .. } = need else { return None };
        let found = self.plane.get(&format!("{}.{}", kind.kind, kind.group), namespace, name)?;
        Some(Object::from_value(found).expect("it is a map"))
    }

    #[track_caller]
    fn writes(&self, desired: &Desired) -> Vec<RouteWrite> {
        let objects = self.read();
        let live: Live<'_> = objects.iter().collect();
        apply(&self.split(), &live, desired).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Brings the objects to a weight, and checks that the server's answer leaves nothing to do.
    #[track_caller]
    fn shift(&self, weight: i32) {
        for write in self.writes(&desired(weight)) {
            self.carry_out(&write).unwrap_or_else(|why| panic!("{why}"));
        }
        let left: Vec<_> = self.writes(&desired(weight)).iter().map(ToString::to_string).collect();
        assert_eq!(left, Vec::<String>::new(), "the server's own answer is written again");
    }

    fn carry_out(&self, write: &RouteWrite) -> Result<String, String> {
        let RouteWrite { gvk, target, change, .. } = write;
        let kind = format!("{}.{}", gvk.kind, gvk.group);
        match change {
            RouteChange::Create(object) => Ok(self.plane.apply(&object.to_value().to_string())),
            RouteChange::Delete => {
                self.plane.kubectl(&["delete", &kind, &target.name, "-n", &target.namespace])
            }
            RouteChange::Patch { patch, .. } => {
                let text = serde_json::to_string(patch).expect("a patch is JSON");
                self.plane.kubectl(&[
                    "patch",
                    &kind,
                    &target.name,
                    "-n",
                    &target.namespace,
                    "--type=json",
                    "-p",
                    &text,
                ])
            }
        }
    }

    #[track_caller]
    fn field(&self, kind: &str, name: &str, pointer: &str) -> Value {
        let found = self.plane.get(kind, &self.owner.namespace, name).expect("it is there");
        found.pointer(pointer).cloned().unwrap_or_default()
    }
}

fn desired(weight: i32) -> Desired {
    Desired {
        max_weight: 100,
        canary: Destination { weight, service: "web-canary".into(), hash: "new".into() },
        stable: Destination { weight: 100 - weight, service: "web-stable".into(), hash: "old".into() },
        ..Desired::default()
    }
}

/// Definitions that the control plane brings along.
#[track_caller]
fn install(name: &str) {
    let plane = shared();
    let output = Command::new(&plane.program).args(["crds", name]).output().expect("it can be run");
    plane.apply(&String::from_utf8(output.stdout).expect("YAML is text"));
}

/// A definition of our own: the documented kind, with fields of any shape.
#[track_caller]
fn definition(group: &str, version: &str, kind: &str) {
    let plural = format!("{}s", kind.to_ascii_lowercase());
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let crd = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.to_ascii_lowercase()},
            "versions": [{"name": version, "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    });
    let plane = shared();
    plane.apply(&crd.to_string());
    let name = format!("crd/{plural}.{group}");
    plane.must(&["wait", "--for=condition=Established", &name, "--timeout=60s"]);
    wait_for("the kind to be served", || {
        plane.kubectl(&["get", &format!("{plural}.{group}"), "-A"]).map(|_| ())
    });
}

#[test]
fn istio_is_written_by_its_own_definitions_and_a_stale_write_is_refused() {
    let objects = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web}
spec:
  hosts: [web]
  http: [{name: primary, timeout: 5s, route: [{destination: {host: web-stable}, weight: 100}, {destination: {host: web-canary}, weight: 0}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: web}
spec: {host: web, subsets: [{name: stable, labels: {app: web}}, {name: canary, labels: {app: web}}]}
";
    let routed = Routed::new("routers-istio", "istio: {virtualService: {name: web}}", objects);
    let stale = routed.writes(&desired(20));
    routed.shift(30);
    assert_eq!(routed.field("virtualservices.networking.istio.io", "web", "/spec/http/0/route/1/weight"), 30);
    assert_eq!(routed.field("virtualservices.networking.istio.io", "web", "/spec/http/0/timeout"), "5s");
    let refused = routed.carry_out(&stale[0]).expect_err("somebody else was faster");
    assert!(refused.contains("Conflict") || refused.contains("modified"), "{refused}");
    routed.shift(0);
}

#[test]
fn gateway_api_is_written_by_its_own_definitions() {
    install("gateway-api");
    let plane = shared();
    plane.must(&[
        "wait",
        "--for=condition=Established",
        "crd/httproutes.gateway.networking.k8s.io",
        "--timeout=60s",
    ]);
    let objects = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {rules: [{backendRefs: [{name: web-stable, port: 80}, {name: web-canary, port: 80}]}]}
";
    let routing = "{plugins: {argoproj-labs/gatewayAPI: {httpRoute: web}}, managedRoutes: [{name: headers}]}";
    let routed = Routed::new("routers-gateway", routing, objects);
    routed.shift(30);
    assert_eq!(routed.field("httproute", "web", "/spec/rules/0/backendRefs/0/weight"), 70);
    let header = json!({"name": "headers", "match": [{"headerName": "x", "headerValue": {"exact": "y"}}]});
    let wanted =
        Desired { header_routes: vec![serde_json::from_value(header).expect("a route")], ..desired(30) };
    for write in routed.writes(&wanted) {
        routed.carry_out(&write).unwrap_or_else(|why| panic!("{why}"));
    }
    let left: Vec<_> = routed.writes(&wanted).iter().map(ToString::to_string).collect();
    assert_eq!(left, Vec::<String>::new(), "what the server filled in is taken for a change");
    routed.shift(0);
    assert_eq!(routed.field("httproute", "web", "/spec/rules").as_array().map(Vec::len), Some(1));
}

#[test]
fn nginx_and_alb_write_ingresses() {
    let objects = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: front}
spec: {rules: [{host: a.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web-stable, port: {number: 80}}}}]}}]}
";
    let routed = Routed::new("routers-nginx", "nginx: {stableIngress: front}", objects);
    routed.shift(0);
    routed.shift(40);
    let weight = "/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight";
    assert_eq!(routed.field("ingress", "web-front-canary", weight), "40");
    let routed = Routed::new("routers-alb", "alb: {ingress: front, servicePort: 80}", objects);
    routed.shift(40);
    let action = routed.field(
        "ingress",
        "front",
        "/metadata/annotations/alb.ingress.kubernetes.io~1actions.web-stable",
    );
    assert!(action.as_str().is_some_and(|action| action.contains("\"Weight\":40")), "{action}");
}

#[test]
fn meshes_and_gateways_with_definitions_of_our_own() {
    definition("split.smi-spec.io", "v1alpha1", "TrafficSplit");
    definition("traefik.io", "v1alpha1", "TraefikService");
    definition("apisix.apache.org", "v2", "ApisixRoute");
    definition("getambassador.io", "v2", "Mapping");
    let objects = "
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: web}
spec: {weighted: {services: [{name: web-stable, port: 80}, {name: web-canary, port: 80}]}}
---
apiVersion: apisix.apache.org/v2
kind: ApisixRoute
metadata: {name: web}
spec: {http: [{name: web, backends: [{serviceName: web-stable, servicePort: 80}, {serviceName: web-canary, servicePort: 80}]}]}
---
apiVersion: getambassador.io/v2
kind: Mapping
metadata: {name: web}
spec: {prefix: /, service: web-stable}
";
    let routing = "{smi: {}, traefik: {weightedTraefikServiceName: web}, apisix: {route: {name: web}}, ambassador: {mappings: [web]}}";
    let routed = Routed::new("routers-meshes", routing, objects);
    routed.shift(25);
    assert_eq!(routed.field("trafficsplits.split.smi-spec.io", "web", "/spec/backends/0/weight"), "25");
    assert_eq!(routed.field("traefikservices.traefik.io", "web", "/spec/weighted/services/1/weight"), 25);
    assert_eq!(routed.field("apisixroutes.apisix.apache.org", "web", "/spec/http/0/backends/1/weight"), 25);
    assert_eq!(routed.field("mappings.getambassador.io", "web-canary", "/spec/weight"), 25);
}

#[test]
fn app_mesh_with_definitions_of_our_own() {
    for kind in ["VirtualService", "VirtualRouter", "VirtualNode"] {
        definition("appmesh.k8s.aws", "v1beta2", kind);
    }
    let objects = "
{apiVersion: appmesh.k8s.aws/v1beta2, kind: VirtualService, metadata: {name: web}, spec: {provider: {virtualRouter: {virtualRouterRef: {name: web}}}}}
---
{apiVersion: appmesh.k8s.aws/v1beta2, kind: VirtualRouter, metadata: {name: web}, spec: {routes: [{name: r, httpRoute: {action: {weightedTargets: [{virtualNodeRef: {name: canary}, weight: 0}, {virtualNodeRef: {name: stable}, weight: 100}]}}}]}}
---
{apiVersion: appmesh.k8s.aws/v1beta2, kind: VirtualNode, metadata: {name: canary}, spec: {podSelector: {matchLabels: {app: web}}}}
---
{apiVersion: appmesh.k8s.aws/v1beta2, kind: VirtualNode, metadata: {name: stable}, spec: {podSelector: {matchLabels: {app: web}}}}
";
    let routing = "appMesh: {virtualService: {name: web}, virtualNodeGroup: {canaryVirtualNodeRef: {name: canary}, stableVirtualNodeRef: {name: stable}}}";
    let routed = Routed::new("routers-appmesh", routing, objects);
    routed.shift(25);
    let weight = "/spec/routes/0/httpRoute/action/weightedTargets/0/weight";
    assert_eq!(routed.field("virtualrouters.appmesh.k8s.aws", "web", weight), 25);
}

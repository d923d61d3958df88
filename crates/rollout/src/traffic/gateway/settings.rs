//! The settings of upstream's Gateway API plugin.

use model::Gvk;
use model::parts::LabelSelector;
use serde::Deserialize;
use serde_json::Value;

/// Upstream's words where no route is named.
pub const NO_ROUTES: &str =
    "No routes configured. One of 'tcpRoutes', 'httpRoutes', 'tcpRoute' or 'httpRoute' should be set";

/// A kind of route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Http,
    Grpc,
    Tcp,
    Tls,
}

impl Kind {
    /// The kind as the API names it.
    pub fn gvk(self) -> Gvk {
        match self {
            Self::Http => Gvk::new("gateway.networking.k8s.io/v1", "HTTPRoute"),
            Self::Grpc => Gvk::new("gateway.networking.k8s.io/v1", "GRPCRoute"),
            Self::Tcp => Gvk::new("gateway.networking.k8s.io/v1alpha2", "TCPRoute"),
            Self::Tls => Gvk::new("gateway.networking.k8s.io/v1", "TLSRoute"),
        }
    }

    /// Upstream's words for a Service that no rule sends traffic to.
    pub fn backend_missing(self) -> &'static str {
        match self {
            Self::Http => "backendRef was not found in httpRoute",
            Self::Grpc => "backendRef was not found in grpcRoute",
            Self::Tcp => "backendRef was not found in tcpRoute",
            Self::Tls => "backendRef was not found in tlsRoute",
        }
    }

    fn has_headers(self) -> bool {
        match self {
            Self::Http | Self::Grpc => true,
            Self::Tcp | Self::Tls => false,
        }
    }
}

/// One route that is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedRoute {
    pub kind: Kind,
    pub name: String,
    pub takes_headers: bool,
}

/// The settings, with their defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub routes: Vec<NamedRoute>,
    pub selectors: Vec<(Kind, LabelSelector)>,
    /// The Rollout's where empty.
    pub namespace: String,
    pub label: String,
    pub label_value: String,
    pub label_disabled: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    http_route: String,
    grpc_route: String,
    tcp_route: String,
    tls_route: String,
    http_routes: Vec<WrittenRoute>,
    grpc_routes: Vec<WrittenRoute>,
    tcp_routes: Vec<WrittenRoute>,
    tls_routes: Vec<WrittenRoute>,
    http_route_selector: Option<LabelSelector>,
    grpc_route_selector: Option<LabelSelector>,
    tcp_route_selector: Option<LabelSelector>,
    tls_route_selector: Option<LabelSelector>,
    namespace: String,
    disable_in_progress_label: bool,
    in_progress_label_key: String,
    in_progress_label_value: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct WrittenRoute {
    name: String,
    use_header_routes: bool,
}

impl Settings {
    /// Reads the plugin's configuration, or says what is wrong with it.
    pub fn read(config: &Value) -> Result<Self, String> {
        let written: Written = serde_json::from_value(config.clone()).map_err(|why| why.to_string())?;
        let kinds = [
            (Kind::Http, written.http_route, written.http_routes, written.http_route_selector),
            (Kind::Grpc, written.grpc_route, written.grpc_routes, written.grpc_route_selector),
            (Kind::Tcp, written.tcp_route, written.tcp_routes, written.tcp_route_selector),
            (Kind::Tls, written.tls_route, written.tls_routes, written.tls_route_selector),
        ];
        let (mut routes, mut selectors) = (Vec::new(), Vec::new());
        for (kind, one, several, selector) in kinds {
            let one = Some(one).filter(|name| !name.is_empty());
            // The only route of its kind always takes header routes; one of several says whether it does.
            let one = one.map(|name| NamedRoute { kind, name, takes_headers: kind.has_headers() });
            let several = several.into_iter().map(|route| NamedRoute {
                kind,
                name: route.name,
                takes_headers: kind.has_headers() && route.use_header_routes,
            });
            routes.extend(one.into_iter().chain(several));
            selectors.extend(selector.map(|selector| (kind, selector)));
        }
        if routes.is_empty() && selectors.is_empty() {
            return Err(NO_ROUTES.to_owned());
        }
        let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
        Ok(Self {
            routes,
            selectors,
            namespace: written.namespace,
            label: or(written.in_progress_label_key, "rollouts.argoproj.io/gatewayapi-canary"),
            label_value: or(written.in_progress_label_value, "in-progress"),
            label_disabled: written.disable_in_progress_label,
        })
    }
}

//! Operators' kinds, one file per API group.

mod apis;
mod cert_manager;
mod cloudnative_pg;
mod cluster_api;
mod crossplane;
mod elastic;
mod external_secrets;
mod flagger;
mod flux;
mod istio;
mod karpenter;
mod keda;
mod knative;
mod kserve;
mod kyverno;
mod prometheus;
mod rabbitmq;
mod sealed_secrets;
mod strimzi;

use super::{Check, Table};

pub(super) const TABLES: &[Table] = &[
    apis::TABLE,
    cert_manager::TABLE,
    cloudnative_pg::TABLE,
    cluster_api::TABLE,
    crossplane::TABLE,
    elastic::TABLE,
    external_secrets::TABLE,
    flagger::TABLE,
    flux::TABLE,
    istio::TABLE,
    karpenter::TABLE,
    keda::TABLE,
    knative::TABLE,
    kserve::TABLE,
    kyverno::TABLE,
    prometheus::TABLE,
    rabbitmq::TABLE,
    sealed_secrets::TABLE,
    strimzi::TABLE,
];

/// Checks for whole families of groups (`*.crossplane.io/*`), asked where no exact name has one.
pub(super) fn by_wildcard(group: &str) -> Option<Check> {
    let families: [(&str, Check); 2] =
        [(".crossplane.io", crossplane::any), (".upbound.io", crossplane::any)];
    families.iter().find(|(suffix, _)| group.ends_with(suffix)).map(|(_, check)| *check)
}

//! The eight kinds: names, columns and subresources as upstream has them.

use serde_json::{Value, json};

use super::structural::Descriptions;
use super::unread::AppProjectStatus;
use super::{Column, Kind, Subresources, field};
use crate::analysis::{AnalysisRunSpec, AnalysisRunStatus, AnalysisTemplateSpec};
use crate::application::{ApplicationSpec, ApplicationStatus, Operation};
use crate::application_set::{ApplicationSetSpec, ApplicationSetStatus};
use crate::experiment::{ExperimentSpec, ExperimentStatus};
use crate::project::AppProjectSpec;
use crate::rollout::{RolloutSpec, RolloutStatus};

const AGE: Column = Column { name: "Age", path: ".metadata.creationTimestamp", kind: "date", priority: 0 };
const PHASE: Column = Column { name: "Status", path: ".status.phase", kind: "string", priority: 0 };

/// Every kind of `argoproj.io/v1alpha1`.
pub const KINDS: [Kind; 8] = [
    Kind {
        kind: "Application",
        plural: "applications",
        short_names: &["app", "apps"],
        scope: "Namespaced",
        fields: &[
            field::<ApplicationSpec>("spec"),
            field::<Operation>("operation"),
            field::<ApplicationStatus>("status"),
        ],
        required: &["metadata", "spec"],
        columns: &[
            Column { name: "Sync Status", path: ".status.sync.status", kind: "string", priority: 0 },
            Column { name: "Health Status", path: ".status.health.status", kind: "string", priority: 0 },
            Column { name: "Revision", path: ".status.sync.revision", kind: "string", priority: 10 },
            Column { name: "Project", path: ".spec.project", kind: "string", priority: 10 },
        ],
        subresources: Subresources::None,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
    Kind {
        kind: "AppProject",
        plural: "appprojects",
        short_names: &["appproj", "appprojs"],
        scope: "Namespaced",
        fields: &[field::<AppProjectSpec>("spec"), field::<AppProjectStatus>("status")],
        required: &["metadata", "spec"],
        columns: &[],
        subresources: Subresources::None,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
    Kind {
        kind: "ApplicationSet",
        plural: "applicationsets",
        short_names: &["appset", "appsets"],
        scope: "Namespaced",
        fields: &[field::<ApplicationSetSpec>("spec"), field::<ApplicationSetStatus>("status")],
        required: &["metadata", "spec"],
        columns: &[],
        subresources: Subresources::Status,
        descriptions: Descriptions::Dropped,
        open: nested_templates,
    },
    Kind {
        kind: "Rollout",
        plural: "rollouts",
        short_names: &["ro"],
        scope: "Namespaced",
        fields: &[field::<RolloutSpec>("spec"), field::<RolloutStatus>("status")],
        required: &["spec"],
        columns: &[
            Column { name: "Desired", path: ".spec.replicas", kind: "integer", priority: 0 },
            Column { name: "Current", path: ".status.replicas", kind: "integer", priority: 0 },
            Column { name: "Up-to-date", path: ".status.updatedReplicas", kind: "integer", priority: 0 },
            Column { name: "Available", path: ".status.availableReplicas", kind: "integer", priority: 0 },
            AGE,
        ],
        subresources: Subresources::StatusAndScale,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
    Kind {
        kind: "AnalysisTemplate",
        plural: "analysistemplates",
        short_names: &["at"],
        scope: "Namespaced",
        fields: &[field::<AnalysisTemplateSpec>("spec")],
        required: &["spec"],
        columns: &[AGE],
        subresources: Subresources::None,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
    Kind {
        kind: "ClusterAnalysisTemplate",
        plural: "clusteranalysistemplates",
        short_names: &["cat"],
        scope: "Cluster",
        fields: &[field::<AnalysisTemplateSpec>("spec")],
        required: &["spec"],
        columns: &[AGE],
        subresources: Subresources::None,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
    Kind {
        kind: "AnalysisRun",
        plural: "analysisruns",
        short_names: &["ar"],
        scope: "Namespaced",
        fields: &[field::<AnalysisRunSpec>("spec"), field::<AnalysisRunStatus>("status")],
        required: &["spec"],
        columns: &[PHASE, AGE],
        subresources: Subresources::None,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
    Kind {
        kind: "Experiment",
        plural: "experiments",
        short_names: &["exp"],
        scope: "Namespaced",
        fields: &[field::<ExperimentSpec>("spec"), field::<ExperimentStatus>("status")],
        required: &["spec"],
        columns: &[PHASE, AGE],
        subresources: Subresources::None,
        descriptions: Descriptions::Kept,
        open: nothing,
    },
];

fn nothing(_: &mut Value) {}

/// Opens what templates inside `matrix` and `merge` say about a source's tools.
///
/// A schema cannot refer to a part of itself, so the whole of an Application stands in an ApplicationSet 24 times:
/// upstream's definition is too large for `kubectl apply`. Ours is not, at this price.
fn nested_templates(root: &mut Value) {
    for outer in ["matrix", "merge"] {
        let pointer = format!(
            "/properties/spec/properties/generators/items/properties/{outer}/properties/generators/items/properties"
        );
        let generators = root.pointer_mut(&pointer).and_then(Value::as_object_mut);
        for generator in generators.into_iter().flat_map(serde_json::Map::values_mut) {
            let Some(spec) = generator.pointer_mut("/properties/template/properties/spec/properties") else {
                continue;
            };
            open(spec, "sourceHydrator");
            for source in ["/source/properties", "/sources/items/properties"] {
                let Some(source) = spec.pointer_mut(source) else { continue };
                for tool in ["helm", "kustomize", "directory", "plugin"] {
                    open(source, tool);
                }
            }
        }
    }
}

fn open(properties: &mut Value, name: &str) {
    properties[name] = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
}

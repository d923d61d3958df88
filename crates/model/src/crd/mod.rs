//! The CustomResourceDefinitions of `argoproj.io/v1alpha1`, made from the types of this crate.
//!
//! They accept what upstream's accept, refuse wrong types, missing fields and unknown words as upstream's do, and keep
//! fields that nobody here knows. A type's schema is [`structural()`], a kind's names and columns are in [`kinds`].

pub mod kinds;
pub mod pod_template;
pub mod scalars;
pub mod structural;
pub mod unread;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::application::{GROUP, VERSION};
pub use kinds::KINDS;
use structural::{Descriptions, structural};

/// One kind, as its definition needs it.
#[derive(Debug)]
pub struct Kind {
    /// `spec.names.kind`.
    pub kind: &'static str,
    /// `spec.names.plural`.
    pub plural: &'static str,
    /// `spec.names.shortNames`.
    pub short_names: &'static [&'static str],
    /// `Namespaced` or `Cluster`.
    pub scope: &'static str,
    /// Top-level fields beside the identity.
    pub fields: &'static [Field],
    /// Top-level fields that must be there.
    pub required: &'static [&'static str],
    /// Columns of `kubectl get`.
    pub columns: &'static [Column],
    /// Subresources.
    pub subresources: Subresources,
    /// Whether texts are kept.
    pub descriptions: Descriptions,
    /// What is left open because the whole would be too large.
    pub open: fn(&mut Value),
}

/// One top-level field.
#[derive(Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// The schema of its type.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
}

/// One column of `kubectl get`.
#[derive(Debug)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// The field it shows.
    pub path: &'static str,
    /// `string`, `integer` or `date`.
    pub kind: &'static str,
    /// 0 is always shown, more only with `-o wide`.
    pub priority: i64,
}

/// Which subresources a kind has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subresources {
    /// None: the status is written with the object.
    None,
    /// `status`.
    Status,
    /// `status`, and `scale` for autoscalers, which read the pods' number and selector in the status.
    StatusAndScale,
}

/// The field `name`, whose type is `T`.
pub const fn field<T: JsonSchema>(name: &'static str) -> Field {
    Field { name, schema: T::json_schema }
}

/// The definition of a kind.
pub fn definition(kind: &Kind) -> Value {
    let singular = kind.kind.to_lowercase();
    let mut version = json!({
        "name": VERSION,
        "served": true,
        "storage": true,
        "schema": {"openAPIV3Schema": schema(kind)},
    });
    if !kind.columns.is_empty() {
        version["additionalPrinterColumns"] = kind.columns.iter().map(column).collect();
    }
    match kind.subresources {
        Subresources::None => {}
        Subresources::Status => version["subresources"] = json!({"status": {}}),
        Subresources::StatusAndScale => {
            version["subresources"] = json!({
                "status": {},
                "scale": {
                    "specReplicasPath": ".spec.replicas",
                    "statusReplicasPath": ".status.HPAReplicas",
                    "labelSelectorPath": ".status.selector",
                },
            });
        }
    }
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": format!("{}.{GROUP}", kind.plural),
            "labels": {"app.kubernetes.io/name": format!("{}.{GROUP}", kind.plural), "app.kubernetes.io/part-of": "windlass"},
        },
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.kind,
                "listKind": format!("{}List", kind.kind),
                "plural": kind.plural,
                "singular": singular,
                "shortNames": kind.short_names,
            },
            "scope": kind.scope,
            "versions": [version],
        },
    })
}

fn schema(kind: &Kind) -> Value {
    let mut generator =
        SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true).into_generator();
    let mut properties = Map::new();
    for name in ["apiVersion", "kind"] {
        properties.insert(name.to_owned(), json!({"type": "string"}));
    }
    for Field { name, schema } in kind.fields {
        let mut schema = schema(&mut generator).to_value();
        structural(&mut schema, kind.descriptions);
        properties.insert((*name).to_owned(), schema);
    }
    // The server knows metadata itself and refuses a schema that says anything about it.
    properties.insert("metadata".to_owned(), json!({"type": "object"}));
    let mut root = json!({
        "type": "object",
        "properties": properties,
        "required": kind.required,
        "x-kubernetes-preserve-unknown-fields": true,
    });
    (kind.open)(&mut root);
    root
}

fn column(column: &Column) -> Value {
    let Column { name, path, kind, priority } = *column;
    let mut value = json!({"name": name, "jsonPath": path, "type": kind});
    if priority != 0 {
        value["priority"] = priority.into();
    }
    value
}

/// Adds the fields of `Rest` to a schema: what is declared apart, because the type itself does not read it.
pub fn with_rest<Rest: JsonSchema>(schema: &mut Schema) {
    let mut generator =
        SchemaSettings::draft07().with(|settings| settings.inline_subschemas = true).into_generator();
    let mut rest = Rest::json_schema(&mut generator).to_value();
    let more = rest.get_mut("properties").and_then(Value::as_object_mut).map(std::mem::take);
    let fields = schema.as_object_mut().and_then(|schema| schema.get_mut("properties")?.as_object_mut());
    if let (Some(fields), Some(more)) = (fields, more) {
        fields.extend(more);
    }
}

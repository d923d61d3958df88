//! How single values look in a schema where Rust's own type says too much or too little.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::application::{HealthCode, OperationPhase, ResultCode, SyncStatusCode};
use crate::parts::IntOrString;
use crate::time::Time;

/// An object of which nothing is said: everything in it is kept.
pub struct OpenObject;

macro_rules! schemas {
    ($($type:ty => $schema:tt,)*) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )*};
}

schemas! {
    OpenObject => {"type": "object"},
    Time => {"type": "string", "format": "date-time"},
    IntOrString => {"x-kubernetes-int-or-string": true},
    // Words of a status: upstream's schemas let every text pass, so that an older one keeps a newer one's.
    SyncStatusCode => {"type": "string"},
    HealthCode => {"type": "string"},
    OperationPhase => {"type": "string"},
    ResultCode => {"type": "string"},
}

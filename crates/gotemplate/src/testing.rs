//! The door that tests of functions go through.

use std::sync::Arc;

use crate::{Context, FunctionSet, Limits, MissingKey, Parsed, StillWorld, TemplateSet, Value};

/// The text that a template with Go's and Sprig's functions gives without data, or its error.
pub(crate) fn render(template: &str) -> Result<String, String> {
    render_with(template, &Value::Nil)
}

/// The same with data.
pub(crate) fn render_with(template: &str, data: &Value) -> Result<String, String> {
    let parsed = Parsed::parse("t", template, &FunctionSet::sprig()).map_err(|error| error.to_string())?;
    let mut set = TemplateSet::new("t");
    set.add(&parsed);
    let (world, limits) = (StillWorld::default(), Limits::default());
    let mut context = Context::new(Arc::new(set), &world, &limits).with_missing_key(MissingKey::Zero);
    context.execute("t", data).map(|text| text.to_string()).map_err(|error| error.to_string())
}

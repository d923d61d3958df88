//! The methods of Helm's `Values` type.

use gotemplate::functions::Arguments;
use gotemplate::{Context, FunctionError, Method, Param, Value as Live};

use super::PLAIN;
use crate::functions::encode::Plain;
use crate::values::paths::{scalar, table};

pub(super) const METHODS: &[Method] = &[
    Method { name: "AsMap", params: &[], variadic: false, call: as_map },
    Method { name: "PathValue", params: &[Param::Str], variadic: false, call: path_value },
    Method { name: "Table", params: &[Param::Str], variadic: false, call: find_table },
    Method { name: "YAML", params: &[], variadic: false, call: yaml },
];

type Result<T> = std::result::Result<T, FunctionError>;

fn as_map(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    Ok(Live::Map(args.map(0)?.with_type(PLAIN)))
}

fn path_value(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    let path = args.text(1)?.to_text();
    if path.is_empty() {
        return Err(FunctionError::new("YAML path cannot be empty"));
    }
    let key = path.rsplit('.').next().unwrap_or(&path);
    scalar(args.map(0)?, &path).ok_or_else(|| FunctionError::new(format!("{key:?} is not a value")))
}

fn find_table(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    let map = args.map(0)?;
    let path = args.text(1)?.to_text();
    let found = table(map, &path);
    let typed = found.map(|found| Live::Map(found.with_type(map.map_type())));
    typed.ok_or_else(|| FunctionError::new(format!("{path:?} is not a table")))
}

fn yaml(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    let text = goyaml::to_yaml(&Plain(Live::Map(args.map(0)?.clone())));
    text.map(Live::str).map_err(|error| FunctionError::new(error.to_string()))
}

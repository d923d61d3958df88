//! `.Files`: the chart's other files, and what templates may do with them.

use std::collections::BTreeMap;

use data_encoding::BASE64;
use gotemplate::functions::Arguments;
use gotemplate::{
    Context, Element, FunctionError, List, Map, MapType, Method, Param, TEXT_LIST, Value as Live,
};
use serde_json::Value as Json;

use crate::functions::encode::bytes;
use crate::glob::Glob;

/// Go's type of `.Files`.
pub(crate) static FILES: MapType =
    MapType { go_type: "engine.files", element: Element::Bytes, named: true, methods: METHODS };

const METHODS: &[Method] = &[
    Method { name: "Get", params: &[Param::Str], variadic: false, call: get },
    Method { name: "GetBytes", params: &[Param::Str], variadic: false, call: get_bytes },
    Method { name: "Glob", params: &[Param::Str], variadic: false, call: glob },
    Method { name: "Lines", params: &[Param::Str], variadic: false, call: lines },
    Method { name: "AsConfig", params: &[], variadic: false, call: as_config },
    Method { name: "AsSecrets", params: &[], variadic: false, call: as_secrets },
];

type Result<T> = std::result::Result<T, FunctionError>;

fn content(args: &[Live]) -> Result<Option<Live>> {
    Ok(args.map(0)?.get(args.text(1)?))
}

fn get(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    Ok(match content(args)? {
        Some(Live::Bytes(data)) => Live::str(&*data),
        _ => Live::str(""),
    })
}

fn get_bytes(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    Ok(content(args)?.unwrap_or_else(|| bytes(b"")))
}

fn glob(context: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    let files = args.map(0)?;
    context.spend_steps(files.len() as u64)?;
    let glob = Glob::new(&args.text(1)?.to_text());
    let found = files.snapshot().into_iter().filter(|(path, _)| glob.matches(&path.to_text())).collect();
    Ok(Live::Map(Map::typed(found, &FILES)))
}

fn lines(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    let Some(Live::Bytes(data)) = content(args)? else {
        return Ok(Live::List(List::typed(Vec::new(), &TEXT_LIST)));
    };
    let Some(last) = data.last() else {
        return Err(FunctionError::new("runtime error: index out of range [-1]"));
    };
    let data = if *last == b'\n' { &data[..data.len() - 1] } else { &data };
    Ok(Live::List(List::of_texts(data.split(|byte| *byte == b'\n'))))
}

fn as_config(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    by_name(args.map(0)?, |data| String::from_utf8_lossy(data).into_owned())
}

fn as_secrets(_: &mut Context<'_>, args: &[Live]) -> Result<Live> {
    by_name(args.map(0)?, |data| BASE64.encode(data))
}

/// The files as a YAML map by their names without folders.
fn by_name(files: &Map, show: impl Fn(&[u8]) -> String) -> Result<Live> {
    let mut texts = BTreeMap::new();
    for (path, data) in files.entries().iter() {
        let path = path.to_text();
        let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
        if let Live::Bytes(data) = data {
            texts.insert(name, Json::String(show(data)));
        }
    }
    let yaml = goyaml::to_yaml(&Json::Object(texts.into_iter().collect())).unwrap_or_default();
    Ok(Live::str(yaml.strip_suffix('\n').unwrap_or(&yaml)))
}

//! The functions Helm adds to Sprig's, and those it replaces.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use gotemplate::functions::Arguments;
use gotemplate::{Context, Frame, Function, FunctionError, FunctionSet, List, Map, Param, Str, TemplateSet};
use gotemplate::{Parsed, Value as Live};
use goyaml::{JsonLayout, Numbers, ReadOptions};

use crate::HelmVersion;
use crate::errors::{marked, octet_fault};
use crate::prepare::TextCache;
use crate::scope::FileMaps;

pub(crate) mod encode;
pub(crate) mod json;
mod toml_in;
mod toml_out;

use encode::{Direct, LiveBuilder, Plain};
use json::{json_type, read_json, read_json_leniently};
use toml_out::Floats;

/// All functions of a Helm line.
pub(crate) fn functions(version: HelmVersion) -> Arc<FunctionSet> {
    static V3: LazyLock<Arc<FunctionSet>> = LazyLock::new(|| Arc::new(sprig().with(HELM).with(HELM_3)));
    static V4: LazyLock<Arc<FunctionSet>> = LazyLock::new(|| Arc::new(sprig().with(HELM).with(HELM_4)));
    match version {
        HelmVersion::V3 => V3.clone(),
        HelmVersion::V4 => V4.clone(),
    }
}

fn sprig() -> FunctionSet {
    FunctionSet::clone(&FunctionSet::sprig())
}

/// What Helm 3 has of its own.
const HELM_3: &[Function] = &[Function::new("toToml", &[Param::Any], |_, args| {
    Ok(Live::str(toml(args, Floats::Plain)?.unwrap_or_else(|why| why)))
})];

const HELM: &[Function] = &[
    Function::new("include", &[Param::Str, Param::Any], include),
    Function::new("tpl", &[Param::Str, Param::Any], tpl),
    Function::new("required", &[Param::Str, Param::Any], required),
    Function::new("fail", &[Param::Str], fail),
    Function::new("lookup", &[Param::Str, Param::Str, Param::Str, Param::Str], |_, _| {
        Ok(Live::Map(Map::new()))
    }),
    Function::new("getHostByName", &[Param::Str], |_, _| Ok(Live::str(""))),
    Function::new("toYaml", &[Param::Any], to_yaml),
    Function::new("toYamlPretty", &[Param::Any], to_yaml_pretty),
    Function::new("fromYaml", &[Param::Str], from_yaml),
    Function::new("fromYamlArray", &[Param::Str], from_yaml_array),
    Function::new("toJson", &[Param::Any], |c, args| Ok(lenient(json(c, args, JsonLayout::COMPACT)?))),
    Function::new("mustToJson", &[Param::Any], |c, args| strict(json(c, args, JsonLayout::COMPACT)?)),
    Function::new("toPrettyJson", &[Param::Any], |c, args| Ok(lenient(json(c, args, JsonLayout::PRETTY)?))),
    Function::new("mustToPrettyJson", &[Param::Any], |c, args| strict(json(c, args, JsonLayout::PRETTY)?)),
    Function::new("toRawJson", &[Param::Any], |c, args| strict(json(c, args, JsonLayout::RAW)?)),
    Function::new("mustToRawJson", &[Param::Any], |c, args| strict(json(c, args, JsonLayout::RAW)?)),
    Function::new("fromJson", &[Param::Str], from_json),
    Function::new("fromJsonArray", &[Param::Str], from_json_array),
    Function::new("mustFromJson", &[Param::Str], must_from_json),
    Function::new("fromToml", &[Param::Str], from_toml),
];

/// What Helm 4 has of its own.
const HELM_4: &[Function] = &[
    Function::new("toToml", &[Param::Any], to_toml),
    Function::new("mustToYaml", &[Param::Any], must_to_yaml),
    Function::new("mustToToml", &[Param::Any], must_to_toml),
];

/// What Helm's functions need to know of the render they run in.
pub(crate) struct Host {
    pub(crate) functions: Arc<FunctionSet>,
    pub(crate) texts: Arc<TextCache>,
    pub(crate) files: Rc<FileMaps>,
    /// How often each template is included at the moment.
    included: RefCell<HashMap<Str, Rc<Cell<usize>>>>,
}

/// How often one template may be included inside itself.
const MOST_INCLUDES: usize = 1000;

impl Host {
    pub(crate) fn new(functions: Arc<FunctionSet>, texts: Arc<TextCache>, files: Rc<FileMaps>) -> Self {
        Self { functions, texts, files, included: RefCell::default() }
    }
}

fn host<'r>(context: &Context<'r>) -> Result<&'r Host, FunctionError> {
    let missing = || FunctionError::new("this function runs inside a chart only");
    context.host().downcast_ref().ok_or_else(missing)
}

fn include(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let (name, data) = (args.text(0)?, args.any(1));
    let count = host(context)?.included.borrow_mut().entry(name.clone()).or_default().clone();
    if count.get() > MOST_INCLUDES {
        return Err(FunctionError::new(format!(
            "rendering template has a nested reference name: {name}: unable to execute template"
        )));
    }
    count.set(count.get() + 1);
    let text = context.execute(name, data);
    count.set(count.get() - 1);
    Ok(Live::Str(text?))
}

fn tpl(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let (text, data) = (args.text(0)?, args.any(1));
    if !contains(text.as_bytes(), b"{{") {
        return Ok(Live::Str(without_no_value(text)));
    }
    let host = host(context)?;
    host.files.fill_if_named(text.as_bytes());
    let name = context.templates().name().to_owned();
    let parsed = host.texts.parse(&name, text.as_bytes(), &host.functions).map_err(|error| {
        FunctionError::new(format!(
            "cannot parse template {}: {error}",
            gotemplate::fmt::quote(text.as_bytes())
        ))
    })?;
    let templates = layered(context.templates(), &parsed);
    let main = parsed.main();
    let done = context.with_templates(templates, |context| context.execute_template(main, data));
    let rendered = done.map_err(|error| {
        let text = gotemplate::fmt::quote(text.as_bytes());
        FunctionError::Template(
            error.within(Frame::Text(format!("error during tpl function execution for {text}: "))),
        )
    })?;
    Ok(Live::Str(without_no_value(&rendered)))
}

/// The templates in force with those of a text on top: what it defines is known to what it includes.
fn layered(templates: &Arc<TemplateSet>, parsed: &Parsed) -> Arc<TemplateSet> {
    if parsed.templates().len() == 1 {
        return templates.clone();
    }
    let mut layer = TemplateSet::over(templates);
    layer.add(parsed);
    Arc::new(layer)
}

const NO_VALUE: &[u8] = b"<no value>";

/// The text without Go's mark for what is absent. A chart that prints these words itself loses them too.
pub(crate) fn without_no_value(text: &Str) -> Str {
    if !contains(text.as_bytes(), NO_VALUE) {
        return text.clone();
    }
    Str::from(cut_no_value(text.as_bytes().to_vec()))
}

pub(crate) fn cut_no_value(text: Vec<u8>) -> Vec<u8> {
    let Some(first) = find(&text, NO_VALUE) else { return text };
    let mut kept = Vec::with_capacity(text.len());
    kept.extend_from_slice(&text[..first]);
    let mut rest = &text[first + NO_VALUE.len()..];
    while let Some(at) = find(rest, NO_VALUE) {
        kept.extend_from_slice(&rest[..at]);
        rest = &rest[at + NO_VALUE.len()..];
    }
    kept.extend_from_slice(rest);
    kept
}

pub(crate) fn contains(text: &[u8], part: &[u8]) -> bool {
    find(text, part).is_some()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, part)
}

fn required(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let absent = match args.any(1) {
        value if value.is_nil() => true,
        Live::Str(text) => text.is_empty(),
        _ => false,
    };
    if absent {
        return Err(FunctionError::new(marked(&args.text(0)?.to_text())));
    }
    Ok(args.any(1).clone())
}

fn fail(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    Err(FunctionError::new(marked(&args.text(0)?.to_text())))
}

/// The text of a result, or none of a mistake.
fn lenient(result: Result<String, String>) -> Live {
    Live::str(result.unwrap_or_default())
}

fn strict(result: Result<String, String>) -> Result<Live, FunctionError> {
    result.map(Live::str).map_err(FunctionError::new)
}

/// The argument as encoders see it. Whoever encodes the whole scope sees the files too.
fn plain(context: &Context<'_>, args: &[Live]) -> Result<Plain, FunctionError> {
    let value = args.any(0);
    if let Live::Map(map) = value
        && map.contains_key("Files")
    {
        host(context)?.files.fill();
    }
    Ok(Plain(value.clone()))
}

fn yaml(context: &mut Context<'_>, args: &[Live]) -> Result<Result<String, String>, FunctionError> {
    let mut result = goyaml::to_yaml(&plain(context, args)?).map_err(|error| error.to_string());
    if let Ok(text) = &mut result
        && text.ends_with('\n')
    {
        text.pop();
    }
    Ok(result)
}

fn to_yaml(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    Ok(lenient(yaml(context, args)?))
}

fn must_to_yaml(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    strict(yaml(context, args)?)
}

fn to_yaml_pretty(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let result = goyaml::to_yaml_pretty(&Direct(plain(context, args)?.0));
    Ok(Live::str(result.map(|text| text.strip_suffix('\n').unwrap_or(&text).to_owned()).unwrap_or_default()))
}

fn json(
    context: &mut Context<'_>,
    args: &[Live],
    layout: JsonLayout,
) -> Result<Result<String, String>, FunctionError> {
    Ok(goyaml::go_json(&plain(context, args)?, layout).map_err(|error| error.to_string()))
}

fn read_yaml(text: &Str) -> Result<Option<Live>, String> {
    if let Some(why) = octet_fault(text.as_bytes()) {
        return Err(format!("error converting YAML to JSON: yaml: {why}"));
    }
    let options = ReadOptions { numbers: Numbers::Float64, ..ReadOptions::default() };
    goyaml::read_through_json(&text.to_text(), &mut LiveBuilder, &options).map_err(|error| error.converting())
}

fn error_map(why: String) -> Live {
    Live::Map(Map::from_entries(vec![(Str::from("Error"), Live::str(why))]))
}

fn error_list(why: String) -> Live {
    Live::List(List::new(vec![Live::str(why)]))
}

fn mismatch(found: &str, go_type: &str) -> String {
    format!("json: cannot unmarshal {found} into Go value of type {go_type}")
}

const ANY_MAP: &str = "map[string]interface {}";
const ANY_LIST: &str = "[]interface {}";
const DECODING: &str = "error unmarshaling JSON: while decoding JSON: ";

fn from_yaml(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    Ok(match read_yaml(args.text(0)?) {
        Ok(None | Some(Live::Nil)) => Live::Map(Map::new()),
        Ok(Some(map @ Live::Map(_))) => map,
        Ok(Some(other)) => error_map(format!("{DECODING}{}", mismatch(json_type(&other), ANY_MAP))),
        Err(why) => error_map(why),
    })
}

fn from_yaml_array(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    Ok(match read_yaml(args.text(0)?) {
        Ok(None | Some(Live::Nil)) => Live::List(List::new(Vec::new())),
        Ok(Some(list @ Live::List(_))) => list,
        Ok(Some(other)) => error_list(format!("{DECODING}{}", mismatch(json_type(&other), ANY_LIST))),
        Err(why) => error_list(why),
    })
}

fn from_json(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let read = match read_json_leniently(args.text(0)?.as_bytes()) {
        Ok(read) => read,
        Err(error) => return Ok(error_map(error.0)),
    };
    let found = read.json_type();
    Ok(match (read.value, read.too_large) {
        (Live::Map(map), fault) => {
            // What could be read stays beside the fault.
            if let Some(fault) = fault {
                map.insert(Str::from("Error"), Live::str(fault.0));
            }
            Live::Map(map)
        }
        (Live::Nil, None) => Live::Map(Map::nil(&gotemplate::ANY_MAP)),
        _ => error_map(mismatch(found, ANY_MAP)),
    })
}

fn from_json_array(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let read = match read_json_leniently(args.text(0)?.as_bytes()) {
        Ok(read) => read,
        Err(error) => return Ok(error_list(error.0)),
    };
    let found = read.json_type();
    Ok(match (read.value, read.too_large) {
        (list @ Live::List(_), None) => list,
        (Live::List(_), Some(fault)) => error_list(fault.0),
        (Live::Nil, None) => Live::List(List::nil(&gotemplate::ANY_LIST)),
        _ => error_list(mismatch(found, ANY_LIST)),
    })
}

fn must_from_json(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    read_json(args.text(0)?.as_bytes()).map_err(|error| FunctionError::new(error.0))
}

fn toml(args: &[Live], floats: Floats) -> Result<Result<String, String>, FunctionError> {
    if args.any(0).is_nil() {
        return Err(FunctionError::new("reflect: call of reflect.Value.Type on zero Value"));
    }
    Ok(toml_out::to_toml(args.any(0), floats).map_err(|error| error.to_string()))
}

fn to_toml(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    Ok(Live::str(toml(args, Floats::Short)?.unwrap_or_else(|why| why)))
}

fn must_to_toml(_: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    strict(toml(args, Floats::Short)?)
}

fn from_toml(context: &mut Context<'_>, args: &[Live]) -> Result<Live, FunctionError> {
    let mut spend = |steps| context.spend_steps(steps);
    Ok(toml_in::read_toml(args.text(0)?.as_bytes(), &mut spend)?.unwrap_or_else(error_map))
}

//! Schema faults in the words of the library Helm uses.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;

use super::{formats, numbers};

/// One fault and what lies under it.
struct Fault {
    at: String,
    words: String,
    causes: Vec<Fault>,
    /// For all that one schema of an `allOf` refuses: which one.
    member: Option<usize>,
}

impl Fault {
    fn new(at: impl Into<String>, words: impl Into<String>, causes: Vec<Fault>) -> Self {
        Self { at: at.into(), words: words.into(), causes, member: None }
    }

    /// What one schema among several refuses: a fault as it is, more of them under one roof.
    fn of_member(at: &str, mut faults: Vec<Fault>) -> Option<Self> {
        match faults.len() {
            0 | 1 => faults.pop(),
            _ => Some(Self::new(at, VALIDATION, faults)),
        }
    }
}

const ALL_OF: &str = "'allOf' failed";
const VALIDATION: &str = "validation failed";

/// What faults are about: the schema, and what it is asked about.
pub(super) struct About<'v> {
    pub schema: &'v Json,
    pub values: &'v Json,
}

/// A line for each fault, indented below the fault it belongs to.
pub(super) fn describe<'a>(errors: impl Iterator<Item = ValidationError<'a>>, about: &About<'_>) -> String {
    let mut text = String::new();
    for fault in tree(errors, about) {
        fault.write(0, &mut text);
    }
    text
}

/// The name that Helm gives a chart's schema.
const NAME: &str = "file:///values.schema.json#";

/// What is wrong with a schema itself.
pub(super) fn own_fault(schema: &Json, error: ValidationError<'_>) -> String {
    let said = error.to_string();
    if let Some(pointer) =
        said.strip_prefix("Pointer '").and_then(|rest| rest.strip_suffix("' does not exist"))
    {
        return format!("json-pointer in \"{NAME}{pointer}\" not found");
    }
    let about = About { schema: &Json::Null, values: schema };
    let faults = jsonschema::meta::validator_for(schema)
        .map(|validator| describe(validator.iter_errors(schema), &about))
        .unwrap_or_default();
    // A pattern that nobody can read is a matter of format, which the library's own schemas do not check.
    let is_format = matches!(error.kind(), ValidationErrorKind::Format { .. });
    let faults =
        if faults.is_empty() && is_format { describe(std::iter::once(error), &about) } else { faults };
    if faults.is_empty() {
        return said;
    }
    let draft = schema["$schema"].as_str().unwrap_or("https://json-schema.org/draft/2020-12/schema");
    let draft = draft.trim_end_matches('#');
    format!(
        "\"{NAME}\" is not valid against metaschema: jsonschema validation failed with '{draft}#'\n{}",
        faults.trim_end()
    )
}

impl Fault {
    fn write(&self, depth: usize, text: &mut String) {
        *text += &format!("{}- at {}: {}\n", "  ".repeat(depth), quote(&self.at), self.words);
        for cause in &self.causes {
            cause.write(depth + 1, text);
        }
    }
}

impl Fault {
    /// Whether another missing property belongs to this fault.
    fn joins(&self, dependent: Option<&str>) -> bool {
        match dependent {
            None => self.words.starts_with("missing prop"),
            Some(of) => self.words.ends_with(&required_by(of)),
        }
    }

    /// Says where the fault is as seen from further out.
    fn move_below(&mut self, place: &str) {
        self.at.insert_str(0, place);
        self.causes.iter_mut().for_each(|cause| cause.move_below(place));
    }

    fn add(&mut self, missing: &str, dependent: Option<&str>) {
        match dependent {
            None => {
                self.words = self.words.replacen("property", "properties", 1) + ", " + missing;
            }
            Some(of) => {
                let names = self.words.strip_suffix(&required_by(of)).unwrap_or_default();
                self.words = format!("{names}, {missing}{}", required_by(of));
            }
        }
    }
}

fn required_by(property: &str) -> String {
    format!(" required, if {} exists", quote(property))
}

/// The property whose presence asks for the one that is missing.
fn dependent<'v>(error: &ValidationError<'_>, about: &About<'v>) -> Option<&'v str> {
    let path = error.schema_path().as_str();
    let ValidationErrorKind::Required { property } = error.kind() else { return None };
    if !path.ends_with("/dependentRequired") && !path.ends_with("/dependencies") {
        return None;
    }
    let rules = about.schema.pointer(path)?.as_object()?;
    let has = |name: &str| error.instance().get(name).is_some();
    let asks = |wanted: &Json| wanted.as_array().is_some_and(|wanted| wanted.contains(property));
    rules.iter().find(|(name, wanted)| has(name) && asks(wanted)).map(|(name, _)| name.as_str())
}

/// The places of what nobody has looked at; each is refused on its own.
fn unevaluated(error: &ValidationError<'_>) -> Option<Vec<String>> {
    let path = error.instance_path().as_str();
    let places: Vec<String> = match error.kind() {
        ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            unexpected.iter().map(|name| name.replace('~', "~0").replace('/', "~1")).collect()
        }
        ValidationErrorKind::UnevaluatedItems { unexpected } => {
            let all = error.instance().as_array().map_or(0, Vec::len);
            (all.saturating_sub(unexpected.len())..all).map(|place| place.to_string()).collect()
        }
        _ => return None,
    };
    Some(places.iter().map(|place| format!("{path}/{place}")).collect())
}

fn tree<'a>(errors: impl Iterator<Item = ValidationError<'a>>, about: &About<'_>) -> Vec<Fault> {
    let errors: Vec<_> = errors.collect();
    below(&errors, 0, about)
}

/// The faults of a schema; `outer` of the `allOf`s on the way to them lie around it.
fn below(errors: &[ValidationError<'_>], outer: usize, about: &About<'_>) -> Vec<Fault> {
    let mut roots = Vec::new();
    let last: Vec<Final<'_>> = errors.iter().filter_map(Final::of).collect();
    for error in errors {
        if !last.iter().any(|last| last.hides(error)) {
            place(error, outer, &mut roots, about);
        }
    }
    settle(&mut roots);
    by_place(&mut roots);
    roots
}

/// A fault behind which Helm asks a schema nothing else about a value.
struct Final<'e> {
    schema: &'e str,
    value: &'e str,
    keyword: usize,
}

/// The keywords whose faults are final, in the order in which they are asked.
const FINAL: [&str; 3] = ["/type", "/const", "/enum"];

impl<'e> Final<'e> {
    fn of(error: &'e ValidationError<'_>) -> Option<Self> {
        let path = error.evaluation_path().as_str();
        let found = |(keyword, name): (usize, &&str)| Some((keyword, path.strip_suffix(*name)?));
        let (keyword, schema) = FINAL.iter().enumerate().find_map(found)?;
        Some(Self { schema, value: error.instance_path().as_str(), keyword })
    }

    fn hides(&self, error: &ValidationError<'_>) -> bool {
        let within = error.instance_path().as_str().strip_prefix(self.value);
        let keyword = error.evaluation_path().as_str().strip_prefix(self.schema);
        within.is_some_and(|below| below.is_empty() || below.starts_with('/'))
            && keyword
                .is_some_and(|keyword| keyword.starts_with('/') && !FINAL[..=self.keyword].contains(&keyword))
    }
}

fn place(error: &ValidationError<'_>, outer: usize, roots: &mut Vec<Fault>, about: &About<'_>) {
    let path = error.instance_path().as_str();
    let mut level = roots;
    for (at, member) in groups(error).into_iter().skip(outer) {
        // Faults under one `allOf` stand together, and within it those of one schema.
        level = group(group(level, &at, ALL_OF, None), &at, VALIDATION, Some(member));
    }
    if let Some(places) = unevaluated(error) {
        level.extend(places.into_iter().map(|at| Fault::new(at, "false schema", Vec::new())));
        return;
    }
    if let Some(missing) = missing(error.kind()) {
        let (missing, dependent) = (quote(&missing), dependent(error, about));
        let before = level.iter_mut().find(|fault| fault.at == path && fault.joins(dependent));
        if let Some(fault) = before {
            fault.add(&missing, dependent);
            return;
        }
    }
    level.push(fault_of(error, about));
}

/// What lies under a fault of that kind, which is made where there is none.
fn group<'f>(level: &'f mut Vec<Fault>, at: &str, words: &str, member: Option<usize>) -> &'f mut Vec<Fault> {
    let known =
        level.iter().position(|fault| fault.at == at && fault.words == words && fault.member == member);
    let index = known.unwrap_or_else(|| {
        level.push(Fault { member, ..Fault::new(at, words, Vec::new()) });
        level.len() - 1
    });
    &mut level[index].causes
}

/// Takes the roof off where one schema of an `allOf` has one fault.
fn settle(faults: &mut Vec<Fault>) {
    for fault in faults {
        settle(&mut fault.causes);
        if fault.member.is_some() {
            by_place(&mut fault.causes);
            if fault.causes.len() == 1
                && let Some(only) = fault.causes.pop()
            {
                *fault = only;
            }
        }
    }
}

/// Go walks over maps in no order; ours is by place.
fn by_place(faults: &mut [Fault]) {
    faults.sort_by(|a, b| a.at.cmp(&b.at));
}

/// The `allOf`s on the way to the fault: where they stand, and which of their schemas it is.
fn groups(error: &ValidationError<'_>) -> Vec<(String, usize)> {
    let names: Vec<&str> = error.instance_path().as_str().split('/').skip(1).collect();
    let mut groups = Vec::new();
    let mut depth = 0;
    let mut keywords = error.evaluation_path().as_str().split('/').skip(1);
    while let Some(keyword) = keywords.next() {
        match keyword {
            "allOf" => {
                let at = names.iter().take(depth).map(|name| format!("/{name}")).collect();
                groups.push((at, keywords.next().and_then(|member| member.parse().ok()).unwrap_or(0)));
            }
            "properties" | "patternProperties" | "prefixItems" => {
                depth += 1;
                keywords.next();
            }
            "additionalProperties"
            | "items"
            | "additionalItems"
            | "unevaluatedProperties"
            | "unevaluatedItems" => {
                depth += 1;
            }
            _ => {}
        }
    }
    groups
}

fn causes(error: &ValidationError<'_>, about: &About<'_>) -> Vec<Fault> {
    match error.kind() {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let (at, outer) = (error.instance_path().as_str(), groups(error).len());
            context.iter().filter_map(|faults| Fault::of_member(at, below(faults, outer, about))).collect()
        }
        // A name has no place among the values.
        ValidationErrorKind::PropertyNames { error } => {
            vec![Fault { at: String::new(), ..fault_of(error, about) }]
        }
        _ => Vec::new(),
    }
}

fn fault_of(error: &ValidationError<'_>, about: &About<'_>) -> Fault {
    let at = match error.kind() {
        ValidationErrorKind::PropertyNames { .. } => String::new(),
        _ => error.instance_path().as_str().to_owned(),
    };
    let counted =
        matches!(error.kind(), ValidationErrorKind::Contains).then(|| contains(error, about)).flatten();
    counted.unwrap_or_else(|| Fault::new(at, words(error, about), causes(error, about)))
}

const NO_ITEMS: &str = "no items match contains schema";

/// How many items of a list fit `contains`, and why the others do not. Nothing where the schema of the items cannot be
/// asked by itself, because it refers to others.
fn contains(error: &ValidationError<'_>, about: &About<'_>) -> Option<Fault> {
    let (around, _) = error.schema_path().as_str().rsplit_once('/')?;
    let rules = about.schema.pointer(around)?;
    let wanted = rules.get("contains")?;
    if wanted.to_string().contains("\"$ref\"") {
        return None;
    }
    let validator = super::validator(wanted).ok()?;
    let (mut matched, mut causes) = (Vec::new(), Vec::new());
    for (at, item) in error.instance().as_array()?.iter().enumerate() {
        let mut faults = tree(validator.iter_errors(item), &About { schema: wanted, values: item });
        let place = format!("{}/{at}", error.instance_path().as_str());
        faults.iter_mut().for_each(|fault| fault.move_below(&place));
        match Fault::of_member(&place, faults) {
            None => matched.push(at.to_string()),
            Some(fault) => causes.push(fault),
        }
    }
    let limit = |name: &str| rules.get(name).and_then(Json::as_u64);
    let (count, places) = (matched.len(), matched.join(" "));
    let few = limit("minContains").filter(|least| (count as u64) < *least);
    let words = match (few, limit("maxContains")) {
        (Some(least), _) if matched.is_empty() => {
            format!("min {least} items required to match contains schema, but none matched")
        }
        (Some(least), _) => {
            format!(
                "min {least} items required to match contains schema, but matched {count} items at {places}"
            )
        }
        (None, Some(most)) if count as u64 > most => {
            causes.clear();
            format!(
                "max {most} items required to match contains schema, but matched {count} items at {places}"
            )
        }
        _ => NO_ITEMS.to_owned(),
    };
    Some(Fault::new(error.instance_path().as_str(), words, causes))
}

fn missing(kind: &ValidationErrorKind) -> Option<String> {
    match kind {
        ValidationErrorKind::Required { property } => Some(property.as_str().unwrap_or_default().to_owned()),
        _ => None,
    }
}

fn words(error: &ValidationError<'_>, about: &About<'_>) -> String {
    use ValidationErrorKind as Kind;
    let found = &**error.instance();
    let length = |of: &Json| match of {
        Json::Array(items) => items.len(),
        Json::Object(fields) => fields.len(),
        Json::String(text) => text.chars().count(),
        _ => 0,
    };
    let limit = |keyword: &str, limit: &dyn std::fmt::Display| {
        let wanted = numbers::shown(&limit.to_string());
        match found {
            Json::Number(number) => {
                format!("{keyword}: got {}, want {wanted}", numbers::shown(&number.to_string()))
            }
            other => {
                format!("{keyword}: got {}, want {wanted}", numbers::grouped(&length(other).to_string()))
            }
        }
    };
    match error.kind() {
        Kind::AdditionalItems { limit } => {
            format!("last {} additionalItem(s) not allowed", length(found).saturating_sub(*limit))
        }
        Kind::AdditionalProperties { unexpected } => {
            format!("additional properties {} not allowed", listed(unexpected.iter()))
        }
        Kind::AnyOf { .. } => "'anyOf' failed".to_owned(),
        Kind::OneOfNotValid { .. } => "'oneOf' failed, none matched".to_owned(),
        Kind::OneOfMultipleValid { context } => {
            // Helm looks no further than the second that matches.
            let matched = context.iter().enumerate().filter(|(_, faults)| faults.is_empty()).take(2);
            let matched: Vec<String> = matched.map(|(at, _)| at.to_string()).collect();
            format!("'oneOf' failed, subschemas {} matched", matched.join(", "))
        }
        Kind::Constant { expected_value } => match &**expected_value {
            Json::Array(_) | Json::Object(_) => "'const' failed".to_owned(),
            wanted => format!("value must be {}", show(wanted)),
        },
        Kind::Contains => NO_ITEMS.to_owned(),
        Kind::Enum { options } => enumeration(options),
        Kind::ExclusiveMaximum { limit: l } => limit("exclusiveMaximum", l),
        Kind::ExclusiveMinimum { limit: l } => limit("exclusiveMinimum", l),
        Kind::FalseSchema if error.schema_path().as_str().ends_with("/additionalProperties") => {
            // The library shows the first of them.
            let all = about.values.pointer(error.instance_path().as_str()).and_then(Json::as_object);
            let names = all.into_iter().flat_map(serde_json::Map::keys);
            format!("additional properties {} not allowed", listed(names))
        }
        Kind::FalseSchema => "false schema".to_owned(),
        Kind::Format { format } => {
            let why = found.as_str().and_then(|text| formats::fault(format, text));
            let why = why.map(|why| format!(": {why}")).unwrap_or_default();
            format!("{} is not valid {format}{why}", show(found))
        }
        Kind::MaxItems { limit: l } => limit("maxItems", l),
        Kind::Maximum { limit: l } => limit("maximum", l),
        Kind::MaxLength { limit: l } => limit("maxLength", l),
        Kind::MaxProperties { limit: l } => limit("maxProperties", l),
        Kind::MinItems { limit: l } => limit("minItems", l),
        Kind::Minimum { limit: l } => limit("minimum", l),
        Kind::MinLength { limit: l } => limit("minLength", l),
        Kind::MinProperties { limit: l } => limit("minProperties", l),
        Kind::MultipleOf { multiple_of } => limit("multipleOf", multiple_of),
        Kind::Not { .. } => "'not' failed".to_owned(),
        Kind::Pattern { pattern } => format!("{} does not match pattern {}", show(found), quote(pattern)),
        Kind::PropertyNames { error } => format!("invalid propertyName {}", show(error.instance())),
        Kind::Required { property } => match dependent(error, about) {
            Some(of) => format!("properties {}{}", show(property), required_by(of)),
            None => format!("missing property {}", show(property)),
        },
        Kind::Type { kind } => format!("got {}, want {}", type_name(found), wanted_types(kind)),
        Kind::UniqueItems => match equal_items(found) {
            Some((one, other)) => format!("items at {one} and {other} are equal"),
            None => "items are equal".to_owned(),
        },
        _ => error.to_string(),
    }
}

fn listed<'n>(names: impl Iterator<Item = &'n String>) -> String {
    names.map(|name| quote(name)).collect::<Vec<_>>().join(", ")
}

/// The first item that was there before, and where.
fn equal_items(found: &Json) -> Option<(usize, usize)> {
    let items = found.as_array()?;
    (1..items.len()).find_map(|at| Some((items[..at].iter().position(|item| *item == items[at])?, at)))
}

fn enumeration(options: &Json) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    if options.iter().any(|option| option.is_array() || option.is_object()) {
        return "'enum' failed".to_owned();
    }
    let shown: Vec<String> = options.iter().map(show).collect();
    let one_of = if shown.len() == 1 { "" } else { "one of " };
    format!("value must be {one_of}{}", shown.join(", "))
}

fn wanted_types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(single) => single.to_string(),
        TypeKind::Multiple(several) => {
            let names: Vec<String> = several.iter().map(|t: JsonType| t.to_string()).collect();
            names.join(" or ")
        }
    }
}

fn type_name(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn show(value: &Json) -> String {
    match value {
        Json::String(text) => quote(text),
        Json::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn quote(text: &str) -> String {
    let quoted = format!("{text:?}");
    let inner = &quoted[1..quoted.len() - 1];
    format!("'{}'", inner.replace("\\\"", "\"").replace('\'', "\\'"))
}

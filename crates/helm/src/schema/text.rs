//! Schema faults in the words of the library Helm uses.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;

use super::numbers;

/// One fault and what lies under it.
struct Fault {
    at: String,
    words: String,
    causes: Vec<Fault>,
}

/// A line for each fault, indented below the fault it belongs to.
pub(super) fn describe<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> String {
    let mut text = String::new();
    for fault in tree(errors) {
        fault.write(0, &mut text);
    }
    text
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

/// The property whose presence asks for another one.
fn dependent<'a>(error: &'a ValidationError<'_>) -> Option<&'a str> {
    let mut keywords = error.evaluation_path().as_str().split('/');
    keywords.find(|keyword| matches!(*keyword, "dependentRequired" | "dependencies"))?;
    keywords.next()
}

fn tree<'a>(errors: impl Iterator<Item = ValidationError<'a>>) -> Vec<Fault> {
    let mut roots: Vec<Fault> = Vec::new();
    for error in errors {
        let path = error.instance_path().as_str();
        let mut level = &mut roots;
        for at in groups(&error) {
            // Faults under one `allOf` stand together.
            let known = level.iter().position(|fault| fault.at == at && fault.words == ALL_OF);
            let index = known.unwrap_or_else(|| {
                level.push(Fault { at, words: ALL_OF.to_owned(), causes: Vec::new() });
                level.len() - 1
            });
            level = &mut level[index].causes;
        }
        if let Some(missing) = missing(error.kind()) {
            let missing = quote(&missing);
            let before = level.iter_mut().find(|fault| fault.at == path && fault.joins(dependent(&error)));
            if let Some(fault) = before {
                fault.add(&missing, dependent(&error));
                continue;
            }
        }
        level.push(Fault { at: path.to_owned(), words: words(&error), causes: causes(error.kind()) });
    }
    sort(&mut roots);
    roots
}

const ALL_OF: &str = "'allOf' failed";

/// Go walks over maps in no order; ours is by place.
fn sort(faults: &mut [Fault]) {
    faults.sort_by(|a, b| a.at.cmp(&b.at));
    for fault in faults {
        sort(&mut fault.causes);
    }
}

/// The places of the `allOf`s on the way to the fault.
fn groups(error: &ValidationError<'_>) -> Vec<String> {
    let names: Vec<&str> = error.instance_path().as_str().split('/').skip(1).collect();
    let mut groups = Vec::new();
    let mut depth = 0;
    let mut keywords = error.evaluation_path().as_str().split('/').skip(1);
    while let Some(keyword) = keywords.next() {
        match keyword {
            "allOf" => {
                groups.push(names.iter().take(depth).map(|name| format!("/{name}")).collect());
                keywords.next();
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

fn causes(kind: &ValidationErrorKind) -> Vec<Fault> {
    match kind {
        ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
            let branches =
                context.iter().map(|errors| errors.iter().map(borrowed).flat_map(|e| e.into_iter()));
            branches.flatten().collect()
        }
        _ => Vec::new(),
    }
}

fn borrowed(error: &ValidationError<'static>) -> Option<Fault> {
    let at = error.instance_path().as_str().to_owned();
    Some(Fault { at, words: words(error), causes: causes(error.kind()) })
}

fn missing(kind: &ValidationErrorKind) -> Option<String> {
    match kind {
        ValidationErrorKind::Required { property } => Some(property.as_str().unwrap_or_default().to_owned()),
        _ => None,
    }
}

fn words(error: &ValidationError<'_>) -> String {
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
            let names: Vec<String> = unexpected.iter().map(|name| quote(name)).collect();
            format!("additional properties {} not allowed", names.join(", "))
        }
        Kind::AnyOf { .. } => "'anyOf' failed".to_owned(),
        Kind::OneOfNotValid { .. } => "'oneOf' failed, none matched".to_owned(),
        Kind::OneOfMultipleValid { .. } => "'oneOf' failed, subschemas 0, 1 matched".to_owned(),
        Kind::Constant { expected_value } => match &**expected_value {
            Json::Array(_) | Json::Object(_) => "'const' failed".to_owned(),
            wanted => format!("value must be {}", show(wanted)),
        },
        Kind::Contains => "no items match contains schema".to_owned(),
        Kind::Enum { options } => enumeration(options),
        Kind::ExclusiveMaximum { limit: l } => limit("exclusiveMaximum", l),
        Kind::ExclusiveMinimum { limit: l } => limit("exclusiveMinimum", l),
        Kind::FalseSchema => "false schema".to_owned(),
        Kind::Format { format } => format!("{} is not valid {format}", show(found)),
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
        Kind::Required { property } => match dependent(error) {
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

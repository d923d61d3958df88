//! jq path expressions, bounded: which paths of an object an expression names.
//!
//! Upstream runs `del(EXPRESSION)` with a time limit. Here the paths are asked for and removed by the caller, and
//! the bound is a count of steps instead of a clock. An expression is parsed, held against a list of functions
//! whose work is bounded by their input and whose output is no larger than it, and rewritten so that everything
//! that can repeat pays from one purse on its way. What could loop or grow by itself (`def`, `reduce`, `range`,
//! `while`, string building, ...), end the process or read the environment is refused by name.

mod bound;
mod purse;

use std::cell::Cell;

use jaq_core::load::parse::Def;
use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Native, Vars};
use jaq_json::{Num, Val};
use model::Object;
use serde_json::{Map, Value};

use super::MAX_DEPTH;
use super::path::{FieldPath, Step};
use bound::{Refusal, bounded};
use purse::{PURSE, Purse, Spending, disarm, tolls};

/// Paths one expression may name.
const MOST_PATHS: usize = 10_000;
/// Length of an expression in bytes.
const MOST_TEXT: usize = 2048;
/// Brackets within brackets, and keywords that nest: the parser is recursive.
const MOST_NESTING: usize = 48;

/// Why an expression is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JqError {
    /// It is not jq.
    #[error("the jq expression {0:?} cannot be read")]
    Syntax(String),
    /// It is too long or too deeply nested.
    #[error(
        "a jq expression in ignoreDifferences may have {MOST_TEXT} bytes and {MOST_NESTING} nested brackets"
    )]
    TooLarge,
    /// It uses something whose work has no bound.
    #[error("the jq expression {expression:?} uses {what}, which ignoreDifferences does not offer")]
    Refused {
        /// The expression.
        expression: String,
        /// The function, operator or keyword.
        what: String,
    },
}

/// A compiled expression.
pub struct Expression {
    filter: jaq_core::compile::Filter<Native<Purse>>,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Expression")
    }
}

/// An object as expressions read it; made once for all expressions.
pub struct Input(Option<Val>);

impl Input {
    /// Takes an object in; one nested too deeply has no paths.
    pub fn new(object: &Object) -> Self {
        Self(from_map(object.fields(), 0))
    }
}

impl Expression {
    /// Reads and checks an expression.
    pub fn compile(text: &str) -> Result<Self, JqError> {
        if text.len() > MOST_TEXT || nesting(text) > MOST_NESTING {
            return Err(JqError::TooLarge);
        }
        let syntax = || JqError::Syntax(text.to_owned());
        let term = load::parse(text, |parser| parser.term()).ok_or_else(syntax)?;
        let body = bounded(term, 0).map_err(|refusal| match refusal {
            Refusal::TooDeep => JqError::TooLarge,
            Refusal::Uses(what) => JqError::Refused { expression: text.to_owned(), what },
        })?;

        let own = Def { name: "windlass_expression", args: Vec::new(), body };
        let library = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
        let defs = library.map(shorter_lived).chain([own]);
        let arena = Arena::default();
        let main = File { code: "windlass_expression", path: () };
        let modules = Loader::new(defs).load(&arena, main).map_err(|_| syntax())?;
        let natives = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
        let funs = natives.map(disarm).chain(tolls());
        let filter = Compiler::default().with_funs(funs).compile(modules).map_err(|_| syntax())?;
        Ok(Self { filter })
    }

    /// The paths it names; none where it fails or spends too much, as upstream drops a failing expression.
    pub fn paths(&self, input: &Input) -> Vec<FieldPath> {
        let Some(input) = input.0.clone() else { return Vec::new() };
        let purse = Cell::new(PURSE);
        let ctx = Ctx::<Purse>::new(Spending { lut: &self.filter.lut, purse: &purse }, Vars::new([]));
        let mut paths = Vec::new();
        for found in self.filter.id.paths((ctx, (input, Default::default()))) {
            let Ok((_, path)) = found else { return Vec::new() };
            let mut steps: Vec<&Val> = path.iter().collect();
            steps.reverse();
            paths.extend(field_path(&steps));
            if paths.len() > MOST_PATHS {
                return Vec::new();
            }
        }
        // An error swallowed by `?` or `//` may hide that the purse ran out.
        if purse.get() == 0 { Vec::new() } else { paths }
    }
}

/// The library's definitions live for ever, the expression does not.
fn shorter_lived<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

/// Turns a jq path into ours; one with a negative index names nothing.
fn field_path(steps: &[&Val]) -> Option<FieldPath> {
    let steps = steps.iter().map(|step| match step {
        Val::TStr(text) => Some(Step::Key(String::from_utf8_lossy(text).into_owned())),
        Val::Num(Num::Int(index)) => usize::try_from(*index).ok().map(Step::Index),
        _ => None,
    });
    let steps = steps.collect::<Option<Vec<_>>>()?;
    (!steps.is_empty()).then_some(FieldPath(steps))
}

fn from_value(value: &Value, depth: usize) -> Option<Val> {
    Some(match value {
        _ if depth > MAX_DEPTH => return None,
        Value::Null => Val::Null,
        Value::Bool(bool) => Val::Bool(*bool),
        Value::Number(number) => Val::Num(match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Num::from_integral(int),
            (None, Some(int)) => Num::from_integral(int),
            (None, None) => Num::Float(number.as_f64()?),
        }),
        Value::String(text) => Val::from(text.clone()),
        Value::Array(list) => {
            let items: Option<Vec<Val>> = list.iter().map(|item| from_value(item, depth + 1)).collect();
            items?.into_iter().collect()
        }
        Value::Object(map) => from_map(map, depth)?,
    })
}

fn from_map(map: &Map<String, Value>, depth: usize) -> Option<Val> {
    let field =
        |(key, value): (&String, &Value)| Some((Val::from(key.clone()), from_value(value, depth + 1)?));
    let fields: Option<Vec<(Val, Val)>> = map.iter().map(field).collect();
    jaq_core::ValT::from_map(fields?).ok()
}

/// How deeply a text may nest when it is parsed, from above.
fn nesting(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut deepest = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let nesting =
        words.filter(|word| matches!(*word, "if" | "try" | "as" | "label" | "reduce" | "foreach" | "def"));
    // A minus may be a prefix, and prefixes nest; in a name between quotes it is only counted for nothing.
    deepest + nesting.count() + text.matches("- -").count() + text.matches("--").count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object() -> Object {
        Object::from_value(json!({
            "kind": "Deployment", "metadata": {"name": "a", "annotations": {"x/y": "1"}},
            "spec": {"replicas": 2, "empty": null, "containers": [
                {"name": "web", "image": "a:1", "env": [{"name": "A", "value": "1"}, {"name": "B"}]},
                {"name": "side-car", "image": "b:1"},
            ]},
        }))
        .expect("it is a map")
    }

    #[track_caller]
    fn check(expression: &str, expected: &[&str]) {
        let compiled = Expression::compile(expression).unwrap_or_else(|error| panic!("{error}"));
        let paths = compiled.paths(&Input::new(&object()));
        assert_eq!(paths.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{expression}");
    }

    #[test]
    fn expressions_name_paths() {
        check(".spec.replicas", &["spec.replicas"]);
        check(
            ".spec.replicas, .metadata.annotations.\"x/y\"",
            &["spec.replicas", "metadata.annotations[\"x/y\"]"],
        );
        check(".spec.containers[].image", &["spec.containers[0].image", "spec.containers[1].image"]);
        check(r#".spec.containers[] | select(.name == "web").image"#, &["spec.containers[0].image"]);
        check(
            r#".spec.containers[]?.env[]? | select(.name | test("^b$"; "i"))"#,
            &["spec.containers[0].env[1]"],
        );
        check(r#".spec.containers[] | select(.name | startswith("side"))"#, &["spec.containers[1]"]);
        check(
            r#".spec.containers[] | select(.name | contains("-")) | .image"#,
            &["spec.containers[1].image"],
        );
        check(r#".. | select(type == "number")"#, &["spec.replicas"]);
        check(".spec.containers | last | .image", &[] as &[&str]);
        // An index is worked out on the whole input, which has three fields.
        check(".spec.containers[length - 2].image", &["spec.containers[1].image"]);
        check(
            r#".spec.containers[0].env | first(.[] | select(has("value") | not))"#,
            &["spec.containers[0].env[1]"],
        );
        check(r#"if .kind == "Deployment" then .spec.replicas else empty end"#, &["spec.replicas"]);
        check(
            r#".metadata.name as $n | .spec.containers[] | select(.name != $n and (.env // false | not))"#,
            &["spec.containers[1]"],
        );
    }

    #[test]
    fn a_failing_expression_names_nothing() {
        check(".spec.replicas[]", &[] as &[&str]);
        check(".spec.containers[].image, .spec.replicas.x", &[] as &[&str]);
        check(".spec.absent[]?", &[] as &[&str]);
        check(".", &[] as &[&str]);
    }

    #[track_caller]
    fn check_refused(expression: &str, expected: &str) {
        let error = Expression::compile(expression).expect_err("it is refused").to_string();
        assert!(error.contains(expected), "{expression}: {error}");
    }

    #[test]
    fn what_has_no_bound_is_refused_by_name() {
        check_refused("def f: f; f", "def");
        check_refused("range(1000000000)", "range/1");
        check_refused("[repeat(1)] | .[0]", "put together");
        check_refused("last(repeat(.))", "repeat/1");
        check_refused("reduce .[] as $x (0; . + 1)", "reduce");
        check_refused(r#"env.HOME"#, "env/0");
        check_refused("$ENV.HOME", "cannot be read");
        check_refused("input", "input/0");
        check_refused("halt", "halt/0");
        check_refused(r#"select("x" * 1000000000)"#, "arithmetic");
        check_refused(r#"select("\(.)")"#, "put together");
        check_refused(".a = 1", "assignment");
        check_refused(r#"select(test("(a{99}){99}"))"#, "regular expression");
        check_refused(".spec.containers[", "cannot be read");
        check_refused("", "cannot be read");
        check_refused(&"(".repeat(1000), "nested");
        check_refused(&format!(".a{}", " | .a".repeat(400)), "nested");
        check_refused(&format!("{}.a", "- ".repeat(200)), "nested");
        check_refused(&".a".repeat(2000), "bytes");
    }

    #[test]
    fn work_ends_with_the_purse() {
        let many: Vec<Value> = (0..2000).map(|n| json!({"n": n, "l": [1, 2, 3]})).collect();
        let object = Object::from_value(json!({"spec": many})).expect("it is a map");
        let input = Input::new(&object);
        for bomb in [
            ".. | select(any(..; any(..; any(..; . == 99999999))))",
            "(.. | ..? | ..? | ..?)? | empty",
            "first((.. | .. | .. | ..) | select(. == 99999999))",
            ". as $all | .spec[] | select($all | tostring | contains(\"x\"))",
            ". as $all | .. | select($all.spec | sort | length == 1)",
            "((.. | ..) | test(\"x\"))? | empty",
        ] {
            let compiled = Expression::compile(bomb).unwrap_or_else(|error| panic!("{error}"));
            assert!(compiled.paths(&input).is_empty(), "{bomb}");
        }
        let fine = Expression::compile(".spec[] | select(.n == 1999) | .l[0]").expect("it is fine");
        assert_eq!(fine.paths(&input).len(), 1);
    }

    #[test]
    fn a_deep_object_has_no_paths() {
        let mut value = json!(1);
        for _ in 0..MAX_DEPTH * 2 {
            value = json!([value]);
        }
        let object = Object::from_value(json!({"a": value})).expect("it is a map");
        assert!(Expression::compile("..").expect("it is fine").paths(&Input::new(&object)).is_empty());
    }
}

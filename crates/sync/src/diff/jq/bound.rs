//! What an expression may contain, and what each part of it pays.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Opt, Part, Path};

/// Operators in a row: they nest without brackets.
const MOST_DEPTH: usize = 128;

/// Why a term is not used.
pub(super) enum Refusal {
    TooDeep,
    Uses(String),
}

/// What a call pays. A value that comes out always costs one step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Price {
    /// The call itself is cheap.
    Step,
    /// It may read all of its input.
    Input,
    /// It compiles a regular expression and reads all of its input.
    Regex,
}

/// The functions on offer: none gives more than it gets.
fn price(name: &str, arity: usize) -> Option<Price> {
    Some(match (name, arity) {
        ("empty" | "error" | "true" | "false" | "null" | "not" | "type" | "recurse", 0)
        | ("values" | "nulls" | "booleans" | "numbers" | "strings" | "arrays" | "objects", 0)
        | ("iterables" | "scalars" | "first" | "last" | "floor" | "round" | "ceil" | "abs", 0)
        | ("isboolean" | "isnumber" | "isstring" | "isarray" | "isobject", 0)
        | ("select" | "first" | "last" | "any" | "all" | "isempty" | "has" | "in", 1)
        | ("startswith" | "endswith" | "nth" | "getpath", 1)
        | ("limit" | "skip" | "any" | "all" | "nth", 2) => Price::Step,
        ("length" | "utf8bytelength" | "keys" | "keys_unsorted" | "any" | "all" | "min" | "max", 0)
        | ("ascii_downcase" | "ascii_upcase" | "tonumber" | "tostring" | "trim" | "ltrim" | "rtrim", 0)
        | ("sort" | "unique" | "reverse", 0)
        | ("contains" | "ltrimstr" | "rtrimstr" | "split" | "index" | "rindex", 1) => Price::Input,
        ("test", 1 | 2) => Price::Regex,
        _ => return None,
    })
}

/// Functions whose first argument must be written out: its size then is the expression's.
fn wants_literal(name: &str) -> bool {
    matches!(name, "test" | "contains" | "split" | "index" | "rindex" | "ltrimstr" | "rtrimstr" | "getpath")
}

/// Rewrites a term so that everything in it pays, or says what in it is refused.
pub(super) fn bounded<'s>(term: Term<&'s str>, depth: usize) -> Result<Term<&'s str>, Refusal> {
    if depth > MOST_DEPTH {
        return Err(Refusal::TooDeep);
    }
    let inside = |term: Term<&'s str>| bounded(term, depth + 1);
    let boxed = |term: Box<Term<&'s str>>| bounded(*term, depth + 1).map(Box::new);
    Ok(match term {
        literal if is_literal(&literal) => literal,
        Term::Id | Term::Var(_) | Term::Break(_) => term,
        Term::Recurse => pipe(pipe(call("windlass_width"), Term::Recurse), call("windlass_step")),
        Term::Neg(inner) => Term::Neg(boxed(inner)?),
        Term::Label(name, inner) => Term::Label(name, boxed(inner)?),
        Term::TryCatch(inner, catch) => Term::TryCatch(boxed(inner)?, catch.map(boxed).transpose()?),
        Term::IfThenElse(branches, otherwise) => {
            let branches = branches.into_iter().map(|(when, then)| Ok((inside(when)?, inside(then)?)));
            Term::IfThenElse(branches.collect::<Result<_, _>>()?, otherwise.map(boxed).transpose()?)
        }
        Term::BinOp(left, op, right) => {
            check_operator(&op, &left, &right)?;
            let steps = matches!(op, BinaryOp::Comma);
            let whole = Term::BinOp(boxed(left)?, op, boxed(right)?);
            if steps { pipe(whole, call("windlass_step")) } else { whole }
        }
        Term::Path(of, path) => {
            path.0.into_iter().try_fold(inside(*of)?, |of, (part, opt)| bounded_part(of, part, opt, depth))?
        }
        Term::Call(name, arguments) => {
            let price = price(name, arguments.len())
                .ok_or_else(|| Refusal::Uses(format!("the function {name}/{}", arguments.len())))?;
            if wants_literal(name) && !arguments.iter().all(is_literal) {
                return Err(Refusal::Uses(format!("{name} with an argument that is not written out")));
            }
            if price == Price::Regex && !arguments.iter().all(is_small_regex) {
                return Err(Refusal::Uses("a regular expression that is too large".to_owned()));
            }
            let arguments = arguments.into_iter().map(inside).collect::<Result<_, _>>()?;
            let before = match price {
                Price::Step => call("windlass_width"),
                Price::Input => call("windlass_weigh"),
                Price::Regex => call("windlass_regex"),
            };
            pipe(pipe(before, Term::Call(name, arguments)), call("windlass_step"))
        }
        Term::Str(..) => return Err(Refusal::Uses("a text that is put together".to_owned())),
        Term::Arr(_) | Term::Obj(_) => {
            return Err(Refusal::Uses("a list or map that is put together".to_owned()));
        }
        Term::Def(..) => return Err(Refusal::Uses("def".to_owned())),
        Term::Fold(name, ..) => return Err(Refusal::Uses(name.to_owned())),
        // Numbers are literals.
        Term::Num(_) => term,
    })
}

/// One part of a path behind what it is taken from.
fn bounded_part<'s>(
    of: Term<&'s str>,
    part: Part<Term<&'s str>>,
    opt: Opt,
    depth: usize,
) -> Result<Term<&'s str>, Refusal> {
    Ok(match part {
        Part::Index(index) => {
            let index = bounded(index, depth + 1)?;
            Term::Path(Box::new(of), Path(vec![(Part::Index(index), opt)]))
        }
        Part::Range(None, None) => {
            let of = pipe(of, call("windlass_width"));
            pipe(Term::Path(Box::new(of), Path(vec![(Part::Range(None, None), opt)])), call("windlass_step"))
        }
        Part::Range(..) => return Err(Refusal::Uses("a slice".to_owned())),
    })
}

fn check_operator(op: &BinaryOp<&str>, left: &Term<&str>, right: &Term<&str>) -> Result<(), Refusal> {
    let refuse = |what: &str| Err(Refusal::Uses(what.to_owned()));
    let number = |term: &Term<&str>| matches!(term, Term::Num(_));
    match op {
        BinaryOp::Pipe(None | Some(Pattern::Var(_))) => Ok(()),
        BinaryOp::Comma | BinaryOp::Alt | BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) => Ok(()),
        // Numbers only: texts and lists could grow, or be compared item by item.
        BinaryOp::Math(Math::Add | Math::Sub | Math::Rem) if number(left) || number(right) => Ok(()),
        BinaryOp::Math(_) => refuse("arithmetic other than adding and subtracting a number"),
        BinaryOp::Pipe(Some(_)) => refuse("a pattern of variables"),
        BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
            refuse("an assignment")
        }
    }
}

/// True for a value that is written out in the expression.
fn is_literal(term: &Term<&str>) -> bool {
    match term {
        Term::Num(_) => true,
        Term::Str(None, parts) => parts.iter().all(|part| !matches!(part, StrPart::Term(_))),
        Term::Arr(None) => true,
        Term::Arr(Some(items)) => is_literal_list(items),
        Term::Obj(fields) => {
            fields.iter().all(|(key, value)| is_literal(key) && value.as_ref().is_some_and(is_literal))
        }
        _ => false,
    }
}

fn is_literal_list(mut items: &Term<&str>) -> bool {
    while let Term::BinOp(left, BinaryOp::Comma, right) = items {
        let (one, rest) = if is_comma(left) { (right, left) } else { (left, right) };
        if !is_literal(one) {
            return false;
        }
        items = rest;
    }
    is_literal(items)
}

fn is_comma(term: &Term<&str>) -> bool {
    matches!(term, Term::BinOp(_, BinaryOp::Comma, _))
}

/// Counted repetitions multiply: at most one, of at most two digits.
fn is_small_regex(term: &Term<&str>) -> bool {
    let Term::Str(None, parts) = term else { return false };
    let text: String = parts
        .iter()
        .map(|part| match part {
            StrPart::Str(text) => (*text).to_owned(),
            StrPart::Char(char) => char.to_string(),
            StrPart::Term(_) => String::new(),
        })
        .collect();
    let mut counts = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap_or_default());
    let small = counts.next().is_none_or(|count| count.split(',').all(|number| number.len() <= 2));
    text.len() <= 256 && small && counts.next().is_none()
}

fn call(name: &'static str) -> Term<&'static str> {
    Term::Call(name, Vec::new())
}

fn pipe<'s>(first: Term<&'s str>, then: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(first), BinaryOp::Pipe(None), Box::new(then))
}

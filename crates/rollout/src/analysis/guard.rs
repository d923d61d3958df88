//! What stands between a user's condition and the expression engine: bounds, and indices that are really there.

use super::value::Value;

/// Name of the function that indices become. It is no word that a condition may use.
pub const AT: &str = "__at";

/// The longest condition, the deepest nesting, and the longest range: a condition is written by tenants.
const LONGEST: usize = 4096;
const DEEPEST: usize = 40;
const WIDEST: u64 = 1000;

/// One word of an expression, with where it stands.
#[derive(Clone, Debug, PartialEq)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Text,
    Open(char),
    Close(char),
    Sign,
}

/// The condition with each `a[i]` written as a call that fails where there is no such element, or why it is not
/// evaluated.
pub fn guard(condition: &str) -> Result<String, String> {
    if condition.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    let tokens = tokens(condition)?;
    bounds(condition, &tokens)?;
    ranges(condition, &tokens)?;
    rewrite(condition, &tokens, 0, tokens.len())
}

/// Refuses `result == "x"` for a number and its like: Go's library does so when it compiles, while an engine without
/// types takes "different" for an answer.
pub fn check_types(condition: &str, result: &Value) -> Result<(), String> {
    let tokens = tokens(condition)?;
    let word = |index: usize| tokens.get(index).map(|token| &condition[token.start..token.end]);
    for (index, token) in tokens.iter().enumerate() {
        let sign = &condition[token.start..token.end];
        if !matches!(sign, "==" | "!=") || token.kind != Kind::Sign {
            continue;
        }
        let before = index
            .checked_sub(1)
            .filter(|at| word(*at) == Some("result") && !is_member(&tokens, condition, *at));
        let after = Some(index + 1).filter(|at| word(*at) == Some("result") && !is_followed(&tokens, *at));
        let other = match (before, after) {
            (Some(_), _) => tokens.get(index + 1),
            (None, Some(_)) => index.checked_sub(1).and_then(|at| tokens.get(at)),
            (None, None) => None,
        };
        let Some(other) = other else { continue };
        let literal = &condition[other.start..other.end];
        if !fits(other.kind, literal, result) {
            return Err(format!(
                "invalid operation: {sign} (mismatched types {} and {literal})",
                name(result)
            ));
        }
    }
    Ok(())
}

fn is_member(tokens: &[Token], condition: &str, at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| &condition[tokens[at].start..tokens[at].end]);
    matches!(before, Some("." | "?."))
}

fn is_followed(tokens: &[Token], at: usize) -> bool {
    tokens.get(at + 1).is_some_and(|next| matches!(next.kind, Kind::Open('[' | '(')))
}

fn fits(kind: Kind, literal: &str, result: &Value) -> bool {
    match (kind, result) {
        (Kind::Number, Value::Number(_)) | (Kind::Text, Value::Text(_)) | (_, Value::Nil) => true,
        (Kind::Number | Kind::Text, _) => false,
        (Kind::Word, Value::Bool(_)) => true,
        (Kind::Word, _) => !matches!(literal, "true" | "false"),
        (Kind::Open(_) | Kind::Close(_) | Kind::Sign, _) => true,
    }
}

fn name(result: &Value) -> &'static str {
    match result {
        Value::Nil => "nil",
        Value::Bool(_) => "bool",
        Value::Number(_) => "float64",
        Value::Text(_) => "string",
        Value::List(_) => "a list",
        Value::Map(_) => "a map",
    }
}

fn tokens(condition: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = condition.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        let kind = match first {
            _ if first.is_whitespace() => continue,
            '"' | '\'' | '`' => {
                skip_text(&mut rest, first)?;
                Kind::Text
            }
            '(' | '[' | '{' => Kind::Open(first),
            ')' | ']' | '}' => Kind::Close(first),
            _ if first.is_ascii_digit() => {
                while let Some((_, next)) =
                    rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || matches!(*c, '.' | '_'))
                {
                    // `1..3` is a range, not a number with two points.
                    if next == '.' && rest.peek().is_some_and(|(_, c)| *c == '.') {
                        tokens.push(Token {
                            kind: Kind::Number,
                            start,
                            end: rest.peek().map_or(0, |(at, _)| at - 1),
                        });
                        break;
                    }
                }
                if tokens.last().is_some_and(|last: &Token| last.start == start) {
                    let at = rest.next().map_or(0, |(at, _)| at);
                    tokens.push(Token { kind: Kind::Sign, start: at - 1, end: at + 1 });
                    continue;
                }
                Kind::Number
            }
            _ if first.is_ascii_alphabetic() || matches!(first, '_' | '#' | '$') => {
                while rest.next_if(|(_, c)| c.is_ascii_alphanumeric() || *c == '_').is_some() {}
                Kind::Word
            }
            _ => {
                let pairs = ["==", "!=", "<=", ">=", "&&", "||", "**", "..", "?.", "??"];
                if let Some((at, second)) = rest.peek().copied() {
                    let both = &condition[start..at + second.len_utf8()];
                    if pairs.contains(&both) {
                        rest.next();
                    }
                }
                Kind::Sign
            }
        };
        let end = rest.peek().map_or(condition.len(), |(at, _)| *at);
        let word = &condition[start..end];
        if kind == Kind::Word && word == AT {
            return Err(format!("{AT} is no name that a condition may use"));
        }
        tokens.push(Token { kind, start, end });
    }
    Ok(tokens)
}

fn skip_text(rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>, quote: char) -> Result<(), String> {
    while let Some((_, next)) = rest.next() {
        match next {
            '\\' if quote != '`' => {
                rest.next();
            }
            _ if next == quote => return Ok(()),
            _ => {}
        }
    }
    Err("a text in it does not end".to_owned())
}

/// Parentheses in pairs, and neither they nor `?` nest so deeply that reading them takes the stack.
fn bounds(condition: &str, tokens: &[Token]) -> Result<(), String> {
    let mut open = Vec::new();
    for token in tokens {
        match token.kind {
            Kind::Open(sign) => open.push(sign),
            Kind::Close(sign) => {
                let expected = match sign {
                    ')' => '(',
                    ']' => '[',
                    _ => '{',
                };
                if open.pop() != Some(expected) {
                    return Err(format!("{sign} closes nothing"));
                }
            }
            Kind::Word | Kind::Number | Kind::Text | Kind::Sign => {}
        }
        if open.len() > DEEPEST {
            return Err(format!("it nests deeper than {DEEPEST} levels"));
        }
    }
    let questions =
        tokens.iter().filter(|token| matches!(&condition[token.start..token.end], "?" | "??" | "if"));
    if questions.count() > DEEPEST {
        return Err(format!("it has more than {DEEPEST} choices"));
    }
    if let Some(sign) = open.last() { Err(format!("{sign} is not closed")) } else { Ok(()) }
}

/// Ranges are lists that somebody writes in three signs: only short ones between numbers are made.
fn ranges(condition: &str, tokens: &[Token]) -> Result<(), String> {
    let places: Vec<_> = (0..tokens.len())
        .filter(|at| tokens[*at].kind == Kind::Sign && &condition[tokens[*at].start..tokens[*at].end] == "..")
        .collect();
    for at in &places {
        let number = |at: Option<usize>| {
            let token = tokens.get(at?).filter(|token| token.kind == Kind::Number)?;
            condition[token.start..token.end].parse::<u64>().ok()
        };
        let (from, to) = (number(at.checked_sub(1)), number(Some(at + 1)));
        let short = from.zip(to).is_some_and(|(from, to)| to.saturating_sub(from) <= WIDEST);
        if !short {
            return Err(format!("a range must be between two numbers that are at most {WIDEST} apart"));
        }
    }
    if places.len() > 2 { Err("it has more than two ranges".to_owned()) } else { Ok(()) }
}

/// Writes `base[index]` as `__at(base, index)`; slices (`base[1:2]`) and `base?.[index]` stay.
fn rewrite(condition: &str, tokens: &[Token], from: usize, to: usize) -> Result<String, String> {
    let mut out = String::new();
    // Where the value that an index may follow begins, in `out`; none where no value stands there.
    let mut base: Option<usize> = None;
    let mut at = from;
    while at < to {
        let token = &tokens[at];
        let word = &condition[token.start..token.end];
        let gap_before = if at == from { "" } else { &condition[tokens[at - 1].end..token.start] };
        match token.kind {
            Kind::Open(sign) => {
                let close = closing(tokens, at)?;
                let inner = rewrite(condition, tokens, at + 1, close)?;
                let is_index = sign == '[' && base.is_some() && !is_slice(condition, tokens, at + 1, close);
                let optional = at > from && &condition[tokens[at - 1].start..tokens[at - 1].end] == "?.";
                if let (true, false, Some(start)) = (is_index, optional, base) {
                    let value = out.split_off(start);
                    out.push_str(&format!("{AT}({value}, {inner})"));
                } else {
                    out.push_str(gap_before);
                    // A call belongs to the name before it, and so does what follows the call.
                    let start = if sign == '{' { None } else { base.or(Some(out.len())) };
                    out.push_str(word);
                    out.push_str(&inner);
                    out.push(match sign {
                        '(' => ')',
                        '[' => ']',
                        _ => '}',
                    });
                    base = start;
                }
                at = close + 1;
                continue;
            }
            Kind::Word | Kind::Number | Kind::Text => {
                out.push_str(gap_before);
                let is_part =
                    at > from && matches!(&condition[tokens[at - 1].start..tokens[at - 1].end], "." | "?.");
                if !is_part || base.is_none() {
                    base = Some(out.len());
                }
                if is_operator(word) {
                    base = None;
                }
                out.push_str(word);
            }
            Kind::Sign => {
                out.push_str(gap_before);
                if !matches!(word, "." | "?.") {
                    base = None;
                }
                out.push_str(word);
            }
            Kind::Close(_) => return Err(format!("{word} closes nothing")),
        }
        at += 1;
    }
    Ok(out)
}

fn is_operator(word: &str) -> bool {
    matches!(
        word,
        "and"
            | "or"
            | "not"
            | "in"
            | "contains"
            | "startsWith"
            | "endsWith"
            | "matches"
            | "let"
            | "if"
            | "else"
    )
}

fn is_slice(condition: &str, tokens: &[Token], from: usize, to: usize) -> bool {
    let (mut depth, mut choices) = (0_usize, 0_usize);
    for token in &tokens[from..to] {
        match (token.kind, &condition[token.start..token.end]) {
            (Kind::Open(_), _) => depth += 1,
            (Kind::Close(_), _) => depth = depth.saturating_sub(1),
            (Kind::Sign, "?") if depth == 0 => choices += 1,
            (Kind::Sign, ":") if depth == 0 && choices > 0 => choices -= 1,
            (Kind::Sign, ":") if depth == 0 => return true,
            (Kind::Word | Kind::Number | Kind::Text | Kind::Sign, _) => {}
        }
    }
    false
}

fn closing(tokens: &[Token], open: usize) -> Result<usize, String> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth -= 1,
            Kind::Word | Kind::Number | Kind::Text | Kind::Sign => {}
        }
        if depth == 0 {
            return Ok(at);
        }
    }
    Err("a parenthesis is not closed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(condition: &str, expected: &str) {
        let shown = match guard(condition) {
            Ok(code) => code.replace(AT, "@"),
            Err(why) => format!("error: {why}"),
        };
        assert_eq!(shown, expected, "{condition}");
    }

    #[test]
    fn indices_become_calls_and_everything_else_stays() {
        check("result[0] >= 0.95", "@(result, 0) >= 0.95");
        check("result[0][\"a\"].b[1] == 2", "@(@(@(result, 0), \"a\").b, 1) == 2");
        check("len(result) == 0 || result[0] < 1", "len(result) == 0 || @(result, 0) < 1");
        check("result.series[len(result.series) - 1] > 1", "@(result.series, len(result.series) - 1) > 1");
        check("all(result, {#[0] > 1 and # != nil})", "all(result, {@(#, 0) > 1 and # != nil})");
        check("(result)[0] in [1, 2]", "@((result), 0) in [1, 2]");
        check("result[1:2] == [3]", "result[1:2] == [3]");
        check("result[true ? 1 : 0]", "@(result, true ? 1 : 0)");
        check("result?.[0] == nil", "result?.[0] == nil");
        check("\"a[0]\" == result", "\"a[0]\" == result");
        check("f(x)[0]", "@(f(x), 0)");
        check("1 in 1..3", "1 in 1..3");
    }

    #[test]
    fn what_is_too_much_is_refused() {
        check("(1", "error: ( is not closed");
        check("1)", "error: ) closes nothing");
        check("'a", "error: a text in it does not end");
        check("__at(result, 0)", "error: __at is no name that a condition may use");
        check(&"(".repeat(500), "error: it nests deeper than 40 levels");
        check(&"x".repeat(5000), "error: it is longer than 4096 bytes");
        check("1..999999999", "error: a range must be between two numbers that are at most 1000 apart");
        check("1..result", "error: a range must be between two numbers that are at most 1000 apart");
    }
}

//! Sprig's regular expression functions, with Go's syntax and steps.

mod brackets;
mod classes;
mod compiled;
mod escapes;
mod syntax;

use std::rc::Rc;

use regex_automata::util::captures::Captures;

use super::{Arguments, Function, FunctionError, Param};
use crate::list::TEXT_LIST;
use crate::{Context, List, Value, utf8};
use compiled::{Compiled, Subject, compiled};
use syntax::SyntaxError;

/// Whether Go takes a pattern.
///
/// # Errors
/// Go's words where it does not.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    syntax::parse(pattern).map(drop).map_err(|error| error.to_string())
}

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("mustRegexFind", &[Param::Str, Param::Str], |ctx, args| find(ctx, args, or_error)),
    Function::new("mustRegexFindAll", &[Param::Str, Param::Str, Param::Int], |ctx, args| {
        find_all(ctx, args, or_error)
    }),
    Function::new("mustRegexMatch", &[Param::Str, Param::Str], must_match),
    Function::new("mustRegexReplaceAll", &[Param::Str, Param::Str, Param::Str], |ctx, args| {
        replace_all(ctx, args, or_error)
    }),
    Function::new("mustRegexReplaceAllLiteral", &[Param::Str, Param::Str, Param::Str], |ctx, args| {
        replace_all_literal(ctx, args, or_error)
    }),
    Function::new("mustRegexSplit", &[Param::Str, Param::Str, Param::Int], |ctx, args| {
        split(ctx, args, or_error)
    }),
    Function::new("regexFind", &[Param::Str, Param::Str], |ctx, args| find(ctx, args, or_panic)),
    Function::new("regexFindAll", &[Param::Str, Param::Str, Param::Int], |ctx, args| {
        find_all(ctx, args, or_panic)
    }),
    Function::new("regexMatch", &[Param::Str, Param::Str], matches),
    Function::new("regexQuoteMeta", &[Param::Str], quote_meta),
    Function::new("regexReplaceAll", &[Param::Str, Param::Str, Param::Str], |ctx, args| {
        replace_all(ctx, args, or_panic)
    }),
    Function::new("regexReplaceAllLiteral", &[Param::Str, Param::Str, Param::Str], |ctx, args| {
        replace_all_literal(ctx, args, or_panic)
    }),
    Function::new("regexSplit", &[Param::Str, Param::Str, Param::Int], |ctx, args| {
        split(ctx, args, or_panic)
    }),
];

type Call<'a> = Result<Value, FunctionError>;
/// What a bad pattern becomes.
type Refuse = fn(&[u8], SyntaxError) -> FunctionError;

/// The must-forms return the error.
fn or_error(_pattern: &[u8], error: SyntaxError) -> FunctionError {
    FunctionError::new(error.to_string())
}

/// The plain forms panic, with the pattern in the text.
fn or_panic(pattern: &[u8], error: SyntaxError) -> FunctionError {
    let back_quotable = |letter: char| {
        letter == '\t' || letter != '`' && letter != '\u{feff}' && letter >= ' ' && letter != '\x7f'
    };
    let quoted = match std::str::from_utf8(pattern) {
        Ok(text) if text.chars().all(back_quotable) => format!("`{text}`"),
        _ => crate::fmt::quote(pattern),
    };
    FunctionError::new(format!("regexp: Compile({quoted}): {error}"))
}

fn pattern(ctx: &mut Context<'_>, args: &[Value], refuse: Refuse) -> Result<Rc<Compiled>, FunctionError> {
    let (pattern, text) = (args.text(0)?.as_bytes(), args.text(1)?);
    ctx.spend_steps(1 + (text.len() >> 12) as u64)?;
    compiled(ctx, pattern)?.map_err(|error| refuse(pattern, error))
}

fn subject(args: &[Value]) -> Result<Subject<'_>, FunctionError> {
    Ok(Subject::new(args.text(1)?.as_bytes()))
}

fn matches(ctx: &mut Context<'_>, args: &[Value]) -> Call<'static> {
    // Sprig drops the error of a bad pattern here.
    Ok(Value::Bool(match pattern(ctx, args, or_error) {
        Ok(compiled) => compiled.is_match(&subject(args)?),
        Err(FunctionError::Message(_)) => false,
        Err(other) => return Err(other),
    }))
}

fn must_match(ctx: &mut Context<'_>, args: &[Value]) -> Call<'static> {
    Ok(Value::Bool(pattern(ctx, args, or_error)?.is_match(&subject(args)?)))
}

fn find(ctx: &mut Context<'_>, args: &[Value], refuse: Refuse) -> Call<'static> {
    let compiled = pattern(ctx, args, refuse)?;
    Ok(Value::str(compiled.find(&subject(args)?).unwrap_or_default()))
}

fn find_all(ctx: &mut Context<'_>, args: &[Value], refuse: Refuse) -> Call<'static> {
    let compiled = pattern(ctx, args, refuse)?;
    let text = subject(args)?;
    let found = compiled.find_all(ctx, &text, args.int(2)?)?;
    if found.is_empty() {
        return Ok(Value::List(List::nil(&TEXT_LIST)));
    }
    Ok(Value::List(List::of_texts(found.into_iter().map(|span| text.slice(span)))))
}

fn split(ctx: &mut Context<'_>, args: &[Value], refuse: Refuse) -> Call<'static> {
    let compiled = pattern(ctx, args, refuse)?;
    let pieces = compiled.split(ctx, &subject(args)?, args.int(2)?)?;
    Ok(Value::List(pieces.map_or_else(|| List::nil(&TEXT_LIST), List::of_texts)))
}

fn replace_all_literal(ctx: &mut Context<'_>, args: &[Value], refuse: Refuse) -> Call<'static> {
    let compiled = pattern(ctx, args, refuse)?;
    let replacement = args.text(2)?.as_bytes();
    let replaced = compiled.replace_all(ctx, &subject(args)?, |out, _| out.extend_from_slice(replacement))?;
    Ok(Value::str(replaced))
}

fn replace_all(ctx: &mut Context<'_>, args: &[Value], refuse: Refuse) -> Call<'static> {
    let compiled = pattern(ctx, args, refuse)?;
    let text = subject(args)?;
    let template = pieces_of(args.text(2)?.as_bytes());
    let replaced = compiled.replace_all(ctx, &text, |out, captures| {
        for piece in &template {
            out.extend_from_slice(piece.text(&text, &compiled, captures));
        }
    })?;
    Ok(Value::str(replaced))
}

/// A part of a replacement: plain text, `$1` or `${name}`.
enum Piece<'a> {
    Text(&'a [u8]),
    Number(usize),
    Name(&'a [u8]),
}

impl Piece<'_> {
    fn text<'t>(&'t self, text: &'t Subject<'_>, compiled: &Compiled, captures: &Captures) -> &'t [u8] {
        let group = |index| captures.get_group(index);
        let span = match self {
            Piece::Text(text) => return text,
            Piece::Number(index) => group(*index),
            // Several groups may share a name; the first that took part counts.
            Piece::Name(name) => (1..)
                .zip(&compiled.group_names)
                .filter(|(_, own)| own.as_ref().is_some_and(|own| own.as_bytes() == *name))
                .find_map(|(index, _)| group(index)),
        };
        span.map_or(&[], |span| text.slice(span))
    }
}

fn pieces_of(template: &[u8]) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.iter().position(|byte| *byte == b'$') {
        pieces.push(Piece::Text(&rest[..at]));
        let behind = &rest[at + 1..];
        if behind.first() == Some(&b'$') {
            pieces.push(Piece::Text(b"$"));
            rest = &behind[1..];
        } else if let Some((piece, length)) = reference(behind) {
            pieces.push(piece);
            rest = &behind[length..];
        } else {
            // Malformed: the dollar is plain text.
            pieces.push(Piece::Text(b"$"));
            rest = behind;
        }
    }
    pieces.push(Piece::Text(rest));
    pieces
}

/// `name` or `{name}` behind a dollar, as long as it goes: `$1x` is the group "1x".
fn reference(text: &[u8]) -> Option<(Piece<'_>, usize)> {
    let braced = text.first() == Some(&b'{');
    let name = if braced { &text[1..] } else { text };
    let is_name = |letter: char| letter == '_' || letter.is_alphanumeric() && letter != utf8::REPLACEMENT;
    let length =
        utf8::char_indices(name).find(|(_, letter)| !is_name(*letter)).map_or(name.len(), |(at, _)| at);
    let (name, behind) = name.split_at(length);
    if name.is_empty() || braced && behind.first() != Some(&b'}') {
        return None;
    }
    let length = if braced { length + 2 } else { length };
    Some((group_number(name).map_or(Piece::Name(name), Piece::Number), length))
}

/// A number without leading zeros and of at most nine digits.
fn group_number(name: &[u8]) -> Option<usize> {
    let plain =
        name.iter().all(u8::is_ascii_digit) && name.len() <= 9 && (name.len() == 1 || name[0] != b'0');
    plain.then(|| name.iter().fold(0, |number, digit| number * 10 + usize::from(digit - b'0')))
}

fn quote_meta(ctx: &mut Context<'_>, args: &[Value]) -> Call<'static> {
    let text = args.text(0)?.as_bytes();
    ctx.spend_bytes(text.len() as u64)?;
    let mut quoted = Vec::with_capacity(text.len() + 8);
    for byte in text {
        if br"\.+*?()|[]{}^$".contains(byte) {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    Ok(Value::str(quoted))
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    /// An expected text that starts with `error:` is looked for at the end of the error.
    #[track_caller]
    fn check(template: &str, expected: &str) {
        match (render(template), expected.strip_prefix("error:")) {
            (Ok(text), None) => assert_eq!(text, expected, "{template}"),
            (Err(error), Some(expected)) => assert!(error.ends_with(expected), "{template}: {error}"),
            (outcome, _) => panic!("{template}: {outcome:?} instead of {expected}"),
        }
    }

    #[test]
    fn classes_are_ascii() {
        check(
            r#"{{ regexMatch "^\\d+$" "\u0663" }} {{ regexMatch "^\\w+$" "é" }} {{ regexFind "\\bx" "éx" }}"#,
            "false false x",
        );
        check(
            r#"{{ regexFind "\\pL+" "1éa" }} {{ regexFind "(?i)[k-s]+" "KſK" }} {{ regexMatch "\\p{Greek}" "β" }}"#,
            "éa KſK true",
        );
    }

    #[test]
    fn quoted_text_is_plain() {
        check(r#"{{ regexFind "\\Qa.b\\E+" "axb a.bb" }} {{ regexFind "\\Qa*" "aa*" }}"#, "a.bb a*");
    }

    #[test]
    fn matches_step_as_in_go() {
        check(r#"{{ regexReplaceAll "a*" "baac" "x" }} {{ regexReplaceAll "b*" "abc" "-" }}"#, "xbxcx -a-c-");
        check(
            r#"{{ regexSplit "a*?" "bac" -1 }} {{ regexSplit "," "a,b,c" 2 }} {{ len (regexSplit "x" "" -1) }}"#,
            "[b a c] [a b,c] 1",
        );
        check(r#"{{ regexFindAll "[0-9]" "1a2b3" 2 }} {{ regexFindAll "x" "a" -1 }}"#, "[1 2] []");
    }

    #[test]
    fn replacements_name_groups() {
        check(r#"{{ regexReplaceAll "(a)(?P<n>b)?" "ab a" "<$1${n}$2x$$>" }}"#, "<ab$> <a$>");
        check(
            r#"{{ regexReplaceAllLiteral "a" "ab" "$0" }} {{ regexQuoteMeta "a.b[c]" }}"#,
            r"$0b a\.b\[c\]",
        );
    }

    #[test]
    fn bytes_that_are_no_text_count_as_one_character() {
        check(r#"{{ regexReplaceAll "." "\x80a" "x" }} {{ regexFind "[^a]" "a\xff" | len }}"#, "xx 1");
    }

    #[test]
    fn bad_patterns_are_refused_in_gos_words() {
        let bad = |pattern: &str, fault: &str| {
            check(
                &format!("{{{{ mustRegexMatch {pattern:?} \"\" }}}}"),
                &format!("error:error parsing regexp: {fault}"),
            );
        };
        bad("a**", "invalid nested repetition operator: `**`");
        bad("*", "missing argument to repetition operator: `*`");
        bad("a{1001}", "invalid repeat count: `{1001}`");
        bad("(a{100}){11}", "invalid repeat count: `{11}`");
        bad("[z-a]", "invalid character class range: `z-a`");
        bad("[[:foo:]]", "invalid character class range: `[:foo:]`");
        bad("[a", "missing closing ]: `[a`");
        bad("(a", "missing closing ): `(a`");
        bad("a)", "unexpected ): `a)`");
        bad("\\8", "invalid escape sequence: `\\8`");
        bad("\\", "trailing backslash at end of expression: ``");
        bad("(?<n!>a)", "invalid named capture: `(?<n!>`");
        bad("(?=a)", "invalid or unsupported Perl syntax: `(?=`");
        bad("\\p{Old_Italic}", "invalid character class range: `\\p{Old_Italic}`");
        bad(&"(".repeat(500), &format!("expression nests too deeply: `{}`", "(".repeat(500)));
        check(r#"{{ regexMatch "(" "" }}"#, "false");
        check(
            r#"{{ regexFind "(" "" }}"#,
            "error:error calling regexFind: regexp: Compile(`(`): error parsing regexp: missing closing ): `(`",
        );
    }

    #[test]
    fn huge_programs_are_refused() {
        check(
            r#"{{ mustRegexMatch "((\\pL{100}){10}\\pL{1000}){1}\\pL{1000}" "" }}"#,
            "error:expression too large: `((\\pL{100}){10}\\pL{1000}){1}\\pL{1000}`",
        );
    }
}

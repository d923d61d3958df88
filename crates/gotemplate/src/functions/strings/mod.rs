//! Sprig's string functions.

mod case;
mod split;
mod wrap;

use super::conversion::strval;
use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Str, Value, fmt, unicode, utf8};

const TRIM_ALL: Function = Function::new("trimAll", &[Param::Str, Param::Str], |_, args| {
    Ok(Value::str(trim_all(args.text(1)?.as_bytes(), args.text(0)?.as_bytes())))
});

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("abbrev", &[Param::Int, Param::Str], |_, args| {
        wrap::abbrev(0, args.int(0)?, args.text(1)?)
    }),
    Function::new("abbrevboth", &[Param::Int, Param::Int, Param::Str], |_, args| {
        wrap::abbrev(args.int(0)?, args.int(1)?, args.text(2)?)
    }),
    Function::new("camelcase", &[Param::Str], |_, args| of_text(args, case::pascal)),
    Function::variadic("cat", &[Param::Any], cat),
    Function::new("contains", &[Param::Str, Param::Str], |_, args| {
        Ok(Value::Bool(split::find(args.text(1)?.as_bytes(), args.text(0)?.as_bytes()).is_some()))
    }),
    Function::new("hasPrefix", &[Param::Str, Param::Str], |_, args| {
        Ok(Value::Bool(args.text(1)?.as_bytes().starts_with(args.text(0)?.as_bytes())))
    }),
    Function::new("hasSuffix", &[Param::Str, Param::Str], |_, args| {
        Ok(Value::Bool(args.text(1)?.as_bytes().ends_with(args.text(0)?.as_bytes())))
    }),
    Function::new("indent", &[Param::Int, Param::Str], |ctx, args| indent(ctx, args, b"")),
    Function::new("initials", &[Param::Str], |_, args| of_text(args, case::initials)),
    Function::new("kebabcase", &[Param::Str], |_, args| of_text(args, |text| case::lower_with(text, '-'))),
    Function::new("lower", &[Param::Str], |_, args| {
        of_text(args, |text| case::mapped(text, unicode::to_lower))
    }),
    Function::new("nindent", &[Param::Int, Param::Str], |ctx, args| indent(ctx, args, b"\n")),
    Function::new("nospace", &[Param::Str], |_, args| of_text(args, nospace)),
    Function::new("plural", &[Param::Str, Param::Str, Param::Int], |_, args| {
        Ok(args.any(if args.int(2)? == 1 { 0 } else { 1 }).clone())
    }),
    Function::variadic("quote", &[Param::Any], quote),
    Function::new("repeat", &[Param::Int, Param::Str], repeat),
    Function::new("replace", &[Param::Str, Param::Str, Param::Str], split::replace),
    Function::new("snakecase", &[Param::Str], |_, args| of_text(args, |text| case::lower_with(text, '_'))),
    Function::new("split", &[Param::Str, Param::Str], |ctx, args| {
        split::split(ctx, args.text(0)?, args.text(1)?, -1)
    }),
    Function::new("splitList", &[Param::Str, Param::Str], split::split_list),
    Function::new("splitn", &[Param::Str, Param::Int, Param::Str], |ctx, args| {
        split::split(ctx, args.text(0)?, args.text(2)?, args.int(1)?)
    }),
    Function::variadic("squote", &[Param::Any], squote),
    Function::new("substr", &[Param::Int, Param::Int, Param::Str], substr),
    Function::new("swapcase", &[Param::Str], |_, args| of_text(args, case::swap)),
    Function::new("title", &[Param::Str], |_, args| of_text(args, case::title)),
    Function::new("trim", &[Param::Str], |_, args| Ok(Value::str(trim_space(args.text(0)?.as_bytes())))),
    TRIM_ALL,
    TRIM_ALL.named("trimall"),
    Function::new("trimPrefix", &[Param::Str, Param::Str], |_, args| {
        let (prefix, text) = (args.text(0)?, args.text(1)?);
        Ok(text.as_bytes().strip_prefix(prefix.as_bytes()).map_or_else(|| args.any(1).clone(), Value::str))
    }),
    Function::new("trimSuffix", &[Param::Str, Param::Str], |_, args| {
        let (suffix, text) = (args.text(0)?, args.text(1)?);
        Ok(text.as_bytes().strip_suffix(suffix.as_bytes()).map_or_else(|| args.any(1).clone(), Value::str))
    }),
    Function::new("trunc", &[Param::Int, Param::Str], trunc),
    Function::new("untitle", &[Param::Str], |_, args| of_text(args, case::untitle)),
    Function::new("upper", &[Param::Str], |_, args| {
        of_text(args, |text| case::mapped(text, unicode::to_upper))
    }),
    Function::new("wrap", &[Param::Int, Param::Str], |ctx, args| {
        wrap::wrap(ctx, args.text(1)?.as_bytes(), args.int(0)?, b"", false)
    }),
    Function::new("wrapWith", &[Param::Int, Param::Str, Param::Str], |ctx, args| {
        wrap::wrap(ctx, args.text(2)?.as_bytes(), args.int(0)?, args.text(1)?.as_bytes(), true)
    }),
];

/// The function applied to the only argument.
fn of_text<T: Into<Str>>(args: &[Value], f: impl FnOnce(&[u8]) -> T) -> Result<Value, FunctionError> {
    Ok(Value::str(f(args.text(0)?.as_bytes())))
}

/// The refusal of a count below zero.
fn count(number: i64) -> Result<usize, FunctionError> {
    usize::try_from(number).map_err(|_| FunctionError::new("strings: negative Repeat count"))
}

fn repeat(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (count, text) = (count(args.int(0)?)?, args.text(1)?.as_bytes());
    if text.is_empty() {
        return Ok(Value::Str(Str::EMPTY));
    }
    ctx.spend_bytes((count as u64).saturating_mul(text.len() as u64))?;
    Ok(Value::str(text.repeat(count)))
}

/// Blanks in front of every line, empty ones too.
fn indent(ctx: &mut Context<'_>, args: &[Value], start: &[u8]) -> Result<Value, FunctionError> {
    let (blanks, text) = (count(args.int(0)?)?, args.text(1)?.as_bytes());
    let lines = 1 + text.iter().filter(|&&byte| byte == b'\n').count();
    let length = start.len().saturating_add(text.len()).saturating_add(lines.saturating_mul(blanks));
    ctx.spend_bytes(length as u64)?;
    let mut out = Vec::with_capacity(length);
    out.extend_from_slice(start);
    for (at, line) in text.split(|&byte| byte == b'\n').enumerate() {
        if at > 0 {
            out.push(b'\n');
        }
        out.resize(out.len() + blanks, b' ');
        out.extend_from_slice(line);
    }
    Ok(Value::str(out))
}

fn quote(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    joined(args, |out, value| {
        fmt::quote_into(out, strval(value).as_bytes());
        Ok(())
    })
}

fn squote(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    joined(args, |out, value| {
        out.push(b'\'');
        fmt::append_text(out, value)?;
        out.push(b'\'');
        Ok(())
    })
}

fn cat(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    joined(args, |out, value| Ok(fmt::append_text(out, value)?))
}

/// All arguments that are not nil, with a blank between.
fn joined(
    args: &[Value],
    write: impl Fn(&mut Vec<u8>, &Value) -> Result<(), FunctionError>,
) -> Result<Value, FunctionError> {
    let mut out = Vec::new();
    for (at, value) in args.iter().filter(|value| !value.is_nil()).enumerate() {
        if at > 0 {
            out.push(b' ');
        }
        write(&mut out, value)?;
    }
    Ok(Value::str(out))
}

/// Cuts in bytes; a negative count keeps the end.
fn trunc(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (count, text) = (args.int(0)?, args.text(1)?.as_bytes());
    let cut = match usize::try_from(count) {
        Ok(count) => text.get(..count),
        Err(_) => usize::try_from(count.unsigned_abs()).ok().and_then(|kept| {
            let start = text.len().checked_sub(kept).filter(|&start| start > 0)?;
            text.get(start..)
        }),
    };
    Ok(cut.map_or_else(|| args.any(1).clone(), Value::str))
}

/// Bytes from start to end; a negative start means from the beginning, a negative end to the end.
fn substr(_: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (start, end, text) = (args.int(0)?, args.int(1)?, args.text(2)?.as_bytes());
    let length = text.len();
    let out_of_range =
        |bound: String| FunctionError::new(format!("runtime error: slice bounds out of range [{bound}"));
    let Ok(start) = usize::try_from(start) else {
        let part = usize::try_from(end).ok().and_then(|end| text.get(..end));
        let bound = if end < 0 { format!(":{end}]") } else { format!(":{end}] with length {length}") };
        return part.map(Value::str).ok_or_else(|| out_of_range(bound));
    };
    let end = usize::try_from(end).ok().filter(|&end| end <= length).unwrap_or(length);
    text.get(start..end).map(Value::str).ok_or_else(|| out_of_range(format!("{start}:{end}]")))
}

/// Cuts Unicode white space off both ends.
fn trim_space(text: &[u8]) -> &[u8] {
    trimmed(text, char::is_whitespace)
}

fn trim_all<'a>(text: &'a [u8], cutset: &[u8]) -> &'a [u8] {
    let cutset: Vec<char> = utf8::chars(cutset).collect();
    trimmed(text, |c| cutset.contains(&c))
}

fn trimmed(mut text: &[u8], cuts: impl Fn(char) -> bool) -> &[u8] {
    while let Some((_, length)) = utf8::decode(text).filter(|&(c, _)| cuts(c)) {
        text = &text[length..];
    }
    while let Some((_, length)) = utf8::decode_last(text).filter(|&(c, _)| cuts(c)) {
        text = &text[..text.len() - length];
    }
    text
}

/// Takes white space out. The library below Sprig looks at bytes as if each was a character, so that text beyond
/// ASCII comes out garbled as soon as there is something to take out.
fn nospace(text: &[u8]) -> Vec<u8> {
    let space = |byte: u8| char::from(byte).is_whitespace();
    if !text.iter().any(|&byte| space(byte)) {
        return text.to_vec();
    }
    let kept = text.iter().filter(|&&byte| !space(byte)).map(|&byte| char::from(byte));
    kept.collect::<String>().into_bytes()
}

#[cfg(test)]
mod tests {
    use crate::testing::render;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let rendered = render(template).unwrap_or_else(|error| error);
        assert!(
            rendered.ends_with(expected) && (expected.contains("error") || rendered == expected),
            "{template}: {rendered:?}"
        );
    }

    #[test]
    fn indentation_reaches_every_line() {
        check(r#"{{ indent 2 "a\n\nb\n" }}"#, "  a\n  \n  b\n  ");
        check(r#"{{ nindent 1 "" }}"#, "\n ");
        check(r#"{{ indent -1 "a" }}"#, "error calling indent: strings: negative Repeat count");
        check(
            r#"{{ indent 1000000000000 "a" }}"#,
            "error calling indent: template budget spent: more than 1073741824 bytes made",
        );
    }

    #[test]
    fn quoting_drops_nil() {
        check(
            r#"{{ quote "a\"b" 1 nil 2.5 }}|{{ quote nil }}|{{ squote "it's" 1 }}"#,
            r#""a\"b" "1" "2.5"||'it's' '1'"#,
        );
        check(r#"{{ cat "a" nil 1 (list 1 2) }}"#, "a 1 [1 2]");
    }

    #[test]
    fn text_is_cut_in_bytes() {
        check(
            r#"{{ trunc 2 "abc" }} {{ trunc -2 "abc" }} {{ trunc -9 "abc" }} {{ substr 1 2 "abc" }}"#,
            "ab bc abc b",
        );
        check(r#"{{ substr -1 9 "abc" }}"#, "runtime error: slice bounds out of range [:9] with length 3");
        check(r#"{{ trimAll "-x" "x-a-x" }}|{{ trim " \u00a0a\n" }}|{{ trimPrefix "a" "aab" }}"#, "a|a|ab");
        check(r#"{{ nospace " é x" }}"#, "Ã©x");
    }

    #[test]
    fn cases_follow_xstrings() {
        check(
            r#"{{ snakecase "FirstName" }} {{ snakecase "HTTPServer2Go" }} {{ kebabcase "a b_C" }}"#,
            "first_name http_server2_go a-b-c",
        );
        check(
            r#"{{ camelcase "http_server" }} {{ camelcase "_a__b" }} {{ camelcase "ABC" }}"#,
            "HttpServer _A_B Abc",
        );
        check(
            r#"{{ title "hello wOrld's" }} {{ untitle "Ab Cd" }} {{ swapcase "aB cD" }}"#,
            "Hello WOrld'S ab cd Ab Cd",
        );
        check(r#"{{ upper "straße" }} {{ lower "İX" }} {{ initials "Ab cd" }}"#, "STRAßE ix Ac");
    }

    #[test]
    fn text_is_split_and_wrapped() {
        check(
            r#"{{ splitList "," "a,b" }} {{ splitn "," 2 "a,b,c" }} {{ (split "" "ab")._1 }}"#,
            "[a b] map[_0:a _1:b,c] b",
        );
        check(r#"{{ replace "" "-" "ab" }} {{ replace "a" "" "banana" }}"#, "-a-b- bnn");
        check(
            r#"{{ wrap 5 "the quick brown" }}|{{ wrapWith 3 "-" "abcdefg" }}"#,
            "the\nquick\nbrown|abc-def-g",
        );
        check(r#"{{ abbrev 5 "hello world" }} {{ abbrevboth 5 10 "1234 5678 9123" }}"#, "he... ...5678...");
        check(r#"{{ repeat 3 "ab" }} {{ plural "one" "many" 1 }}"#, "ababab one");
    }
}

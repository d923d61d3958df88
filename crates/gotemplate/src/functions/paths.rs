//! Sprig's path functions; the `os` forms are the same where paths have slashes.

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Value};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    BASE,
    CLEAN,
    DIR,
    EXT,
    IS_ABS,
    BASE.named("osBase"),
    CLEAN.named("osClean"),
    DIR.named("osDir"),
    EXT.named("osExt"),
    IS_ABS.named("osIsAbs"),
];

const BASE: Function = Function::new("base", &[Param::Str], |_, args| of_text(args, base));
const CLEAN: Function =
    Function::new("clean", &[Param::Str], |_, args| Ok(Value::str(clean(args.text(0)?.as_bytes()))));
const DIR: Function =
    Function::new("dir", &[Param::Str], |_, args| Ok(Value::str(dir(args.text(0)?.as_bytes()))));
const EXT: Function = Function::new("ext", &[Param::Str], |_, args| of_text(args, ext));
const IS_ABS: Function = Function::new("isAbs", &[Param::Str], |_: &mut Context<'_>, args| {
    Ok(Value::Bool(args.text(0)?.as_bytes().starts_with(b"/")))
});

fn of_text(args: &[Value], part: fn(&[u8]) -> &[u8]) -> Result<Value, FunctionError> {
    Ok(Value::str(part(args.text(0)?.as_bytes())))
}

/// The last element; `.` for an empty path, `/` for one of slashes only.
fn base(path: &[u8]) -> &[u8] {
    if path.is_empty() {
        return b".";
    }
    let Some(end) = path.iter().rposition(|byte| *byte != b'/') else { return b"/" };
    let path = &path[..=end];
    &path[path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1)..]
}

/// All but the last element, cleaned.
fn dir(path: &[u8]) -> Vec<u8> {
    clean(&path[..path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1)])
}

/// From the last dot of the last element on; empty where it has none.
fn ext(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|byte| matches!(byte, b'.' | b'/')) {
        Some(at) if path[at] == b'.' => &path[at..],
        _ => b"",
    }
}

/// The shortest path of the same meaning, judged by its text alone.
fn clean(path: &[u8]) -> Vec<u8> {
    let rooted = path.starts_with(b"/");
    let mut kept: Vec<&[u8]> = Vec::new();
    for element in path.split(|byte| *byte == b'/') {
        match element {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if rooted => {}
            _ => kept.push(element),
        }
    }
    let cleaned = kept.join(&b'/');
    match (rooted, cleaned.is_empty()) {
        (true, _) => [b"/".as_slice(), &cleaned].concat(),
        (false, true) => b".".to_vec(),
        (false, false) => cleaned,
    }
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
    fn paths_are_taken_apart() {
        check(r#"{{ base "/a/b.txt" }} {{ base "" }} {{ base "//" }} {{ base "a/" }}"#, "b.txt . / a");
        check(r#"{{ dir "/a/b" }} {{ dir "a" }} {{ dir "/a/b/" }}"#, "/a . /a/b");
        check(r#"{{ ext "a.tar.gz" }}|{{ ext "a.b/c" }}|{{ ext ".hid" }}"#, ".gz||.hid");
        check(r#"{{ clean "a//b/../../../c/." }} {{ clean "/../a" }} {{ clean "" }}"#, "../c /a .");
        check(
            r#"{{ isAbs "/a" }} {{ isAbs "a" }} {{ osBase "x/y" }} {{ osIsAbs "/" }}"#,
            "true false y true",
        );
    }
}

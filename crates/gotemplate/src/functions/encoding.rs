//! Sprig's base64 and base32 functions.

use data_encoding::{BASE32, BASE64, Encoding};

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Value};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("b32dec", &[Param::Str], |ctx, args| decode(ctx, args, decode_base32)),
    Function::new("b32enc", &[Param::Str], |ctx, args| encode(ctx, args, &BASE32)),
    Function::new("b64dec", &[Param::Str], |ctx, args| decode(ctx, args, decode_base64)),
    Function::new("b64enc", &[Param::Str], |ctx, args| encode(ctx, args, &BASE64)),
];

fn encode(ctx: &mut Context<'_>, args: &[Value], encoding: &Encoding) -> Result<Value, FunctionError> {
    let text = args.text(0)?.as_bytes();
    ctx.spend_bytes(encoding.encode_len(text.len()) as u64)?;
    Ok(Value::str(encoding.encode(text)))
}

/// Where the text cannot be decoded the result is Go's error text: Sprig does not fail here.
fn decode(
    ctx: &mut Context<'_>,
    args: &[Value],
    decode: fn(&[u8]) -> Result<Vec<u8>, String>,
) -> Result<Value, FunctionError> {
    let text = args.text(0)?.as_bytes();
    ctx.spend_bytes(text.len() as u64)?;
    Ok(match decode(text) {
        Ok(bytes) => Value::str(bytes),
        Err(message) => Value::str(message),
    })
}

/// Standard base64 with padding; line breaks do not count, and neither do the bits left over.
///
/// # Errors
/// With Go's text, which names the offset of the first byte that is wrong.
pub(super) fn decode_base64(text: &[u8]) -> Result<Vec<u8>, String> {
    // The library also takes several padded texts in a row, which Go does not.
    let padding_at = text.iter().position(|byte| *byte == b'=').unwrap_or(text.len());
    if padding_at + 2 >= text.len()
        && let Ok(bytes) = BASE64.decode(text)
    {
        return Ok(bytes);
    }
    lenient_base64(text).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

/// Decodes as Go does; on failure gives the offset Go names.
fn lenient_base64(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = Vec::with_capacity(4);
    let mut at = 0;
    while let Some(letter) = text.get(at) {
        at += 1;
        match letter {
            b'\n' | b'\r' => continue,
            b'=' => {
                check_base64_padding(text, at, group.len())?;
                push_group(&mut bytes, &group, 6);
                return Ok(bytes);
            }
            _ => group.push(base64_value(*letter).ok_or(at - 1)?),
        }
        if group.len() == 4 {
            push_group(&mut bytes, &group, 6);
            group.clear();
        }
    }
    if group.is_empty() { Ok(bytes) } else { Err(at - group.len()) }
}

/// What follows the first `=`, which stands just before `at` behind so many letters of its group.
fn check_base64_padding(text: &[u8], at: usize, letters: usize) -> Result<(), usize> {
    let skip = |at: usize| at + text[at..].iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
    let mut at = at;
    match letters {
        0 | 1 => return Err(at - 1),
        2 => {
            at = skip(at);
            match text.get(at) {
                None => return Err(text.len()),
                Some(b'=') => at += 1,
                Some(_) => return Err(at - 1),
            }
        }
        _ => {}
    }
    at = skip(at);
    if at < text.len() { Err(at) } else { Ok(()) }
}

fn base64_value(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'a'..=b'z' => letter - b'a' + 26,
        b'0'..=b'9' => letter - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

fn base32_value(letter: u8) -> Option<u8> {
    Some(match letter {
        b'A'..=b'Z' => letter - b'A',
        b'2'..=b'7' => letter - b'2' + 26,
        _ => return None,
    })
}

/// Appends the whole bytes that the values of one group make up, `bits` each.
fn push_group(bytes: &mut Vec<u8>, group: &[u8], bits: u32) {
    let (mut held, mut count) = (0u32, 0);
    for value in group {
        held = held << bits | u32::from(*value);
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push((held >> count) as u8);
        }
    }
}

/// Standard base32 with padding; line breaks do not count.
fn decode_base32(text: &[u8]) -> Result<Vec<u8>, String> {
    let text: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    lenient_base32(&text).map_err(|at| format!("illegal base32 data at input byte {at}"))
}

fn lenient_base32(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 8 * 5);
    let mut group = Vec::with_capacity(8);
    for (at, letter) in text.iter().enumerate() {
        let behind = text.len() - at - 1;
        if *letter == b'=' && group.len() >= 2 && behind < 8 {
            check_base32_padding(text, at + 1, group.len())?;
            push_group(&mut bytes, &group, 5);
            return Ok(bytes);
        }
        group.push(base32_value(*letter).ok_or(at)?);
        if group.len() == 8 {
            push_group(&mut bytes, &group, 5);
            group.clear();
        }
    }
    if group.is_empty() { Ok(bytes) } else { Err(text.len() - group.len()) }
}

/// What follows the first `=`; the offsets are those Go names. Text behind full padding goes unseen.
fn check_base32_padding(text: &[u8], at: usize, letters: usize) -> Result<(), usize> {
    let padding = &text[at..];
    if padding.len() + letters < 7 {
        return Err(text.len());
    }
    if let Some(wrong) = padding.iter().take(7 - letters.min(7)).position(|byte| *byte != b'=') {
        return Err(at + wrong - 1);
    }
    // One, three or six letters do not make whole bytes.
    if matches!(letters, 1 | 3 | 6) { Err(at - 1) } else { Ok(()) }
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
    fn texts_go_both_ways() {
        check(
            r#"{{ b64enc "a?>é" }} {{ b64dec "YT8+w6k=" }} {{ b64dec "YT8+\nw6k=" }}"#,
            "YT8+w6k= a?>é a?>é",
        );
        check(
            r#"{{ b32enc "hello" }} {{ b32dec "NBSWY3DP" }} {{ b32dec "NBSWY===" }}"#,
            "NBSWY3DP hello hel",
        );
    }

    #[test]
    fn faults_are_results() {
        check(
            r#"{{ b64dec "YQ=" }}|{{ b64dec "Y" }}|{{ b64dec "YQ==YQ==" }}"#,
            "illegal base64 data at input byte 3|illegal base64 data at input byte 0|illegal base64 data at input byte 4",
        );
        check(
            r#"{{ b32dec "a" }}|{{ b32dec "NBSWY" }}"#,
            "illegal base32 data at input byte 0|illegal base32 data at input byte 0",
        );
        check("{{ b64enc 1 }}", "error:expected string; found 1");
    }
}

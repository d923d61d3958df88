//! Sprig's random functions; the randomness comes from the caller's world.

use data_encoding::BASE64;

use super::{Arguments, Function, FunctionError, Param};
use crate::{Context, Value, utf8};

/// The functions of this family.
pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("randAlpha", &[Param::Int], |ctx, args| text_of(ctx, args, &LETTERS)),
    Function::new("randAlphaNum", &[Param::Int], |ctx, args| text_of(ctx, args, &LETTERS_AND_DIGITS)),
    Function::new("randAscii", &[Param::Int], |ctx, args| text_of(ctx, args, &PRINTABLE)),
    Function::new("randBytes", &[Param::Int], rand_bytes),
    Function::new("randInt", &[Param::Int, Param::Int], rand_int),
    Function::new("randNumeric", &[Param::Int], |ctx, args| text_of(ctx, args, b"0123456789")),
    Function::new("shuffle", &[Param::Str], shuffle),
    Function::new("uuidv4", &[], uuidv4),
];

const LETTERS: [u8; 52] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const LETTERS_AND_DIGITS: [u8; 62] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const PRINTABLE: [u8; 95] = printable();

const fn printable() -> [u8; 95] {
    let mut all = [0; 95];
    let mut at = 0;
    while at < all.len() {
        all[at] = b' ' + at as u8;
        at += 1;
    }
    all
}

/// So many letters of the alphabet, each as likely as the others; none where fewer than one is asked for.
fn text_of(ctx: &mut Context<'_>, args: &[Value], alphabet: &[u8]) -> Result<Value, FunctionError> {
    let count = usize::try_from(args.int(0)?).unwrap_or(0);
    ctx.spend_bytes(count as u64)?;
    // Bytes beyond the last whole multiple of the alphabet are thrown away, so that no letter is favoured.
    let fair = 256 - 256 % alphabet.len();
    let mut text = Vec::with_capacity(count);
    let mut bytes = [0; 64];
    while text.len() < count {
        ctx.world().fill_random(&mut bytes);
        let wanted = count - text.len();
        let chosen = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        text.extend(chosen.take(wanted).map(|byte| alphabet[byte % alphabet.len()]));
    }
    Ok(Value::str(text))
}

fn rand_bytes(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let count = usize::try_from(args.int(0)?)
        .map_err(|_| FunctionError::new("runtime error: makeslice: len out of range"))?;
    ctx.spend_bytes((count as u64).saturating_mul(3))?;
    let mut bytes = vec![0; count];
    ctx.world().fill_random(&mut bytes);
    Ok(Value::str(BASE64.encode(&bytes)))
}

fn rand_int(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (low, high) = (args.int(0)?, args.int(1)?);
    let width = high.wrapping_sub(low);
    if width <= 0 {
        return Err(FunctionError::new("invalid argument to Intn"));
    }
    Ok(Value::Int(low.wrapping_add(below(ctx, width as u64)? as i64)))
}

/// A number from 0 to before `end`, each as likely as the others.
fn below(ctx: &mut Context<'_>, end: u64) -> Result<u64, FunctionError> {
    let fair = u64::MAX - u64::MAX % end;
    loop {
        let mut bytes = [0; 8];
        ctx.world().fill_random(&mut bytes);
        let drawn = u64::from_le_bytes(bytes);
        if drawn < fair {
            return Ok(drawn % end);
        }
        ctx.spend_steps(1)?;
    }
}

/// The characters of a text in another order.
fn shuffle(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let text = args.text(0)?;
    ctx.spend_bytes((text.len() as u64).saturating_mul(4))?;
    ctx.spend_steps(1 + (text.len() >> 4) as u64)?;
    let mut letters: Vec<char> = utf8::chars(text.as_bytes()).collect();
    for at in (1..letters.len()).rev() {
        let other = below(ctx, at as u64 + 1)?;
        letters.swap(at, other as usize);
    }
    Ok(Value::str(letters.into_iter().collect::<String>()))
}

fn uuidv4(ctx: &mut Context<'_>, _args: &[Value]) -> Result<Value, FunctionError> {
    let mut bytes = [0; 16];
    ctx.world().fill_random(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    Ok(Value::str(parts.join("-")))
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
    fn lengths_and_letters_are_as_asked() {
        check(
            "{{ len (randAlphaNum 33) }} {{ len (randAscii 7) }} {{ randAlpha -1 }} {{ len (randBytes 10) }}",
            "33 7  16",
        );
        check(
            r#"{{ regexMatch "^[0-9]{200}$" (randNumeric 200) }} {{ regexMatch "^[A-Za-z]{200}$" (randAlpha 200) }}"#,
            "true true",
        );
        check(
            r#"{{ regexMatch "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$" uuidv4 }}"#,
            "true",
        );
        check("{{ randInt 5 6 }}", "5");
        check(
            r#"{{ shuffle "" }}{{ shuffle "é" }} {{ shuffle "abc" | splitList "" | sortAlpha | join "" }}"#,
            "é abc",
        );
    }

    #[test]
    fn impossible_wishes_are_refused() {
        check("{{ randInt 5 5 }}", "error:error calling randInt: invalid argument to Intn");
        check(
            "{{ randBytes -1 }}",
            "error:error calling randBytes: runtime error: makeslice: len out of range",
        );
        assert!(render("{{ randAlpha 9223372036854775807 }}").is_err_and(|error| error.contains("budget")));
    }
}

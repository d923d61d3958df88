//! Splitting, finding and replacing.

use super::super::{Arguments, FunctionError};
use crate::{Context, List, Map, Str, TEXT_MAP, Value, utf8};

/// Where `wanted` begins in `text`.
pub(super) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let Some((&first, _)) = wanted.split_first() else { return Some(0) };
    let last_start = text.len().checked_sub(wanted.len())?;
    let mut from = 0;
    while from <= last_start {
        from += text[from..=last_start].iter().position(|&byte| byte == first)?;
        if text[from..].starts_with(wanted) {
            return Some(from);
        }
        from += 1;
    }
    None
}

/// Go's `strings.SplitN`: at most `limit` parts, all of them below zero; an empty separator splits characters.
fn parts<'a>(text: &'a [u8], separator: &[u8], limit: i64) -> Vec<&'a [u8]> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut parts = Vec::new();
    if limit == 0 {
        return parts;
    }
    let mut rest = text;
    while parts.len() + 1 < limit {
        let cut = if separator.is_empty() {
            utf8::decode(rest).map(|(_, length)| (length, length)).filter(|&(length, _)| length < rest.len())
        } else {
            find(rest, separator).map(|at| (at, at + separator.len()))
        };
        let Some((end, next)) = cut else { break };
        parts.push(&rest[..end]);
        rest = &rest[next..];
    }
    if !(separator.is_empty() && text.is_empty()) {
        parts.push(rest);
    }
    parts
}

/// A map of the parts under `_0`, `_1` and so on.
pub(super) fn split(
    ctx: &mut Context<'_>,
    separator: &Str,
    text: &Str,
    limit: i64,
) -> Result<Value, FunctionError> {
    ctx.spend_steps(text.len() as u64 / 8)?;
    let parts = parts(text.as_bytes(), separator.as_bytes(), limit);
    let entries = parts.iter().enumerate();
    let entries = entries.map(|(at, part)| (Str::from(format!("_{at}")), Value::str(*part)));
    Ok(Value::Map(Map::typed(entries.collect(), &TEXT_MAP)))
}

pub(super) fn split_list(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (separator, text) = (args.text(0)?, args.text(1)?);
    ctx.spend_steps(text.len() as u64 / 8)?;
    Ok(Value::List(List::of_texts(parts(text.as_bytes(), separator.as_bytes(), -1))))
}

pub(super) fn replace(ctx: &mut Context<'_>, args: &[Value]) -> Result<Value, FunctionError> {
    let (old, new, text) = (args.text(0)?, args.text(1)?, args.text(2)?);
    if old.is_empty() {
        return between_characters(ctx, text.as_bytes(), new.as_bytes());
    }
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some(at) = find(rest, old.as_bytes()) {
        ctx.spend_bytes(new.len() as u64)?;
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(new.as_bytes());
        rest = &rest[at + old.len()..];
    }
    if out.is_empty() && rest.len() == text.len() {
        return Ok(args.any(2).clone());
    }
    out.extend_from_slice(rest);
    Ok(Value::str(out))
}

/// An empty text is found before, between and behind all characters.
fn between_characters(ctx: &mut Context<'_>, text: &[u8], new: &[u8]) -> Result<Value, FunctionError> {
    let mut out = new.to_vec();
    let mut rest = text;
    while let Some((_, length)) = utf8::decode(rest) {
        ctx.spend_bytes(new.len() as u64 + 1)?;
        out.extend_from_slice(&rest[..length]);
        out.extend_from_slice(new);
        rest = &rest[length..];
    }
    Ok(Value::str(out))
}

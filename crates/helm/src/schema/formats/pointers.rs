//! JSON pointers and patterns.

use super::{Fault, refused};

/// Empty, or names that each begin with a slash.
pub(super) fn json_pointer(text: &str) -> Fault {
    if text.is_empty() {
        return Ok(());
    }
    let Some(names) = text.strip_prefix('/') else { return refused("not starting with /") };
    let is_escaped = |after: &str| after.starts_with(['0', '1']);
    if names.split('~').skip(1).all(is_escaped) { Ok(()) } else { refused("~ must be followed by 0 or 1") }
}

/// How many levels up, then a pointer or `#`.
pub(super) fn relative_json_pointer(text: &str) -> Fault {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    match (digits, text.starts_with('0')) {
        (0, _) => return refused("must start with non-negative integer"),
        (2.., true) => return refused("starts with zero"),
        _ => {}
    }
    match &text[digits..] {
        "#" => Ok(()),
        pointer => json_pointer(pointer),
    }
}

/// A regular expression of Go's.
pub(super) fn regex(text: &str) -> Fault {
    gotemplate::functions::check_pattern(text)
}

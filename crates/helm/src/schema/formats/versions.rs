//! UUIDs and versions.

use super::{Fault, quoted, refused};

/// Five groups of 8, 4, 4, 4 and 12 hexadecimal digits.
pub(super) fn uuid(text: &str) -> Fault {
    const LENGTHS: [usize; 5] = [8, 4, 4, 4, 12];
    let elements: Vec<&str> = text.split('-').collect();
    if elements.len() != LENGTHS.len() {
        return refused("must have 5 elements");
    }
    for (place, (element, length)) in elements.into_iter().zip(LENGTHS).enumerate() {
        if element.len() != length {
            return Err(format!("element {} must be {length} characters long", place + 1));
        }
        if let Some(other) = element.chars().find(|digit| !digit.is_ascii_hexdigit()) {
            return Err(format!("non-hex character {}", quoted(other)));
        }
    }
    Ok(())
}

/// `MAJOR.MINOR.PATCH`, and what may follow it.
pub(super) fn semver(text: &str) -> Fault {
    let (version, build) =
        text.split_once('+').map_or((text, None), |(version, build)| (version, Some(build)));
    let (core, early) = version.split_once('-').map_or((version, None), |(core, early)| (core, Some(early)));
    if let Some(build) = build {
        if build.is_empty() {
            return refused("build is empty");
        }
        build.split('.').try_for_each(|word| identifier("build", word))?;
    }
    for word in early.into_iter().flat_map(|early| early.split('.')) {
        identifier("pre-release", word)?;
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && word.len() > 1 && word.starts_with('0') {
            return refused("pre-release numeric identifier starts with zero");
        }
    }
    let numbers: Vec<&str> = core.split('.').collect();
    if numbers.len() != 3 {
        return refused("versionCore must have 3 numbers separated by dot");
    }
    ["major", "minor", "patch"].into_iter().zip(numbers).try_for_each(|(name, number)| {
        if number.is_empty() {
            Err(format!("{name} is empty"))
        } else if !number.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(format!("{name} contains non-digit"))
        } else if number.len() > 1 && number.starts_with('0') {
            Err(format!("{name} starts with zero"))
        } else {
            Ok(())
        }
    })
}

fn identifier(of: &str, word: &str) -> Fault {
    if word.is_empty() {
        return Err(format!("{of} identifier is empty"));
    }
    match word.chars().find(|one| !one.is_ascii_alphanumeric() && *one != '-') {
        Some(other) => Err(format!("invalid character {} in {of} identifier", quoted(other))),
        None => Ok(()),
    }
}

//! A rendered file into its documents, as each Helm line splits it.

use crate::HelmVersion;

/// One document of a rendered file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Document<'a> {
    /// Line of its first character in the file, from 1.
    pub(crate) line: usize,
    /// Its text, trimmed as the version does.
    pub(crate) text: &'a str,
}

/// The documents of `file` that are not blank.
///
/// Version 4 separates at three dashes at the start of a line and the blanks after them, and trims each document on
/// the left only. Version 3 lets the separator eat the white space around it and trims both sides.
pub(crate) fn split(file: &str, version: HelmVersion) -> Vec<Document<'_>> {
    let mut documents = Documents { lines: Lines { file, counted: 0, line: 1 }, found: Vec::new() };
    match version {
        HelmVersion::V3 => split_v3(file, &mut documents),
        HelmVersion::V4 => split_v4(file, &mut documents),
    }
    documents.found
}

fn split_v4<'a>(file: &'a str, documents: &mut Documents<'a>) {
    // Leading white space goes first: a separator behind blanks on the first line counts.
    let begin = file.len() - trim_start(file).len();
    let (mut start, mut from) = (begin, begin);
    while let Some(at) = file[from..].find("---").map(|at| from + at) {
        from = at + 3;
        if at == begin || file.as_bytes()[at - 1] == b'\n' {
            documents.push(start, &file[start..at]);
            let after = &file[from..];
            start = from + (after.len() - after.trim_start_matches([' ', '\t']).len());
            from = start;
        }
    }
    documents.push(start, &file[start..]);
}

fn split_v3<'a>(file: &'a str, documents: &mut Documents<'a>) {
    let blank = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{c}');
    let end = file.trim_end_matches(is_go_space).len();
    let begin = file.len() - trim_start(file).len();
    if begin >= end {
        return;
    }
    let skip = |at: usize| end - file[at..end].trim_start_matches(blank).len();
    let mut start = if file[begin..end].starts_with("---") { skip(begin + 3) } else { begin };
    while let Some(at) = file[start..end].find("\n---").map(|at| start + at) {
        documents.push(start, file[start..at].trim_end_matches(is_go_space));
        start = skip(at + 4);
    }
    documents.push(start, &file[start..end]);
}

/// Documents with the lines they begin at.
struct Documents<'a> {
    lines: Lines<'a>,
    found: Vec<Document<'a>>,
}

impl<'a> Documents<'a> {
    /// Adds the piece that starts at `start` unless it is blank.
    fn push(&mut self, start: usize, piece: &'a str) {
        let text = trim_start(piece);
        if !text.is_empty() {
            let line = self.lines.at(start + piece.len() - text.len());
            self.found.push(Document { line, text });
        }
    }
}

/// Counts lines once for the whole file.
struct Lines<'a> {
    file: &'a str,
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    fn at(&mut self, place: usize) -> usize {
        self.line += self.file[self.counted..place].bytes().filter(|byte| *byte == b'\n').count();
        self.counted = place;
        self.line
    }
}

/// White space as Go's `unicode.IsSpace` has it.
pub(crate) fn is_go_space(c: char) -> bool {
    c.is_whitespace()
}

fn trim_start(text: &str) -> &str {
    text.trim_start_matches(is_go_space)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(file: &str, version: HelmVersion, expected: &[(usize, &str)]) {
        let found: Vec<_> =
            split(file, version).iter().map(|document| (document.line, document.text)).collect();
        assert_eq!(found, expected, "{file:?}");
    }

    #[test]
    fn version_4_trims_the_left_side_only() {
        check("a: 1\n---\nb: 2\n\n", HelmVersion::V4, &[(1, "a: 1\n"), (3, "b: 2\n\n")]);
        check("\n\n---\n\na: 1\n", HelmVersion::V4, &[(5, "a: 1\n")]);
        check("---a: 1\n--- # x\nb: 2", HelmVersion::V4, &[(1, "a: 1\n"), (2, "# x\nb: 2")]);
        check("a: |\n  ---\n  b\n", HelmVersion::V4, &[(1, "a: |\n  ---\n  b\n")]);
        check("  --- \na: 1", HelmVersion::V4, &[(2, "a: 1")]);
        check(" \n", HelmVersion::V4, &[]);
    }

    #[test]
    fn version_3_trims_both_sides() {
        check("a: 1\n---\nb: 2\n\n", HelmVersion::V3, &[(1, "a: 1"), (3, "b: 2")]);
        check("---\n---\na: 1\n\n--- \n\nb: 2", HelmVersion::V3, &[(2, "---\na: 1"), (7, "b: 2")]);
    }
}

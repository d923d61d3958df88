//! Streams of several documents.

use crate::error::{ReadError, ReadErrorKind};

/// One document of a stream, not read yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// Its text. A marker that opened the stream is part of it.
    pub text: &'a str,
    /// The line of the stream with which the text begins, counted from 1.
    pub line: usize,
}

/// Cuts a stream at the lines that begin with `---`, as the YAML reader of `k8s.io/apimachinery` does.
///
/// Such a line may hold blanks and a comment. Documents that hold nothing but comments are given too.
///
/// # Errors
/// A marker followed by anything else is an error, and the last item.
pub fn documents(text: &str) -> Documents<'_> {
    Documents { rest: text, line: 1 }
}

/// The documents of a stream.
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<Document<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (text, first_line) = (self.rest, self.line);
        let mut end = 0;
        for line in text.split_inclusive('\n') {
            if let Some(behind) = line.strip_prefix("---") {
                let behind = behind.trim();
                if !behind.is_empty() && !behind.starts_with('#') {
                    self.rest = "";
                    return Some(Err(bad_separator(behind, self.line)));
                }
                if end > 0 {
                    self.line += 1;
                    self.rest = &text[end + line.len()..];
                    return Some(Ok(Document { text: &text[..end], line: first_line }));
                }
            }
            end += line.len();
            self.line += 1;
        }
        self.rest = "";
        Some(Ok(Document { text, line: first_line }))
    }
}

fn bad_separator(behind: &str, line: usize) -> ReadError {
    ReadError {
        kind: ReadErrorKind::Syntax,
        line: Some(line),
        column: Some(1),
        message: format!("invalid Yaml document separator: {behind}"),
    }
}

//! What reaches standard output and standard error: no failure where the reader has gone, nothing a terminal obeys.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

use report::page::text::deceives;

/// Prints to standard output. A reader that has gone away (`| head`) is no failure.
///
/// # Errors
/// Where the text cannot be written for any other reason, such as a full disk.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let text = shown(text, out.is_terminal());
    ignore_closed(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints a line to standard error; there is nobody to tell where that fails.
pub fn complain(line: &str) {
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{}", shown(line, err.is_terminal()));
}

/// Prints an error with everything behind it, as one line for each cause.
pub fn print_error(error: &dyn std::error::Error) {
    error_lines(error).iter().for_each(|line| complain(line));
}

/// One line for each cause that says something new.
fn error_lines(error: &dyn std::error::Error) -> Vec<String> {
    let mut said = error.to_string();
    let mut lines = vec![format!("Error: {said}")];
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !said.contains(&words) {
            lines.push(format!("  because: {words}"));
            said = words;
        }
        source = cause.source();
    }
    lines
}

fn ignore_closed(outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// The text as a terminal may have it: whatever it would obey, or nobody would see, becomes visible (threat T17).
fn shown(text: &str, terminal: bool) -> Cow<'_, str> {
    if !terminal || !text.contains(deceives) {
        return Cow::Borrowed(text);
    }
    let mut visible = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        if deceives(c) {
            visible.push_str(&format!("[U+{:04X}]", u32::from(c)));
        } else {
            visible.push(c);
        }
    }
    Cow::Owned(visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_obeys_nothing() {
        assert_eq!(shown("a\x1b[2Jb\n", true), "a[U+001B][2Jb\n");
        assert_eq!(shown("dos\r\n\u{202e}\t", true), "dos\n[U+202E]\t");
        assert_eq!(shown("a\x1b[2Jb\n", false), "a\x1b[2Jb\n");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_failure() {
        assert!(ignore_closed(Err(ErrorKind::BrokenPipe.into())).is_ok());
        assert!(ignore_closed(Err(ErrorKind::StorageFull.into())).is_err());
    }

    #[test]
    fn a_cause_is_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("{words}")]
        struct Said {
            words: &'static str,
            source: Option<Box<Said>>,
        }
        let said = |words, source: Option<Said>| Said { words, source: source.map(Box::new) };
        let error =
            said("reading a: not there", Some(said("not there", Some(said("the disk is away", None)))));
        assert_eq!(error_lines(&error), ["Error: reading a: not there", "  because: the disk is away"]);
    }
}

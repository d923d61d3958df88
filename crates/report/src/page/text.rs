//! Foreign text on a page: escaped, with nothing invisible in it, and a link only where it is a web address.

use std::fmt::{self, Write};

use askama::filters::{Escaper, Html};

/// The escaper of all templates: HTML's five characters, and characters that deceive the eye become visible.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shown;

impl Escaper for Shown {
    fn write_escaped_str<W: Write>(&self, mut dest: W, string: &str) -> fmt::Result {
        let mut rest = string;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| deceives(*c)) {
            Html.write_escaped_str(&mut dest, &rest[..at])?;
            write!(dest, "[U+{:04X}]", u32::from(hidden))?;
            rest = &rest[at + hidden.len_utf8()..];
        }
        Html.write_escaped_str(dest, rest)
    }
}

/// True for characters that change how others look, or that nobody sees: controls, directions, zero widths, tags.
pub fn deceives(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        ' '..='~' => false,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' => true,
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => true,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => true,
        _ => c.is_control(),
    }
}

/// True for an http or https address with a host and nothing invisible: only these become links (rule R8).
pub fn is_web_address(text: &str) -> bool {
    let scheme = ["https://", "http://"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let Some(rest) = scheme.map(|scheme| &text[scheme.len()..]) else { return false };
    rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && !text.chars().any(|c| deceives(c) || c.is_whitespace() || c == '\\')
}

/// A name as one segment of a path.
pub fn segment(name: &str) -> String {
    let mut written = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            written.push(char::from(byte));
        } else if byte == b'.' && name != "." && name != ".." {
            written.push('.');
        } else {
            let _ = write!(written, "%{byte:02X}");
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut written = String::new();
        Shown.write_escaped_str(&mut written, text).expect("memory takes it");
        assert_eq!(written, expected);
    }

    #[test]
    fn text_stays_text_and_nothing_hides_in_it() {
        check("plain, größer, 日本", "plain, größer, 日本");
        check("<a b='\"'>&", "&#60;a b=&#39;&#34;&#39;&#62;&#38;");
        check("a\u{202e}b<\u{200b}", "a[U+202E]b&#60;[U+200B]");
        check("two\nlines\r\u{1b}[31m", "two\nlines[U+000D][U+001B][31m");
    }

    #[test]
    fn only_web_addresses_are_links() {
        for link in ["https://a.example/b?c=d#e", "http://10.0.0.1:80/", "HTTPS://x", "http://[::1]/"] {
            assert!(is_web_address(link), "{link}");
        }
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            " https://x",
            "https:///x",
            "https://",
            "//x",
            "ftp://x",
            "https://x\ny",
            "https://x y",
            "https://a\u{202e}b",
            "java\tscript:x",
            "https:\\x",
            "",
            "hé",
        ] {
            assert!(!is_web_address(text), "{text}");
        }
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("team-a.web"), "team-a.web");
        assert_eq!(segment(".."), "%2E%2E");
        assert_eq!(segment("a/b?c#\"é"), "a%2Fb%3Fc%23%22%C3%A9");
    }
}

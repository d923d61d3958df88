//! PEM blocks.

use data_encoding::BASE64;

/// One block: its label and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    pub label: String,
    pub bytes: Vec<u8>,
}

const LINE: usize = 64;

/// The block as text, lines of 64 letters.
pub(super) fn encode(label: &str, bytes: &[u8]) -> String {
    let encoded = BASE64.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(LINE) {
        text.extend(line.iter().map(|byte| char::from(*byte)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// The first sound block in a text; what stands round it does not count.
pub(super) fn decode(text: &str) -> Option<Block> {
    let mut rest = text;
    loop {
        let (label, body, behind) = next_block(rest)?;
        if let Some(bytes) = decode_body(body) {
            return Some(Block { label: label.to_owned(), bytes });
        }
        rest = behind;
    }
}

/// Label and body of the next block, and the text behind its first line.
fn next_block(text: &str) -> Option<(&str, &str, &str)> {
    let mut rest = text;
    loop {
        let at = rest.find("-----BEGIN ")?;
        let at_line_start = at == 0 || rest[..at].ends_with('\n');
        rest = &rest[at + "-----BEGIN ".len()..];
        let line = rest.lines().next().unwrap_or_default();
        let Some(label) = line.trim_end().strip_suffix("-----").filter(|_| at_line_start) else { continue };
        let body = &rest[line.len()..];
        let Some(end) = body.find(&format!("\n-----END {label}-----")) else { continue };
        return Some((label, &body[..end], body));
    }
}

/// Headers (`Name: value`) are passed over; they end with an empty line.
fn decode_body(body: &str) -> Option<Vec<u8>> {
    let letters: Vec<u8> = body
        .lines()
        .filter(|line| !line.contains(':'))
        .flat_map(|line| line.bytes().filter(|byte| !byte.is_ascii_whitespace()))
        .collect();
    BASE64.decode(&letters).ok()
}

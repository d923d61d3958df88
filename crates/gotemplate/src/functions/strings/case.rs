//! Upper and lower case, and the case styles of the xstrings package.

use std::sync::LazyLock;

use regex::Regex;

use crate::unicode::{is_digit, is_letter, is_lower, is_number, is_upper, to_lower, to_title, to_upper};
use crate::utf8;

/// Every character through `map`.
pub(super) fn mapped(text: &[u8], map: fn(char) -> char) -> String {
    utf8::chars(text).map(map).collect()
}

/// Go's `strings.Title`: the first letter of each word in title case.
pub(super) fn title(text: &[u8]) -> String {
    let mut before = ' ';
    let mut titled = |c| {
        let starts = is_separator(before);
        before = c;
        if starts { to_title(c) } else { c }
    };
    utf8::chars(text).map(&mut titled).collect()
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_alphanumeric() && c != '_';
    }
    !is_letter(c) && !is_digit(c) && c.is_whitespace()
}

/// The first character of each word in lower case.
pub(super) fn untitle(text: &[u8]) -> String {
    let mut starts = true;
    let mut lowered = |c: char| {
        if c.is_whitespace() {
            starts = true;
        } else if std::mem::take(&mut starts) {
            return to_lower(c);
        }
        c
    };
    utf8::chars(text).map(&mut lowered).collect()
}

/// Upper to lower and back; a lower letter that starts a word becomes title case.
pub(super) fn swap(text: &[u8]) -> String {
    let mut starts = true;
    let mut swapped = |c: char| {
        let title = matches!(c, 'ǅ' | 'ǈ' | 'ǋ' | 'ǲ' | '\u{1F88}'..='\u{1F8F}' | '\u{1F98}'..='\u{1F9F}');
        let title = title || matches!(c, '\u{1FA8}'..='\u{1FAF}' | 'ᾼ' | 'ῌ' | 'ῼ');
        if is_upper(c) || title {
            starts = false;
            to_lower(c)
        } else if is_lower(c) {
            if std::mem::take(&mut starts) { to_title(c) } else { to_upper(c) }
        } else {
            starts = c.is_whitespace();
            c
        }
    };
    utf8::chars(text).map(&mut swapped).collect()
}

/// The first byte of each word, each byte taken for a character as the library below Sprig does.
pub(super) fn initials(text: &[u8]) -> String {
    let mut gap = true;
    let mut out = String::new();
    for c in text.iter().map(|&byte| char::from(byte)) {
        if c.is_whitespace() {
            gap = true;
        } else if std::mem::take(&mut gap) {
            out.push(c);
        }
    }
    out
}

fn is_connector(c: char) -> bool {
    c == '-' || c == '_' || c.is_whitespace()
}

/// xstrings' ToPascalCase.
pub(super) fn pascal(text: &[u8]) -> String {
    let mut chars = utf8::chars(text).peekable();
    let mut out = String::new();
    let mut present = None;
    let mut first_upper = false;
    for c in chars.by_ref() {
        if !is_connector(c) {
            first_upper = is_upper(c);
            present = Some(to_upper(c));
            break;
        }
        out.push(c);
    }
    let Some(mut present) = present else {
        // The last connector comes twice when there is nothing else.
        out.extend(utf8::chars(text).last());
        return out;
    };
    for next in chars {
        let before = present;
        present = next;
        if is_connector(present) && is_connector(before) {
            out.push(before);
            continue;
        }
        if is_connector(before) {
            first_upper = is_upper(present);
            present = to_upper(present);
            continue;
        }
        if first_upper {
            if is_upper(present) {
                present = to_lower(present);
            } else {
                first_upper = false;
            }
        }
        out.push(before);
    }
    out.push(present);
    out
}

/// What xstrings tells apart when it looks for words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Invalid,
    Number,
    Upper,
    Alphabet,
    Connector,
    Punctuation,
    Other,
}

/// xstrings' ToSnakeCase and ToKebabCase.
pub(super) fn lower_with(text: &[u8], connector: char) -> String {
    let mut out = String::new();
    let mut words = Words { rest: text };
    let (mut kind, mut word) = words.next_word();
    while !words.rest.is_empty() {
        if kind != Word::Connector {
            write_lower(&mut out, kind, word, connector);
        }
        let (before, before_word) = (kind, word);
        (kind, word) = words.next_word();
        match before {
            Word::Number => {
                (kind, word) = words.copy_while_alphanumeric(&mut out, kind, word, connector);
                if !matches!(kind, Word::Invalid | Word::Punctuation | Word::Connector) {
                    out.push(connector);
                }
            }
            Word::Connector => write_lower(&mut out, before, before_word, connector),
            Word::Punctuation => {}
            _ if kind != Word::Number => {
                if !matches!(kind, Word::Connector | Word::Punctuation) {
                    out.push(connector);
                }
            }
            _ if words.rest.is_empty() => {}
            _ => {
                let number = word;
                (kind, word) = words.next_word();
                if kind != Word::Alphabet {
                    write_lower(&mut out, Word::Number, number, connector);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                write_lower(&mut out, Word::Number, number, connector);
                (kind, word) = words.copy_while_alphanumeric(&mut out, kind, word, connector);
                if !matches!(kind, Word::Invalid | Word::Connector | Word::Punctuation) {
                    out.push(connector);
                }
            }
        }
    }
    write_lower(&mut out, kind, word, connector);
    out
}

fn write_lower(out: &mut String, kind: Word, word: &[u8], connector: char) {
    let change = matches!(kind, Word::Upper | Word::Connector);
    out.extend(utf8::chars(word).map(|c| match c {
        c if !change => c,
        c if is_connector(c) => connector,
        c if is_upper(c) => to_lower(c),
        c => c,
    }));
}

struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    fn copy_while_alphanumeric(
        &mut self,
        out: &mut String,
        mut kind: Word,
        mut word: &'a [u8],
        connector: char,
    ) -> (Word, &'a [u8]) {
        while matches!(kind, Word::Alphabet | Word::Number) {
            write_lower(out, kind, word, connector);
            (kind, word) = self.next_word();
        }
        (kind, word)
    }

    /// The next run of one kind; at the end an invalid, empty one.
    fn next_word(&mut self) -> (Word, &'a [u8]) {
        let text = self.rest;
        let (first, size) = next_valid(text, utf8::REPLACEMENT);
        if first == utf8::REPLACEMENT {
            return self.take(Word::Invalid, size);
        }
        if is_upper(first) {
            return self.upper_word(size);
        }
        let (kind, belongs): (Word, fn(char) -> bool) = if is_connector(first) {
            (Word::Connector, is_connector)
        } else if is_punctuation(first) {
            (Word::Punctuation, is_punctuation)
        } else if is_alphabet(first) {
            (Word::Alphabet, |c| is_alphabet(c) && !is_upper(c))
        } else if is_number(first) {
            (Word::Number, is_number)
        } else {
            (Word::Other, |c| !is_connector(c) && !is_alphabet(c) && !is_number(c) && !is_punctuation(c))
        };
        let end = size + run(&text[size..], first, belongs);
        self.take(kind, end)
    }

    /// An upper case letter with the small ones behind it, or a run of upper case letters; of such a run before a
    /// small letter the last belongs to the next word.
    fn upper_word(&mut self, mut end: usize) -> (Word, &'a [u8]) {
        let text = self.rest;
        let (second, size) = next_valid(&text[end..], 'A');
        if size == 0 {
            return self.take(Word::Upper, end);
        }
        if !is_upper(second) {
            if is_alphabet(second) {
                end += run(&text[end..], second, |c| is_alphabet(c) && !is_upper(c));
            }
            return self.take(Word::Upper, end);
        }
        let mut last_size = size;
        end += size;
        while end < text.len() {
            let (c, size) = next_valid(&text[end..], 'A');
            if !is_upper(c) {
                if is_alphabet(c) {
                    end -= last_size;
                }
                break;
            }
            last_size = size;
            end += size;
        }
        self.take(Word::Upper, end)
    }

    fn take(&mut self, kind: Word, end: usize) -> (Word, &'a [u8]) {
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (kind, word)
    }
}

/// How many bytes from the start have characters that belong.
fn run(text: &[u8], mut before: char, belongs: fn(char) -> bool) -> usize {
    let mut end = 0;
    while end < text.len() {
        let (c, size) = next_valid(&text[end..], before);
        if !belongs(c) {
            break;
        }
        before = c;
        end += size;
    }
    end
}

/// The next valid character, bad bytes before it counted with it; `before` when there is none.
fn next_valid(text: &[u8], before: char) -> (char, usize) {
    let mut size = 0;
    while let Some((c, length)) = utf8::decode(&text[size..]) {
        size += length;
        if c != utf8::REPLACEMENT {
            return (c, size);
        }
    }
    (before, size)
}

/// A letter of a script that has words.
fn is_alphabet(c: char) -> bool {
    let ideograph = matches!(
        c,
        '\u{4E00}'..='\u{9FCC}' | '\u{3400}'..='\u{4D85}' | '\u{20000}'..='\u{2B81D}'
    );
    is_letter(c) && !ideograph
}

fn is_punctuation(c: char) -> bool {
    static CLASS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\p{P}$").ok());
    CLASS.as_ref().is_some_and(|class| class.is_match(c.encode_utf8(&mut [0; 4])))
}

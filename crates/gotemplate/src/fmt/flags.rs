//! Flags, padding, and the verbs of booleans, integers and strings.

use super::{Printer, quote};
use crate::utf8;

const LOWER: &[u8; 16] = b"0123456789abcdef";
const UPPER: &[u8; 16] = b"0123456789ABCDEF";

/// What stands between `%` and the verb.
#[derive(Clone, Copy, Default)]
pub(super) struct Flags {
    pub width: Option<usize>,
    pub precision: Option<usize>,
    pub minus: bool,
    pub plus: bool,
    pub sharp: bool,
    pub space: bool,
    pub zero: bool,
    /// `%+v`
    pub plus_v: bool,
    /// `%#v`
    pub sharp_v: bool,
}

impl Flags {
    /// `+` and `#` mean something else for `%v`.
    pub(super) fn for_value(&mut self) {
        self.sharp_v = std::mem::take(&mut self.sharp);
        self.plus_v = std::mem::take(&mut self.plus);
    }
}

impl Printer {
    /// Writes the text with blanks (or zeros) up to the width.
    pub(super) fn pad(&mut self, text: &[u8]) {
        let Some(width) = self.flags.width.filter(|&width| width > 0) else {
            if self.has_room(text.len()) {
                self.out.extend_from_slice(text);
            }
            return;
        };
        let missing = width.saturating_sub(utf8::chars(text).count());
        if !self.has_room(text.len() + missing) {
            return;
        }
        if self.flags.minus {
            self.out.extend_from_slice(text);
            self.write_padding(missing);
        } else {
            self.write_padding(missing);
            self.out.extend_from_slice(text);
        }
    }

    pub(super) fn write_padding(&mut self, count: usize) {
        let fill = if self.flags.zero && !self.flags.minus { b'0' } else { b' ' };
        if self.has_room(count) {
            self.out.resize(self.out.len() + count, fill);
        }
    }

    pub(super) fn pad_without_zeros(&mut self, text: &[u8]) {
        let zero = std::mem::take(&mut self.flags.zero);
        self.pad(text);
        self.flags.zero = zero;
    }

    /// An integer with a verb of integers; `false` when the verb is none.
    pub(super) fn integer(&mut self, bits: u64, signed: bool, verb: char) -> bool {
        match verb {
            'v' if self.flags.sharp_v && !signed => {
                let sharp = std::mem::replace(&mut self.flags.sharp, true);
                self.digits(bits, 16, signed, verb, LOWER);
                self.flags.sharp = sharp;
            }
            'v' | 'd' => self.digits(bits, 10, signed, verb, LOWER),
            'b' => self.digits(bits, 2, signed, verb, LOWER),
            'o' | 'O' => self.digits(bits, 8, signed, verb, LOWER),
            'x' => self.digits(bits, 16, signed, verb, LOWER),
            'X' => self.digits(bits, 16, signed, verb, UPPER),
            'c' => {
                let c = as_char(bits);
                self.pad(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            'q' => {
                let text = quote::quote_char(as_char(bits), self.flags.plus);
                self.pad(text.as_bytes());
            }
            'U' => self.code_point(bits),
            _ => return false,
        }
        true
    }

    pub(super) fn digits(&mut self, bits: u64, base: u64, signed: bool, verb: char, digits: &[u8; 16]) {
        let negative = signed && (bits as i64) < 0;
        let mut number = if negative { bits.wrapping_neg() } else { bits };
        let sign = self.flags.plus || self.flags.space || negative;
        let least = match self.flags.precision {
            Some(0) if number == 0 => {
                let width = self.flags.width.unwrap_or(0);
                let zero = std::mem::take(&mut self.flags.zero);
                self.write_padding(width);
                self.flags.zero = zero;
                return;
            }
            Some(precision) => precision,
            None if self.flags.zero && !self.flags.minus => {
                self.flags.width.unwrap_or(0).saturating_sub(usize::from(sign))
            }
            None => 0,
        };
        // Written from the end, then turned round.
        let mut text = Vec::with_capacity(24 + least);
        loop {
            text.push(digits[(number % base) as usize]);
            number /= base;
            if number == 0 {
                break;
            }
        }
        if text.len() < least {
            text.resize(least, b'0');
        }
        self.prefix(&mut text, base, verb, digits);
        match () {
            () if negative => text.push(b'-'),
            () if self.flags.plus => text.push(b'+'),
            () if self.flags.space => text.push(b' '),
            () => {}
        }
        text.reverse();
        self.pad_without_zeros(&text);
    }

    /// `0b`, `0`, `0x` or `0o`, backwards.
    fn prefix(&self, text: &mut Vec<u8>, base: u64, verb: char, digits: &[u8; 16]) {
        match base {
            2 if self.flags.sharp => text.extend(b"b0"),
            8 if self.flags.sharp && text.last() != Some(&b'0') => text.push(b'0'),
            16 if self.flags.sharp => text.extend([hex_letter(digits), b'0']),
            _ => {}
        }
        if verb == 'O' {
            text.extend(b"o0");
        }
    }

    fn code_point(&mut self, bits: u64) {
        let least = self.flags.precision.unwrap_or(0).max(4);
        let mut text = format!("U+{bits:0>least$X}");
        let c = u32::try_from(bits).ok().and_then(char::from_u32);
        if let Some(c) = c.filter(|&c| self.flags.sharp && crate::unicode::is_print(c)) {
            text.push_str(&format!(" '{c}'"));
        }
        self.pad_without_zeros(text.as_bytes());
    }

    /// A string with a verb of strings; `false` when the verb is none.
    pub(super) fn string(&mut self, text: &[u8], verb: char) -> bool {
        match verb {
            'v' if self.flags.sharp_v => self.quoted(text),
            'v' | 's' => {
                let text = self.truncated(text);
                self.pad(text);
            }
            'x' => self.hex(text, LOWER),
            'X' => self.hex(text, UPPER),
            'q' => self.quoted(text),
            _ => return false,
        }
        true
    }

    /// The first characters, as many as the precision says.
    fn truncated<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        let Some(precision) = self.flags.precision else { return text };
        match utf8::char_indices(text).nth(precision) {
            Some((end, _)) => &text[..end],
            None => text,
        }
    }

    pub(super) fn quoted(&mut self, text: &[u8]) {
        let text = self.truncated(text);
        if self.flags.sharp && quote::can_backquote(text) {
            let raw = [b"`", text, b"`"].concat();
            return self.pad(&raw);
        }
        let quoted = if self.flags.plus { quote::quote_to_ascii(text) } else { quote::quote(text) };
        self.pad(quoted.as_bytes());
    }

    pub(super) fn hex(&mut self, bytes: &[u8], digits: &[u8; 16]) {
        let length = self.flags.precision.map_or(bytes.len(), |precision| precision.min(bytes.len()));
        if length == 0 {
            return self.write_padding(self.flags.width.unwrap_or(0));
        }
        let mut text = Vec::with_capacity(length * 2 + 2);
        for (at, byte) in bytes[..length].iter().enumerate() {
            if at > 0 && self.flags.space {
                text.push(b' ');
            }
            if self.flags.sharp && (at == 0 || self.flags.space) {
                text.extend([b'0', hex_letter(digits)]);
            }
            text.extend([digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
        }
        self.pad(&text);
    }
}

pub(super) fn lower() -> &'static [u8; 16] {
    LOWER
}

pub(super) fn upper() -> &'static [u8; 16] {
    UPPER
}

fn hex_letter(digits: &[u8; 16]) -> u8 {
    if digits == UPPER { b'X' } else { b'x' }
}

fn as_char(bits: u64) -> char {
    u32::try_from(bits).ok().and_then(char::from_u32).unwrap_or(utf8::REPLACEMENT)
}

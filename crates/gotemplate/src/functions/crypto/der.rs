//! ASN.1 in its distinguished encoding, as far as keys and certificates need it.

use num_bigint::BigUint;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag of a constructed element that its context names by number.
pub(super) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag of a plain element that its context names by number.
pub(super) const fn context_plain(number: u8) -> u8 {
    0x80 | number
}

/// One element.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ 0..0x80 => out.push(length as u8),
        length => {
            let bytes = length.to_be_bytes();
            let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
            out.push(0x80 | bytes.len() as u8);
            out.extend_from_slice(bytes);
        }
    }
    out.extend_from_slice(content);
    out
}

/// An element made of others.
pub(super) fn constructed(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(tag, &parts.concat())
}

pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    constructed(SEQUENCE, parts)
}

/// A number that is not negative.
pub(super) fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
    match bytes.first() {
        None => element(INTEGER, &[0]),
        Some(0x80..) => element(INTEGER, &[&[0], bytes].concat()),
        Some(_) => element(INTEGER, bytes),
    }
}

pub(super) fn integer(number: &BigUint) -> Vec<u8> {
    unsigned(&number.to_bytes_be())
}

/// Whole bytes as a bit string.
pub(super) fn bit_string(bytes: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], bytes].concat())
}

/// An identifier whose arcs are already encoded.
pub(super) fn object_id(encoded: &[u8]) -> Vec<u8> {
    element(OBJECT_ID, encoded)
}

/// Reads elements one after another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a>(pub &'a [u8]);

/// An element that was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    /// With its tag and length.
    pub whole: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The next element; nothing at the end and where the encoding is wrong.
    pub fn any(&mut self) -> Option<Element<'a>> {
        let bytes = self.0;
        let (tag, length) = (*bytes.first()?, *bytes.get(1)?);
        let (start, length) = match length {
            0..0x80 => (2, usize::from(length)),
            _ => {
                let count = usize::from(length & 0x7f);
                let digits = bytes.get(2..2 + count).filter(|_| (1..=4).contains(&count))?;
                (2 + count, digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)))
            }
        };
        let content = bytes.get(start..start.checked_add(length)?)?;
        let (whole, rest) = bytes.split_at(start + length);
        self.0 = rest;
        Some(Element { tag, content, whole })
    }

    /// The next element if it has that tag.
    pub fn tagged(&mut self, tag: u8) -> Option<Element<'a>> {
        let mut ahead = *self;
        let found = ahead.any().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(found)
    }

    /// The elements inside the next one, which must have that tag.
    pub fn inside(&mut self, tag: u8) -> Option<Reader<'a>> {
        self.tagged(tag).map(|element| Reader(element.content))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

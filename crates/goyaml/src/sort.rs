//! The order in which go-yaml writes the keys of a map: as people would, with numbers by value.

use std::cmp::Ordering;

use crate::scalar::Scalar;
use crate::scan::fault::Dialect;

/// Sorts entries by key. Go's comparison is no total order for every set of keys, and the standard library may panic
/// on such ones, so the sorting is done here.
pub(crate) fn sort_naturally<V>(entries: &mut [(Scalar<'_>, V)], dialect: Dialect) {
    merge_sort(entries, &|one, other| key_less(&one.0, &other.0, dialect));
}

/// Runs up to this length are sorted by insertion.
const SHORT: usize = 12;

fn merge_sort<T>(items: &mut [T], less: &impl Fn(&T, &T) -> bool) {
    if items.len() <= SHORT {
        return insertion_sort(items, less);
    }
    let middle = items.len() / 2;
    merge_sort(&mut items[..middle], less);
    merge_sort(&mut items[middle..], less);
    // The places from which the merged items come, then moved along their cycles.
    let (mut left, mut right) = (0, middle);
    let mut sources = Vec::with_capacity(items.len());
    while left < middle || right < items.len() {
        let take_right = left == middle || right < items.len() && less(&items[right], &items[left]);
        let next = if take_right { &mut right } else { &mut left };
        sources.push(*next);
        *next += 1;
    }
    for place in 0..sources.len() {
        let mut source = sources[place];
        while source < place {
            source = sources[source];
        }
        items.swap(place, source);
        sources[place] = source;
    }
}

fn insertion_sort<T>(items: &mut [T], less: &impl Fn(&T, &T) -> bool) {
    for end in 1..items.len() {
        let mut place = end;
        while place > 0 && less(&items[place], &items[place - 1]) {
            items.swap(place, place - 1);
            place -= 1;
        }
    }
}

fn key_less(one: &Scalar<'_>, other: &Scalar<'_>, dialect: Dialect) -> bool {
    match (one, other) {
        (Scalar::String(one), Scalar::String(other)) => text_less(one, other, dialect),
        _ => other_key_less(one, other),
    }
}

/// Numbers and booleans by value; between other kinds Go's numbering of kinds decides.
fn other_key_less(one: &Scalar<'_>, other: &Scalar<'_>) -> bool {
    match (key_number(one), key_number(other)) {
        (Some(a), Some(b)) if a != b => a < b,
        (Some(_), Some(_)) if kind_rank(one) != kind_rank(other) => kind_rank(one) < kind_rank(other),
        (Some(_), Some(_)) => match (one, other) {
            (Scalar::Int(a), Scalar::Int(b)) => a < b,
            (Scalar::Uint(a), Scalar::Uint(b)) => a < b,
            _ => false,
        },
        _ => kind_rank(one) < kind_rank(other),
    }
}

fn key_number(key: &Scalar<'_>) -> Option<f64> {
    match key {
        Scalar::Bool(flag) => Some(f64::from(u8::from(*flag))),
        Scalar::Int(number) => Some(*number as f64),
        Scalar::Uint(number) => Some(*number as f64),
        Scalar::Float(number) => Some(*number),
        Scalar::Null | Scalar::String(_) | Scalar::Timestamp(_) => None,
    }
}

fn kind_rank(key: &Scalar<'_>) -> u8 {
    match key {
        Scalar::Null => 0,
        Scalar::Bool(_) => 1,
        Scalar::Int(_) => 2,
        Scalar::Uint(_) => 3,
        Scalar::Float(_) => 4,
        Scalar::String(_) => 5,
        Scalar::Timestamp(_) => 6,
    }
}

/// Whether one text comes before another: digits as numbers, other signs before letters.
pub(crate) fn text_less(one: &str, other: &str, dialect: Dialect) -> bool {
    let same = one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let mut place = same;
    while !one.is_char_boundary(place) {
        place -= 1;
    }
    let (Some(a), Some(b)) = (first_char(one, place), first_char(other, place)) else {
        return one.len() < other.len();
    };
    match (a.is_alphabetic(), b.is_alphabetic()) {
        (true, true) => a < b,
        (false, false) => number_order(one, other, place).unwrap_or(a.cmp(&b)).is_lt(),
        // v3 takes the end of a number for less than a letter behind it.
        (a_is_letter, b_is_letter) => match dialect {
            Dialect::V3 if one[..place].ends_with(|last: char| last.is_ascii_digit()) => a_is_letter,
            _ => b_is_letter,
        },
    }
}

fn first_char(text: &str, place: usize) -> Option<char> {
    text[place..].chars().next()
}

/// Compares the numbers that stand at this place; `None` when they tell nothing.
fn number_order(one: &str, other: &str, place: usize) -> Option<Ordering> {
    // A zero inside of a number counts, at its start it does not.
    let has_zero = one[place..].starts_with('0') || other[place..].starts_with('0');
    let before = one[..place].bytes().rev().take_while(u8::is_ascii_digit);
    let start = i64::from(has_zero && before.into_iter().any(|digit| digit != b'0'));
    let (one, one_length) = number_at(&one[place..], start);
    let (other, other_length) = number_at(&other[place..], start);
    let order = one.cmp(&other).then(one_length.cmp(&other_length));
    if order.is_eq() { None } else { Some(order) }
}

fn number_at(text: &str, start: i64) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    digits.fold((start, 0), |(number, length), digit| {
        (number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0')), length + 1)
    })
}

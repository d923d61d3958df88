//! The elements of a Go time layout, such as `2006`, `Jan` or `-07:00`.

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(OffsetStyle),
    Fraction(Fraction),
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetStyle {
    /// `Z` stands for no offset at all.
    pub zulu: bool,
    /// Parts are separated by colons.
    pub colons: bool,
    pub minutes: bool,
    pub seconds: bool,
}

/// How fractions of a second are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fraction {
    pub comma: bool,
    pub digits: usize,
    /// Trailing zeros are dropped (`.999`), not kept (`.000`).
    pub trimmed: bool,
}

pub(super) const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const SHORT_MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
pub(super) const LONG_WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
pub(super) const SHORT_WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// Cuts a layout at its first element: text before it, the element as written and as meant, the rest.
pub(super) fn next_element(layout: &str) -> (&str, Option<(Element, &str)>, &str) {
    let bytes = layout.as_bytes();
    for at in 0..bytes.len() {
        if let Some((skip, element, length)) = element_at(bytes, at) {
            let (before, rest) = layout.split_at(at + skip);
            let (written, rest) = rest.split_at(length);
            return (before, Some((element, written)), rest);
        }
    }
    (layout, None, "")
}

/// The element at this place: how many bytes of plain text stand before it, what it is, its length.
fn element_at(layout: &[u8], at: usize) -> Option<(usize, Element, usize)> {
    let rest = &layout[at..];
    let found = |element, length| Some((0, element, length));
    match rest[0] {
        b'J' if rest.starts_with(b"January") => found(Element::LongMonth, 7),
        b'J' if rest.starts_with(b"Jan") && !lower_case_at(rest, 3) => found(Element::Month, 3),
        b'M' if rest.starts_with(b"Monday") => found(Element::LongWeekday, 6),
        b'M' if rest.starts_with(b"Mon") && !lower_case_at(rest, 3) => found(Element::Weekday, 3),
        b'M' if rest.starts_with(b"MST") => found(Element::ZoneName, 3),
        b'0' if rest.starts_with(b"002") => found(Element::ZeroYearDay, 3),
        b'0' => found(zero_padded(*rest.get(1)?)?, 2),
        b'1' if rest.starts_with(b"15") => found(Element::Hour, 2),
        b'1' => found(Element::NumMonth, 1),
        b'2' if rest.starts_with(b"2006") => found(Element::LongYear, 4),
        b'2' => found(Element::Day, 1),
        // `_2006` is an underscore before a year.
        b'_' if rest.starts_with(b"_2006") => Some((1, Element::LongYear, 4)),
        b'_' if rest.starts_with(b"_2") => found(Element::UnderDay, 2),
        b'_' if rest.starts_with(b"__2") => found(Element::UnderYearDay, 3),
        b'3' => found(Element::Hour12, 1),
        b'4' => found(Element::Minute, 1),
        b'5' => found(Element::Second, 1),
        b'P' if rest.starts_with(b"PM") => found(Element::UpperPm, 2),
        b'p' if rest.starts_with(b"pm") => found(Element::LowerPm, 2),
        b'-' | b'Z' => offset(rest).map(|(style, length)| (0, Element::Offset(style), length)),
        b'.' | b',' => fraction(rest).map(|(fraction, length)| (0, Element::Fraction(fraction), length)),
        _ => None,
    }
}

fn lower_case_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(u8::is_ascii_lowercase)
}

fn zero_padded(digit: u8) -> Option<Element> {
    Some(match digit {
        b'1' => Element::ZeroMonth,
        b'2' => Element::ZeroDay,
        b'3' => Element::ZeroHour12,
        b'4' => Element::ZeroMinute,
        b'5' => Element::ZeroSecond,
        b'6' => Element::Year,
        _ => return None,
    })
}

fn offset(text: &[u8]) -> Option<(OffsetStyle, usize)> {
    let zulu = text[0] == b'Z';
    let style = |colons, minutes, seconds| OffsetStyle { zulu, colons, minutes, seconds };
    let spellings: [(&[u8], OffsetStyle); 5] = [
        (b"070000", style(false, true, true)),
        (b"07:00:00", style(true, true, true)),
        (b"0700", style(false, true, false)),
        (b"07:00", style(true, true, false)),
        (b"07", style(false, false, false)),
    ];
    spellings
        .into_iter()
        .find(|(spelling, _)| text[1..].starts_with(spelling))
        .map(|(spelling, style)| (style, 1 + spelling.len()))
}

/// A run of only zeros or only nines behind a point or comma; no other digit may follow.
fn fraction(text: &[u8]) -> Option<(Fraction, usize)> {
    let digit = *text.get(1).filter(|digit| matches!(digit, b'0' | b'9'))?;
    let digits = text[1..].iter().take_while(|byte| **byte == digit).count();
    if text.get(1 + digits).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    Some((Fraction { comma: text[0] == b',', digits, trimmed: digit == b'9' }, 1 + digits))
}

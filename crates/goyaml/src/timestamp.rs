//! Moments: the four layouts that go-yaml takes, with the tolerance of Go's time.Parse.

/// The moment as RFC 3339 text with nanoseconds where there are any; `None` for any other text.
pub(crate) fn canonical(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[4] != b'-' || !bytes[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut input = Input { rest: &text[5..] };
    let month = input.number()?;
    input.expect('-')?;
    let day = input.number()?;
    let year: u32 = text[..4].parse().ok()?;
    if !(1..=12).contains(&month) || !(1..=days_in(month, year)).contains(&day) {
        return None;
    }
    let date = format!("{}-{month:02}-{day:02}", &text[..4]);
    match input.rest.as_bytes().first() {
        None => Some(format!("{date}T00:00:00Z")),
        Some(b'T' | b't') => {
            input.rest = &input.rest[1..];
            let time = input.time()?;
            let zone = input.zone()?;
            input.end()?;
            Some(format!("{date}T{time}{zone}"))
        }
        Some(b' ') => {
            input.rest = input.rest.trim_start_matches(' ');
            let time = input.time()?;
            input.end()?;
            Some(format!("{date}T{time}Z"))
        }
        Some(_) => None,
    }
}

struct Input<'a> {
    rest: &'a str,
}

impl<'a> Input<'a> {
    fn expect(&mut self, character: char) -> Option<()> {
        self.rest = self.rest.strip_prefix(character)?;
        Some(())
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    fn take_digits(&mut self, most: usize) -> &'a str {
        let count = self.rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(count);
        self.rest = rest;
        digits
    }

    /// One or two digits.
    fn number(&mut self) -> Option<u32> {
        self.take_digits(2).parse().ok()
    }

    fn two_digits(&mut self) -> Option<u32> {
        let digits = self.take_digits(2);
        if digits.len() == 2 { digits.parse().ok() } else { None }
    }

    /// `15:4:5.999`, with a comma as well.
    fn time(&mut self) -> Option<String> {
        let hour = self.number()?;
        self.expect(':')?;
        let minute = self.number()?;
        self.expect(':')?;
        let second = self.number()?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let fraction = self.fraction();
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        Some(format!("{hour:02}:{minute:02}:{second:02}{point}{fraction}"))
    }

    /// The fraction's digits to the nanosecond.
    fn fraction(&mut self) -> &'a str {
        let bytes = self.rest.as_bytes();
        if !matches!(bytes, [b'.' | b',', b'0'..=b'9', ..]) {
            return "";
        }
        self.rest = &self.rest[1..];
        let digits = self.take_digits(usize::MAX);
        &digits[..digits.len().min(9)]
    }

    /// `Z` or an offset like `+02:00`; go lets 24 hours and 60 minutes pass.
    fn zone(&mut self) -> Option<String> {
        if self.expect('Z').is_some() {
            return Some("Z".to_owned());
        }
        let sign = if self.expect('+').is_some() { '+' } else { self.expect('-').map(|()| '-')? };
        let hour = self.two_digits()?;
        self.expect(':')?;
        let minute = self.two_digits()?;
        if hour > 24 || minute > 60 {
            return None;
        }
        let minutes = hour * 60 + minute;
        match minutes {
            0 => Some("Z".to_owned()),
            _ => Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)),
        }
    }
}

fn days_in(month: u32, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

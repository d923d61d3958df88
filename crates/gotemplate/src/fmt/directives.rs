//! Format strings: `%[index]flags width.precision verb`.

use super::Printer;
use super::flags::Flags;
use crate::{Value, utf8};

/// Numbers beyond this are no widths.
const TOO_LARGE: i64 = 1_000_000;

/// Writes `format` with its directives replaced.
pub(super) fn run(printer: &mut Printer, format: &[u8], values: &[Value]) {
    let mut reader =
        Reader { format, at: 0, values, next: 0, reordered: false, good_index: true, after_index: false };
    while reader.at < format.len() && printer.exhausted.is_none() {
        reader.copy_text(printer);
        if reader.at < format.len() {
            reader.at += 1;
            reader.directive(printer);
        }
    }
    reader.report_extra(printer);
    printer.flags = Flags::default();
}

struct Reader<'a> {
    format: &'a [u8],
    at: usize,
    values: &'a [Value],
    next: usize,
    reordered: bool,
    good_index: bool,
    after_index: bool,
}

impl Reader<'_> {
    fn copy_text(&mut self, printer: &mut Printer) {
        let rest = &self.format[self.at..];
        let end = rest.iter().position(|&byte| byte == b'%').unwrap_or(rest.len());
        printer.out.extend_from_slice(&rest[..end]);
        self.at += end;
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    fn directive(&mut self, printer: &mut Printer) {
        printer.flags = Flags::default();
        self.good_index = true;
        self.after_index = false;
        self.read_flags(&mut printer.flags);
        self.read_index();
        self.read_width(printer);
        self.read_precision(printer);
        if !self.after_index {
            self.read_index();
        }
        match utf8::decode(&self.format[self.at..]) {
            None => printer.out.extend_from_slice(b"%!(NOVERB)"),
            Some((verb, length)) => {
                self.at += length;
                self.print(printer, verb);
            }
        }
    }

    fn read_flags(&mut self, flags: &mut Flags) {
        while let Some(byte) = self.peek() {
            match byte {
                b'#' => flags.sharp = true,
                b'0' => flags.zero = true,
                b'+' => flags.plus = true,
                b'-' => flags.minus = true,
                b' ' => flags.space = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn read_width(&mut self, printer: &mut Printer) {
        if self.peek() == Some(b'*') {
            self.at += 1;
            self.after_index = false;
            match self.number_argument() {
                Some(width) => {
                    printer.flags.width = Some(width.unsigned_abs() as usize);
                    if width < 0 {
                        printer.flags.minus = true;
                        printer.flags.zero = false;
                    }
                }
                None => printer.out.extend_from_slice(b"%!(BADWIDTH)"),
            }
            return;
        }
        printer.flags.width = self.number();
        if self.after_index && printer.flags.width.is_some() {
            self.good_index = false;
        }
    }

    fn read_precision(&mut self, printer: &mut Printer) {
        // Go wants a byte behind the dot; without one the dot is taken as the verb.
        if self.peek() != Some(b'.') || self.at + 1 >= self.format.len() {
            return;
        }
        self.at += 1;
        if self.after_index {
            self.good_index = false;
        }
        self.read_index();
        if self.peek() != Some(b'*') {
            printer.flags.precision = Some(self.number().unwrap_or(0));
            return;
        }
        self.at += 1;
        self.after_index = false;
        printer.flags.precision = self.number_argument().and_then(|number| usize::try_from(number).ok());
        if printer.flags.precision.is_none() {
            printer.out.extend_from_slice(b"%!(BADPREC)");
        }
    }

    fn print(&mut self, printer: &mut Printer, verb: char) {
        if verb == '%' {
            printer.out.push(b'%');
        } else if !self.good_index {
            marker(printer, verb, "(BADINDEX)");
        } else if self.next >= self.values.len() {
            marker(printer, verb, "(MISSING)");
        } else {
            if matches!(verb, 'v' | 'w') {
                printer.flags.for_value();
            }
            printer.print_arg(&self.values[self.next], verb);
            self.next += 1;
        }
    }

    /// A decimal number; too large a one is none, and ends the format as in Go.
    fn number(&mut self) -> Option<usize> {
        let mut number: Option<i64> = None;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            let sofar = number.unwrap_or(0);
            if sofar > TOO_LARGE {
                self.at = self.format.len();
                return None;
            }
            number = Some(sofar * 10 + i64::from(digit - b'0'));
            self.at += 1;
        }
        number.and_then(|number| usize::try_from(number).ok())
    }

    /// The number for a `*`, from the next argument.
    fn number_argument(&mut self) -> Option<i64> {
        let value = self.values.get(self.next)?;
        self.next += 1;
        value.as_integer().filter(|number| (-TOO_LARGE..=TOO_LARGE).contains(number))
    }

    /// `[n]`: which argument comes next.
    fn read_index(&mut self) {
        self.after_index = false;
        if self.peek() != Some(b'[') {
            return;
        }
        self.reordered = true;
        let rest = &self.format[self.at..];
        let Some(close) = rest.iter().position(|&byte| byte == b']') else {
            self.at += 1;
            self.good_index = false;
            return;
        };
        let index = bracket_number(&rest[1..close]);
        self.at += close + 1;
        self.after_index = index.is_some();
        match index.filter(|&index| (1..=self.values.len()).contains(&index)) {
            Some(index) => self.next = index - 1,
            None => self.good_index = false,
        }
    }

    fn report_extra(&self, printer: &mut Printer) {
        let extra = self.values.get(self.next..).unwrap_or(&[]);
        if self.reordered || extra.is_empty() {
            return;
        }
        printer.flags = Flags::default();
        printer.out.extend_from_slice(b"%!(EXTRA ");
        for (at, value) in extra.iter().enumerate() {
            if at > 0 {
                printer.out.extend_from_slice(b", ");
            }
            if !value.is_nil() {
                printer.out.extend_from_slice(value.go_type().as_bytes());
                printer.out.push(b'=');
            }
            printer.print_arg(value, 'v');
        }
        printer.out.push(b')');
    }
}

/// The whole of `digits` as a number that is not too large.
fn bracket_number(digits: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&number: &usize| plain && number <= 10 * TOO_LARGE as usize)
}

fn marker(printer: &mut Printer, verb: char, text: &str) {
    printer.out.extend_from_slice(b"%!");
    printer.push_char(verb);
    printer.out.extend_from_slice(text.as_bytes());
}

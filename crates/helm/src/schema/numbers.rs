//! Numbers in the words of schema faults: for people, with commas and powers of ten.

/// A number as the text of a fault shows it: `65,536`, `1.5×10⁻⁰⁵`.
pub(super) fn shown(number: &str) -> String {
    let Ok(value) = number.parse::<f64>() else { return number.to_owned() };
    let text = goyaml::shortest_float(value);
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let power: String = exponent.chars().filter_map(superscript).collect();
            format!("{digits}×10{power}")
        }
        None => grouped(&text),
    }
}

/// The digits before the point in groups of three.
pub(super) fn grouped(number: &str) -> String {
    let (whole, rest) = number.split_at(number.find('.').unwrap_or(number.len()));
    let (sign, digits) = whole.split_at(usize::from(whole.starts_with('-')));
    let mut out = sign.to_owned();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out + rest
}

fn superscript(c: char) -> Option<char> {
    Some(match c {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_for_people() {
        for (number, expected) in [
            ("5", "5"),
            ("1234", "1,234"),
            ("-99999", "-99,999"),
            ("123456.789", "123,456.789"),
            ("1234567", "1.234567×10⁰⁶"),
            ("0.000015", "1.5×10⁻⁰⁵"),
            ("1e21", "1×10²¹"),
            ("0.0001", "0.0001"),
        ] {
            assert_eq!(shown(number), expected);
        }
        assert_eq!(grouped("1234567"), "1,234,567");
    }
}

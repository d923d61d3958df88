//! Resource quantities: `1000m` and `1` are one amount.

use serde_json::Value;

/// A quantity as nano units; none where it is no quantity or too large to be sure.
pub(super) fn nano_units(value: &Value) -> Option<i128> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        _ => return None,
    };
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.len() > 9 || whole.len() > 15 {
        return None;
    }
    let nano = 1_000_000_000_i128;
    let whole: i128 = whole.parse().ok()?;
    let fraction: i128 = if fraction.is_empty() { 0 } else { format!("{fraction:0<9}").parse().ok()? };
    let amount = whole * nano + fraction;
    let multiplier: i128 = match suffix {
        "" => 1,
        "m" => return (amount % 1000 == 0).then_some(amount / 1000),
        "k" => 1_000,
        "M" => 1_000_000,
        "G" => 1_000_000_000,
        "T" => 1_000_000_000_000,
        "Ki" => 1 << 10,
        "Mi" => 1 << 20,
        "Gi" => 1 << 30,
        "Ti" => 1 << 40,
        _ => return None,
    };
    amount.checked_mul(multiplier)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(quantity: Value, expected: Option<i128>) {
        assert_eq!(nano_units(&quantity), expected, "{quantity}");
    }

    #[test]
    fn amounts_are_read_or_left_alone() {
        check(json!(1), Some(1_000_000_000));
        check(json!("1000m"), Some(1_000_000_000));
        check(json!("0.5"), Some(500_000_000));
        check(json!("1Ki"), Some(1_024_000_000_000));
        check(json!("1.5Gi"), nano_units(&json!("1536Mi")));
        for odd in [
            json!(""),
            json!("m"),
            json!("1e3"),
            json!("-1"),
            json!("1x"),
            json!(1.5),
            json!("99999999999999999999"),
            json!("1.2.3"),
        ] {
            check(odd, None);
        }
    }
}

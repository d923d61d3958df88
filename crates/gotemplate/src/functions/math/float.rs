//! Float operations whose last bit or special cases differ between Go and Rust.

/// The larger; not a number where either is none.
pub(super) fn max(one: f64, other: f64) -> f64 {
    match (one, other) {
        _ if one == f64::INFINITY || other == f64::INFINITY => f64::INFINITY,
        _ if one.is_nan() || other.is_nan() => f64::NAN,
        // Of the two zeros the positive one is larger.
        _ if one == 0.0 && other == 0.0 => one + other,
        _ => one.max(other),
    }
}

/// The smaller; not a number where either is none.
pub(super) fn min(one: f64, other: f64) -> f64 {
    match (one, other) {
        _ if one == f64::NEG_INFINITY || other == f64::NEG_INFINITY => f64::NEG_INFINITY,
        _ if one.is_nan() || other.is_nan() => f64::NAN,
        _ if one == 0.0 && one.is_sign_negative() => {
            if other < one {
                other
            } else {
                one
            }
        }
        _ => {
            if other < one || other == one && other.is_sign_negative() {
                other
            } else {
                one
            }
        }
    }
}

/// 10 to that power, by the multiplications that Go's `math.Pow` does.
pub(super) fn power_of_ten(exponent: i64) -> f64 {
    match exponent {
        0 => return 1.0,
        1 => return 10.0,
        ..-400 => return 0.0,
        401.. => return f64::INFINITY,
        _ => {}
    }
    // 10 = 0.625 * 2^4; fraction and binary exponent are multiplied apart.
    let (mut fraction, mut binary) = (0.625f64, 4i32);
    let (mut result, mut result_binary) = (1.0f64, 0i32);
    let mut left = exponent.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            result *= fraction;
            result_binary += binary;
        }
        fraction *= fraction;
        binary *= 2;
        if fraction < 0.5 {
            fraction += fraction;
            binary -= 1;
        }
        left >>= 1;
    }
    if exponent < 0 {
        (result, result_binary) = (1.0 / result, -result_binary);
    }
    scaled(result, result_binary)
}

/// `fraction * 2^binary`, rounded once.
fn scaled(fraction: f64, binary: i32) -> f64 {
    let half = binary / 2;
    let power = |exponent: i32| 2f64.powi(exponent);
    match binary {
        -1000..=1000 => fraction * power(binary),
        // Beyond, two factors are needed; the first product is still exact.
        _ => fraction * power(binary - half.signum() * 900) * power(half.signum() * 900),
    }
}

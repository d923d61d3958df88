//! Exact decimal numbers, for sums and products without the noise of binary fractions.

use num_bigint::{BigInt, Sign};

use crate::functions::FunctionError;

/// How many places a quotient has.
const QUOTIENT_PLACES: i64 = 16;
/// No number is longer than this, in bits.
const MAX_BITS: u64 = 1 << 22;

/// `digits * 10^exponent`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal {
    digits: BigInt,
    exponent: i64,
}

impl Decimal {
    /// The shortest decimal that reads back as this float; nothing for infinities and NaN.
    pub fn of(number: f64) -> Option<Self> {
        if !number.is_finite() {
            return None;
        }
        let text = format!("{number:e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits: i64 = format!("{whole}{fraction}").parse().ok()?;
        let exponent = exponent.parse::<i64>().ok()? - fraction.len() as i64;
        Some(Self { digits: digits.into(), exponent })
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Self {
        let (one, other, exponent) = self.aligned(other);
        Self { digits: one + other, exponent }
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Self {
        let (one, other, exponent) = self.aligned(other);
        Self { digits: one - other, exponent }
    }

    /// The product.
    pub fn times(self, other: Self) -> Self {
        Self { digits: self.digits * other.digits, exponent: self.exponent + other.exponent }
    }

    /// The quotient to 16 places; a half goes away from zero.
    ///
    /// # Errors
    /// When the divisor is zero, or the quotient is too long to be worth it.
    pub fn divided_by(self, other: Self) -> Result<Self, FunctionError> {
        if other.digits.sign() == Sign::NoSign {
            return Err(FunctionError::new("decimal division by 0"));
        }
        let shift = self.exponent - other.exponent + QUOTIENT_PLACES;
        if shift.unsigned_abs().saturating_mul(4) > MAX_BITS {
            return Err(FunctionError::new("overflow in decimal QuoRem"));
        }
        let power = power_of_ten(shift.unsigned_abs());
        let (dividend, divisor) =
            if shift < 0 { (self.digits, other.digits * power) } else { (self.digits * power, other.digits) };
        let quotient = &dividend / &divisor;
        let rest = &dividend - &quotient * &divisor;
        let half_or_more = rest.magnitude() * 2u32 >= *divisor.magnitude();
        let away: i32 = match (half_or_more, dividend.sign() == divisor.sign()) {
            (false, _) => 0,
            (true, true) => 1,
            (true, false) => -1,
        };
        Ok(Self { digits: quotient + away, exponent: -QUOTIENT_PLACES })
    }

    /// The nearest float; a half goes to the even one.
    pub fn to_float(&self) -> f64 {
        // The standard library rounds decimal texts of any length rightly.
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The length in bits, to charge for.
    pub fn size(&self) -> u64 {
        self.digits.bits()
    }

    /// Both digits at the lower of the two exponents.
    fn aligned(self, other: Self) -> (BigInt, BigInt, i64) {
        let exponent = self.exponent.min(other.exponent);
        let lower = |number: Self| {
            let places = number.exponent.abs_diff(exponent);
            // Zero stays zero; nothing is gained from making its power.
            if places == 0 || number.digits.sign() == Sign::NoSign {
                return number.digits;
            }
            number.digits * power_of_ten(places)
        };
        (lower(self), lower(other), exponent)
    }
}

fn power_of_ten(exponent: u64) -> BigInt {
    BigInt::from(10).pow(u32::try_from(exponent).unwrap_or(u32::MAX))
}

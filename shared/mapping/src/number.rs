//! Exact decimals: what does not fit is refused, never rounded unasked.

use rust_decimal::Decimal;

use crate::fault::Cause;

/// Reads a decimal as vendors write it, exponents included.
pub(crate) fn read(text: &str) -> Result<Decimal, Cause> {
    let text = text.trim();
    if !is_number(text) {
        return Err(Cause::Unreadable { expected: "a decimal number" });
    }
    let decimal = |digits| Decimal::from_str_exact(digits).map_err(|_| Cause::TooLarge);
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => shifted(decimal(mantissa)?, exponent).ok_or(Cause::TooLarge),
        None => Ok(decimal(text)?.normalize()),
    }
}

/// `number` times ten to the `exponent`, in whole numbers: `Decimal::from_scientific` rounds what is too long.
fn shifted(number: Decimal, exponent: &str) -> Option<Decimal> {
    let number = number.normalize();
    if number.is_zero() {
        return Some(number);
    }
    let scale = i64::from(number.scale()) - i64::from(exponent.parse::<i32>().ok()?);
    let (digits, scale) = match u32::try_from(scale) {
        Ok(scale) => (number.mantissa(), scale),
        Err(_) => {
            let zeros = 10_i128.checked_pow(u32::try_from(-scale).ok()?)?;
            (number.mantissa().checked_mul(zeros)?, 0)
        }
    };
    Decimal::try_from_i128_with_scale(digits, scale).ok()
}

/// `-1.50`, `.5`, `2e3`; not `1_000`, which `Decimal` would take and no vendor means.
fn is_number(text: &str) -> bool {
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (mantissa, exponent) = (unsigned(mantissa), unsigned(exponent));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = whole.len() + fraction.len();
    digits > 0 && is_digits(whole) && is_digits(fraction) && !exponent.is_empty() && is_digits(exponent)
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

/// Writes without exponent and without trailing zeros.
pub(crate) fn write(number: Decimal) -> String {
    if number.is_zero() { "0".to_owned() } else { number.normalize().to_string() }
}

/// Writes with exactly so many digits after the point; what has more is refused.
pub(crate) fn write_at(number: Decimal, scale: u32) -> Result<String, Cause> {
    let mut padded = if number.is_zero() { Decimal::ZERO } else { number.normalize() };
    if padded.scale() > scale {
        return Err(Cause::TooFine { scale });
    }
    padded.rescale(scale);
    // Padding that does not fit is left out by `rescale`.
    if padded.scale() == scale { Ok(padded.to_string()) } else { Err(Cause::TooLarge) }
}

/// Whether both are the same decimal, however they are written.
#[must_use]
pub fn is_same_number(one: &str, other: &str) -> bool {
    matches!((read(one), read(other)), (Ok(one), Ok(other)) if one == other)
}

pub(crate) fn add(left: Decimal, right: Decimal) -> Result<Decimal, Cause> {
    let (left, right) = (left.normalize(), right.normalize());
    let sum = left.checked_add(right).ok_or(Cause::TooLarge)?;
    // `Decimal` rounds what does not fit its 28 digits; the scale tells that it did.
    if sum.is_zero() || sum.scale() >= left.scale().max(right.scale()) {
        Ok(sum)
    } else {
        Err(Cause::TooLarge)
    }
}

pub(crate) fn multiply(left: Decimal, right: Decimal) -> Result<Decimal, Cause> {
    let (left, right) = (left.normalize(), right.normalize());
    let product = left.checked_mul(right).ok_or(Cause::TooLarge)?;
    let is_exact = left.is_zero() || right.is_zero() || product.scale() == left.scale() + right.scale();
    if is_exact { Ok(product) } else { Err(Cause::TooLarge) }
}

/// Divides to 28 digits: the one operation that cannot be exact.
pub(crate) fn divide(left: Decimal, right: Decimal) -> Result<Decimal, Cause> {
    if right.is_zero() {
        return Err(Cause::DividesByZero);
    }
    left.checked_div(right).ok_or(Cause::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_written_plainly() {
        assert_eq!(write(read("20.00000000").unwrap()), "20");
        assert_eq!(write(read("-0.00").unwrap()), "0");
        assert_eq!(write(read("1.5e-3").unwrap()), "0.0015");
        assert_eq!(write(read("7226306356013346628").unwrap()), "7226306356013346628");
    }

    #[test]
    fn what_is_padded_loses_no_digit() {
        let at = |text, scale| write_at(read(text).unwrap(), scale);
        assert_eq!(at("1.5", 2), Ok("1.50".to_owned()));
        assert_eq!(at("1.5000", 1), Ok("1.5".to_owned()));
        assert_eq!(at("-0.00", 2), Ok("0.00".to_owned()));
        assert_eq!(at("1.005", 2), Err(Cause::TooFine { scale: 2 }));
        assert_eq!(at("1234567890123456789012345678", 2), Err(Cause::TooLarge));
    }

    #[test]
    fn an_exponent_is_exact_or_refused() {
        for (text, plain) in [
            ("1.2345678901234567890123456789e0", "1.2345678901234567890123456789"),
            ("12345678901234567890123456789e-28", "1.2345678901234567890123456789"),
            ("1.5E+3", "1500"),
            ("-7.922816251426433759354395033e28", "-79228162514264337593543950330"),
            ("1e-28", "0.0000000000000000000000000001"),
            ("0e999999999999", "0"),
        ] {
            assert_eq!(write(read(text).unwrap()), plain, "{text}");
        }
        for text in [
            "1.2345678901234567890123456789012345e0",
            "1.2345678901234567890123456789e-1",
            "1e-29",
            "1e29",
            "1e999999999999",
            "1e-999999999999",
        ] {
            assert_eq!(read(text), Err(Cause::TooLarge), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_too_long_is_refused() {
        for text in ["", "-", ".", "e5", "1e", "--1", "abc", "1_000", "1,000", "1.2.3", "12元", "NaN"] {
            assert!(matches!(read(text), Err(Cause::Unreadable { .. })), "{text}");
        }
        assert_eq!(read(&"9".repeat(40)), Err(Cause::TooLarge));
        let long = read("1234567890.12345678").unwrap();
        assert_eq!(multiply(long, long), Err(Cause::TooLarge), "36 digits would be rounded");
        assert_eq!(divide(long, Decimal::ZERO), Err(Cause::DividesByZero));
    }
}

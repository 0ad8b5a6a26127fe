//! Amounts of lines that are rounded together: what rounding leaves goes to one of them, so that their sum is exact.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::expression::Expression;
use crate::fault::{Cause, Difference};
use crate::number;

/// How the amounts of a list's lines are rounded together.
#[derive(Debug, Clone)]
pub(crate) struct Remainder {
    pub(crate) bearer: Bearer,
    pub(crate) scale: u32,
    pub(crate) rounding: RoundingStrategy,
    /// What the lines sum up to; by default the rounded sum of what they are before rounding.
    pub(crate) total: Option<Total>,
}

/// An amount of the enclosing document.
#[derive(Debug, Clone)]
pub(crate) struct Total {
    pub(crate) amount: Expression,
    /// As written.
    pub(crate) source: String,
}

/// Which line takes what rounding leaves. A line of zero takes it only where there are no others: a gift gets no price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bearer {
    Last,
    /// The first of those with the largest amount.
    Largest,
}

impl Remainder {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.bearer == other.bearer
            && self.scale == other.scale
            && self.rounding == other.rounding
            && self.total.as_ref().map(|total| &total.source)
                == other.total.as_ref().map(|total| &total.source)
    }

    /// The amounts, rounded, so that they sum up to `total`, or to their exact sum, rounded.
    ///
    /// # Errors
    /// Where the difference to `total` is more than the lines' rounding can have left, `total` has more decimals than they, or
    /// the amounts have too many digits.
    pub(crate) fn rounded(&self, exact: &[Decimal], total: Option<Decimal>) -> Result<Vec<Decimal>, Cause> {
        let mut rounded: Vec<Decimal> =
            exact.iter().map(|amount| amount.round_dp_with_strategy(self.scale, self.rounding)).collect();
        let sum = rounded.iter().try_fold(Decimal::ZERO, |sum, amount| number::add(sum, *amount))?;
        let wanted = match total.map(|total| total.normalize()) {
            Some(total) if total.scale() > self.scale => return Err(Cause::TooFine { scale: self.scale }),
            Some(total) => total,
            None => Sum::of(exact).rounded(self.scale, self.rounding)?,
        };
        let left = number::add(wanted, -sum)?;
        if left.is_zero() {
            return Ok(rounded);
        }
        if total.is_some() && left.abs() > self.most_that_rounding_leaves(exact.len())? {
            let difference = Difference {
                left: number::write(sum),
                right: number::write(wanted),
                difference: number::write(-left),
                tolerance: "what rounding leaves".to_owned(),
            };
            return Err(Cause::Differs(Box::new(difference)));
        }
        if let Some(bearer) = self.bearer(&rounded) {
            rounded[bearer] = number::add(rounded[bearer], left)?;
        }
        Ok(rounded)
    }

    fn bearer(&self, amounts: &[Decimal]) -> Option<usize> {
        let last = amounts.len().checked_sub(1)?;
        let found = match self.bearer {
            Bearer::Last => amounts.iter().rposition(|amount| !amount.is_zero()),
            Bearer::Largest => {
                let largest = amounts.iter().map(Decimal::abs).max()?;
                amounts.iter().position(|amount| amount.abs() == largest && !largest.is_zero())
            }
        };
        Some(found.unwrap_or(last))
    }

    /// Half a unit of the last digit for each line where what is nearest is taken, else a whole one.
    fn most_that_rounding_leaves(&self, lines: usize) -> Result<Decimal, Cause> {
        let unit = Decimal::try_new(1, self.scale).map_err(|_| Cause::TooLarge)?;
        let is_to_the_nearest = matches!(
            self.rounding,
            RoundingStrategy::MidpointAwayFromZero | RoundingStrategy::MidpointNearestEven
        );
        let units = number::multiply(unit, Decimal::from(lines))?;
        if is_to_the_nearest { number::divide(units, Decimal::TWO) } else { Ok(units) }
    }
}

/// One unit of the 28th decimal is the finest that a decimal has.
const FINEST: i128 = 10_i128.pow(28);

/// A sum that is exact whatever the scales of its addends: a `Decimal` alone would be rounded at 28 digits, and a third has
/// as many.
#[derive(Default)]
struct Sum {
    whole: i128,
    /// In units of the 28th decimal, of no particular size or sign.
    fraction: i128,
}

impl Sum {
    fn of(amounts: &[Decimal]) -> Self {
        amounts.iter().fold(Self::default(), |sum, amount| {
            let fraction = amount.fract();
            let scaled = fraction.mantissa() * 10_i128.pow(28 - fraction.scale().min(28));
            // A `Decimal` without fraction is below 2^96, and lists are bounded by the size of a document.
            Self { whole: sum.whole + amount.trunc().mantissa(), fraction: sum.fraction + scaled }
        })
    }

    fn rounded(self, scale: u32, rounding: RoundingStrategy) -> Result<Decimal, Cause> {
        let (whole, fraction) =
            (self.whole + self.fraction.div_euclid(FINEST), self.fraction.rem_euclid(FINEST));
        // Rounding is by magnitude: -0.005 becomes what 0.005 does, with its sign.
        let is_negative = whole < 0;
        let (whole, fraction) = match (is_negative, fraction) {
            (false, _) => (whole, fraction),
            (true, 0) => (-whole, 0),
            (true, _) => (-whole - 1, FINEST - fraction),
        };
        // What is half way to an even digit may have to look at the last digit of the whole.
        let parity = whole % 2;
        let decimal =
            |number, scale| Decimal::try_from_i128_with_scale(number, scale).map_err(|_| Cause::TooLarge);
        let tail = decimal(parity * FINEST + fraction, 28)?.round_dp_with_strategy(scale, rounding);
        let sum = number::add(decimal(whole - parity, 0)?, tail)?;
        Ok(if is_negative { -sum } else { sum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimals(texts: &[&str]) -> Vec<Decimal> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn remainder(bearer: Bearer, scale: u32, rounding: RoundingStrategy) -> Remainder {
        Remainder { bearer, scale, rounding, total: None }
    }

    const HALF_UP: RoundingStrategy = RoundingStrategy::MidpointAwayFromZero;

    #[test]
    fn what_rounding_leaves_goes_to_the_named_line() {
        let thirds = decimals(&["3.335", "3.335", "3.335"]);
        let last = remainder(Bearer::Last, 2, HALF_UP).rounded(&thirds, None).unwrap();
        assert_eq!(last, decimals(&["3.34", "3.34", "3.33"]), "10.005 is 10.01");
        let amounts = decimals(&["1.004", "9.004", "1.004"]);
        let largest = remainder(Bearer::Largest, 2, HALF_UP).rounded(&amounts, None).unwrap();
        assert_eq!(largest, decimals(&["1.00", "9.01", "1.00"]), "11.012 is 11.01");
    }

    #[test]
    fn a_gift_takes_no_remainder() {
        let amounts = decimals(&["3.335", "3.335", "3.335", "0"]);
        let last = remainder(Bearer::Last, 2, HALF_UP).rounded(&amounts, None).unwrap();
        assert_eq!(last, decimals(&["3.34", "3.34", "3.33", "0"]));
    }

    #[test]
    fn a_total_that_rounding_does_not_explain_is_refused() {
        let amounts = decimals(&["33.33", "33.33", "33.33"]);
        let rule = remainder(Bearer::Last, 2, HALF_UP);
        let closed = rule.rounded(&amounts, Some("100".parse().unwrap())).unwrap();
        assert_eq!(closed, decimals(&["33.33", "33.33", "33.34"]));
        let refused = rule.rounded(&amounts, Some("100.05".parse().unwrap())).unwrap_err();
        assert!(matches!(refused, Cause::Differs(found) if found.difference == "-0.06"));
    }

    #[test]
    fn sums_are_exact_beyond_the_digits_of_a_decimal() {
        let third = Decimal::ONE / Decimal::from(3);
        let sum = Sum::of(&[third, third, third, Decimal::from(100)]).rounded(20, HALF_UP).unwrap();
        assert_eq!(sum, Decimal::from(101));
        for (amounts, rounding, expected) in [
            (["-1.001", "-0.004"], HALF_UP, "-1.01"),
            (["1", "0.5"], RoundingStrategy::MidpointNearestEven, "2"),
            (["2", "0.5"], RoundingStrategy::MidpointNearestEven, "2"),
            (["-0.001", "0.0009"], RoundingStrategy::AwayFromZero, "-1"),
        ] {
            let scale = if expected.contains('.') { 2 } else { 0 };
            let sum = Sum::of(&decimals(&amounts)).rounded(scale, rounding).unwrap();
            assert_eq!(sum, expected.parse().unwrap(), "{amounts:?}");
        }
    }
}

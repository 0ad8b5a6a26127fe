//! `share` of `[split]`: amounts of a document as a whole, such as its postage, shared out over its parts. Together the parts have
//! what the document has, to the last digit.

use rust_decimal::Decimal;
use serde_json::Value;

use crate::expression::{Datum, Expression, Failing, Path, Scope, Step, amount, find, is_absent};
use crate::fault::{Cause, Fault};
use crate::number;
use crate::remainder::Remainder;

/// What is shared out, and how.
#[derive(Debug)]
pub(crate) struct Share {
    /// The amounts: fields alone, from the top of the document.
    pub(crate) amounts: Vec<Path>,
    /// What a line counts beside the others, read in a line.
    pub(crate) by: Expression,
    /// As the flow file has it.
    pub(crate) by_text: String,
    /// Which part takes what rounding leaves.
    pub(crate) remainder: Remainder,
}

impl Share {
    /// What each part has of each amount, as it is written; `None` where the document has no such amount. A part has the lines
    /// of these places, of those that are given.
    ///
    /// # Errors
    /// What counts of a line, or an amount, is no number, or has more decimals than are shared out.
    pub(crate) fn out(
        &self,
        document: &Scope<'_>,
        list: &Path,
        lines: &[&Value],
        parts: &[&[usize]],
    ) -> Result<Vec<Vec<Option<String>>>, Fault> {
        let weights = self.weights(document, list, lines, parts)?;
        let mut shares = vec![Vec::with_capacity(self.amounts.len()); parts.len()];
        for path in &self.amounts {
            let fault =
                |value: Option<&str>, cause| Fault::new("split.share".to_owned(), &path.text, value, cause);
            let Some(found) = find(path, document).filter(|found| !is_absent(found)) else {
                shares.iter_mut().for_each(|part| part.push(None));
                continue;
            };
            let datum = Datum::Json(found);
            let shown = datum.shown();
            let shared = datum.decimal().and_then(|whole| self.of(whole, &weights));
            let shared = shared.map_err(|cause| fault(Some(&shown), cause))?;
            shares.iter_mut().zip(shared).for_each(|(part, text)| part.push(Some(text)));
        }
        Ok(shares)
    }

    fn of(&self, whole: Decimal, weights: &[Decimal]) -> Result<Vec<String>, Cause> {
        let sum = weights.iter().try_fold(Decimal::ZERO, |sum, weight| number::add(sum, *weight))?;
        let exact: Option<Vec<_>> = weights.iter().map(|weight| proportion(whole, *weight, sum)).collect();
        let rounded = self.remainder.rounded(&exact.ok_or(Cause::TooLarge)?, Some(whole))?;
        rounded.into_iter().map(|amount| number::write_at(amount, self.remainder.scale)).collect()
    }

    /// What each part counts. Where all of them come to nothing, such as gifts alone, each counts as much as the others.
    fn weights(
        &self,
        document: &Scope<'_>,
        list: &Path,
        lines: &[&Value],
        parts: &[&[usize]],
    ) -> Result<Vec<Decimal>, Fault> {
        let fault = |Failing { source, value, cause }| {
            Fault::new("split.share_by".to_owned(), &source, value.as_deref(), cause)
        };
        let weight = |place: &usize| match lines.get(*place) {
            Some(line) => amount(&self.by, &Scope::line(document, list, line, *place))
                .map_err(|failing| fault(failing.at_line(list, *place))),
            None => Ok(Decimal::ZERO),
        };
        let too_large = |cause| fault(Failing { source: self.by_text.clone(), value: None, cause });
        let mut weights = Vec::with_capacity(parts.len());
        for part in parts {
            let mut sum = Decimal::ZERO;
            for place in *part {
                sum = number::add(sum, weight(place)?).map_err(too_large)?;
            }
            weights.push(sum);
        }
        let sum = weights.iter().try_fold(Decimal::ZERO, |sum, weight| number::add(sum, *weight));
        Ok(if sum.map_err(too_large)?.is_zero() { vec![Decimal::ONE; parts.len()] } else { weights })
    }
}

/// A part of a whole, before it is rounded. Rounding is exact whatever the 28th digit is.
fn proportion(whole: Decimal, weight: Decimal, sum: Decimal) -> Option<Decimal> {
    let product = whole.checked_mul(weight).and_then(|product| product.checked_div(sum));
    product.or_else(|| weight.checked_div(sum)?.checked_mul(whole))
}

/// Puts a text where that path leads.
pub(crate) fn put(document: &mut Value, path: &Path, text: &str) {
    let mut at = Some(document);
    for step in &path.steps {
        at = match step {
            Step::Field(name, _) => at.and_then(|value| value.get_mut(name)),
            _ => None,
        };
    }
    if let Some(value) = at {
        *value = Value::from(text);
    }
}

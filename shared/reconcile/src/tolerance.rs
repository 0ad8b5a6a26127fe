//! By how much two sides may differ.

use std::collections::BTreeMap;

use relay_connector::{Measures, lenient};
use rust_decimal::Decimal;
use serde_json::Value;

use crate::compare::Differing;

/// The setting of the tolerances that hold for every reconciliation.
pub const TOLERATE: &str = "RELAY_RECONCILE_TOLERATE";

/// What a document may be in the target's list of a day without being known here.
const EXTRA: &str = "extra";

/// By how much fields may differ, by their names; `amount` is every amount and price, `quantity` every quantity, and `extra` is
/// what the target has and nobody here knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tolerances(BTreeMap<String, Option<Decimal>>);

impl Tolerances {
    /// Reads `amount=0.01` (up to so much) and `remark` (whatever it is), any number of them.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse<'t>(texts: impl IntoIterator<Item = &'t str>) -> Result<Self, String> {
        let mut tolerances = BTreeMap::new();
        for text in texts.into_iter().map(str::trim).filter(|text| !text.is_empty()) {
            let (name, bound) = match text.split_once('=') {
                None => (text, None),
                Some((name, bound)) => {
                    let bound =
                        bound.trim().parse::<Decimal>().ok().filter(|bound| !bound.is_sign_negative());
                    let bound = bound.ok_or_else(|| {
                        format!("`{text}` is no tolerance such as amount=0.01, or remark (whatever it is)")
                    })?;
                    (name.trim(), Some(bound))
                }
            };
            tolerances.insert(name.to_owned(), bound);
        }
        Ok(Self(tolerances))
    }

    /// Whether what the target has and nobody here knows is no difference.
    #[must_use]
    pub fn takes_extra(&self) -> bool {
        self.0.contains_key(EXTRA)
    }

    /// Whether a difference is none.
    #[must_use]
    pub fn takes(&self, differing: &Differing, measures: &Measures) -> bool {
        let name = differing.field.rsplit('.').next().unwrap_or_default();
        let name = name.split('[').next().unwrap_or_default();
        let is_amount = measures.amount.contains(&name) || measures.price.contains(&name);
        let kind = match name {
            _ if is_amount => "amount",
            name if measures.quantity.contains(&name) => "quantity",
            name => name,
        };
        let bound = self.0.get(name).or_else(|| self.0.get(kind));
        match bound {
            None => false,
            Some(None) => true,
            Some(Some(bound)) => {
                let number =
                    |value: &Option<Value>| lenient::text(value.as_ref()?)?.trim().parse::<Decimal>().ok();
                let both = number(&differing.there).zip(number(&differing.now));
                let apart = both.and_then(|(there, now)| there.checked_sub(now));
                apart.is_some_and(|apart| apart.abs() <= *bound)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MEASURES: Measures = Measures { quantity: &["qty"], price: &["taxprice"], ..Measures::NONE };

    fn differs(field: &str, there: Value, now: Value) -> Differing {
        Differing { field: field.to_owned(), there: Some(there), now: Some(now) }
    }

    #[test]
    fn a_tolerance_holds_for_a_field_or_for_all_amounts_and_numbers_may_be_texts() {
        let tolerances = Tolerances::parse(["amount=0.01", "remark", " "]).unwrap();
        let price = |there: Value, now: Value| {
            tolerances.takes(&differs("material_entity[0].taxprice", there, now), &MEASURES)
        };
        assert!(price(json!("9.26"), json!(9.25)));
        assert!(price(json!("9.24"), json!("9.25")));
        assert!(!price(json!("9.27"), json!("9.25")));
        assert!(!price(json!("a lot"), json!("9.25")), "what is no number is never near");
        assert!(tolerances.takes(&differs("remark", json!("a"), json!("b")), &MEASURES));
        assert!(!tolerances.takes(&differs("material_entity[0].qty", json!("1"), json!("1.001")), &MEASURES));
    }

    #[test]
    fn what_is_no_tolerance_says_what_was_expected() {
        for text in ["amount=", "amount=much", "amount=-1"] {
            assert!(Tolerances::parse([text]).unwrap_err().contains("is no tolerance"), "{text}");
        }
        assert!(!Tolerances::default().takes_extra());
        assert!(Tolerances::parse(["extra"]).unwrap().takes_extra());
    }
}

//! What documents come to: how many, with how many lines, which quantity and which amount.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use relay_connector::{Measures, lenient};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Amounts are in 元, and have two digits.
const CENTS: u32 = 2;

/// The sum of a bill, where a list shows it.
pub(crate) const TOTAL: &str = "total_amount";

/// What documents come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub documents: u64,
    /// Their lines; `None` where the content of one of them is not known, or is in a form that is not summed.
    #[serde(default)]
    pub content: Option<Content>,
    /// What they come to, where lines and quantities are not known: a list of bills shows their heads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Decimal>,
}

/// What the lines of documents come to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// How many lines.
    pub lines: u64,
    /// Their quantities together.
    pub quantity: Decimal,
    /// Their amounts together.
    pub amount: Decimal,
}

/// Where a document belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The shop; empty where the document names none.
    pub shop: String,
    /// The warehouse, likewise.
    pub warehouse: String,
}

impl Sum {
    /// Nothing, to which can be added.
    #[must_use]
    pub fn nothing() -> Self {
        Self { documents: 0, content: Some(Content::default()), total: None }
    }

    /// A document whose content is not known.
    #[must_use]
    pub fn unknown() -> Self {
        Self { documents: 1, content: None, total: None }
    }

    /// Their amounts together, where those are known.
    #[must_use]
    pub fn amount(&self) -> Option<Decimal> {
        self.content.as_ref().map(|content| content.amount).or(self.total)
    }

    /// Lines, quantity and amount, as far as they are known.
    #[must_use]
    pub fn columns(&self) -> [Option<String>; 3] {
        let content = self.content.as_ref();
        [
            content.map(|content| content.lines.to_string()),
            content.map(|content| content.quantity.normalize().to_string()),
            self.amount().map(|amount| amount.to_string()),
        ]
    }

    /// What a document comes to. `like` is the same document on another side: what both have is summed.
    #[must_use]
    pub fn of(document: &Value, measures: &Measures, like: Option<&Value>) -> Self {
        if measures.quantity.is_empty() {
            return Self::unknown();
        }
        let like = lines(like.unwrap_or(document), measures);
        let by_amount = have_amounts(&like, measures);
        let lines = lines(document, measures);
        if let Some(total) = named(document, &[TOTAL]).filter(|_| lines.is_empty()) {
            return Self { total: Some(total), ..Self::unknown() };
        }
        Self { documents: 1, content: content(&lines, measures, by_amount), total: None }
    }
}

/// Whether lines are summed by their amounts, and not by price and quantity.
fn have_amounts(lines: &[&Value], measures: &Measures) -> bool {
    !lines.is_empty() && lines.iter().all(|line| named(line, measures.amount).is_some())
}

/// What lines come to; `None` where that is more than a number holds.
fn content(lines: &[&Value], measures: &Measures, by_amount: bool) -> Option<Content> {
    let mut content = Content { lines: lines.len() as u64, ..Content::default() };
    for line in lines {
        let quantity = named(line, measures.quantity).unwrap_or_default();
        let by_price = || {
            let amount = named(line, measures.price)?.checked_mul(quantity)?;
            Some(amount.round_dp_with_strategy(CENTS, RoundingStrategy::MidpointAwayFromZero))
        };
        let of_amount = || named(line, measures.amount);
        let amount = if by_amount { of_amount().or_else(by_price) } else { by_price().or_else(of_amount) };
        content.quantity = content.quantity.checked_add(quantity)?;
        content.amount = content.amount.checked_add(amount.unwrap_or_default())?;
    }
    Some(content)
}

/// What the lines come to by the values of a field of theirs; `None` where no line has it.
pub(crate) fn by_line(
    document: &Value,
    measures: &Measures,
    field: &str,
) -> Option<Vec<(String, Option<Content>)>> {
    let all = lines(document, measures);
    all.iter().find_map(|line| lenient::field(line, field))?;
    let by_amount = have_amounts(&all, measures);
    let mut groups = BTreeMap::<String, Vec<&Value>>::new();
    for line in all {
        groups.entry(lenient::field(line, field).unwrap_or_default()).or_default().push(line);
    }
    let sums = groups.into_iter().map(|(value, lines)| (value, content(&lines, measures, by_amount)));
    Some(sums.collect())
}

impl AddAssign<&Self> for Sum {
    fn add_assign(&mut self, other: &Self) {
        let amounts = self.amount().zip(other.amount());
        self.documents += other.documents;
        self.content = match (self.content.take(), &other.content) {
            (Some(one), Some(other)) => {
                let quantity = one.quantity.checked_add(other.quantity);
                let amount = one.amount.checked_add(other.amount);
                let lines = one.lines + other.lines;
                quantity.zip(amount).map(|(quantity, amount)| Content { lines, quantity, amount })
            }
            _ => None,
        };
        let total = amounts.and_then(|(one, other)| one.checked_add(other));
        self.total = total.filter(|_| self.content.is_none());
    }
}

impl Place {
    /// Where a document belongs, by its head or else by its first line that says so.
    #[must_use]
    pub fn of(document: &Value, measures: &Measures) -> Self {
        let in_lines = lines(document, measures);
        let find = |names: &[&str]| {
            let text = |object: &Value| names.iter().find_map(|name| lenient::field(object, name));
            text(document).or_else(|| in_lines.iter().find_map(|line| text(line))).unwrap_or_default()
        };
        Self { shop: find(measures.shop), warehouse: find(measures.warehouse) }
    }
}

/// The lines of a document: whatever has a quantity, in whichever of its lists.
fn lines<'d>(document: &'d Value, measures: &Measures) -> Vec<&'d Value> {
    let mut found = Vec::new();
    gather(document, measures, false, &mut found);
    found
}

fn gather<'d>(value: &'d Value, measures: &Measures, is_in_list: bool, found: &mut Vec<&'d Value>) {
    match value {
        Value::Object(fields)
            if is_in_list && measures.quantity.iter().any(|name| fields.contains_key(*name)) =>
        {
            found.push(value);
        }
        Value::Object(fields) => fields.values().for_each(|value| gather(value, measures, false, found)),
        Value::Array(items) => items.iter().for_each(|item| gather(item, measures, true, found)),
        _ => {}
    }
}

/// The first of these fields that holds a number, which vendors also write as text.
fn named(line: &Value, names: &[&str]) -> Option<Decimal> {
    names.iter().find_map(|name| {
        let text = lenient::field(line, name)?;
        text.trim().parse::<Decimal>().or_else(|_| Decimal::from_scientific(text.trim())).ok()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const MEASURES: Measures = Measures {
        shop: &["shop_no"],
        warehouse: &["warehouse_no"],
        quantity: &["qty"],
        amount: &["amount"],
        price: &["taxprice"],
    };

    fn content(document: &Value, like: Option<&Value>) -> (u64, String, String) {
        let content = Sum::of(document, &MEASURES, like).content.unwrap();
        (content.lines, content.quantity.to_string(), content.amount.to_string())
    }

    #[test]
    fn sums_are_exact_whether_numbers_come_as_texts_or_not() {
        let texts = json!({"material_entity": [{"qty": "20.00", "taxprice": "9.25"}, {"qty": "0.1", "taxprice": "0.2"}]});
        let numbers =
            json!({"material_entity": [{"qty": 20, "taxprice": 9.25}, {"qty": 0.1, "taxprice": 0.2}]});
        assert_eq!(content(&texts, None), (2, "20.10".to_owned(), "185.02".to_owned()));
        let read = |document| Sum::of(document, &MEASURES, None).content.unwrap();
        assert_eq!(read(&texts), read(&numbers));
    }

    #[test]
    fn both_sides_are_summed_by_what_both_have() {
        let ours = json!({"lines": [{"qty": "3", "amount": "100.00"}]});
        let theirs = json!({"lines": [{"qty": "3", "amount": "100.00", "taxprice": "33.33"}]});
        assert_eq!(content(&theirs, Some(&ours)).2, "100.00");
        let by_price = json!({"lines": [{"qty": "3", "taxprice": "33.33"}]});
        assert_eq!(content(&theirs, Some(&by_price)).2, "99.99");
    }

    #[test]
    fn of_a_document_without_known_content_the_number_alone_is_told() {
        let mut sum = Sum::nothing();
        sum += &Sum::of(&json!({"lines": [{"qty": 1}]}), &MEASURES, None);
        assert_eq!((sum.documents, sum.content.as_ref().map(|it| it.lines)), (1, Some(1)));
        sum += &Sum::unknown();
        assert_eq!(sum, Sum { documents: 2, content: None, total: None });
        let nothing = Sum::of(&json!({}), &MEASURES, None);
        assert_eq!(nothing.content, Some(Content::default()), "an empty answer is no line");
    }

    #[test]
    fn of_a_row_that_shows_no_lines_what_it_comes_to_is_told_and_no_line() {
        let mut sum = Sum::nothing();
        let whole = json!({"total_amount": "20.00", "lines": [{"qty": "2", "taxprice": "10"}]});
        sum += &Sum::of(&whole, &MEASURES, None);
        assert_eq!(sum.columns().map(Option::unwrap), ["1", "2", "20"]);
        sum += &Sum::of(&json!({"total_amount": "30.50"}), &MEASURES, Some(&whole));
        assert_eq!((sum.documents, sum.columns()), (2, [None, None, Some("50.50".to_owned())]));
        sum += &Sum::unknown();
        assert_eq!(sum, Sum { documents: 3, content: None, total: None });
    }

    #[test]
    fn a_document_belongs_where_its_head_says_or_else_its_first_line() {
        let place =
            Place::of(&json!({"shop_no": "S1", "lines": [{"qty": 1, "warehouse_no": "W1"}]}), &MEASURES);
        assert_eq!((place.shop.as_str(), place.warehouse.as_str()), ("S1", "W1"));
    }
}

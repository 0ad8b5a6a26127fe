//! The flow files of a merchant.

use crate::scenario::{Conditions, Drawing, Terms};

type Texts = Vec<(&'static str, String)>;

/// The shipped flows of documents and of lists, or those of bills with what the seed has drawn for them.
pub(super) fn texts(conditions: &Conditions) -> Texts {
    match conditions.drawing {
        Drawing::Documents => of_documents(),
        Drawing::Bills => of_bills(&conditions.bills.clone().unwrap_or_default()),
        Drawing::Lists => of_lists(),
    }
}

fn of_documents() -> Texts {
    let shipped = [
        ("trade-to-kingdee", include_str!("../../../../shared/flows/trade-to-kingdee.toml")),
        ("direct-order-to-sharecrm", include_str!("../../../../shared/flows/direct-order-to-sharecrm.toml")),
        ("direct-order-to-wangdian", include_str!("../../../../shared/flows/direct-order-to-wangdian.toml")),
        ("stock-to-sharecrm", include_str!("../../../../shared/flows/stock-to-sharecrm.toml")),
        ("shipping-to-sharecrm", include_str!("../../../../shared/flows/shipping-to-sharecrm.toml")),
        ("orders-to-http", include_str!("../../../../shared/flows/examples/orders-to-http.toml")),
    ];
    shipped.map(|(name, text)| (name, text.to_owned())).into()
}

fn of_lists() -> Texts {
    let texts = [
        ("shop-to-kingdee", include_str!("../../../../shared/flows/e-commerce/shop-to-kingdee.toml")),
        ("supplier-to-kingdee", include_str!("../../../../shared/flows/e-commerce/supplier-to-kingdee.toml")),
        ("warehouse-to-kingdee", include_str!("../../flows/warehouse-to-kingdee.toml")),
        ("shops-to-sharecrm", include_str!("../../flows/shops-to-sharecrm.toml")),
        ("carriers-to-sharecrm", include_str!("../../flows/carriers-to-sharecrm.toml")),
        ("orders-to-sharecrm", include_str!("../../flows/orders-to-sharecrm.toml")),
        ("sales-to-http", include_str!("../../flows/sales-to-http.toml")),
        ("purchases-to-qince", include_str!("../../flows/purchases-to-qince.toml")),
        ("states-to-qince", include_str!("../../flows/states-to-qince.toml")),
    ];
    texts.map(|(name, text)| (name, text.to_owned())).into()
}

fn of_bills(terms: &Terms) -> Texts {
    let by_day = match terms.groups_in_kingdee {
        true => include_str!("../../flows/sales-by-day.kingdee.toml"),
        false => include_str!("../../flows/sales-by-day.http.toml"),
    };
    let by_version = "key      = [\"flow\", \"key\", \"version\"]";
    let (key, id) = match terms.told_by_version {
        true => (by_version, "{ text = \"{key}@{version}\" }"),
        false => ("", "\"key\""),
    };
    let quoted = |word: &str| format!("\"{word}\"");
    let words = [
        ("THEN", (if terms.audits { "[\"audit\"]" } else { "[]" }).to_owned()),
        ("CHANGES", quoted(terms.changes)),
        ("WHEN_CANCELLED", quoted(terms.when_cancelled)),
        ("CLOSE", terms.close.to_owned()),
        ("MAX_LINES", terms.max_lines.to_string()),
        ("DIFFERENCE", terms.difference.to_owned()),
        ("KEY", key.to_owned()),
        ("ID", id.to_owned()),
    ];
    let said = |text: &str| text.lines().map(|line| with(line, &words)).collect::<Vec<_>>().join("\n");
    let texts = [
        ("sales", include_str!("../../flows/sales.toml")),
        ("sales-by-day", by_day),
        ("sales-by-warehouse", include_str!("../../flows/sales-by-warehouse.toml")),
        ("receipts", include_str!("../../flows/receipts.toml")),
        ("numbers", include_str!("../../flows/numbers.toml")),
        ("bills-told", include_str!("../../flows/bills-told.toml")),
    ];
    texts.map(|(name, text)| (name, said(text) + "\n")).into()
}

/// A line that ends with one of the words, or is one, with what the word stands for.
fn with(line: &str, words: &[(&str, String)]) -> String {
    let ends = |(word, _): &&(&str, String)| line == *word || line.ends_with(&format!("= {word}"));
    match words.iter().find(ends) {
        Some((word, text)) => format!("{}{text}", line.strip_suffix(word).unwrap_or_default()),
        None => line.to_owned(),
    }
}

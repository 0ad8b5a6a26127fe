//! The flow files of a merchant.

use crate::scenario::{Conditions, Drawing, Parcels, Says, Terms};

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
    let (parcels, more) = parcels(terms);
    let words = words.into_iter().chain(more).collect::<Vec<_>>();
    let said = |text: &str| text.lines().map(|line| with(line, &words)).collect::<Vec<_>>().join("\n");
    let texts = [
        ("sales", include_str!("../../flows/sales.toml")),
        ("sales-by-day", by_day),
        ("sales-by-warehouse", include_str!("../../flows/sales-by-warehouse.toml")),
        ("receipts", include_str!("../../flows/receipts.toml")),
        ("numbers", include_str!("../../flows/numbers.toml")),
        ("bills-told", include_str!("../../flows/bills-told.toml")),
    ];
    let texts = texts.into_iter().chain(parcels.map(|text| ("parcels", text)));
    texts.map(|(name, text)| (name, said(text) + "\n")).collect()
}

/// The flow of parcels, and what its own words stand for.
fn parcels(terms: &Terms) -> (Option<&'static str>, Vec<(&'static str, String)>) {
    match terms.parcels {
        None => (None, Vec::new()),
        Some(Parcels::Bills { withdrawn }) => {
            let text = include_str!("../../flows/parcels.kingdee.toml");
            (Some(text), vec![("WITHDRAWN", format!("\"{withdrawn}\""))])
        }
        Some(Parcels::Groups { twelfths }) => {
            let (sum, of_goods, of_postage) = match twelfths {
                true => (
                    r#"["qty", "amount", "dozens"]"#,
                    r#"dozens = { compute = "quantity / 12", as = "decimal" }"#,
                    r#"dozens = { value = "0", as = "decimal" }"#,
                ),
                false => (r#"["qty", "amount"]"#, "", ""),
            };
            let words = [("SUM", sum), ("DOZENS", of_goods), ("NO_DOZENS", of_postage)];
            let words = words.map(|(word, text)| (word, text.to_owned()));
            (Some(include_str!("../../flows/parcels.http.toml")), words.into())
        }
    }
}

/// A section of a flow that has each warehouse's lines go by themselves.
const SPLIT: &str = "[split]\nby        = \"items.warehouse\"\nwithdrawn = \"fail\"\n\n";

/// The groups of a day, and of all days.
const BY: [&str; 2] = [r#"= ["shop", "day(paid_at)"]"#, r#"= ["shop"]"#];

/// A flow that goes about its documents otherwise.
pub(super) fn saying(text: &str, says: Says) -> String {
    match says {
        Says::Split if text.contains(SPLIT) => text.replace(SPLIT, ""),
        Says::Split => text.replacen("[fields]\n", &format!("{SPLIT}[fields]\n"), 1),
        Says::ByShop if text.contains(BY[0]) => text.replace(BY[0], BY[1]),
        Says::ByShop => text.replace(BY[1], BY[0]),
        Says::Audit => with_line(text, "then ", "[\"audit\"]"),
        Says::Changes(word) => with_line(text, "changes ", &format!("\"{word}\"")),
    }
}

/// A flow in which what begins so says something else.
fn with_line(text: &str, begins: &str, value: &str) -> String {
    let line = |line: &str| match line.split_once('=').filter(|_| line.starts_with(begins)) {
        Some((name, _)) => format!("{name}= {value}\n"),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// A line that ends with one of the words, or is one, with what the word stands for.
fn with(line: &str, words: &[(&str, String)]) -> String {
    let ends = |(word, _): &&(&str, String)| line == *word || line.ends_with(&format!("= {word}"));
    match words.iter().find(ends) {
        Some((word, text)) => format!("{}{text}", line.strip_suffix(word).unwrap_or_default()),
        None => line.to_owned(),
    }
}

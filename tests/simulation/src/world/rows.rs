//! Rows that vendors show: those of WDT's whole lists, and the orders that Qince is asked for.

use serde_json::{Map, Value, json};

use super::World;
use super::books::Row;
use crate::scenario::{Change, Table};

/// When rows changed that carry no version: what goes back to what it was is the same again.
const ALWAYS: &str = "2026-11-01 08:00:00";

/// How a vendor shows a row.
struct Shown {
    query: &'static str,
    key: &'static str,
    name: &'static str,
}

impl Table {
    fn shown(self) -> Shown {
        let (query, key, name) = match self {
            Self::Shops => ("shop", "shop_no", "shop_name"),
            Self::Carriers => ("logistics", "logistics_no", "logistics_name"),
            Self::Warehouses => ("warehouse_query", "warehouse_no", "name"),
            Self::Suppliers => ("purchase_provider_query", "provider_no", "provider_name"),
            Self::Orders => ("queryStdomOrder", "id", "remark"),
            Self::Sales => ("getDmsSalesOrderInfos", "id", "remark"),
        };
        Shown { query, key, name }
    }

    /// Whether these rows are read by windows, and not as a whole.
    #[must_use]
    pub fn is_queried(self) -> bool {
        matches!(self, Self::Orders | Self::Sales)
    }

    /// What a row is known by.
    #[must_use]
    pub fn key_of(self, row: usize) -> String {
        format!("{}{row}", format!("{self:?}").to_uppercase())
    }

    /// What a document of these rows says.
    #[must_use]
    pub fn says(self, document: &Value) -> &str {
        document[self.shown().name].as_str().unwrap_or_default()
    }
}

impl World {
    /// A row is made or changes, changes back, or is there no more; one that is not there yet is made.
    pub(super) fn row(&self, table: Table, number: usize, how: Change) {
        let (key, shown) = (table.key_of(number), table.shown());
        let mut books = self.books.state();
        let row = books.rows.entry((table, number)).or_default();
        let said = row.says.len();
        let before = said.checked_sub(2).map(|place| row.says[place].clone());
        let is_known = said > 0;
        match how {
            Change::Deleted if !is_known || row.is_gone => return,
            Change::Deleted => row.is_gone = true,
            Change::Back | Change::Onward | Change::Emptied => {
                let onward = format!("{key} v{said}");
                row.says.push(if how == Change::Back { before.unwrap_or(onward) } else { onward });
                row.is_gone = false;
            }
        }
        let Row { says, is_gone } = row.clone();
        drop(books);
        let mut fields =
            Map::from_iter([(shown.key.to_owned(), json!(key)), (shown.name.to_owned(), json!(says.last()))]);
        match table {
            Table::Orders | Table::Sales => {
                // What is deleted is shown as that.
                fields.insert("status".to_owned(), json!(if is_gone { "0" } else { "1" }));
                self.vendors.qince.put_row(shown.query, fields);
            }
            _ if is_gone => self.vendors.wangdian.remove_row(shown.query, shown.key, &key),
            Table::Suppliers => self.vendors.wangdian.put_row(shown.query, &[shown.key], fields),
            _ => {
                fields.insert("modified".to_owned(), json!(ALWAYS));
                self.vendors.wangdian.put_row(shown.query, &[shown.key], fields);
            }
        }
    }
}

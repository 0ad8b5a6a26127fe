//! Look-ups: where a rule's code becomes what the target wants.

use std::fmt;
use std::time::Duration;

use relay_connector::Document;

use crate::diagnostic::Diagnostic;

/// What a look-up is asked: the code `key` in `table`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupKey {
    /// The table, as [`LookupTable`] writes it: `kingdee.customer`, `table.shop.tax_rate`.
    pub table: String,
    /// The code.
    pub key: String,
}

/// A look-up that a flow names, and where.
#[derive(Debug, Clone)]
pub struct Lookup {
    /// Which table.
    pub table: LookupTable,
    /// What is to be said at its place in the flow file where the table is not there: for tables of the tenant and other
    /// flows, of which a flow file alone tells nothing.
    pub missing: Diagnostic,
    /// How long a document waits for what another flow has not delivered yet; `None`: nobody delivers what is looked up.
    pub wait: Option<Duration>,
}

/// Where the answer to a look-up comes from. It displays as [`LookupKey`], faults and stores name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupTable {
    /// A vendor's own table: `kingdee.customer`.
    Vendor(&'static str),
    /// A document that a vendor lists, such as `wangdian.shop`.
    Listed {
        /// The document.
        document: &'static Document,
        /// The field of a row that holds the code.
        by: String,
        /// The field that is the answer.
        result: String,
    },
    /// A table of the tenant, as `relay lookups import` has written it: `table.shop`.
    Tenant {
        /// Its name, with the `table.` in front.
        table: String,
        /// The column that is the answer; `None`: the first one beside the code.
        result: Option<String>,
    },
    /// What another flow has delivered, by its key: `delivered.orders`.
    Delivered {
        /// The flow.
        flow: String,
        /// What of it.
        result: DeliveredAs,
    },
    /// The target's ids of the lines of what another flow has delivered, by its key and what tells the line:
    /// `delivered.orders.line[material_number]`.
    Line {
        /// The flow.
        flow: String,
        /// The fields of the target's line that tell it from the others.
        by: Vec<String>,
    },
}

impl LookupTable {
    /// The look-up of the bill whose line is looked up there.
    #[must_use]
    pub fn bill(&self) -> Option<Self> {
        let Self::Line { flow, .. } = self else { return None };
        Some(Self::Delivered { flow: flow.clone(), result: DeliveredAs::Id })
    }

    /// Of a code that tells a line of a bill: what that bill is looked up by, and what tells the line in it.
    #[must_use]
    pub fn line_of(&self, code: &str) -> Option<(LookupKey, String)> {
        let (Self::Line { by, .. }, bill) = (self, self.bill()?) else { return None };
        let (at, _) = code.rmatch_indices('/').nth(by.len().checked_sub(1)?)?;
        let (key, line) = (code.get(..at)?, code.get(at + 1..)?);
        // A key of one part stands as it is where it stands alone.
        let key = if key.contains('/') { key.to_owned() } else { unescaped(key) };
        Some((LookupKey { table: bill.to_string(), key }, line.to_owned()))
    }
}

/// What is asked of a document that another flow has delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveredAs {
    /// The target's own id of it.
    Id,
    /// Our number of it, as it was sent.
    Number,
}

/// What the names of tables of the tenant begin with.
pub const TENANT: &str = "table.";

/// What the names of look-ups of other flows begin with.
pub const DELIVERED: &str = "delivered.";

impl fmt::Display for LookupTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vendor(name) => f.write_str(name),
            Self::Listed { document, by, result } => write!(f, "{}[{by}].{result}", document.name),
            Self::Tenant { table, result: None } => f.write_str(table),
            Self::Tenant { table, result: Some(result) } => write!(f, "{table}.{result}"),
            Self::Delivered { flow, result: DeliveredAs::Id } => write!(f, "{DELIVERED}{flow}"),
            Self::Delivered { flow, result: DeliveredAs::Number } => write!(f, "{DELIVERED}{flow}.number"),
            Self::Line { flow, by } => write!(f, "{DELIVERED}{flow}.line[{}]", by.join(",")),
        }
    }
}

/// A code that a look-up does not know. It displays as what is wrong with the code, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// What was asked.
    pub asked: LookupKey,
    /// Of whom.
    pub table: LookupTable,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.table {
            LookupTable::Vendor(table) => write!(
                f,
                "has no entry in `{table}`: create it in the target system, or import it (`relay lookups import`), and replay"
            ),
            LookupTable::Listed { document, result, .. } => write!(
                f,
                "is in no row of `{}` that has a `{result}`: create or complete it there, and replay",
                document.name
            ),
            LookupTable::Tenant { table, result } => {
                let column = result.as_ref().map(|result| format!(" with a `{result}`")).unwrap_or_default();
                write!(
                    f,
                    "has no entry{column} in `{table}`: import it (`relay lookups import {table} FILE`), which sends what \
                     waits for it again"
                )
            }
            LookupTable::Line { flow, by } => {
                let line =
                    self.table.line_of(&self.asked.key).map(|(bill, line)| (bill.key, unescaped(&line)));
                let (bill, line) = line.unwrap_or_default();
                write!(
                    f,
                    "is of no line, or of several: the bill that the flow `{flow}` has delivered of {bill} has not exactly one \
                     with {} {line}; complete it in the target system, and replay",
                    by.join(", ")
                )
            }
            LookupTable::Delivered { flow, result } => {
                let number = match result {
                    DeliveredAs::Id => "",
                    DeliveredAs::Number => " under a known number",
                };
                write!(
                    f,
                    "is the key of a document that the flow `{flow}` has not delivered{number} yet: this one waits for it, \
                     and is sent again as soon as it is there"
                )?;
                match result {
                    DeliveredAs::Id => Ok(()),
                    DeliveredAs::Number => {
                        f.write_str(" (what was delivered before numbers were kept has none)")
                    }
                }
            }
        }
    }
}

impl std::error::Error for Miss {}

/// Whether a text can be the name of a table of the tenant: `table.` and a word. A full stop in it would be taken for the
/// beginning of a result.
#[must_use]
pub fn is_tenant_table(name: &str) -> bool {
    let is_plain = |character: char| character.is_alphanumeric() || "-_".contains(character);
    name.strip_prefix(TENANT).is_some_and(|word| !word.is_empty() && word.chars().all(is_plain))
}

/// What joins the parts of a code: `["shop_no", "warehouse_no"]` gives `S01/W02`. A `/` or `%` within a part is escaped, so
/// that different parts never give the same code; a code of one part is that part as it stands.
#[must_use]
pub fn joined<S: AsRef<str>>(parts: &[S]) -> String {
    match parts {
        [only] => only.as_ref().to_owned(),
        parts => parts.iter().map(|part| escaped(part.as_ref())).collect::<Vec<_>>().join("/"),
    }
}

/// A part of a code of several, as it was.
pub(crate) fn unescaped(part: &str) -> String {
    part.replace("%2F", "/").replace("%25", "%")
}

/// A part of a code of several.
pub(crate) fn escaped(part: &str) -> String {
    part.replace('%', "%25").replace('/', "%2F")
}

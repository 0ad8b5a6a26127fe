//! Why a document could not be mapped.
//!
//! Faults are made by [`crate::Flow::apply`] and stand in the ledger, where a person at the merchant reads them:
//! each names the target field, the source path, the value that was found, and the way out.

use std::fmt;

use crate::lookup::LookupKey;

/// One field of one document that could not be mapped. Displays as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The target field, such as `material_entity[3].qty` (lines count from 0, as in JSON).
    pub target: String,
    /// What was read, as the flow file has it: a path, an expression, a setting.
    pub source: String,
    /// What was found there, shortened.
    pub value: Option<String>,
    /// Why that does not do.
    pub cause: Cause,
}

/// Why a value does not do, and the way out. What some say of a look-up is boxed: faults are handed up
/// through every rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// Nothing there.
    #[error("is absent or empty: complete it in the source system, or give the rule a `default`")]
    Absent,
    /// Not what the conversion reads.
    #[error("is not {expected}: correct it in the source system, or change the flow")]
    Unreadable {
        /// What the conversion reads.
        expected: &'static str,
    },
    /// A vendor's look-up table does not know the code.
    #[error(
        "has no entry in `{}`: create it in the target system, or import it (`relay lookups import`), and replay",
        .0.table
    )]
    NoEntry(Box<LookupKey>),
    /// No row of a vendor's list has the code.
    #[error("is in no row of `{document}` that has the field asked for (`{}`): create or complete it there, and replay", asked.table)]
    NoRow {
        /// What was asked.
        asked: Box<LookupKey>,
        /// The list.
        document: &'static str,
    },
    /// A table of the tenant does not know the code, or the result is blank in its row.
    #[error(
        "has no entry{} in `{table}`: import it (`relay lookups import {table} FILE`), which sends what waits for it again",
        result.as_ref().map(|result| format!(" with a `{result}`")).unwrap_or_default()
    )]
    NoTenantEntry {
        /// What was asked.
        asked: Box<LookupKey>,
        /// The table.
        table: Box<str>,
        /// The column.
        result: Option<Box<str>>,
    },
    /// Another flow has not delivered the document yet.
    #[error(
        "is the key of a document that the flow `{flow}` has not delivered yet: this one waits for it, and is sent again \
         as soon as it is there"
    )]
    NotDelivered {
        /// What was asked.
        asked: Box<LookupKey>,
        /// The flow.
        flow: String,
    },
    /// Another flow has not delivered the document yet, or nobody knows under which number.
    #[error(
        "is the key of a document that the flow `{flow}` has not delivered under a known number yet: this one waits for \
         it, and is sent again as soon as it is there (what was delivered before numbers were kept has none)"
    )]
    NoNumber {
        /// What was asked.
        asked: Box<LookupKey>,
        /// The flow.
        flow: String,
    },
    /// The setting is not there.
    #[error("setting {name} is not set: set it and replay")]
    NoSetting {
        /// Its name.
        name: String,
    },
    /// The code table does not have the code.
    #[error("is none of the known codes ({known}): add it to the rule's `codes`, or give it an `otherwise`")]
    UnknownCode {
        /// The codes that the table has.
        known: String,
    },
    /// The address names no province, city and district.
    #[error(
        "cannot be split ({reason}): correct the address in the source system, or give the rule a `default`"
    )]
    Unsplittable {
        /// What the splitter says.
        reason: String,
    },
    /// More digits than can be held exactly.
    #[error("has more than 28 digits: amounts are kept exact or refused, never rounded unasked")]
    TooLarge,
    /// A division by zero.
    #[error("divides by zero: filter such lines, or correct the amount in the source system")]
    DividesByZero,
    /// Two amounts that must be equal, or compare as the flow says, do not.
    #[error("does not hold: {0}: correct the amounts in the source system, or change the flow")]
    Differs(Box<Difference>),
    /// A list that the target requires came out empty.
    #[error("gives no lines: the target takes no document without them; filter such documents with `filter`")]
    NoLines,
}

/// Two amounts that should compare otherwise. Boxed in its cause: faults are handed up through every rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{left} against {right}, a difference of {difference} (tolerance: {tolerance})")]
pub struct Difference {
    /// The amount on the left, or the sum of the lines.
    pub left: String,
    /// The amount on the right, or what the lines should sum up to.
    pub right: String,
    /// The left one less the right one.
    pub difference: String,
    /// What difference there may be.
    pub tolerance: String,
}

impl Cause {
    /// The code that no table knew, where it was that.
    #[must_use]
    pub fn unknown_code(&self) -> Option<&LookupKey> {
        match self {
            Self::NoEntry(asked)
            | Self::NoRow { asked, .. }
            | Self::NoTenantEntry { asked, .. }
            | Self::NotDelivered { asked, .. }
            | Self::NoNumber { asked, .. } => Some(asked),
            _ => None,
        }
    }
}

const SHOWN: usize = 80;

impl Fault {
    pub(crate) fn new(target: String, source: &str, value: Option<&str>, cause: Cause) -> Self {
        let value = value.map(|text| {
            let mut shown: String = text.chars().take(SHOWN).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            shown
        });
        Self { target, source: source.to_owned(), value, cause }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, source, value, cause } = self;
        match cause {
            Cause::NoSetting { .. } => write!(f, "{target}: {cause}"),
            _ => {
                write!(f, "{target}: `{}`", source.escape_debug())?;
                if let Some(value) = value {
                    write!(f, " = \"{}\"", value.escape_debug())?;
                }
                write!(f, " {cause}")
            }
        }
    }
}

impl std::error::Error for Fault {}

//! Why a document could not be mapped.
//!
//! Faults are made by [`crate::Flow::apply`] and stand in the ledger, where a person at the merchant reads them:
//! each names the target field, the source path, the value that was found, and the way out.

use std::fmt;

use crate::lookup::{LookupKey, Miss};

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

/// Why a value does not do, and the way out.
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
    /// A look-up does not know the code.
    #[error(transparent)]
    NoEntry(Box<Miss>),
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
    /// More decimals than the amounts that are to sum up to it.
    #[error(
        "has more than {scale} decimals, and what is to sum up to it has so many: write a larger `scale` there, or round the total \
         in the source system"
    )]
    TooFine {
        /// How many decimals the amounts have.
        scale: u32,
    },
    /// An amount of which a group's sum would not be exact.
    #[error(
        "has more than {decimals} decimals, or {digits} digits before them, and a group sums none that are finer or larger: give its \
         rule a `scale`, or correct it in the source system"
    )]
    NotSummed {
        /// How many decimals it may have.
        decimals: u32,
        /// How many digits before them.
        digits: u32,
    },
    /// A division by zero.
    #[error("divides by zero: filter such lines, or correct the amount in the source system")]
    DividesByZero,
    /// Two amounts that must be equal, or compare as the flow says, do not.
    #[error("does not hold: {0}: correct the amounts in the source system, or change the flow")]
    Differs(Box<Difference>),
    /// A document that would become more parts than are kept track of.
    #[error(
        "gives {count} parts, and a document may become {most}: split it in the source system, or by a field that more lines \
         share"
    )]
    TooManyParts {
        /// How many it would become.
        count: usize,
        /// How many it may.
        most: usize,
    },
    /// What tells a part from others is too long to stand in a key.
    #[error("is longer than {most} bytes, and the part's key is made of it: split by a shorter field")]
    LongPart {
        /// How many bytes it may take.
        most: usize,
    },
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
            Self::NoEntry(miss) => Some(&miss.asked),
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

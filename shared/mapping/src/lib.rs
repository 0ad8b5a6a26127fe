//! Flows: what is read, when, and how it becomes the target's document. Pure: no I/O, no clock, no async.
//!
//! A flow is one TOML file that reads like the mapping table a consultant puts on paper. [`Flow::parse`] checks
//! it against the vendors' [`relay_connector::Catalog`] and answers with every mistake at once ([`Diagnostics`]);
//! [`Flow::apply`] turns a source document into the target's, or answers with every [`Fault`] of that document.
//!
//! | in a flow file | what |
//! |---|---|
//! | `name = "path"` | read a field; `a \| b \| '0'`: the first that is present, and a literal in the end |
//! | `lines[0].x`, `exts[ext_key=级别].ext_value` | one line of a list, by position or by a field's value |
//! | `^.x`, `$.x`, `#` | the enclosing document, the whole document, the number of the line (from 1) |
//! | `.'x'`, `$.'x'` | a field that our list of the document's fields does not know, but the author does |
//! | `value`, `setting`, `text`, `compute` | a constant, a setting, a template, exact arithmetic and `sum(…)` |
//! | `target.x` (in `compute` and `when`) | what was mapped into the same target object |
//! | `lookup` (+ `result`, `by`) | what a vendor, a table of the tenant or another flow's delivery knows of a code |
//! | `codes` + `otherwise`, `as` | a code table, a conversion |
//! | `absent`, `default` | what to do when there is nothing to read |
//! | `[ { when = …, … }, { … } ]` | the first rule whose condition holds |
//! | `each`, `where` | a list: one target line per source line that passes the filter; `[[…]]`: several blocks of lines |
//! | `remainder`, `total` | amounts of lines, rounded so that their sum is the rounded sum, or the head's amount |
//! | `send = false` | a field that is read with `target.x` and not sent |
//! | `[split]` | one document that becomes several, each with some of its lines |
//! | `[group]` | many documents that become one bill: what they have in common, what is summed, when it is closed |
//! | `check`, `tolerance` (in `[target]`) | sums that must hold before the document is sent |
//! | `then`, `changes`, `when_cancelled`, `closed_period` (in `[target]`) | the life of the bill once it is saved |
//! | `copy = [ … ]` | fields that keep name and content |
//!
//! A field is **absent** when it is missing, `null`, blank, an empty list or object, or a zero date
//! (`0000-00-00 …`). Absent fields that the target requires are faults, others are left out.
//!
//! Numbers and amounts are exact and written as JSON strings without exponent and without trailing zeros (all
//! four vendors take strings), or with the digits that `scale` asks for. Only flags are JSON booleans.

mod apply;
mod check;
mod conversion;
mod coverage;
mod diagnostic;
mod expression;
mod fault;
mod flow;
pub mod flow_test;
mod full_width;
mod group;
mod key;
mod life;
mod lines;
mod load;
mod lookup;
mod number;
mod of;
mod params;
mod reads;
mod remainder;
mod rule;
mod share;
mod split;
mod template;
mod time;
mod trace;

pub use apply::{Context, Made, Mapped, Traced};
pub use conversion::without_street;
pub use coverage::{Coverage, Covered, Missing};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use fault::{Cause, Difference, Fault};
pub use flow::{Flow, Source, Target};
pub use group::{Brought, Group};
pub use life::Life;
pub use lookup::{
    DELIVERED, DeliveredAs, Lookup, LookupKey, LookupTable, Miss, TENANT, is_tenant_table, joined,
};
pub use number::is_same_number;
pub use of::{Named, Of};
pub use params::{Param, resolve};
pub use reads::Sightings;
pub use relay_core::{Version, VersionKind};
pub use rule::Position;
pub use split::{Divided, MOST_PARTS, Part, Split};
pub use trace::{ConditionTrace, Ended, FieldTrace, LineTrace, LookupTrace, ReadValue, Trace};

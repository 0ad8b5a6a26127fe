//! What a vendor's document looks like: names, fields and kinds, as data.
//!
//! Each vendor crate describes its documents in its `catalog.rs`; the mapping crate checks flow files
//! against them. This crate is all that the two share, so that neither needs to know the other.
//!
//! | module | what |
//! |---|---|
//! | `field` | fields: name, kind, code table, whether a target insists on them |
//! | `sheet` | the fields of a document, read from its data file (`shared/connectors/VENDOR/catalog`) when first asked for |
//! | `caution` | what a vendor leaves out, or refuses, because of a request's parameters |
//! | `measures` | by which fields documents are summed |
//! | `window` | the times that windows are over |
//! | `numbers` | the numbers that a person may ask for a document by |
//! | `push` | what keeps a document from being made twice |

mod caution;
mod field;
mod measures;
mod numbers;
mod push;
mod sheet;
mod window;

use std::collections::BTreeMap;
use std::time::Duration;

pub use caution::Caution;
pub use field::{ANY_FIELDS, Certainty, Field, Kind, Need, field};
pub use measures::Measures;
pub use push::{Dated, Entries, Hours, ONCE, Push, Question, Repeat};
pub use relay_core::Step;
pub use sheet::{FieldList, Sheet};
pub use window::{Condition, Held, Test, WindowTime};

/// One document that a vendor hands over or accepts, such as `wangdian.trade_query`.
#[derive(Debug, Clone, Copy)]
pub struct Document {
    /// `vendor.name`, unique among all vendors; what a flow file writes.
    pub name: &'static str,
    /// The vendor's own name, in Chinese.
    pub title: &'static str,
    /// Which end of a flow it can be, and how it is read.
    pub role: Role,
    /// The routes that it can be read over, its usual one first; empty where there is one alone.
    pub routes: &'static [&'static str],
    /// Request parameters that a flow may fix, in the vendor's spelling, beside those of its sheet.
    pub params: &'static [&'static str],
    /// Where its fields stand.
    pub fields: Fields,
    /// Whether fields that are written here are not all, so that a name outside of them may be right all the same. A sheet
    /// says so itself.
    pub open: bool,
    /// Which fields tell one document of a source from another: any one of these sets. Empty where that is not known.
    pub keys: &'static [&'static [&'static str]],
    /// The times that a window can be over, last-modified first. Empty where it is over no other.
    pub window_times: &'static [WindowTime],
    /// The field that holds a row's version: its last-modified time or its counter, where it is known.
    pub version: Option<&'static str>,
    /// The longest window that one call may ask for; `None` where there are no windows.
    pub max_span: Option<Duration>,
    /// How pages are counted; `None` where there are none.
    pub pages: Option<Pages>,
    /// Parameters of which the vendor takes one value a request: where a flow gives several, with commas between, each is
    /// asked for by itself.
    pub one_by_one: &'static [&'static str],
    /// Parameters that are sent with these values unless a flow says otherwise.
    pub defaults: &'static [(&'static str, &'static str)],
    /// What the author of a flow must know of its parameters.
    pub cautions: &'static [Caution],
    /// How a target tells one document from another; `None` of what is not pushed.
    pub push: Option<Push>,
    /// Names of a field that a flow may write in each other's place, at any depth: a vendor's interfaces name it
    /// differently. The document is sent with the one that it has.
    pub same: &'static [(&'static str, &'static str)],
    /// Names of the fields, at any depth, that hold a number which a person may ask for it by, beside its key fields: of an
    /// order, a parcel, a bill. Codes of goods, shops and warehouses are none, because thousands of documents have the same.
    pub numbers: &'static [&'static str],
    /// The parameter that its list is searched by for a part of a number or a name, whenever that was changed; `None` where a
    /// number has a parameter of its own, or nothing finds it.
    pub searched_by: Option<&'static str>,
    /// By which fields documents of this kind are summed, where a reconciliation does more than count them.
    pub measures: Measures,
}

/// Where the fields of a document stand.
#[derive(Debug, Clone, Copy)]
pub enum Fields {
    /// In the program.
    Written(&'static [Field]),
    /// In a data file.
    Sheet(&'static Sheet),
}

/// How the pages of a document are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pages {
    /// The number of the first page.
    pub first: u32,
    /// The most rows that one page may hold.
    pub cap: u32,
}

/// Documents are told apart by their names.
impl PartialEq for Document {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Document {}

impl Document {
    /// What a description starts from: nothing is known.
    pub const UNKNOWN: Self = Self {
        name: "",
        title: "",
        role: Role::Listed,
        routes: &[],
        params: &[],
        fields: Fields::Written(&[]),
        open: true,
        keys: &[],
        window_times: &[],
        version: None,
        max_span: None,
        pages: None,
        one_by_one: &[],
        defaults: &[],
        cautions: &[],
        push: None,
        same: &[],
        numbers: &[],
        searched_by: None,
        measures: Measures::NONE,
    };

    /// The known fields, at the document's top.
    #[must_use]
    pub fn fields(&self) -> &'static [Field] {
        match self.fields {
            Fields::Written(fields) => fields,
            Fields::Sheet(sheet) => sheet.fields,
        }
    }

    /// Whether the known fields may not be all.
    #[must_use]
    pub fn is_open(&self) -> bool {
        match self.fields {
            Fields::Written(_) => self.open,
            Fields::Sheet(sheet) => !sheet.is_complete,
        }
    }

    /// The names of the request parameters that a flow may fix.
    pub fn param_names(&self) -> impl Iterator<Item = &'static str> {
        self.param_fields().map(|param| param.name).chain(self.params.iter().copied())
    }

    /// The request parameters that a flow may fix, those of which more than the name is known.
    pub fn param_fields(&self) -> impl Iterator<Item = &'static Field> {
        let of_sheet = match self.fields {
            Fields::Written(_) => &[],
            Fields::Sheet(sheet) => sheet.params,
        };
        of_sheet.iter()
    }

    /// What is known of a request parameter; `None` of one of which only the name is known.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&'static Field> {
        match self.fields {
            Fields::Written(_) => None,
            Fields::Sheet(sheet) => field(sheet.params, name),
        }
    }

    /// The field among `known`, fields of one place in this document, that a name means: its own, or the same one's of
    /// another interface.
    #[must_use]
    pub fn meant<'f>(&self, known: &'f [Field], name: &str) -> Option<&'f Field> {
        let other = |(one, other): &(&'static str, &'static str)| match name {
            name if name == *one => Some(*other),
            name if name == *other => Some(*one),
            _ => None,
        };
        // A name that a vendor's list has is never another's.
        let own = known.iter().find(|field| field.name == name);
        let same = || {
            self.same.iter().filter_map(other).find_map(|name| known.iter().find(|field| field.name == name))
        };
        own.or_else(same).or_else(|| field(known, name))
    }

    /// The field of a target that holds our number of a document.
    #[must_use]
    pub fn number(&self) -> Option<&'static str> {
        self.push.and_then(|push| push.number)
    }

    /// The most documents that one call to the target may hold.
    #[must_use]
    pub fn batch(&self) -> usize {
        self.push.map_or(1, |push| push.batch)
    }

    /// The steps in its life at the target.
    #[must_use]
    pub fn steps(&self) -> &'static [Step] {
        self.push.map_or(&[], |push| push.steps)
    }

    /// What the target does with a document whose number it has already.
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        self.push.map_or(Repeat::Doubles, |push| push.repeat)
    }
}

/// Whether a field of that name is among these, or within them.
fn holds(fields: &[Field], name: &str) -> bool {
    fields.iter().any(|field| match field.kind {
        _ if field.name == name => true,
        Kind::Object(inner) | Kind::List(inner) => holds(inner, name),
        _ => false,
    })
}

/// Which end of a flow a document can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The vendor pushes it to our webhook.
    Pushed,
    /// We query it by windows over its last-modified time.
    Windowed,
    /// The vendor keeps it in a pool until we acknowledge it.
    Pool,
    /// The relay itself tells it: what became of a document.
    Own,
    /// We push it to the vendor.
    Target,
    /// We list it as a whole: to resolve look-ups, and by the hour as a source, of which what is new or has changed goes
    /// on.
    Listed,
}

impl Role {
    /// As people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Windowed => "windows",
            Self::Pool => "pool",
            Self::Own => "own",
            Self::Target => "target",
            Self::Listed => "list",
        }
    }

    /// Whether it is asked for by a schedule, and not pushed, pulled from a pool, told or accepted.
    #[must_use]
    pub const fn is_polled(self) -> bool {
        matches!(self, Self::Windowed | Self::Listed)
    }
}

/// A table that turns a code of one system into an id of another, such as `kingdee.customer`.
#[derive(Debug)]
pub struct Lookup {
    /// `vendor.table`; what a flow file writes.
    pub name: &'static str,
    /// The vendor's own name, in Chinese.
    pub title: &'static str,
}

/// All documents and look-ups that flows may name.
#[derive(Debug, Default)]
pub struct Catalog {
    documents: BTreeMap<&'static str, &'static Document>,
    lookups: BTreeMap<&'static str, &'static Lookup>,
    elsewhere: Vec<Elsewhere>,
    here: Vec<Elsewhere>,
}

/// Documents that are known by a value of a setting.
#[derive(Debug)]
struct Elsewhere {
    setting: &'static str,
    value: &'static str,
    documents: &'static [Document],
}

impl Catalog {
    /// Adds one vendor's documents and look-ups.
    #[must_use]
    pub fn with(mut self, documents: &'static [Document], lookups: &'static [Lookup]) -> Self {
        self.documents.extend(documents.iter().map(|document| (document.name, document)));
        self.lookups.extend(lookups.iter().map(|lookup| (lookup.name, lookup)));
        self
    }

    /// Notes documents that are known only where a setting has that value.
    #[must_use]
    pub fn without(
        mut self,
        setting: &'static str,
        value: &'static str,
        documents: &'static [Document],
    ) -> Self {
        self.elsewhere.push(Elsewhere { setting, value, documents });
        self
    }

    /// Notes that documents are known because a setting has that value.
    #[must_use]
    pub fn because(
        mut self,
        setting: &'static str,
        value: &'static str,
        documents: &'static [Document],
    ) -> Self {
        self.here.push(Elsewhere { setting, value, documents });
        self
    }

    /// The setting by which a document is known, where others know it otherwise: `KINGDEE_AUTH=v1`.
    #[must_use]
    pub fn known_by(&self, document: &str) -> Option<String> {
        let knows = |here: &&Elsewhere| here.documents.iter().any(|known| known.name == document);
        self.here.iter().find(knows).map(|here| format!("{}={}", here.setting, here.value))
    }

    /// The setting by which a document is known, or a field of it, that is not known by these: `KINGDEE_AUTH=v2`.
    #[must_use]
    pub fn elsewhere(&self, document: &str, name: Option<&str>) -> Option<String> {
        self.elsewhere_where(document, |known| name.is_none_or(|name| holds(known.fields(), name)))
    }

    /// The setting by which a document of that name is known of which this holds: `KINGDEE_AUTH=v2`.
    #[must_use]
    pub fn elsewhere_where(&self, document: &str, holds: impl Fn(&Document) -> bool) -> Option<String> {
        let is_it = |known: &Document| known.name == document && holds(known);
        let other = self.elsewhere.iter().find(|other| other.documents.iter().any(is_it))?;
        Some(format!("{}={}", other.setting, other.value))
    }

    /// The document of that name.
    #[must_use]
    pub fn document(&self, name: &str) -> Option<&'static Document> {
        self.documents.get(name).copied()
    }

    /// The look-up of that name.
    #[must_use]
    pub fn lookup(&self, name: &str) -> Option<&'static Lookup> {
        self.lookups.get(name).copied()
    }

    /// Every document, by name.
    pub fn documents(&self) -> impl Iterator<Item = &'static Document> {
        self.documents.values().copied()
    }

    /// Every look-up, by name.
    pub fn lookups(&self) -> impl Iterator<Item = &'static Lookup> {
        self.lookups.values().copied()
    }
}

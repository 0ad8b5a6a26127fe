//! What a vendor's document looks like: names, fields and kinds, as data.
//!
//! Each vendor crate describes its documents in its `catalog.rs`; the mapping crate checks flow files
//! against them. This crate is all that the two share, so that neither needs to know the other.

mod push;
mod window;

use std::collections::BTreeMap;
use std::time::Duration;

pub use push::{ONCE, Push, Question, Repeat, Step};
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
    /// Request parameters that a flow may fix, in the vendor's spelling.
    pub params: &'static [&'static str],
    /// The known fields. Vendors add fields without notice, so this is never a closed list for reading.
    pub fields: &'static [Field],
    /// Whether the field list is incomplete, so that a name outside of it may be right all the same.
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
    /// Parameters that are sent with these values unless a flow says otherwise.
    pub defaults: &'static [(&'static str, &'static str)],
    /// How a target tells one document from another; `None` of what is not pushed.
    pub push: Option<Push>,
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
        fields: &[],
        open: true,
        keys: &[],
        window_times: &[],
        version: None,
        max_span: None,
        pages: None,
        defaults: &[],
        push: None,
    };

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

    /// What the target does with a document whose number it has already.
    #[must_use]
    pub fn repeat(&self) -> Repeat {
        self.push.map_or(Repeat::Doubles, |push| push.repeat)
    }
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
    /// We push it to the vendor.
    Target,
    /// We list it to resolve look-ups.
    Listed,
}

/// One field of a document.
#[derive(Debug)]
pub struct Field {
    /// The wire name. One `*` stands for the part that a tenant chooses, as in `custom_field*_number`.
    pub name: &'static str,
    /// The vendor's description, in Chinese.
    pub title: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether a target refuses the document without it.
    pub required: bool,
}

/// What the value of a field is. Sources are lenient: any scalar may come as a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text, ids included.
    Text,
    /// A whole number.
    Integer,
    /// Money, a price, a quantity or a rate: exact.
    Decimal,
    /// A calendar day.
    Date,
    /// A point in time, China time.
    Time,
    /// True or false.
    Flag,
    /// One nested object.
    Object(&'static [Field]),
    /// A list of objects.
    List(&'static [Field]),
    /// An object whose field names are the tenant's own.
    Map,
    /// An object of lists of objects, all names the tenant's own.
    MapOfLists,
    /// Whatever the other end makes of it: one value, an object or a list, at any depth. Nobody knows more of it, so a
    /// flow is not warned of any name in it.
    Any,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.kind == other.kind
    }
}

impl Eq for Field {}

impl Field {
    /// An optional field.
    #[must_use]
    pub const fn new(name: &'static str, title: &'static str, kind: Kind) -> Self {
        Self { name, title, kind, required: false }
    }

    /// A field that the target insists on.
    #[must_use]
    pub const fn required(name: &'static str, title: &'static str, kind: Kind) -> Self {
        Self { name, title, kind, required: true }
    }

    /// Whether `name` is this field's wire name, or matches its tenant pattern.
    #[must_use]
    pub fn is_named(&self, name: &str) -> bool {
        match self.name.split_once('*') {
            None => self.name == name,
            Some((head, tail)) => {
                name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
            }
        }
    }
}

/// Fields of which nothing is known: a document, or a part of one, that is the user's own.
pub const ANY_FIELDS: &[Field] = &[Field::new("*", "任意字段 (any field)", Kind::Any)];

/// Finds a field by its wire name.
#[must_use]
pub fn field<'a>(fields: &'a [Field], name: &str) -> Option<&'a Field> {
    fields.iter().find(|field| field.is_named(name))
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
}

impl Catalog {
    /// Adds one vendor's documents and look-ups.
    #[must_use]
    pub fn with(mut self, documents: &'static [Document], lookups: &'static [Lookup]) -> Self {
        self.documents.extend(documents.iter().map(|document| (document.name, document)));
        self.lookups.extend(lookups.iter().map(|lookup| (lookup.name, lookup)));
        self
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_pattern_matches_its_names_only() {
        let field = Field::new("custom_field*_number", "自定义字段", Kind::Text);
        assert!(field.is_named("custom_field42obgp309axx5_number"));
        assert!(!field.is_named("custom_field42obgp309axx5"));
        assert!(!field.is_named("custom_field_numbe"));
    }
}

//! The fields of documents.

/// One field of a document.
#[derive(Debug)]
pub struct Field {
    /// The wire name. One `*` stands for the part that a tenant chooses, as in `custom_field*_number`.
    pub name: &'static str,
    /// The vendor's description, in Chinese.
    pub title: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// Whether a target insists on it.
    pub need: Need,
    /// The values that it may have, as `0 无; 1 有`; empty where there is no such table.
    pub codes: &'static str,
    /// Who says that there is such a field.
    pub certainty: Certainty,
    /// What else is known of it.
    pub note: &'static str,
    /// Whether a target types an amount as a number (`number` in the data files): a target that tells text and numbers apart
    /// is sent one. Flows write it as any other amount.
    pub is_number: bool,
}

/// Whether a target insists on a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The document is refused without it, as the vendor says.
    Required,
    /// All examples send it; whether the document is refused without it is not known.
    Expected,
    /// It may be left out, as far as is known.
    Optional,
}

/// Who says that there is such a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// The vendor: a page, a demo, an SDK.
    Vendor,
    /// Others who read or send it.
    Seen,
    /// Nobody: it stands in a document of the same kind.
    Inferred,
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

impl Kind {
    /// As the data files and people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Date => "date",
            Self::Time => "time",
            Self::Flag => "flag",
            Self::Object(_) => "object",
            Self::List(_) => "list",
            Self::Map => "map",
            Self::MapOfLists => "lists",
            Self::Any => "any",
        }
    }
}

impl Need {
    /// As the data files and people call it; nothing of what may be left out.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "yes",
            Self::Expected => "likely",
            Self::Optional => "",
        }
    }
}

impl Certainty {
    /// As the data files and people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vendor => "vendor",
            Self::Seen => "seen",
            Self::Inferred => "inferred",
        }
    }
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
        Self {
            name,
            title,
            kind,
            need: Need::Optional,
            codes: "",
            certainty: Certainty::Vendor,
            note: "",
            is_number: false,
        }
    }

    /// A field that the target insists on.
    #[must_use]
    pub const fn required(name: &'static str, title: &'static str, kind: Kind) -> Self {
        Self { need: Need::Required, ..Self::new(name, title, kind) }
    }

    /// Whether the target refuses the document without it.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.need == Need::Required
    }

    /// The values of its code table, each with what it means.
    pub fn codes(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.codes.split("; ").filter_map(|code| code.split_once(' '))
    }

    /// Whether its code table has that value; every value of a field without one.
    #[must_use]
    pub fn takes(&self, value: &str) -> bool {
        self.codes.is_empty() || self.codes().any(|(code, _)| code == value)
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

    #[test]
    fn a_code_table_takes_its_codes_and_no_table_takes_all() {
        let plain = Field::new("status", "状态", Kind::Integer);
        let coded = Field {
            codes: "5 已取消; 55 已审核 (已确认)",
            ..Field::new("status", "状态", Kind::Integer)
        };
        assert_eq!(coded.codes().collect::<Vec<_>>(), [("5", "已取消"), ("55", "已审核 (已确认)")]);
        assert!(coded.takes("55") && !coded.takes("50") && plain.takes("50"));
    }
}

//! By which fields documents are summed.

/// The names of the fields that a reconciliation sums documents by. Of each list of names the first that is there counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// The shop, at the document's top or in its lines.
    pub shop: &'static [&'static str],
    /// The warehouse, likewise.
    pub warehouse: &'static [&'static str],
    /// The quantity of a line: what has one is a line.
    pub quantity: &'static [&'static str],
    /// The amount of a line.
    pub amount: &'static [&'static str],
    /// The price of a line, of which the amount is worked out where it has none.
    pub price: &'static [&'static str],
}

impl Measures {
    /// Documents are counted, and nothing else.
    pub const NONE: Self = Self { shop: &[], warehouse: &[], quantity: &[], amount: &[], price: &[] };
}

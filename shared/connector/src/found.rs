/// What a vendor says when it is asked for a document by our number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It has the document, under this id of its own.
    There(String),
    /// It was asked, and shows no document of this number.
    NotThere,
    /// There is no way to ask: that nothing is known proves nothing.
    CannotBeAsked,
}

//! What a vendor leaves out, or refuses, because of a request's parameters.

use super::window::Condition;

/// Something that the author of a flow must know of the parameters that it sends, or does not.
#[derive(Debug, Clone, Copy)]
pub struct Caution {
    /// The route that it is about; `None` for every one.
    pub route: Option<&'static str>,
    /// The requests that it is about: those that meet all of these.
    pub when: &'static [Condition],
    /// Whether the vendor refuses such a request. Otherwise it answers, with less than one may think.
    pub is_refused: bool,
    /// The key of a flow's `[source]` by which its author says that this is meant so: then nothing is said of it.
    pub said_by: Option<&'static str>,
    /// What happens, in words.
    pub says: &'static str,
    /// What to write.
    pub help: &'static str,
}

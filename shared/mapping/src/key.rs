//! A document's key: what makes two documents versions of one.

use serde_json::Value;

use crate::expression::{Datum, Scope, Term, first, written};
use crate::fault::{Cause, Fault};
use crate::lookup::{escaped, joined};

/// The parts of a key, each with its fall-backs. A document has a key when it has every part.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) parts: Vec<Vec<Term>>,
    /// Whether parts of a document have keys that begin with its key: then a key of one value is escaped too.
    pub(crate) is_divided: bool,
}

impl Key {
    /// Its first part, as the flow file has it.
    pub(crate) fn example(&self) -> String {
        self.parts.first().map(|terms| written(terms)).unwrap_or_default()
    }

    /// The key's text: of one part its value as it stands, of several `A-1/W01`, with a `/` or `%` of a value escaped
    /// as in an address. Different values never give the same text.
    pub(crate) fn read(&self, document: &Value) -> Result<String, Fault> {
        let scope = Scope::document(document);
        let parts: Result<Vec<_>, _> = self.parts.iter().map(|terms| part(terms, &scope)).collect();
        match parts?.as_slice() {
            [only] if self.is_divided => Ok(escaped(only)),
            parts => Ok(joined(parts)),
        }
    }
}

fn part(terms: &[Term], scope: &Scope<'_>) -> Result<String, Fault> {
    let found = first(terms, scope);
    let text = found.as_ref().and_then(Datum::text);
    text.map(std::borrow::Cow::into_owned).ok_or_else(|| {
        let value = found.map(|datum| datum.shown().into_owned());
        let cause = match value {
            None => Cause::Absent,
            Some(_) => Cause::Unreadable { expected: "one value (it is a list or an object)" },
        };
        Fault::new("key".to_owned(), &written(terms), value.as_deref(), cause)
    })
}

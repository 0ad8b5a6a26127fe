//! `of`: whose outcomes a flow reads.

use relay_connector::own;

use crate::diagnostic::Diagnostic;

/// Whose outcomes a flow reads, and what is to be said at its place in the flow file: of that the other flows decide, of
/// which the file alone tells nothing.
#[derive(Debug)]
pub struct Of {
    /// The flows that it names; `None`: every flow that it may listen to.
    pub flows: Option<Vec<Named>>,
    /// That flows tell each other of their outcomes, round and round.
    pub goes_round: Diagnostic,
}

/// A flow that `of` names.
#[derive(Debug)]
pub struct Named {
    /// Its name.
    pub flow: String,
    /// That there is none of that name.
    pub missing: Diagnostic,
}

impl Of {
    /// Whether it listens to a flow of that name, which reads outcomes as that document itself (`None`: it reads a vendor's).
    ///
    /// Who listens to all hears every flow that reads a vendor's documents. Failures are also heard of flows that write
    /// deliveries back, but not of those that tell of failures: they would tell each other, for ever.
    #[must_use]
    pub fn hears(&self, listens_to: &str, flow: &str, reads: Option<&str>) -> bool {
        match &self.flows {
            Some(named) => named.iter().any(|named| named.flow == flow),
            None => reads.is_none() || (listens_to == own::FAILED && reads == Some(own::DELIVERED)),
        }
    }

    /// Whether it listens to one flow alone.
    pub(crate) fn is_one(&self) -> bool {
        self.flows.as_ref().is_some_and(|named| named.len() == 1)
    }
}

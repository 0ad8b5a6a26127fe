use std::sync::Arc;

use relay_connector::Query;
use relay_job::Routed;

/// One pool, and the flows that read it.
#[derive(Clone)]
pub struct Pool {
    pub(crate) query: Query,
    pub(crate) flows: Vec<Arc<Routed>>,
}

impl Pool {
    /// Whether that flow reads it.
    pub(crate) fn serves(&self, flow: &str) -> bool {
        self.flow_names().any(|name| name == flow)
    }

    pub(crate) fn flow_names(&self) -> impl Iterator<Item = &str> {
        self.flows.iter().map(|routed| routed.flow.name())
    }

    /// The pool's document.
    pub(crate) fn name(&self) -> &'static str {
        self.query.document.name
    }
}

//! A document that its flow splits: what would become of it, and of each of its parts.

use relay_mapping::Trace;

use super::made::{Case, Ready};
use super::request::Compared;
use super::{About, Explained};
use crate::{OperationError, Operations};

/// Why nothing is shown for the document itself.
const BY_PARTS: &str = "its parts are sent, each by itself";

impl Operations<'_> {
    /// Explains a document with each of its parts.
    pub(super) async fn explained_in_parts(&self, about: About<'_>) -> Result<Explained, OperationError> {
        let About { routed, document, origin, .. } = about;
        let flow = &routed.flow;
        let key = flow.key(document);
        let divided = flow.divide(document);
        let faults: Vec<_> =
            key.as_ref().err().into_iter().chain(divided.as_ref().err()).map(ToString::to_string).collect();
        let entry = self.known_entry(flow.name(), key.as_deref().unwrap_or_default()).await?;
        let verdict =
            self.judged(&Case { about, entry: &entry, former: None }, Some(&Ready::Divided), &faults);
        let (mut parts, mut withdrawn) = (Vec::new(), Vec::new());
        if let (Ok(Some(divided)), Ok(_)) = (&divided, &key) {
            for part in divided.parts() {
                let document = divided.document(part);
                // A future that holds itself would have no size.
                let explained =
                    self.explained(About { document: &document, part: Some(&part.name), ..about });
                parts.push(Box::pin(explained).await?);
            }
            let is_part = |name: &str| divided.parts().iter().any(|part| part.name == name);
            let known = entry.divided.iter().flat_map(|known| known.parts.keys());
            withdrawn.extend(known.filter(|name| !is_part(name)).cloned());
        }
        Ok(Explained {
            flow: flow.name().to_owned(),
            flow_file: routed.file.clone(),
            origin: origin.to_owned(),
            key: key.ok(),
            version: flow.version(document),
            document: document.clone(),
            verdict,
            trace: Trace::default(),
            faults,
            unresolved: Vec::new(),
            brings: None,
            request: None,
            sent_last: Compared::not(BY_PARTS),
            target_now: Compared::not(BY_PARTS),
            parts,
            withdrawn,
        })
    }
}

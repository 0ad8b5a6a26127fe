//! Where a document stands over V2: what its detail says of it, or its row in the list where it has no detail.

use relay_connector::{Class, Document, Failure, Step, lenient};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::catalog::short;
use crate::client::Client;
use crate::version::Endpoint;
use crate::{VENDOR, error, lists};

impl Client {
    /// The last step that a document has taken; `None` where the vendor says that it is not there.
    pub(crate) async fn stage_of(
        &self,
        document: &'static Document,
        id: &str,
        deadline: Deadline,
    ) -> Result<Option<Step>, Failure> {
        let refused = |message: &str| Failure::new(VENDOR, document.name, Class::Refused, None, message);
        let (row, endpoint) = self.known(document.name)?;
        let steps = row.push.map_or(&[][..], |push| push.steps);
        if !steps.contains(&Step::Delete) {
            return Err(refused("its state cannot be asked for over this interface"));
        }
        let Some(shown) = self.shown(row, endpoint, id, deadline).await? else { return Ok(None) };
        if !steps.contains(&Step::Audit) {
            return Ok(Some(Step::Save));
        }
        match lenient::field(&shown, "bill_status").as_deref() {
            Some("C") => Ok(Some(Step::Audit)),
            Some("Z") => Ok(Some(Step::Save)),
            _ => Err(refused("the vendor's answer does not tell its state (bill_status)")),
        }
    }

    async fn shown(
        &self,
        document: &'static Document,
        endpoint: Endpoint,
        id: &str,
        deadline: Deadline,
    ) -> Result<Option<Value>, Failure> {
        let Some(detail) = endpoint.detail else {
            return self.listed(document, id, deadline).await.map(Some);
        };
        match self.whole(detail, id, deadline).await {
            Ok(shown) => Ok(Some(shown)),
            Err(failure) if error::says_not_there(&failure) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// The row of a document in the list of its kind. A list says of nothing that it is not there: what it shows unasked is
    /// not documented.
    async fn listed(
        &self,
        document: &'static Document,
        id: &str,
        deadline: Deadline,
    ) -> Result<Value, Failure> {
        let kind = short(document.name).trim_end_matches("_save");
        let (list, endpoint) = self.known(&format!("{kind}_list"))?;
        let is_it = |row: &Value| (lenient::field(row, "id").as_deref() == Some(id)).then_some(0);
        let row = self.search(endpoint.path, lists::request(list, &[]), is_it, deadline).await?;
        row.ok_or_else(|| {
            let message = format!("the list does not show the one with id {id}");
            Failure::new(VENDOR, list.name, Class::Refused, None, message)
        })
    }
}

//! Pools: rows that the vendor keeps until each is acknowledged (回写).

use std::slice;

use async_trait::async_trait;
use relay_connector::{Class, Failure, Pools, Query, Role, Unacknowledged, Use, Verdict, lenient};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::acknowledgement::{self, Acknowledgement};
use crate::catalog::{Endpoint, SHOP};
use crate::client::Client;
use crate::error::not_sent;
use crate::parameters::Parameters;
use crate::read::Asked;
use crate::settings::Route;

/// The request parameter that says how many rows a pull is to give.
const LIMIT: &str = "limit";

/// The request parameter, and the field of a shop, that divides a pool.
const SHOP_NO: &str = "shop_no";

/// Where the rows of a pool are acknowledged.
#[derive(Clone, Copy)]
struct WriteBack {
    route: Route,
    endpoint: &'static Endpoint,
    field: &'static str,
}

#[async_trait]
impl Pools for Client {
    async fn pull(&self, query: &Query, deadline: Deadline) -> Result<Vec<Value>, Failure> {
        let pool = pool(query)?;
        let mut parameters = pool.parameters()?;
        if let Some(most) = self.most(query) {
            parameters.set(LIMIT, &most.to_string());
        }
        let answer = self.call(pool.route, pool.endpoint, parameters, Use::Read, deadline).await;
        let mut envelope = answer.map_err(|rejected| rejected.failure.of_reading())?;
        Ok(envelope.take_rows(pool.endpoint.list_key))
    }

    fn most(&self, query: &Query) -> Option<usize> {
        let cap = usize::try_from(query.document.pages?.cap).ok()?;
        let asked =
            query.params.iter().find(|(name, _)| name == LIMIT).and_then(|(_, limit)| limit.parse().ok());
        Some(asked.unwrap_or(cap).clamp(1, cap))
    }

    async fn divided(&self, query: &Query, deadline: Deadline) -> Result<Vec<Query>, Failure> {
        pool(query)?;
        if query.params.iter().any(|(name, _)| name == SHOP_NO) {
            return Ok(Vec::new());
        }
        let shops = Query { document: SHOP.document, route: query.route.clone(), params: Vec::new() };
        let shops = self.whole_list(&shops, deadline).await?;
        let part = |shop: &Value| {
            let mut part = query.clone();
            part.params.push((SHOP_NO.to_owned(), lenient::field(shop, SHOP_NO)?));
            Some(part)
        };
        Ok(shops.iter().filter_map(part).collect())
    }

    async fn acknowledge(
        &self,
        query: &Query,
        rows: &[(&Value, Verdict)],
        deadline: Deadline,
    ) -> Result<Vec<Unacknowledged>, Failure> {
        let pool = pool(query)?;
        let (endpoint, field) = acknowledgement::write_back(pool.endpoint)?;
        let write_back = WriteBack { route: pool.route, endpoint, field };
        let (mut acknowledgements, mut unacknowledged) = (Vec::with_capacity(rows.len()), Vec::new());
        for (place, (row, verdict)) in rows.iter().enumerate() {
            match Acknowledgement::of(pool.endpoint, place, row, verdict) {
                Ok(acknowledgement) => acknowledgements.push(acknowledgement),
                Err(failure) => unacknowledged.push(not_taken(place, failure)),
            }
        }
        for batch in acknowledgements.chunks(endpoint.document.batch()) {
            unacknowledged.extend(self.acknowledge_batch(write_back, batch, deadline).await?);
        }
        Ok(unacknowledged)
    }
}

impl Client {
    /// Of a call that is refused as a whole each row is tried alone: one of them may be why.
    async fn acknowledge_batch(
        &self,
        write_back: WriteBack,
        batch: &[Acknowledgement],
        deadline: Deadline,
    ) -> Result<Vec<Unacknowledged>, Failure> {
        match (self.acknowledge_call(write_back, batch, deadline).await, batch) {
            (Err(failure), [only]) if failure.class == Class::Refused => {
                Ok(vec![not_taken(only.place, failure)])
            }
            (Err(failure), _) if failure.class == Class::Refused => {
                let mut unacknowledged = Vec::new();
                for each in batch {
                    match self.acknowledge_call(write_back, slice::from_ref(each), deadline).await {
                        Ok(refused) => unacknowledged.extend(refused),
                        Err(failure) => unacknowledged.push(not_taken(each.place, failure)),
                    }
                }
                Ok(unacknowledged)
            }
            (answer, _) => answer,
        }
    }

    async fn acknowledge_call(
        &self,
        WriteBack { route, endpoint, field }: WriteBack,
        batch: &[Acknowledgement],
        deadline: Deadline,
    ) -> Result<Vec<Unacknowledged>, Failure> {
        let mut parameters = Parameters::default();
        parameters.json(field, &batch.iter().map(|each| each.wire.clone()).collect());
        let errors = self.call(route, endpoint, parameters, Use::Read, deadline).await?.take_errors();
        Ok(acknowledgement::refused(batch, &errors))
    }
}

/// # Errors
/// Refused where the document is no pool.
fn pool(query: &Query) -> Result<Asked<'_>, Failure> {
    let asked = Asked::by(query)?;
    if query.document.role == Role::Pool {
        Ok(asked)
    } else {
        Err(not_sent(asked.operation(), acknowledgement::NO_POOL))
    }
}

fn not_taken(place: usize, failure: Failure) -> Unacknowledged {
    Unacknowledged { place, reason: failure.message, class: failure.class }
}

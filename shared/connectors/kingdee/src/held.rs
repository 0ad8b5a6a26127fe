//! What is there under a number, or of a day: for a reconciliation.

use chrono::NaiveDate;
use relay_connector::{Class, Delivery, Document, Failure, Page, PageOf, Query, There, lenient};
use relay_core::clock::Deadline;
use serde_json::Value;

use crate::VENDOR;
use crate::catalog::PAGES;
use crate::client::Client;
use crate::lists;

/// Where a search ends that finds too much. A number that is none of a bill finds one page.
const MOST_PAGES: u32 = 50;

/// The parameters of a list that is asked for the bills of days.
const DAYS: [&str; 2] = ["start_bill_date", "end_bill_date"];

impl Client {
    /// Every bill or record of that number, each whole where the interface gives it whole. `None` where it cannot be asked for,
    /// and where rows of the answer do not say their number.
    pub(crate) async fn all_held(
        &self,
        delivery: &Delivery<'_>,
        deadline: Deadline,
    ) -> Result<Option<Vec<There>>, Failure> {
        let asked = delivery.document.push.and_then(|push| push.asked);
        let Some((number, asked)) = delivery.number().zip(asked) else { return Ok(None) };
        let (_, endpoint) = self.known(delivery.document.name)?;
        let (list, listed) = self.known(asked.document)?;
        if let Err(why) = self.version.can_search(&number) {
            return Err(Failure::new(VENDOR, list.name, Class::Refused, None, why));
        }
        let request = lists::request(list, &[(asked.param, &number)]);
        let mut rows = Vec::new();
        for page in PAGES.first.. {
            if page >= PAGES.first + MOST_PAGES {
                let message = format!("the search for {number} finds more than {MOST_PAGES} pages");
                return Err(Failure::new(VENDOR, list.name, Class::Refused, None, message));
            }
            let read = self.page(listed.path, &request, page, PAGES.cap, deadline).await?;
            let is_last = read.is_last(page, PAGES.cap);
            rows.extend(read.rows);
            if is_last {
                break;
            }
        }
        let of = |row: &Value| asked.holds.iter().find_map(|name| lenient::field(row, name));
        if rows.iter().any(|row| of(row).is_none()) {
            return Ok(None);
        }
        let mut held = Vec::new();
        for row in rows.into_iter().filter(|row| of(row).as_deref() == Some(&number)) {
            let id = lenient::field(&row, "id");
            let shown = match (endpoint.detail, &id) {
                (Some(detail), Some(id)) => self.whole(detail, id, deadline).await?,
                _ => row,
            };
            held.push(There { id: id.unwrap_or_else(|| number.clone()), shown, is_alike: true });
        }
        Ok(Some(held))
    }

    /// A page of the bills of those days, which V2 lists.
    pub(crate) async fn page_of_days(
        &self,
        document: &'static Document,
        (first, last): (NaiveDate, NaiveDate),
        page: PageOf,
        deadline: Deadline,
    ) -> Result<Option<Page>, Failure> {
        let Some(asked) = document.push.and_then(|push| push.asked) else { return Ok(None) };
        let (list, endpoint) = self.known(asked.document)?;
        // V1's list has parameters for days by inference alone: one that it does not heed would show everything.
        if endpoint.entity.is_none() || DAYS.iter().any(|name| list.param(name).is_none()) {
            return Ok(None);
        }
        let query = Query { document: list, route: None, params: Vec::new() };
        let days = [first.to_string(), last.to_string()];
        let window = [(DAYS[0], days[0].as_str()), (DAYS[1], days[1].as_str())];
        self.read(&query, &window, page, deadline).await.map(Some)
    }
}

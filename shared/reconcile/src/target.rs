//! What the target holds: by its list of days where it has one, and by our numbers.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use relay_connector::{Connection, Delivery, Document, PageOf, Target, There, lenient};
use relay_core::pause::{self, Scope};
use relay_core::{StoreError, System};
use serde_json::{Value, json};

use crate::Reconciler;
use crate::sum::{Sum, TOTAL};
use crate::verdict::AtTarget;

/// More days than that are not listed: each bill is asked for instead.
const MOST_DAYS: usize = 31;

/// What the target's lists of days show, by number.
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) rows: HashMap<String, Vec<Value>>,
    /// Whether there is such a list, so that what nobody here knows would be on it.
    pub(crate) is_listed: bool,
}

/// What targets have told of documents, by kind and number: whoever goes on with a day that was broken off asks for none twice.
#[derive(Default)]
pub struct Answers(Mutex<HashMap<(&'static str, String), Vec<There>>>);

impl Answers {
    fn known(&self, document: &Document, number: &str) -> Option<Vec<There>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(document.name, number.to_owned())).cloned()
    }

    fn keep(&self, document: &Document, number: &str, held: &[There]) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((document.name, number.to_owned()), held.to_vec());
    }
}

/// A document that is asked for.
pub(crate) struct Asked<'a> {
    pub(crate) document: &'static Document,
    pub(crate) route: Option<&'static str>,
    pub(crate) number: Option<&'a str>,
    pub(crate) expected: Option<&'a Value>,
}

/// Asks one target. One that fails is asked nothing more.
pub(crate) struct Asking {
    connection: Result<std::sync::Arc<dyn Connection>, String>,
}

impl Asking {
    pub(crate) async fn of(reconciler: &Reconciler<'_>, system: System) -> Result<Self, StoreError> {
        let checkpoints = reconciler.stores.checkpoints.as_ref();
        let pause = pause::current(checkpoints, Scope::Target(system), reconciler.clock.now()).await?;
        let connection = match pause {
            // A person's pause is for the documents: reading does them nothing.
            Some(pause) if pause.by.is_none() => Err(format!("{system} is paused: {}", pause.reason)),
            _ => (reconciler.connect)(system),
        };
        Ok(Self { connection })
    }

    fn target(&self) -> Result<&dyn Target, String> {
        let connection = self.connection.as_ref().map_err(Clone::clone)?;
        connection.target().ok_or_else(|| "it takes no documents".to_owned())
    }

    /// What the target's list shows of the days that the expected documents are dated at.
    pub(crate) async fn listed(
        &mut self,
        reconciler: &Reconciler<'_>,
        document: &'static Document,
        expected: impl Iterator<Item = &Value>,
    ) -> Listed {
        let mut listed = Listed::default();
        let Some(push) = document.push.filter(|_| self.connection.is_ok()) else { return listed };
        let dated = push.dated.map(|dated| dated.date);
        let days: BTreeSet<NaiveDate> = expected.filter_map(|body| date(body, dated?, document)).collect();
        if days.len() > MOST_DAYS {
            return listed;
        }
        let holds = push.asked.map(|asked| asked.holds).unwrap_or_default();
        for day in days {
            for number in 0.. {
                let page = PageOf { number, size: u32::MAX };
                let read = match self.target() {
                    Ok(target) => target.dated(document, (day, day), page, reconciler.deadline).await,
                    Err(_) => return listed,
                };
                let page = match read {
                    Ok(Some(page)) => page,
                    Ok(None) => return listed,
                    Err(failure) => {
                        self.connection = Err(format!("the target cannot be read: {}", failure.in_full()));
                        return Listed::default();
                    }
                };
                listed.is_listed = true;
                let (count, total) = (page.rows.len() as u64, page.total);
                for row in page.rows {
                    // A list that does not heed the days shows the same for each of them.
                    let is_of_day =
                        dated.is_none_or(|dated| date(&row, dated, document).is_none_or(|it| it == day));
                    if !is_of_day {
                        continue;
                    }
                    if let Some(number) = holds.iter().find_map(|name| lenient::field(&row, name)) {
                        listed.rows.entry(number).or_default().push(row);
                    }
                }
                let read = u64::from(number + 1) * 100;
                if count == 0 || total.map_or(count < 100, |total| read >= total) {
                    break;
                }
            }
        }
        listed
    }

    /// What the target holds of a document.
    pub(crate) async fn ask(
        &mut self,
        reconciler: &Reconciler<'_>,
        asked: &Asked<'_>,
        listed: &Listed,
    ) -> AtTarget {
        let target = match self.target() {
            Ok(target) => target,
            Err(why) => return AtTarget::NotRead(why),
        };
        let (Some(number), Some(field)) = (asked.number, asked.document.number()) else {
            return AtTarget::NotRead(format!(
                "{} has no number that it could be asked by",
                asked.document.name
            ));
        };
        let rows = listed.rows.get(number).map(Vec::as_slice).unwrap_or_default();
        if let Some(held) = enough(rows, asked) {
            return AtTarget::Holds(held);
        }
        if let Some(held) = reconciler.answers.and_then(|answers| answers.known(asked.document, number)) {
            return AtTarget::Holds(held);
        }
        let body = json!({ field: number });
        let delivery = Delivery { route: asked.route, ..Delivery::of(asked.document, &[], &body) };
        match target.held(&delivery, reconciler.deadline).await {
            Ok(Some(held)) => {
                if let Some(answers) = reconciler.answers {
                    answers.keep(asked.document, number, &held);
                }
                AtTarget::Holds(held)
            }
            Ok(None) => {
                AtTarget::NotRead(format!("{} cannot be asked for what it holds", asked.document.name))
            }
            Err(failure) => {
                let why = format!("the target cannot be read: {}", failure.in_full());
                self.connection = Err(why.clone());
                AtTarget::NotRead(why)
            }
        }
    }
}

/// What a list shows of a document, where that is enough: it is there once, and comes to what it should.
fn enough(rows: &[Value], asked: &Asked<'_>) -> Option<Vec<There>> {
    let there = |row: &Value| There {
        id: lenient::field(row, "id").unwrap_or_default(),
        shown: row.clone(),
        is_alike: true,
    };
    match rows {
        [] => None,
        [row] => {
            let total = lenient::field(row, TOTAL)?.parse::<rust_decimal::Decimal>().ok()?;
            let expected = Sum::of(asked.expected?, &asked.document.measures, None).content?;
            (total == expected.amount).then(|| vec![there(row)])
        }
        several => Some(several.iter().map(there).collect()),
    }
}

/// The date of a document, by the name that its interface or another has for it.
fn date(body: &Value, name: &'static str, document: &Document) -> Option<NaiveDate> {
    let other = document.same.iter().find_map(|(one, two)| match name {
        name if name == *one => Some(*two),
        name if name == *two => Some(*one),
        _ => None,
    });
    let text = lenient::field(body, name).or_else(|| lenient::field(body, other?))?;
    text.get(..10)?.parse().ok()
}

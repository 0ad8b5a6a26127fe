//! Gather: documents that a target takes in one call go out together, up to the batch cap of their row.
//!
//! Whoever is ready waits for the others of its batch that may still come; the first to see that nobody comes any more, or
//! that there are as many as a call takes, makes the call for all of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures::channel::oneshot;
use relay_connector::quota::needs_no_permit;
use relay_connector::record::{self, recorded};
use relay_connector::{Class, Delivery, Document, Failure, Target, Use, lenient};
use relay_core::archive::Exchange;
use relay_core::clock::Deadline;
use relay_core::codec;
use relay_mapping::Mapped;
use tokio::sync::Notify;

/// The target's id of a document, where it tells one.
type Answer = Result<Option<String>, Failure>;

/// The documents of a batch that go out together.
#[derive(Default)]
pub(crate) struct Gather {
    state: Mutex<State>,
    moved: Notify,
}

#[derive(Default)]
struct State {
    /// The messages whose documents may still come.
    coming: HashSet<String>,
    waiting: Vec<Waiting>,
}

/// A document that is ready.
struct Waiting {
    parcel: Parcel,
    answer: oneshot::Sender<(Answer, Vec<Exchange>)>,
}

/// What is to be delivered, kept until its call.
#[derive(Clone)]
pub(crate) struct Parcel {
    /// The message that it comes of.
    pub(crate) message: String,
    /// Its flow and its key.
    pub(crate) key: String,
    pub(crate) document: &'static Document,
    pub(crate) mapped: Arc<Mapped>,
    pub(crate) replaces: Option<String>,
    pub(crate) follows: Option<DateTime<Utc>>,
    pub(crate) purpose: Use,
    /// Nothing is sent after it.
    pub(crate) deadline: Deadline,
}

impl Parcel {
    pub(crate) fn delivery(&self) -> Delivery<'_> {
        let Mapped { body, params, route, .. } = &*self.mapped;
        let (key, document, route) = (self.key.as_str(), self.document, *route);
        let (replaces, follows, purpose) = (self.replaces.as_deref(), self.follows, self.purpose);
        Delivery { key, document, route, params, body, replaces, follows, purpose }
    }

    /// Whether it may be in one call with these: what tells them apart afterwards is our number.
    fn goes_with(&self, others: &[Waiting]) -> bool {
        let others = || others.iter().map(|other| &other.parcel);
        let is_alike = |other: &Self| {
            self.document.name == other.document.name
                && self.mapped.route == other.mapped.route
                && self.mapped.params == other.mapped.params
                && self.delivery().number() != other.delivery().number()
        };
        let fits = |(field, most): (&str, usize)| {
            let value = lenient::field(&self.mapped.body, field);
            others().filter(|other| lenient::field(&other.mapped.body, field) == value).count() < most
        };
        others().all(is_alike) && self.document.push.and_then(|push| push.alike).is_none_or(fits)
    }
}

impl Gather {
    /// A message's document may come.
    pub(crate) fn comes(&self, message: &str) {
        self.state().coming.insert(message.to_owned());
    }

    /// It has been there, or does not come.
    pub(crate) fn leaves(&self, message: &str) {
        self.state().coming.remove(message);
        self.moved.notify_waiters();
    }

    /// Delivers a document, in one call with others of its kind where the target takes more than one.
    pub(crate) async fn deliver(&self, target: &dyn Target, parcel: Parcel) -> Answer {
        if parcel.document.batch() == 1 {
            return call(target, std::slice::from_ref(&parcel))
                .await
                .pop()
                .unwrap_or_else(|| unsaid(&parcel));
        }
        let unanswered = unsaid(&parcel);
        let (answer, mut answered) = oneshot::channel();
        let message = parcel.message.clone();
        self.state().waiting.push(Waiting { parcel, answer });
        // Before others are told: who waits until this one has its permit may be whom it waits for here.
        needs_no_permit();
        self.leaves(&message);
        loop {
            // Made before the look, so that no move between the two is missed.
            let moved = self.moved.notified();
            let due = self.state().due();
            if let Some(together) = due {
                send(target, together).await;
            }
            tokio::select! {
                biased;
                answer = &mut answered => {
                    let Ok((answer, calls)) = answer else { return unanswered };
                    record::add(calls);
                    return answer;
                }
                () = moved => {}
            }
        }
    }

    /// Waits until a document is ready, or does not come. What happens from the call on counts.
    pub(crate) fn moved(&self) -> impl Future<Output = ()> + '_ {
        self.moved.notified()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Documents whose call is to be made now.
    fn due(&mut self) -> Option<Vec<Waiting>> {
        let cap = self.waiting.first()?.parcel.document.batch();
        let (mut together, mut left) = (Vec::<Waiting>::new(), Vec::new());
        for waiting in std::mem::take(&mut self.waiting) {
            let fits = together.len() < cap && waiting.parcel.goes_with(&together);
            if fits { together.push(waiting) } else { left.push(waiting) }
        }
        if together.len() == cap || self.coming.is_empty() {
            self.waiting = left;
            return Some(together);
        }
        self.waiting = together.into_iter().chain(left).collect();
        None
    }
}

/// Makes one call for all of them, and tells each what came of it.
async fn send(target: &dyn Target, together: Vec<Waiting>) {
    let parcels: Vec<_> = together.iter().map(|waiting| waiting.parcel.clone()).collect();
    let (answers, calls) = recorded(call(target, &parcels)).await;
    let count = parcels.len();
    let mut answers = answers.into_iter();
    for Waiting { parcel, answer } in together {
        let own = calls.iter().map(|call| of_one(call, &parcel, count)).collect();
        let said = answers.next().unwrap_or_else(|| unsaid(&parcel));
        // Nobody is there to hear it whose batch was given up.
        _ = answer.send((said, own));
    }
}

/// One call, before the earliest of the deadlines.
async fn call(target: &dyn Target, parcels: &[Parcel]) -> Vec<Answer> {
    let deadlines = parcels.iter().map(|parcel| parcel.deadline);
    let deadline = deadlines.fold(Deadline::NONE, Deadline::or_sooner);
    let deliveries: Vec<_> = parcels.iter().map(Parcel::delivery).collect();
    target.deliver(&deliveries, deadline).await
}

/// What the archive is told of a call in which a document was one of many: itself, and the answer.
fn of_one(call: &Exchange, parcel: &Parcel, count: usize) -> Exchange {
    if count == 1 {
        return call.clone();
    }
    Exchange {
        parameters: vec![("(documents in this call)".to_owned(), count.to_string())],
        body: codec::json(&parcel.mapped.body),
        ..call.clone()
    }
}

fn unsaid(parcel: &Parcel) -> Answer {
    let name = parcel.document.name;
    let vendor = name.split_once('.').map_or(name, |(vendor, _)| vendor);
    Err(Failure::new(vendor, name, Class::Unknown, None, "the connector has not said what became of it"))
}

use std::collections::VecDeque;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use relay_core::clock::{Clock, timeout};
use relay_webhook_receiver::{Answer, PushRequest};

use super::Current;
use super::body_budget::{BodyBudget, Reservation};
use super::refusals::{Reason, Refusals};
use super::slots::{Phase, Slot, Slots};

/// How long a body may take to come: Qince itself waits for no more than 5 seconds in all, and what comes slower than
/// this only holds a connection open.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the rest of a body that is not taken is read and dropped: who is still sending it would not see the answer.
const LINGER: Duration = Duration::from_secs(1);

/// A body is kept in blocks of so many bytes while it comes: none is moved to make room for the next, so that bodies that are
/// never finished take what has come of them and no more.
const BLOCK: usize = 16 * 1024;

/// Reads requests, and has the receiver answer them.
pub(super) struct Pushes {
    receiver: Arc<Current>,
    clock: Arc<dyn Clock>,
    budget: BodyBudget,
    refusals: Arc<Refusals>,
}

/// Why there is no body.
#[derive(Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    TooSlow,
    NoRoom,
    BrokenOff,
}

impl Pushes {
    pub(super) fn new(
        receiver: Arc<Current>,
        clock: Arc<dyn Clock>,
        slots: Arc<Slots>,
        refusals: Arc<Refusals>,
    ) -> Self {
        Self { receiver, budget: BodyBudget::new(clock.clone(), slots), clock, refusals }
    }

    /// Answers one request.
    pub(super) async fn answer<B>(&self, request: Request<B>, slot: &Slot) -> Response<Full<Bytes>>
    where
        B: Body<Data = Bytes> + Unpin,
        B::Error: Error + 'static,
    {
        slot.enter(Phase::Body);
        let (head, mut body) = request.into_parts();
        // Reservation until the push has been worked, which takes memory too.
        let mut held = Reservation::default();
        let limit = self.receiver.now().max_body_bytes();
        let read =
            read(&mut body, self.clock.as_ref(), limit, || slot.moves(), &self.budget, &mut held).await;
        let response = match read {
            Ok(bytes) => {
                slot.enter(Phase::Work);
                respond(&self.received(&head, &bytes).await)
            }
            Err(unread) => {
                drop(held);
                let rest = async { while let Some(Ok(_)) = body.frame().await {} };
                _ = timeout(self.clock.as_ref(), LINGER, rest).await;
                self.refused(&unread)
            }
        };
        slot.enter(Phase::Idle);
        response
    }

    async fn received(&self, head: &Parts, body: &[u8]) -> Answer {
        let text = |(name, value): (&HeaderName, &HeaderValue)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        };
        let headers: Vec<_> = head.headers.iter().filter_map(text).collect();
        let (method, path) = (head.method.as_str(), head.uri.path());
        let request = PushRequest { method, path, headers: &headers, body };
        let receiver = self.receiver.now();
        // A mistake of ours that one push brings out is that push's trouble alone, and its sender hears of it.
        let answer = AssertUnwindSafe(receiver.receive(&request)).catch_unwind().await;
        answer.unwrap_or_else(|_| Answer::no_push(500, "a mistake in the program, whose place its log tells"))
    }

    /// The answer to a request whose body was not read to its end; nothing more is read of its connection.
    fn refused(&self, unread: &Unread) -> Response<Full<Bytes>> {
        let (reason, answer) = match unread {
            Unread::TooLarge => (None, self.receiver.now().too_large()),
            Unread::TooSlow => (Some(Reason::SlowBody), Answer::no_push(408, "the request came too slowly")),
            Unread::NoRoom => {
                let answer = Answer::no_push(503, "too many large pushes at once: send it again");
                (Some(Reason::NoRoom), answer)
            }
            Unread::BrokenOff => (Some(Reason::BrokenOff), Answer::no_push(400, "the request broke off")),
        };
        if let Some(reason) = reason {
            self.refusals.count(reason);
        }
        let mut response = respond(&answer);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

/// Reads a body up to the limit; more of it is not kept. `moves` is told of each part.
async fn read<B>(
    body: &mut B,
    clock: &dyn Clock,
    limit: usize,
    moves: impl Fn(),
    budget: &BodyBudget,
    held: &mut Reservation,
) -> Result<Vec<u8>, Unread>
where
    B: Body<Data = Bytes> + Unpin,
{
    let collected = collect(body, limit, moves, budget, held);
    timeout(clock, PATIENCE, collected).await.unwrap_or(Err(Unread::TooSlow))
}

async fn collect<B>(
    body: &mut B,
    limit: usize,
    moves: impl Fn(),
    budget: &BodyBudget,
    held: &mut Reservation,
) -> Result<Vec<u8>, Unread>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut blocks = Blocks::default();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::BrokenOff)?.into_data() else { continue };
        moves();
        let length = blocks.length + data.len();
        if length > limit {
            return Err(Unread::TooLarge);
        }
        budget.hold(held, length.next_multiple_of(BLOCK).min(limit)).await.map_err(|_| Unread::NoRoom)?;
        blocks.add(&data);
    }
    Ok(blocks.joined())
}

/// A body as far as it has come.
#[derive(Default)]
struct Blocks {
    full: VecDeque<Vec<u8>>,
    last: Vec<u8>,
    length: usize,
}

impl Blocks {
    fn add(&mut self, mut data: &[u8]) {
        self.length += data.len();
        while !data.is_empty() {
            if self.last.capacity() == 0 {
                self.last.reserve_exact(BLOCK);
            }
            let (now, later) = data.split_at(data.len().min(BLOCK - self.last.len()));
            self.last.extend_from_slice(now);
            if self.last.len() == BLOCK {
                self.full.push_back(std::mem::take(&mut self.last));
            }
            data = later;
        }
    }

    /// All of it. Each block is given back as soon as it is copied.
    fn joined(mut self) -> Vec<u8> {
        if self.full.is_empty() {
            return self.last;
        }
        let mut whole = Vec::with_capacity(self.length);
        while let Some(block) = self.full.pop_front() {
            whole.extend_from_slice(&block);
        }
        whole.extend_from_slice(&self.last);
        whole
    }
}

fn respond(answer: &Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(answer.reply.to_json()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use relay_core::clock::SystemClock;

    use super::*;

    type Chunk = Result<Frame<Bytes>, std::io::Error>;

    fn chunk(text: &'static str) -> Chunk {
        Ok(Frame::data(Bytes::from(text)))
    }

    fn budget() -> BodyBudget {
        let (clock, refusals) = (Arc::new(SystemClock), Refusals::new(Arc::new(SystemClock)));
        BodyBudget::new(clock.clone(), Slots::new(1, clock, Arc::new(refusals)))
    }

    async fn read(chunks: Vec<Chunk>) -> Result<Vec<u8>, Unread> {
        let mut body = StreamBody::new(stream::iter(chunks));
        super::read(&mut body, &SystemClock, 6, || (), &budget(), &mut Reservation::default()).await
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_the_limit() {
        assert_eq!(read(vec![chunk("data"), chunk("=1")]).await, Ok(b"data=1".to_vec()));
        assert_eq!(read(vec![chunk("data"), chunk("=12")]).await, Err(Unread::TooLarge));
        let gone = std::io::Error::other("connection reset, no limit in sight");
        assert_eq!(read(vec![chunk("data"), Err(gone)]).await, Err(Unread::BrokenOff), "whatever the words");
    }

    #[tokio::test]
    async fn a_body_in_parts_of_any_length_is_put_together_as_it_came() {
        const LIMIT: usize = 10 * BLOCK;
        let body: Vec<u8> = (0..LIMIT).map(|place| (place % 251) as u8).collect();
        for part in [1_000, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 5, LIMIT] {
            for length in [0, 1, BLOCK, 2 * BLOCK + 1, LIMIT] {
                let parts = body[..length].chunks(part).map(Bytes::copy_from_slice);
                let parts: Vec<Chunk> = parts.map(|part| Ok(Frame::data(part))).collect();
                let (mut stream, budget) = (StreamBody::new(stream::iter(parts)), budget());
                let mut held = Reservation::default();
                let read = super::read(&mut stream, &SystemClock, LIMIT, || (), &budget, &mut held).await;
                assert!(read.unwrap() == body[..length], "{length} bytes in parts of {part}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_does_not_come_is_given_up_after_10_seconds() {
        let began = SystemClock.monotonic();
        let mut never = StreamBody::new(stream::pending::<Chunk>());
        let read =
            super::read(&mut never, &SystemClock, 6, || (), &budget(), &mut Reservation::default()).await;
        assert_eq!(read, Err(Unread::TooSlow));
        assert_eq!((SystemClock.monotonic() - began).as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_share_their_room_and_small_ones_need_none() {
        const LIMIT: usize = 4 * 1024 * 1024;
        let (budget, began) = (budget(), SystemClock.monotonic());
        let mut others = Vec::new();
        for _ in 0..8 {
            let mut held = Reservation::default();
            budget.hold(&mut held, LIMIT).await.unwrap();
            others.push(held);
        }
        let body = |bytes: usize| {
            let chunks = vec![b'a'; bytes].chunks(1_000).map(Bytes::copy_from_slice).collect::<Vec<_>>();
            StreamBody::new(stream::iter(chunks.into_iter().map(|chunk| Chunk::Ok(Frame::data(chunk)))))
        };
        let read = async |bytes: usize| {
            super::read(&mut body(bytes), &SystemClock, LIMIT, || (), &budget, &mut Reservation::default())
                .await
                .map(|read| read.len())
        };
        assert_eq!(read(60_000).await, Ok(60_000));
        assert_eq!(read(70_000).await, Err(Unread::NoRoom));
        assert_eq!(
            SystemClock.monotonic() - began,
            Duration::from_secs(1),
            "a refusal that Qince still hears"
        );
        others.pop();
        assert_eq!(read(LIMIT).await, Ok(LIMIT));
    }
}

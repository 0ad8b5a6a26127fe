//! Tasks that fail harm no others.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use relay_connector::{HttpTransport, Request, Response, Transport, TransportError};
use relay_core::clock::{SystemClock, SystemRng};
use relay_host::Settings;
use relay_simulators::Vendors;
use relay_simulators::qince::{PushStyle, read_reply};

use super::*;

const PATIENCE: Duration = Duration::from_secs(120);

/// What is noted of the tasks that panic.
const TROUBLED: [&str; 2] = ["health/task/poll", "health/task/sync"];

/// A mistake of ours that every call to a vendor brings out.
#[derive(Default)]
struct Panics(AtomicU32);

#[async_trait]
impl Transport for Panics {
    async fn send(&self, _request: Request) -> Result<Response, TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("13912345678")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn poller_and_syncer_panic_again_and_again_and_pushes_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(SystemClock);
    let store = format!("sqlite:{}", folder.path().join("relay.db").display());
    let settings = relay_simulators::settings().into_iter().chain([("RELAY_STORE", store.as_str())]);
    let settings: Settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let stores = relay_host::stores::open(&settings, clock.clone()).await.unwrap();
    let calls = Arc::new(Panics::default());
    let wiring = Wiring::new(settings, stores, clock.clone(), Arc::new(SystemRng)).unwrap();
    let wiring = wiring.over(calls.clone());
    let mut server = None;
    let mut tasks = Tasks::start(&wiring, "127.0.0.1:0".parse().unwrap(), &mut server, true).await.unwrap();
    let server = server.unwrap();
    let webhook = server.address;

    let qince = &Vendors::new(clock.clone(), 1).qince;
    let pushes = async {
        let noted = || async {
            let noted = wiring.stores.checkpoints.list("health/task/").await.unwrap();
            noted.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let again = async {
            while calls.0.load(Ordering::Relaxed) < 4 || noted().await != TROUBLED {
                clock.sleep(LOOK_EVERY / 20).await;
            }
        };
        timeout(clock.as_ref(), PATIENCE, again).await.expect("each is begun anew, and noted");
        let push = qince.push(&qince.order(clock.now()), &PushStyle::default());
        let url = || format!("http://{webhook}/qince/direct-orders").parse().unwrap();
        let transport = HttpTransport::new();
        let taken = async {
            // One that a machine under load does not store within three seconds is refused.
            loop {
                let request = Request::post(url(), &push.content_type, push.body.clone());
                let response = transport.send(request).await.unwrap();
                if read_reply(&push, response.status, &response.body).unwrap() {
                    break;
                }
            }
        };
        timeout(clock.as_ref(), PATIENCE, taken).await.expect("the push is taken");
    };
    // The store too is asked while the tasks go on: one of them may stand before us in its line.
    tasks.here.run_until(pushes).await;
    let stopped = async {
        tasks.stop(clock.as_ref()).await;
        server.stop().await;
    };
    timeout(clock.as_ref(), PATIENCE, stopped).await.expect("they stop all the same");
}

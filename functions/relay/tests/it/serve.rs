//! `relay serve`: a complete installation in one process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use clock::{Clock as _, SystemClock};
use simulators::qince::{Digest, PushStyle, SignedPush, read_reply};

use crate::support::{Installation, Town};

/// A server; killed when a test fails before it is told to stop.
pub(crate) struct Server {
    process: Child,
    address: String,
    stdout: BufReader<std::process::ChildStdout>,
}

impl Server {
    pub(crate) fn start(installation: &Installation) -> Self {
        let mut command = installation.command(&["serve", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.strip_prefix("Taking pushes at http://").expect(&line);
        let address = address.split_once('/').unwrap().0.to_owned();
        Self { process, address, stdout }
    }

    /// Sends a push as HTTP/1.1, and answers with status and body.
    pub(crate) fn push(&self, push: &SignedPush) -> (u16, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!(
            "POST /qince/direct-orders HTTP/1.1\r\nHost: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            self.address,
            push.content_type,
            push.body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&push.body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Stops it as an init system does, and answers with its exit status and the rest of what it printed.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Looks until it is so, at most 20 seconds.
#[track_caller]
pub(crate) fn eventually(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_push_over_http_reaches_its_targets_and_sigterm_ends_the_work_in_hand() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    let order = town.vendors.qince.order(SystemClock.now());
    let push = town.vendors.qince.push(&order, &PushStyle::default());

    let (status, body) = server.push(&push);
    assert_eq!(read_reply(&push, status, body.as_bytes()), Ok(true), "{body}");
    let id = order["id"].as_str().unwrap().to_owned();
    eventually("the order is in WDT", || town.vendors.wangdian.pushed_orders().contains_key(&id));
    let record = ("erpSalesOrderObj".to_owned(), id);
    eventually("the order is in ShareCRM", || town.vendors.sharecrm.records().contains_key(&record));

    let forged = PushStyle { digest: Digest::Wrong, ..PushStyle::default() };
    let forged = town.vendors.qince.push(&order, &forged);
    let (status, body) = server.push(&forged);
    assert_eq!(status, 401, "{body}");
    assert_eq!(read_reply(&forged, status, body.as_bytes()), Ok(false), "{body}");

    let limit = 4 * 1024 * 1024;
    let too_large = SignedPush { body: vec![b'a'; limit + 1], ..push };
    let (status, body) = server.push(&too_large);
    assert_eq!(status, 413, "{body}");
    assert!(body.contains("4194304 bytes"), "{body}");

    let (status, printed) = server.terminate();
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("Stopping after the work in hand"), "{printed}");
    let status = installation.relay(&["status", "--json"]).with_status(0).json();
    for system in ["sharecrm", "wangdian"] {
        assert_eq!(status["queues"][system]["waiting"], 0, "{status}");
    }
}

#[test]
fn an_address_that_is_taken_is_named() {
    let town = Town::open();
    let installation = town.installation();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let answer = installation.relay(&["serve", "--listen", &address]).with_status(1);
    assert!(answer.stderr.contains(&format!("listening on {address}")), "{}", answer.stderr);
}

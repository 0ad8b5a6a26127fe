//! What strangers send the webhook, or hold back from it: a push of Qince is answered within its 5 seconds all the same.

#![expect(clippy::disallowed_methods, reason = "real processes are timed, by the machine's own time")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use std::{fs, thread};

use relay_core::clock::{Clock as _, SystemClock};
use relay_simulators::qince::{PushStyle, SignedPush, read_reply};

use crate::server::Server;
use crate::support::{Installation, Town};

/// How long Qince waits.
const PATIENCE: Duration = Duration::from_secs(5);

fn push(town: &Town) -> SignedPush {
    let order = town.vendors.qince.order(SystemClock.now());
    town.vendors.qince.push(&order, &PushStyle::default())
}

#[track_caller]
fn is_answered_in_time(server: &Server, push: &SignedPush) {
    let began = Instant::now();
    let (status, body) = server.push(push);
    assert_eq!(read_reply(push, status, body.as_bytes()), Ok(true), "{body}");
    assert!(began.elapsed() < PATIENCE, "after {:?}", began.elapsed());
}

/// Connections that send a part of a head and no more.
fn half_sent_heads(server: &Server, count: usize) -> Vec<TcpStream> {
    let heads = (0..count).map(|_| {
        let mut stream = server.connect();
        stream.write_all(server.head("text/plain", 10).as_bytes()).unwrap();
        stream
    });
    heads.collect()
}

/// The most memory that a process has held, in MiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() / 1024
}

fn log(installation: &Installation) -> String {
    fs::read_to_string(installation.path("log")).unwrap()
}

#[test]
fn more_half_sent_heads_than_there_are_files_keep_no_push_out() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::with_files(&installation, 256);
    let mut heads = half_sent_heads(&server, 400);
    is_answered_in_time(&server, &push(&town));
    heads.extend(half_sent_heads(&server, 300));
    is_answered_in_time(&server, &push(&town));

    let began = Instant::now();
    for head in &mut heads {
        head.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let closed = head.read(&mut [0; 64]);
        assert!(matches!(closed, Ok(0) | Err(_)), "{closed:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "none is held for longer than a head may take");
    is_answered_in_time(&server, &push(&town));
    server.terminate();
    let log = log(&installation);
    let told = log.matches("connections were refused").count();
    assert!(log.contains("too many connections") && told < 10, "{told} lines: {log}");
}

#[test]
fn a_hundred_unfinished_bodies_take_little_memory_and_keep_no_push_out() {
    const LARGEST: usize = 4 * 1024 * 1024;
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    is_answered_in_time(&server, &push(&town));
    let before = peak(server.id());
    let head = format!("{}\r\n", server.head("application/x-www-form-urlencoded", LARGEST));
    let unfinished = vec![b'a'; LARGEST - 1];
    thread::scope(|scope| {
        for _ in 0..100 {
            let mut stream = server.connect();
            let (head, unfinished) = (head.as_bytes(), unfinished.as_slice());
            scope.spawn(move || {
                stream.set_write_timeout(Some(Duration::from_secs(3))).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(3))).unwrap();
                // Whether the server takes it all is its own affair.
                _ = stream.write_all(head).and_then(|()| stream.write_all(unfinished));
                _ = stream.read(&mut [0; 1]);
            });
        }
        for _ in 0..5 {
            is_answered_in_time(&server, &push(&town));
            thread::sleep(Duration::from_millis(300));
        }
    });
    is_answered_in_time(&server, &push(&town));
    let grown = peak(server.id()) - before;
    assert!(grown < 80, "grown by {grown} MiB");
}

#[test]
fn half_open_connections_hold_up_no_stop_for_longer_than_five_seconds() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    let heads = half_sent_heads(&server, 20);
    let mut body = server.connect();
    body.write_all(format!("{}\r\nab", server.head("text/plain", 10)).as_bytes()).unwrap();
    is_answered_in_time(&server, &push(&town));
    let began = Instant::now();
    let (status, printed) = server.terminate();
    assert_eq!(status, Some(0), "{printed}");
    assert!(began.elapsed() < Duration::from_secs(8), "after {:?}", began.elapsed());
    drop(heads);
}

#[test]
fn a_connection_that_is_kept_open_serves_one_push_after_the_other() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    let mut stream = server.connect();
    for _ in 0..3 {
        let push = push(&town);
        let head = server.head(&push.content_type, push.body.len());
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        stream.write_all(&push.body).unwrap();
        let (mut answer, mut bytes) = (String::new(), [0; 1024]);
        while !answer.contains("msg_id") {
            let read = stream.read(&mut bytes).unwrap();
            assert_ne!(read, 0, "closed after {answer}");
            answer.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
        assert!(answer.contains("\"return_code\":0"), "{answer}");
    }
}

#[test]
fn a_head_without_end_is_refused() {
    let town = Town::open();
    let installation = town.installation();
    let server = Server::start(&installation);
    let mut stream = server.connect();
    stream.write_all(b"POST /qince/direct-orders HTTP/1.1\r\n").unwrap();
    let began = Instant::now();
    let line = format!("X-Padding: {}\r\n", "a".repeat(4_000));
    while stream.write_all(line.as_bytes()).is_ok() {
        assert!(began.elapsed() < PATIENCE, "taken without end");
    }
    is_answered_in_time(&server, &push(&town));
}

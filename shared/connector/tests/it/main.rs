//! The HTTP transport against servers that misbehave, on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::time::Duration;

use relay_connector::{Class, Failure, HttpTransport, Request, Response, Transport as _, TransportError};
use relay_core::clock::{Clock as _, SystemClock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

const MIB: usize = 1024 * 1024;

/// A server that answers the first connection with this head, and then with `piece` over and over until nobody listens.
async fn server(head: &'static str, piece: Vec<u8>, pieces: usize) -> (Url, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut sent = 0;
        for _ in 0..pieces {
            if stream.write_all(&piece).await.is_err() {
                break;
            }
            sent += piece.len();
        }
        sent
    });
    (url, serving)
}

async fn read_head(stream: &mut TcpStream) {
    let mut read = Vec::new();
    while !read.windows(4).any(|end| end == b"\r\n\r\n") {
        let mut some = [0; 1024];
        let length = stream.read(&mut some).await.unwrap();
        read.extend_from_slice(&some[..length]);
    }
}

async fn get(url: Url) -> Result<Response, TransportError> {
    HttpTransport::new().send(Request::get(url)).await
}

/// The most memory that the process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak_kib() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn an_endless_answer_is_read_up_to_the_limit_and_no_further() {
    #[cfg(target_os = "linux")]
    let before = peak_kib();
    let (url, serving) = server("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; MIB], 3_000).await;
    let error = get(url).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { limit } if limit == 16 * MIB), "{error}");
    let sent = serving.await.unwrap();
    assert!(sent < 40 * MIB, "{} MiB were taken", sent / MIB);
    #[cfg(target_os = "linux")]
    assert!(peak_kib() - before < 100 * 1024, "the process grew by {} MiB", (peak_kib() - before) / 1024);
}

#[tokio::test]
async fn an_answer_that_says_how_large_it_is_is_not_even_begun() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 500000000\r\n\r\n";
    let (url, serving) = server(head, vec![b'x'; MIB], 500).await;
    assert!(matches!(get(url).await.unwrap_err(), TransportError::TooLarge { .. }));
    assert!(serving.await.unwrap() < 20 * MIB);
}

#[tokio::test]
async fn what_is_small_by_itself_has_a_limit_of_its_own() {
    let (url, _serving) = server("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", vec![b'x'; 2_000], 1).await;
    let request = Request::get(url).answer_up_to(1_000);
    let error = HttpTransport::new().send(request).await.unwrap_err();
    assert!(matches!(error, TransportError::TooLarge { limit: 1_000 }), "{error}");
}

#[test]
fn too_large_an_answer_stops_a_read_and_leaves_a_push_unknown() {
    let failure = Failure::transport("v", "x", &TransportError::TooLarge { limit: 1 });
    assert_eq!(failure.class, Class::Unknown);
    assert_eq!(failure.of_reading().class, Class::Paused { until: None });
}

#[tokio::test]
async fn the_headers_tell_the_vendors_time_and_the_encoding() {
    let head = "HTTP/1.1 200 OK\r\ndate: Sun, 22 Nov 2026 04:00:00 GMT\r\ncontent-type: text/html; charset=GBK\r\n\
                content-length: 2\r\n\r\n";
    let (url, _serving) = server(head, b"{}".to_vec(), 1).await;
    let answer = get(url).await.unwrap();
    assert_eq!(answer.date.unwrap().to_rfc3339(), "2026-11-22T04:00:00+00:00");
    assert_eq!(
        (answer.content_type.as_deref(), answer.body.as_slice()),
        (Some("text/html; charset=GBK"), &b"{}"[..])
    );
}

#[tokio::test]
async fn how_long_to_wait_is_told_in_seconds_or_as_a_time_by_the_vendors_clock() {
    for (head, seconds) in [
        ("HTTP/1.1 429 Busy\r\nretry-after: 7\r\ncontent-length: 0\r\n\r\n", Some(7)),
        (
            "HTTP/1.1 503 Busy\r\ndate: Sun, 22 Nov 2026 04:00:00 GMT\r\n\
             retry-after: Sun, 22 Nov 2026 04:02:00 GMT\r\ncontent-length: 0\r\n\r\n",
            Some(120),
        ),
        ("HTTP/1.1 503 Busy\r\nretry-after: soon\r\ncontent-length: 0\r\n\r\n", None),
        ("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n", None),
    ] {
        let (url, _serving) = server(head, Vec::new(), 0).await;
        assert_eq!(get(url).await.unwrap().retry_after, seconds.map(Duration::from_secs), "{head}");
    }
}

/// What unpacks to a gigabyte would pass every limit on what is read.
#[tokio::test]
async fn an_answer_is_not_decompressed() {
    let head = "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n";
    let (url, _serving) = server(head, b"\x1f\x8b\x08\x00".to_vec(), 1).await;
    assert_eq!(get(url).await.unwrap().body, b"\x1f\x8b\x08\x00");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let head = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n";
    let (url, _serving) = server(head, Vec::new(), 0).await;
    assert_eq!(get(url).await.unwrap().status, 302);
}

#[tokio::test]
async fn an_answer_that_trickles_for_ever_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: Url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        read_head(&mut stream).await;
        _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        while stream.write_all(b" ").await.is_ok() {
            SystemClock.sleep(Duration::from_millis(100)).await;
        }
    });
    let transport = HttpTransport::patient_for(Duration::from_secs(1));
    let error = transport.send(Request::get(url)).await.unwrap_err();
    assert!(matches!(&error, TransportError::Lost(reason) if reason.contains("timed out")), "{error}");
    serving.await.unwrap();
}

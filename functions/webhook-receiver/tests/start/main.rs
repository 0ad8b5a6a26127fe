//! What the Lambda's process says, and to whom, where it cannot start.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

const HIDDEN: &str = "never-to-be-shown";

/// Lambda's runtime API and Secrets Manager in one; tells what is said to the first.
fn aws() -> (SocketAddr, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (told, heard) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (path, body) = answer(stream.unwrap());
            if path != "/" {
                told.send((path, serde_json::from_str(&body).unwrap())).unwrap();
            }
        }
    });
    (address, heard)
}

fn answer(stream: TcpStream) -> (String, String) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let header = header.trim().to_lowercase();
        if header.is_empty() {
            break;
        }
        length = header.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let path = first.split(' ').nth(1).unwrap().to_owned();
    let (status, told) = match path.as_str() {
        "/" => ("400 Bad Request", r#"{"__type":"ResourceNotFoundException","Message":"no such secret"}"#),
        _ => ("202 Accepted", ""),
    };
    let length = told.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    reader.get_mut().write_all((head + told).as_bytes()).unwrap();
    (path, String::from_utf8(body).unwrap())
}

/// The Lambda, with AWS at that address.
fn lambda(address: SocketAddr) -> Command {
    let mut lambda = Command::new(env!("CARGO_BIN_EXE_webhook-receiver"));
    lambda
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
        .env("AWS_ENDPOINT_URL", format!("http://{address}"))
        .envs([("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "a"), ("AWS_SECRET_ACCESS_KEY", HIDDEN)]);
    lambda
}

/// Starts the Lambda with these variables, and answers what it said in its log and to Lambda.
fn refused(variables: &[(&str, &str)]) -> String {
    let (address, heard) = aws();
    let folder = tempfile::tempdir().unwrap();
    let Output { status, stdout, stderr } = lambda(address)
        .env("RELAY_STORE", format!("sqlite:{}", folder.path().join("relay.db").display()))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert_eq!((status.code(), stderr.as_slice()), (Some(1), b"".as_slice()));
    let line: Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!(
        (&line["level"], &line["target"]),
        (&"ERROR".into(), &"relay_host::lambda::start".into()),
        "{line}"
    );
    // The process may end before the thread that answered it has told so here.
    let (path, told) = heard.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(path, "/2018-06-01/runtime/init/error");
    assert_eq!(told["errorMessage"], line["error"]);
    let error = line["error"].as_str().unwrap().to_owned();
    assert!(!error.contains(HIDDEN), "{error}");
    error
}

#[test]
fn a_setting_that_is_missing_is_named_with_the_places_where_it_is_looked_for() {
    let error = refused(&[]);
    assert!(error.contains("QINCE_PUSH_SECRETS is not set") && error.contains("RELAY_SECRET_ID"), "{error}");
}

#[test]
fn a_setting_that_is_malformed_is_named_and_not_shown() {
    let error = refused(&[("QINCE_PUSH_SECRETS", "s"), ("QINCE_ALLOW_RAW_JSON", HIDDEN)]);
    assert!(error.contains("QINCE_ALLOW_RAW_JSON expects"), "{error}");
}

#[test]
fn a_secret_that_does_not_exist_is_named_with_the_way_out() {
    let error = refused(&[("RELAY_SECRET_ID", "relay/prod")]);
    assert!(
        error.contains("the secret `relay/prod` does not exist") && error.contains("SecretId"),
        "{error}"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn no_secret_is_asked_for_before_memory_is_closed_to_core_files() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut lambda = lambda(listener.local_addr().unwrap());
    let mut process = lambda.env("RELAY_SECRET_ID", "relay/prod").stdout(Stdio::null()).spawn().unwrap();
    // It asks for its secret, and waits for the answer.
    let asking = listener.accept().unwrap();
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", process.id())).unwrap();
    process.kill().unwrap();
    process.wait().unwrap();
    drop(asking);
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[..2], ["0", "0"]);
}

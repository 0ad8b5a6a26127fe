//! `relay serve` as a process, and HTTP as its senders speak it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};

use relay_simulators::qince::{SignedPush, read_reply};

use crate::support::Installation;

/// A server; killed when a test fails before it is told to stop.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
    stdout: Option<BufReader<ChildStdout>>,
}

impl Server {
    /// Its log is the file `log` of the installation.
    pub(crate) fn start(installation: &Installation) -> Self {
        Self::of(installation, &mut installation.command(&SERVE))
    }

    /// One that may open so many files.
    pub(crate) fn with_files(installation: &Installation, files: u32) -> Self {
        let mut command = installation.within(&format!("ulimit -n {files}"), &SERVE);
        Self::of(installation, &mut command)
    }

    pub(crate) fn of(installation: &Installation, command: &mut Command) -> Self {
        let log = File::create(installation.path("log")).unwrap();
        let mut process = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.strip_prefix("Taking pushes at http://").expect(&line);
        let address = address.split_once('/').unwrap().0.to_owned();
        Self { process, address, stdout: Some(stdout) }
    }

    /// The server, whose output nobody reads from here on.
    pub(crate) fn unread(mut self) -> Self {
        self.stdout = None;
        self
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    /// The head of a push whose body has so many bytes.
    pub(crate) fn head(&self, content_type: &str, length: usize) -> String {
        format!(
            "POST /qince/direct-orders HTTP/1.1\r\nHost: {}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n",
            self.address
        )
    }

    /// Sends a push as HTTP/1.1, and answers with status and body.
    pub(crate) fn push(&self, push: &SignedPush) -> (u16, String) {
        let mut stream = self.connect();
        let head = self.head(&push.content_type, push.body.len());
        stream.write_all(format!("{head}Connection: close\r\n\r\n").as_bytes()).unwrap();
        stream.write_all(&push.body).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Asks as whoever watches does, and answers with status and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        let mut stream = self.connect();
        let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Sends a push, and answers whether it was stored.
    pub(crate) fn stores(&self, push: &SignedPush) -> bool {
        let (status, body) = self.push(push);
        assert_eq!(status, 200, "{body}");
        read_reply(push, status, body.as_bytes()).unwrap()
    }

    /// Stops it as an init system does, and answers with its exit status and the rest of what it printed.
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        if let Some(stdout) = &mut self.stdout {
            stdout.read_to_string(&mut rest).unwrap();
        }
        (self.process.wait().unwrap().code(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

pub(crate) const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

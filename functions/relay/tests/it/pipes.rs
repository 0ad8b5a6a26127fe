//! Whoever reads a command's answer may stop reading, and a disk may be full: no command panics for it.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use crate::server::Server;
use crate::support::{Answer, Installation, Town};

/// An installation in which documents have failed.
fn with_failures(town: &Town) -> Installation {
    let mut installation = town.installation();
    installation.invoke("erp-pusher", "erp-pusher/sqs.json").with_status(0);
    installation.set("RUST_LOG", "trace");
    installation
}

/// Runs a command whose reader stops after the first line.
fn head(installation: &Installation, arguments: &[&str]) -> Answer {
    let mut command = installation.command(arguments);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    // One byte at a time: what comes after the line stays unread.
    BufReader::with_capacity(1, process.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let mut stderr = String::new();
    process.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    Answer { status: process.wait().unwrap().code(), stdout: line, stderr }
}

#[test]
fn a_reader_that_stops_ends_nothing_but_the_output() {
    let town = Town::open();
    let installation = with_failures(&town);
    for (arguments, status) in [
        (&["failures"][..], 1),
        (&["failures", "--json"], 1),
        (&["flows", "check"], 0),
        (&["status"], 0),
        (&["demo"], 0),
        (&["--help"], 0),
        (&["--version"], 0),
    ] {
        let answer = head(&installation, arguments).with_status(status);
        assert!(!answer.stderr.contains("panic"), "{arguments:?}: {}", answer.stderr);
        assert!(!answer.stderr.contains("error:"), "{arguments:?}: {}", answer.stderr);
        assert_ne!(answer.stdout, "");
    }
}

#[test]
fn a_replay_whose_reader_stops_is_done_to_its_end() {
    let town = Town::open();
    let installation = with_failures(&town);
    town.stock_the_sample_trade();
    // The reader is gone before the first line.
    let mut command = installation.command(&["replay", "--all"]);
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(process.stdout.take());
    process.wait().unwrap();
    installation.relay(&["drain"]).with_status(0);
    assert_eq!(town.vendors.kingdee.creates()["JY202611220001"], 1);
}

#[test]
fn an_answer_that_cannot_be_written_is_told() {
    let town = Town::open();
    let installation = with_failures(&town);
    for arguments in [&["failures"][..], &["status"], &["status", "--json"], &["flows", "check"], &["--help"]]
    {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = installation.command(arguments).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("the answer cannot be written"), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("panic"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn nobody_reads_the_log_and_the_command_is_done() {
    let town = Town::open();
    let installation = with_failures(&town);
    for arguments in [&["failures"][..], &["drain"], &["replay", "--all"], &["resume", "kingdom"]] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let told = Answer::of(&mut installation.command(arguments));
        let mute = installation.command(arguments).stderr(full).output().unwrap();
        assert_eq!(mute.status.code(), told.status, "{arguments:?}");
    }
}

#[test]
fn a_server_whose_output_nobody_reads_goes_on_and_stops_well() {
    let town = Town::open();
    let installation = with_failures(&town);
    let (status, _) = Server::start(&installation).unread().terminate();
    assert_eq!(status, Some(0));
}

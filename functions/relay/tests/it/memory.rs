//! What another program of the same user sees of a running server: nothing of its memory.

#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

use crate::server::{SERVE, Server};
use crate::support::{Town, as_ordinary_user};

/// The words of a line of a file in /proc, after its name.
fn words_of(process: u32, file: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{process}/{file}")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn another_program_of_the_same_user_reads_neither_memory_nor_environment() {
    let town = Town::open();
    let installation = town.installation();
    fs::set_permissions(installation.path(""), Permissions::from_mode(0o777)).unwrap();
    let server = Server::of(&installation, &mut installation.command_of_ordinary_user(&SERVE));
    let process = server.id();
    let user: u32 = words_of(process, "status", "Uid:")[0].parse().unwrap();
    assert_ne!(user, 0, "root may read everything");
    for file in ["environ", "mem", "maps"] {
        let file = format!("/proc/{process}/{file}");
        assert_eq!(fs::metadata(&file).unwrap().uid(), 0, "{file} is root's");
        let mut reading = Command::new("head");
        reading.args(["-c", "1", &file]);
        as_ordinary_user(&mut reading);
        let read = reading.output().unwrap();
        assert!(!read.status.success() && read.stdout.is_empty(), "{file}: {read:?}");
    }
    assert_eq!(words_of(process, "limits", "Max core file size")[..2], ["0", "0"]);
    server.terminate();
}

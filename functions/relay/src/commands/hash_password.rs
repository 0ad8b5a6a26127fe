use std::io::IsTerminal as _;

use anyhow::Context as _;
use console::Term;
use relay_console::{Role, entry};
use relay_core::clock::{Rng as _, SystemRng};

use crate::output::{say, tell};
use crate::{Done, WrongUsage};

/// `relay console hash-password`
pub(crate) fn run(name: &str, role: Role) -> anyhow::Result<Done> {
    let password = password().context("reading the password")?;
    let entry = entry(name, role, &password, SystemRng.bytes()).map_err(WrongUsage)?;
    say!("{entry}");
    Ok(Done::Well)
}

/// A line of standard input; at a terminal one that is not shown.
fn password() -> std::io::Result<String> {
    if std::io::stdin().is_terminal() {
        tell!("The password:");
        return Term::stderr().read_secure_line();
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

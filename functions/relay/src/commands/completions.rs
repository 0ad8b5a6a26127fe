//! `relay completions`

use clap_complete::Shell;

use crate::output::say;
use crate::{Done, cli};

pub(crate) fn run(shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut cli::command(), "relay", &mut script);
    String::from_utf8_lossy(&script).lines().for_each(|line| say!("{line}"));
    Done::Well
}

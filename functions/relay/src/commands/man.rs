//! `relay man`

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use clap_mangen::Man;

use crate::output::say;
use crate::{Done, cli};

pub(crate) fn run(folder: Option<&Path>) -> anyhow::Result<Done> {
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(cli::command()).render(&mut page)?;
        String::from_utf8_lossy(&page).lines().for_each(|line| say!("{line}"));
        return Ok(Done::Well);
    };
    let pages = || format!("writing the manual into {}", folder.display());
    fs::create_dir_all(folder).with_context(pages)?;
    clap_mangen::generate_to(cli::command(), folder).with_context(pages)?;
    Ok(Done::Well)
}

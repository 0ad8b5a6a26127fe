//! A disk on which each `fsync` takes 5 ms, as one that turns or a network volume does: a library that stands before libc.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::ensure;

const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static int slowly(const char *name, int file) {
    int (*real)(int) = (int (*)(int)) dlsym(RTLD_NEXT, name);
    struct timespec wait = { 0, 5000000 };
    nanosleep(&wait, 0);
    return real(file);
}

int fsync(int file) { return slowly("fsync", file); }
int fdatasync(int file) { return slowly("fdatasync", file); }
"#;

/// Builds the library in a folder; `None` where the machine has no C compiler.
pub(crate) fn build(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let (source, library) = (folder.join("slow_disk.c"), folder.join("slow_disk.so"));
    std::fs::write(&source, SOURCE)?;
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(&source).arg("-ldl");
    let Ok(built) = compiler.status() else { return Ok(None) };
    ensure!(built.success(), "cc: {built}");
    Ok(Some(library))
}

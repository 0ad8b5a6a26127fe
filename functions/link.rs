//! How a function is linked for release: smaller, because a cold start is mostly the reading of the program and the work on its
//! addresses. Each function's `Cargo.toml` names this as its build script.
//!
//! | argument | what for |
//! |---|---|
//! | `-no-pie` | addresses stand in the program and are not worked out at its start |
//! | `-O2` | texts that end alike are one |
//! | `--icf=all` | functions of the same code are one: nothing here tells functions apart by their address |
//! | `--bp-compression-sort=both` | what is alike stands together, so that the archive is a fourteenth smaller |
//!
//! The last three are LLD's, which `rustc` brings along for x86-64. Where another linker is named, such as Zig by `cargo lambda`, they
//! are left out: its archives are larger.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=../link.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|is| is == value);
    if !is("PROFILE", "release") || !is("CARGO_CFG_TARGET_OS", "linux") {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    let has_lld = env::var_os("RUSTC_LINKER").is_none() && is("TARGET", "x86_64-unknown-linux-gnu");
    if has_lld {
        println!("cargo::rustc-link-arg-bins=-Wl,-O2,--icf=all,--bp-compression-sort=both");
    }
}

//! Writes the tables of GB18030 into `OUT_DIR`. They are those of `encoding_rs`, whose tables of the other encodings would take a
//! tenth of a megabyte of each function's archive.
//!
//! | file | what |
//! |---|---|
//! | `two_bytes.bin` | the character of each pair of bytes, 190 to a first byte, as two bytes each; 0 where there is none |
//! | `four_bytes.bin` | where runs of four bytes begin: their place, and the character there, as two bytes each |

use std::path::PathBuf;
use std::{env, fs, io};

use encoding_rs::GB18030;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = env::var_os("OUT_DIR").map(PathBuf::from).ok_or(io::ErrorKind::NotFound)?;
    fs::write(folder.join("two_bytes.bin"), two_bytes())?;
    fs::write(folder.join("four_bytes.bin"), four_bytes())
}

fn two_bytes() -> Vec<u8> {
    let seconds = || (0x40..=0xFE).filter(|second| *second != 0x7F);
    let pairs = (0x81..=0xFE).flat_map(|first| seconds().map(move |second| [first, second]));
    pairs.flat_map(|pair| decoded(&pair).unwrap_or_default().to_le_bytes()).collect()
}

fn four_bytes() -> Vec<u8> {
    let (mut runs, mut last) = (Vec::new(), None);
    for place in 0..39_420_u16 {
        let digit = |of: u16, base: u16, first: u16| (place / of % base + first).to_le_bytes()[0];
        let bytes =
            [digit(12_600, 126, 0x81), digit(1_260, 10, 0x30), digit(10, 126, 0x81), digit(1, 10, 0x30)];
        let character = decoded(&bytes).unwrap_or_default();
        if last.is_none_or(|last: u16| character != last.wrapping_add(1)) {
            runs.extend([place, character].map(u16::to_le_bytes).concat());
        }
        last = Some(character);
    }
    runs
}

fn decoded(bytes: &[u8]) -> Option<u16> {
    let text = GB18030.decode_without_bom_handling_and_without_replacement(bytes)?;
    u16::try_from(u32::from(text.chars().next()?)).ok()
}

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| drop(fuzz::targets::texts::run(input)));

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| _ = fuzz::targets::push::run(input));

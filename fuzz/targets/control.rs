//! See [`malai_core::fuzzing::control`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| malai_core::fuzzing::control(bytes));

//! See [`malai_core::fuzzing::http_answer`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| malai_core::fuzzing::http_answer(bytes));

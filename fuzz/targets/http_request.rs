//! See [`malai_core::fuzzing::http_request`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| malai_core::fuzzing::http_request(bytes));

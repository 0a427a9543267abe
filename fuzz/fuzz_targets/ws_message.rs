//! The message decoder and a connection against the oracle, however the stream is cut, with limits or without.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ws::fuzz::message(input));

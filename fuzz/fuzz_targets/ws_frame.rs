//! The frame decoder against the oracle, however the stream is cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ws::fuzz::frame(input));

//! Heads with any lines: each is judged, and what is accepted is understood.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ws::fuzz::handshake(input));

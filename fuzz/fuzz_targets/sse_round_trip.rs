//! The encoder: what is built is what is read, and nothing more.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::sse::fuzz::round_trip(input));

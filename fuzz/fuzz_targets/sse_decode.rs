//! The decoder against the oracle, and against itself under other cuts, with limits or without.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::sse::fuzz::decode(input));

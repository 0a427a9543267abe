//! Beats forced into a stream wherever it may fall silent: a client reads the same as without.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::heartbeat::fuzz(input));

//! The boundary finder against the oracle, however the stream is cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::sse::fuzz::boundary(input));

//! Messages fragmented and interleaved, right or spoilt: what is read, what is sent, and what is answered.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ws::fuzz::script(input));

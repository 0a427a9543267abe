//! Any bytes to a decompressor, alike however they are cut; and messages there and back again.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ws::fuzz::deflate(input));

//! Which texts have the form of a ticket, against an oracle, and that each has one spelling.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ticket::fuzz::parse(input));

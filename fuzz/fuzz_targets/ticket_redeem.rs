//! Tickets that are edited, or late: only what was minted is redeemed, and once.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| longwave_testing::ticket::fuzz::redeem(input));

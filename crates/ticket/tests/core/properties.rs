//! What holds for any text and any ticket; the fuzz targets hold the same.

use std::cell::Cell;

use longwave_testing::ticket::fuzz;
use longwave_ticket::Ticket;
use proptest::{collection::vec, prelude::*, sample::Index, test_runner::TestRunner};

use crate::support::text;

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

/// What is a ticket, or nearly: at the edges of each field, with claims or none.
fn near() -> impl Strategy<Value = String> {
    let head = (prop_oneof![9 => Just(1_u8), 1 => any::<u8>()], 0..=4_u8, 0..34_u16);
    let bound = prop_oneof![Just([0; 16]), any::<[u8; 16]>()];
    let claims = prop_oneof![Just(0), 0..8_usize, 1020..1028_usize];
    (head, any::<[u8; 36]>(), bound, claims, any::<[u8; 32]>()).prop_map(
        |((version, purpose, flags), rest, bound, claims, tag)| {
            let [high, low] = flags.to_be_bytes();
            text(&[&[version, purpose, high, low][..], &rest, &bound, &vec![7; claims], &tag].concat())
        },
    )
}

/// One of those with a character replaced, inserted or removed.
fn edited() -> impl Strategy<Value = String> {
    (near(), any::<Index>(), "[A-Za-z0-9_=+é-]", 0..3).prop_map(|(text, place, with, edit)| {
        let place = place.index(text.len());
        let (before, after) = text.split_at(place);
        match edit {
            0 => format!("{before}{with}{}", &after[1..]),
            1 => format!("{before}{with}{after}"),
            _ => format!("{before}{}", &after[1..]),
        }
    })
}

#[test]
fn any_text_is_judged() {
    let (good, bad) = (Cell::new(0), Cell::new(0));
    let text = prop_oneof!["\\PC{0,40}", "lwt1_[A-Za-z0-9_=+-]{110,160}", near(), near(), edited()];
    let judged = TestRunner::new(config()).run(&text, |text| {
        fuzz::parse(text.as_bytes());
        let count = if Ticket::parse(&text).is_ok() { &good } else { &bad };
        count.set(count.get() + 1);
        Ok(())
    });
    judged.unwrap();
    assert!(good.get() > 20 && bad.get() > 20, "{} of each, and {}", good.get(), bad.get());
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_edit_is_refused(input in vec(any::<u8>(), 0..60)) {
        fuzz::redeem(&input);
    }
}

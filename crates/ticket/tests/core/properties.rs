//! What holds for any text and any ticket; the fuzz targets hold the same.

use longwave_testing::ticket::fuzz;
use proptest::{collection::vec, prelude::*};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_judged(text in prop_oneof!["\\PC{0,40}", "lwt1_[A-Za-z0-9_-]{110,130}", "lwt1_[A-Za-z0-9_=+-]{118,160}"]) {
        fuzz::parse(text.as_bytes());
    }

    #[test]
    fn any_edit_is_refused(input in vec(any::<u8>(), 0..60)) {
        fuzz::redeem(&input);
    }
}

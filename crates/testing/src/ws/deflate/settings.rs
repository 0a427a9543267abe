use longwave_ws::{
    deflate::{Agreed, Settings},
    handshake::Extension,
};

/// Settings, one for each pair of bytes: every level, window and amount of memory, with context takeover or not.
pub fn settings([first, second]: [u8; 2]) -> Settings {
    let settings = Settings::new()
        .threshold(0)
        .level(first % 10)
        .mem_level(1 + first / 10 % 9)
        .own_window_bits(9 + second % 7)
        .peer_window_bits(9 + second / 7 % 7);
    let settings = if second % 2 == 0 { settings } else { settings.own_no_context_takeover() };
    let settings = if second % 3 == 0 { settings.peer_no_context_takeover() } else { settings };
    if second % 5 == 0 { settings.require_peer_limits() } else { settings }
}

/// What a client and a server agree on, the client last; both mean the same by it.
///
/// # Panics
///
/// If they do not.
pub fn agree(client: &Settings, server: &Settings) -> (Agreed, Agreed) {
    let offers = Extension::parse_list(&client.offer()).expect("an offer is a list");
    let offers = offers.iter().map(|offer| (offer.name(), offer.params()));
    let (server, response) = server.negotiate(offers).expect("what a client offers is acceptable");
    let response: Extension = response.parse().expect("a response is an extension");
    assert_eq!(response.name(), "permessage-deflate");
    let client = client.accept_response(response.params()).expect("what a server answers is right");
    assert_eq!((client.own(), client.peer()), (server.peer(), server.own()));
    (server, client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_settings_come_up() {
        let all = || (0..=u8::MAX).map(|byte| settings([byte, byte]));
        let agreed =
            |settings: Settings| agree(&settings.own_window_bits(15).peer_window_bits(15), &settings).0;
        for bits in 9..=15 {
            assert!(all().any(|settings| agreed(settings).own().window_bits() == bits));
            assert!(all().any(|settings| agreed(settings).peer().window_bits() == bits));
        }
        for takeover in [true, false] {
            assert!(all().any(|settings| agreed(settings).own().takeover() == takeover));
            assert!(all().any(|settings| agreed(settings).peer().takeover() == takeover));
        }
    }
}

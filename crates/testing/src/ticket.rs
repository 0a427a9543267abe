//! Tickets: which texts have the form of one, and that no edit of one is taken for another.

/// The bodies of the fuzz targets.
pub mod fuzz {
    use std::time::Duration;

    use longwave_ticket::{
        Audience, Binding, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Mode, Purpose,
        RedeemError, Scope, Ticket, TicketId, UnixMillis, Verifier, Why,
    };

    use super::{body, edit, ready, spelled};

    /// The body of the target `ticket_parse`: any bytes.
    ///
    /// # Panics
    ///
    /// If a text is taken or refused that the format has otherwise, or one ticket has two spellings.
    pub fn parse(bytes: &[u8]) {
        let Ok(text) = std::str::from_utf8(bytes) else { return };
        match (Ticket::parse(text), body(text)) {
            (Ok(ticket), Some(body)) => {
                assert_eq!(ticket.id().as_bytes()[..], body[24..40], "{text:?}");
                assert_eq!(spelled(&body), text);
            }
            (Err(invalid), None) => assert_eq!(invalid.why(), Why::Malformed),
            (taken, _) => panic!("{taken:?} is what became of {text:?}"),
        }
    }

    struct Name(Vec<u8>);

    impl Claims for Name {
        fn subject(&self) -> &'static str {
            "somebody"
        }

        fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
            Ok(self.0.clone())
        }

        fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
            Ok(Self(bytes.to_vec()))
        }
    }

    /// The body of the target `ticket_redeem`: a variant (where the claims are, what is bound), how many bytes of
    /// claims, milliseconds between minting and redemption (two bytes, in tens), and edits of the
    /// ticket, three bytes each.
    ///
    /// # Panics
    ///
    /// If a ticket is taken that was edited or has expired, one is refused that was not, or one is taken twice.
    pub fn redeem(bytes: &[u8]) {
        let Some((&[variant, len, high, low], edits)) = bytes.split_first_chunk() else { return };
        let setup = "a fixed one is right";
        let mode = if variant & 1 == 0 { Mode::TakeOnce } else { Mode::SelfContained };
        let audience = Audience::new("fuzz").expect(setup);
        let ring = KeyRing::ephemeral(|key| key[0] = 1).expect(setup);
        let store = MemoryStore::new();
        let issuer = Issuer::<Name, _>::new(&audience, &ring, store.clone()).expect(setup).mode(mode);
        let verifier = Verifier::<Name, _>::new(&audience, &ring, store).expect(setup).mode(mode);

        let mut binding = Binding::new();
        if variant & 2 != 0 {
            binding = binding.scope(Scope::new("events").expect(setup));
        }
        if variant & 4 != 0 {
            binding = binding.origin("https://example.com").expect(setup);
        }
        if variant & 8 != 0 {
            binding = binding.browser(&[variant]);
        }
        let minted_at = UnixMillis::new(1_800_000_000_000);
        let context = Context::new(Purpose::Connect, minted_at).binding(binding);
        let grant = Grant::new(Name(vec![variant; usize::from(len)]));
        let minted = ready(issuer.mint(&grant, &context, TicketId::from_bytes([len; 16]))).expect(setup);
        let genuine = minted.into_ticket().into_exposed();
        let edited = edit(&genuine, edits);

        let later = Duration::from_millis(u64::from(u16::from_be_bytes([high, low])) * 10);
        let context = context.at(minted_at.plus(later));
        let redeem = |text: &str| match ready(verifier.redeem(text, &context)) {
            Ok(redeemed) => {
                assert_eq!(redeemed.grant().claims().0, grant.claims().0);
                None
            }
            Err(RedeemError::Invalid(invalid)) => Some(invalid.why()),
            Err(RedeemError::Store(error)) => panic!("{error}"),
        };
        let late = later > Duration::from_secs(35);
        if edited != genuine {
            let why = redeem(&edited);
            let early = [Some(Why::Malformed), Some(Why::UnknownKey), Some(Why::BadMac)];
            assert!(early.contains(&why), "{why:?} for {edited:?}, once {genuine:?}");
        }
        // An edited one does no harm to the genuine one.
        assert_eq!(redeem(&genuine), late.then_some(Why::Expired));
        assert_eq!(redeem(&genuine), Some(if late { Why::Expired } else { Why::Replayed }));
    }
}

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

/// Replaces, inserts or removes a character, or cuts the rest off, for each three bytes: what, where, by which.
fn edit(text: &str, edits: &[u8]) -> String {
    let mut text: Vec<char> = text.chars().collect();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(edit[1]) + usize::from(edit[0] >> 3) * 8;
        if place >= text.len() {
            continue;
        }
        let with = char::from(edit[2]);
        match edit[0] & 3 {
            0 => text[place] = with,
            1 => text.insert(place, with),
            2 => drop(text.remove(place)),
            _ => text.truncate(place),
        }
    }
    text.into_iter().collect()
}

/// The format, read slowly: bit by bit. What a ticket is made of, if it is one.
fn body(text: &str) -> Option<Vec<u8>> {
    let encoded = text.strip_prefix("lwt1_")?;
    let mut bits = Vec::new();
    for char in encoded.chars() {
        let value = match char {
            'A'..='Z' => char as u32 - 'A' as u32,
            'a'..='z' => char as u32 - 'a' as u32 + 26,
            '0'..='9' => char as u32 - '0' as u32 + 52,
            '-' => 62,
            '_' => 63,
            _ => return None,
        };
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let spare = bits.split_off(bits.len() / 8 * 8);
    // No whole character is spare.
    if spare.len() >= 6 || spare.contains(&true) {
        return None;
    }
    let byte = |bits: &[bool]| bits.iter().fold(0_u8, |byte, bit| byte << 1 | u8::from(*bit));
    let body: Vec<u8> = bits.chunks(8).map(byte).collect();
    if body.len() < 88 || body.len() > 88 + 1024 {
        return None;
    }
    let (version, purpose, flags) = (body[0], body[1], u16::from(body[2]) << 8 | u16::from(body[3]));
    let refers = flags & 1 == 1;
    let binds = flags & !1 != 0 || purpose == 2;
    let is_ticket = version == 1
        && (1..=3).contains(&purpose)
        && flags < 32
        && !(refers && body.len() > 88)
        && (binds || body[40..56].iter().all(|byte| *byte == 0));
    is_ticket.then_some(body)
}

/// The one text that stands for these bytes, written as slowly.
fn spelled(body: &[u8]) -> String {
    let mut bits: Vec<bool> =
        body.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    bits.resize(bits.len().next_multiple_of(6), false);
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let letter = |bits: &[bool]| letters[bits.iter().fold(0, |value, bit| value << 1 | usize::from(*bit))];
    "lwt1_".chars().chain(bits.chunks(6).map(letter)).collect()
}

/// What a future gives that never waits.
fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a store in memory does not wait"),
    }
}

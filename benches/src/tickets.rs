//! W8: verifying a ticket of about 100 bytes; refusing and minting one; what keeping them out of requests costs.

mod ours;
mod requests;

use self::ours::Ours;
use crate::{
    bench::{Bench, micro},
    table::Unit,
};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use pasetors::{
    Local,
    claims::{Claims, ClaimsValidationRules},
    keys::SymmetricKey,
    local,
    token::UntrustedToken,
    version4::{LocalToken, V4},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::hint::black_box;

const KEY: &[u8; 32] = b"an example key, of 32 bytes here";
const TICKET: &[u8] =
    br#"{"sub":"user-0123456789","room":"general","nonce":"6f1c2ab94d3e8057","exp":4102444800,"v":1}       "#;

#[derive(Serialize, Deserialize)]
struct Ticket {
    sub: String,
    room: String,
    nonce: String,
    exp: u64,
}

const OPS: usize = 100;

fn repeat(mut work: Box<dyn FnMut()>) -> impl FnMut() {
    move || (0..OPS).for_each(|_| work())
}

pub fn run(bench: &mut Bench) {
    let target = bench.target;

    let keyed = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    let tag = keyed.clone().chain_update(TICKET).finalize().into_bytes();
    let verify_hmac =
        move |mac: Hmac<Sha256>| mac.chain_update(black_box(TICKET)).verify_slice(black_box(&tag)).unwrap();
    let ring_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY);
    let aws_key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, KEY);
    let hash = blake3::keyed_hash(KEY, TICKET);
    let rows = vec![
        micro("hmac+sha2, key ready", OPS, target, repeat(Box::new(move || verify_hmac(keyed.clone())))),
        micro(
            "hmac+sha2, new key",
            OPS,
            target,
            repeat(Box::new(move || {
                verify_hmac(Hmac::new_from_slice(black_box(KEY)).unwrap());
            })),
        ),
        micro(
            "ring, key ready",
            OPS,
            target,
            repeat(Box::new(move || {
                ring::hmac::verify(&ring_key, black_box(TICKET), black_box(&tag)).unwrap();
            })),
        ),
        micro(
            "aws-lc-rs, key ready",
            OPS,
            target,
            repeat(Box::new(move || {
                aws_lc_rs::hmac::verify(&aws_key, black_box(TICKET), black_box(&tag)).unwrap();
            })),
        ),
        micro(
            "blake3 keyed",
            OPS,
            target,
            repeat(Box::new(move || {
                // Comparing two `Hash`es takes constant time.
                assert!(blake3::keyed_hash(black_box(KEY), black_box(TICKET)) == black_box(hash));
            })),
        ),
        // An HMAC of this length, with the key's two blocks done in advance, hashes three blocks.
        micro(
            "sha2, three blocks*",
            OPS,
            target,
            repeat(Box::new(|| {
                black_box(Sha256::digest(black_box(&[7; 183])));
            })),
        ),
    ];
    bench.table("w8", "verifying a MAC", Unit::Ns).column(
        format!("{} B", TICKET.len()),
        Some(TICKET.len()),
        rows,
    );

    let claims: Ticket = serde_json::from_slice(TICKET).unwrap();
    let jwt = jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)).unwrap();
    let (jwt_key, validation) = (DecodingKey::from_secret(KEY), Validation::new(Algorithm::HS256));
    let paseto_key = SymmetricKey::<V4>::from(KEY).unwrap();
    let raw = LocalToken::encrypt(&paseto_key, TICKET, None, None).unwrap();
    let mut full = Claims::new().unwrap();
    full.expiration("2099-01-01T00:00:00+00:00").unwrap();
    full.subject(&claims.sub).unwrap();
    full.add_additional("room", claims.room).unwrap();
    let full = local::encrypt(&paseto_key, &full, None, None).unwrap();
    let (key, rules) = (paseto_key.clone(), ClaimsValidationRules::new());
    let mac_key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, KEY);
    let ours = Ours::new();
    let biscuit_keys = biscuit_auth::KeyPair::new();
    let biscuit = biscuit_auth::Biscuit::builder()
        .fact(r#"user("user-0123456789", "general")"#)
        .and_then(|builder| builder.build(&biscuit_keys))
        .and_then(|biscuit| biscuit.to_base64())
        .unwrap();
    let biscuit_key = biscuit_keys.public();
    let rows = vec![
        micro("longwave, claims in the store", OPS, target, repeat(ours.verify())),
        micro("longwave, the same, bound", OPS, target, repeat(ours.verify_bound())),
        micro("longwave, claims inside", OPS, target, repeat(ours.redeem_inline())),
        // It verifies the signature; no policy is evaluated.
        micro(
            "biscuit-auth, no policy!",
            OPS,
            target,
            repeat(Box::new(move || {
                black_box(biscuit_auth::Biscuit::from_base64(black_box(&biscuit), biscuit_key).unwrap());
            })),
        ),
        micro(
            "jsonwebtoken HS256 decode",
            OPS,
            target,
            repeat(Box::new(move || {
                let token = jsonwebtoken::decode::<Ticket>(black_box(&jwt), &jwt_key, &validation).unwrap();
                assert_eq!(token.claims.exp, 4102444800);
            })),
        ),
        micro(
            "pasetors v4.local decrypt",
            OPS,
            target,
            repeat(Box::new(move || {
                let token = UntrustedToken::<Local, V4>::try_from(black_box(&raw)).unwrap();
                let token = LocalToken::decrypt(&paseto_key, &token, None, None).unwrap();
                assert_eq!(token.payload().len(), TICKET.len());
            })),
        ),
        micro(
            "pasetors v4.local + claims",
            OPS,
            target,
            repeat(Box::new(move || {
                let token = UntrustedToken::<Local, V4>::try_from(black_box(&full)).unwrap();
                let token = local::decrypt(&key, &token, &rules, None, None).unwrap();
                assert!(token.payload_claims().is_some());
            })),
        ),
        micro(
            "ring HMAC + serde_json*",
            OPS,
            target,
            repeat(Box::new(move || {
                ring::hmac::verify(&mac_key, black_box(TICKET), black_box(&tag)).unwrap();
                let ticket: Ticket = serde_json::from_slice(black_box(TICKET)).unwrap();
                assert_eq!(ticket.exp, 4102444800);
            })),
        ),
    ];
    bench.table("w8", "verifying a token and reading its claims", Unit::Ns).column("token", None, rows);
    refuse(bench, &ours);
    mint(bench, &ours);
    requests::run(bench, &ours);
}

/// With one character of the tag replaced.
fn spoilt(token: String) -> String {
    let place = token.len() - 20;
    let other = if token[place..].starts_with('A') { "B" } else { "A" };
    format!("{}{other}{}", &token[..place], &token[place + 1..])
}

/// Tokens that are none, and some that were made up.
fn refuse(bench: &mut Bench, ours: &Ours) {
    let target = bench.target;
    let claims: Ticket = serde_json::from_slice(TICKET).unwrap();
    let jwt = jsonwebtoken::encode(&Header::default(), &claims, &EncodingKey::from_secret(KEY)).unwrap();
    let jwt = spoilt(jwt);
    let (jwt_key, validation) = (DecodingKey::from_secret(KEY), Validation::new(Algorithm::HS256));
    let key = SymmetricKey::<V4>::from(KEY).unwrap();
    let paseto = spoilt(LocalToken::encrypt(&key, TICKET, None, None).unwrap());
    let rows = vec![
        micro("longwave, no ticket", OPS, target, repeat(ours.refuse_other())),
        micro("longwave, last character wrong", OPS, target, repeat(ours.refuse_malformed())),
        micro("longwave, made up", OPS, target, repeat(ours.refuse_forged())),
        micro(
            "jsonwebtoken, made up",
            OPS,
            target,
            repeat(Box::new(move || {
                assert!(jsonwebtoken::decode::<Ticket>(black_box(&jwt), &jwt_key, &validation).is_err());
            })),
        ),
        micro(
            "pasetors v4.local, made up",
            OPS,
            target,
            repeat(Box::new(move || {
                let token = UntrustedToken::<Local, V4>::try_from(black_box(&paseto)).unwrap();
                assert!(LocalToken::decrypt(&key, &token, None, None).is_err());
            })),
        ),
    ];
    bench.table("w8", "refusing a token", Unit::Ns).column("token", None, rows);
}

/// Ids are given: where they come from costs the same for all.
fn mint(bench: &mut Bench, ours: &Ours) {
    let target = bench.target;
    let claims: Ticket = serde_json::from_slice(TICKET).unwrap();
    let jwt_key = EncodingKey::from_secret(KEY);
    let key = SymmetricKey::<V4>::from(KEY).unwrap();
    let keyed = Hmac::<Sha256>::new_from_slice(KEY).unwrap();
    let rows = vec![
        micro("longwave, claims in the store", OPS, target, repeat(ours.mint())),
        micro("longwave, claims inside", OPS, target, repeat(ours.mint_inline())),
        micro(
            "jsonwebtoken HS256",
            OPS,
            target,
            repeat(Box::new(move || {
                black_box(jsonwebtoken::encode(&Header::default(), black_box(&claims), &jwt_key).unwrap());
            })),
        ),
        micro(
            "pasetors v4.local",
            OPS,
            target,
            repeat(Box::new(move || {
                black_box(LocalToken::encrypt(&key, black_box(TICKET), None, None).unwrap());
            })),
        ),
        micro(
            "hmac+sha2 of 56 B*",
            OPS,
            target,
            repeat(Box::new(move || {
                black_box(keyed.clone().chain_update(black_box(&[7; 56])).finalize());
            })),
        ),
    ];
    bench.table("w8", "minting a token", Unit::Ns).column("token", None, rows);
}

//! The other implementation, in Python, mints what we verify and verifies what we mint.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use longwave_ticket::{Mode, UnixMillis};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    support::{NOW, now},
    vectors::{Case, unhex},
};

/// Asks everything at once.
fn python(requests: &[Value]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/ticket.py");
    let mut child = Command::new("python3")
        .args(["-B", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is installed: `cargo xtask test` does that");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&serde_json::to_vec(requests).unwrap()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Requests of every kind, each with numbers of its own.
fn cases() -> Vec<Value> {
    let mut cases = Vec::new();
    for number in 0..384_u64 {
        let random = unhex(&Sha256::digest(number.to_be_bytes()));
        let mut binding = serde_json::Map::new();
        let values = [
            ("scope", format!("room:{number}|é")),
            ("origin", format!("https://app-{number}.example.com:{}", 1000 + number)),
            ("browser", random[..22].to_owned()),
            (
                "network",
                if number % 3 == 0 {
                    format!("10.0.{}.7", number % 256)
                } else {
                    format!("2001:db8::{number}:1")
                },
            ),
        ];
        for (bit, (name, value)) in values.into_iter().enumerate() {
            if number >> bit & 1 == 1 {
                binding.insert(name.to_owned(), value.into());
            }
        }
        let (purpose, ttl) = match number / 16 % 3 {
            0 => ("connect", 1 + number * 100),
            1 => ("refresh", 60_000),
            _ => ("resume", 1 + number * 200_000),
        };
        if purpose == "resume" {
            binding.insert("resumed".to_owned(), random[32..].into());
        }
        let issued = NOW.as_millis() + number;
        cases.push(json!({
            "key": random,
            "audience": format!("service {}", number % 7),
            "purpose": purpose,
            "mode": if number / 48 % 2 == 0 { "take_once" } else { "self_contained" },
            "issued": issued,
            "ttl": ttl,
            "deadline": if number % 5 == 0 { issued + ttl } else { 0 },
            "id": random[..32],
            "binding": binding,
            "claims": random[..(number as usize % 33) * 2],
        }));
    }
    cases
}

fn with(case: &Value, more: &[(&str, Value)]) -> Value {
    let mut case = case.clone();
    for (name, value) in more {
        case[*name] = value.clone();
    }
    case
}

#[test]
fn both_mint_the_same() {
    let cases = cases();
    let requests: Vec<_> = cases.iter().map(|case| with(case, &[("do", "mint".into())])).collect();
    for (case, answer) in cases.iter().zip(python(&requests)) {
        let ours = Case(case).mint();
        assert_eq!(answer["ok"], ours.expose(), "{case}");
        // So what it mints is verified, too.
        assert!(Case(case).verifier().verify(ours.expose(), &Case(case).context("issued")).is_ok(), "{case}");
    }
}

#[test]
fn both_take_and_refuse_the_same() {
    let mut requests = Vec::new();
    for (number, case) in cases().iter().enumerate() {
        let ticket = Case(case).mint().into_exposed();
        let end = case["issued"].as_u64().unwrap() + case["ttl"].as_u64().unwrap();
        let mut spoilt = ticket.clone().into_bytes();
        let place = number * 7 % spoilt.len();
        spoilt[place] = if spoilt[place] == b'A' { b'B' } else { b'A' };
        let verify = |more: &[(&str, Value)]| {
            with(
                &with(case, &[("do", "verify".into()), ("ticket", (&*ticket).into()), ("now", end.into())]),
                more,
            )
        };
        requests.extend([
            verify(&[]),
            verify(&[("now", case["issued"].clone())]),
            verify(&[("now", (end + 5000).into())]),
            verify(&[("now", (end + 5001).into())]),
            verify(&[("ticket", String::from_utf8(spoilt).unwrap().into()), ("now", case["issued"].clone())]),
            verify(&[("binding", json!({"scope": "another"})), ("now", case["issued"].clone())]),
            verify(&[("binding", json!({})), ("now", case["issued"].clone())]),
            verify(&[("purpose", "connect".into()), ("now", case["issued"].clone())]),
            verify(&[("audience", "another".into()), ("now", case["issued"].clone())]),
        ]);
    }
    let (mut taken, mut refused, mut held) = (0, 0, 0);
    for (request, answer) in requests.iter().zip(python(&requests)) {
        let case = Case(request);
        match case.verifier().verify(case.text("ticket"), &case.context("now")) {
            Ok(verified) => {
                taken += 1;
                let theirs = &answer["ok"];
                assert_eq!(theirs["id"], unhex(verified.id().as_bytes()), "{request} {answer}");
                assert_eq!(theirs["kid"], unhex(verified.key_id().as_bytes()));
                assert_eq!(theirs["issued"], verified.issued().as_millis());
                assert_eq!(theirs["ttl"], verified.expires().since(verified.issued()).as_millis() as u64);
                assert_eq!(theirs["deadline"], verified.deadline().map_or(0, UnixMillis::as_millis));
                let claims = if case.mode() == Mode::SelfContained {
                    held += 1;
                    let redeemed = now(case.verifier().consume(verified, case.context("now").now()));
                    unhex(&redeemed.unwrap().into_grant().into_claims().0).into()
                } else {
                    Value::Null
                };
                assert_eq!(theirs["claims"], claims, "{request} {answer}");
            }
            Err(invalid) => {
                refused += 1;
                assert_eq!(answer["refused"], invalid.why().name(), "{request} {answer}");
            }
        }
    }
    assert!(taken > 1000 && refused > 1000 && held > 500, "{taken} {refused} {held}");
}

//! Reading the cookie.

use http::HeaderValue;
use longwave_ticket::http::{BrowserCookie, BrowserNonce, Refusal};
use proptest::{collection::vec, prelude::*};

use crate::support::headers;

const VALUE: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";

fn read(cookies: &[&str]) -> Result<Option<BrowserNonce>, Refusal> {
    BrowserCookie::new().read(&headers(cookies))
}

#[test]
fn one_cookie_is_found_among_others_on_any_line() {
    let own = format!("__Host-lw_b={VALUE}");
    for lines in [
        &[&*own][..],
        &[&format!("a=1; {own}; b=2")],
        &[&format!("a=1;{own};b=2")],
        &["a=1", &own, "b"],
        &[&format!(";;garbage; =; {own};")],
    ] {
        assert_eq!(read(lines).unwrap().unwrap(), BrowserNonce::from_bytes([7; 32]), "{lines:?}");
    }
}

#[test]
fn another_name_is_another_cookie() {
    for name in [
        "__host-lw_b",
        "__HOST-LW_B",
        "__Host-lw_b ",
        " __Host-lw_b",
        "__Host-lw%5Fb",
        "x__Host-lw_b",
        "lw_b",
    ] {
        let cookie = format!("a=1; {name}={VALUE}");
        assert_eq!(read(&[&cookie]), Ok(None), "{name:?}");
    }
}

#[test]
fn two_are_one_too_many_in_whatever_order_and_whatever_they_hold() {
    let own = format!("__Host-lw_b={VALUE}");
    for other in [&*own, "__Host-lw_b=", "__Host-lw_b", "__Host-lw_b=x", "__Host-lw_b=\"\""] {
        for lines in
            [&[&*format!("{own}; {other}")][..], &[&format!("{other};{own}")], &[&own, other], &[other, &own]]
        {
            assert_eq!(read(lines), Err(Refusal::Ambiguous), "{lines:?}");
        }
    }
}

#[test]
fn what_was_never_set_here_counts_as_none() {
    let long = "A".repeat(8192);
    let others = [
        String::new(),
        format!("\"{VALUE}\""),
        format!("{VALUE}="),
        format!("{VALUE} "),
        format!(" {VALUE}"),
        format!("{VALUE}A"),
        VALUE[1..].to_owned(),
        // A bit left over: another spelling of the same bytes.
        format!("{}d", &VALUE[..42]),
        VALUE.replace('w', "+"),
        long,
    ];
    for value in others {
        // At the end of a line, white space is not part of it.
        assert_eq!(read(&[&format!("__Host-lw_b={value}; a=1")]), Ok(None), "{value:?}");
    }
    let mut headers = headers(&[]);
    headers.insert("cookie", HeaderValue::from_bytes(b"__Host-lw_b=\xff\xfe; \xe9=1").unwrap());
    assert_eq!(BrowserCookie::new().read(&headers), Ok(None));
}

#[test]
fn a_nonce_is_not_to_be_seen() {
    let nonce = BrowserNonce::from_bytes([7; 32]);
    assert_eq!(format!("{nonce:?}"), "BrowserNonce(…)");
    assert!(!format!("{:?}", BrowserCookie::new().set(&nonce)).contains(VALUE));
}

proptest! {
    #[test]
    fn what_is_set_is_read(nonce: [u8; 32]) {
        let nonce = BrowserNonce::from_bytes(nonce);
        let set = BrowserCookie::new().set(&nonce);
        let sent = set.to_str().unwrap().split(';').next().unwrap();
        prop_assert_eq!(read(&[sent]), Ok(Some(nonce)));
    }

    #[test]
    fn no_line_makes_it_panic(lines in vec("(__Host-lw_b|[ -~\u{e9}]|[=;\" ]){0,40}", 0..4)) {
        let lines: Vec<_> = lines.iter().map(String::as_str).collect();
        let mut headers = http::HeaderMap::new();
        for line in lines {
            if let Ok(line) = HeaderValue::from_bytes(line.as_bytes()) {
                headers.append("cookie", line);
            }
        }
        let _ = BrowserCookie::new().read(&headers);
    }
}

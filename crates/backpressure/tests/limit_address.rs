//! No client chooses the address it is counted by.
#![cfg(feature = "limit")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderValue, Request, request::Parts};
use longwave_backpressure::ClientAddress;
use proptest::prelude::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1));

/// A request with these lines of a header.
fn request(name: &'static str, lines: &[Vec<u8>]) -> Parts {
    let mut request = Request::new(());
    for line in lines {
        // What is no value at all never gets through a parser of HTTP.
        if let Ok(value) = HeaderValue::from_bytes(line) {
            request.headers_mut().append(name, value);
        }
    }
    request.into_parts().0
}

fn x_forwarded_for(lines: &[&str], proxies: usize) -> Option<IpAddr> {
    let lines: Vec<_> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
    let address = ClientAddress::new(|_: &Parts| Some(PEER)).behind_x_forwarded_for(proxies);
    address.of(&request("x-forwarded-for", &lines))
}

fn forwarded(line: &str) -> Option<IpAddr> {
    let address = ClientAddress::new(|_: &Parts| Some(PEER)).behind_forwarded(1);
    address.of(&request("forwarded", &[line.as_bytes().to_vec()]))
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[test]
fn only_as_many_addresses_count_as_there_are_proxies() {
    let lines = ["6.6.6.6, 1.1.1.1", "2.2.2.2"];
    assert_eq!(x_forwarded_for(&lines, 0), Some(PEER));
    assert_eq!(x_forwarded_for(&lines, 1), Some(ip("2.2.2.2")));
    assert_eq!(x_forwarded_for(&lines, 2), Some(ip("1.1.1.1")));
}

#[test]
fn what_is_missing_or_no_address_is_the_peer() {
    assert_eq!(x_forwarded_for(&[], 1), Some(PEER));
    assert_eq!(x_forwarded_for(&["1.1.1.1"], 2), Some(PEER));
    assert_eq!(x_forwarded_for(&["1.1.1.1, unknown"], 1), Some(PEER));
    assert_eq!(x_forwarded_for(&["1.1.1.1,"], 1), Some(PEER));
    assert_eq!(forwarded("for=1.1.1.1;for=2.2.2.2"), Some(PEER));
    assert_eq!(forwarded("for=_hidden"), Some(PEER));
    assert_eq!(forwarded("proto=https"), Some(PEER));
}

#[test]
fn nobody_is_known_without_a_peer() {
    let address = ClientAddress::new(|_: &Parts| None).behind_x_forwarded_for(1);
    assert_eq!(address.of(&request("x-forwarded-for", &[])), None);
    assert_eq!(address.of(&request("x-forwarded-for", &[b"1.1.1.1".to_vec()])), Some(ip("1.1.1.1")));
}

#[test]
fn an_address_is_read_in_each_way_that_proxies_write_it() {
    for text in ["192.0.2.1", "192.0.2.1:4711", "::ffff:192.0.2.1", "[::ffff:192.0.2.1]:80"] {
        assert_eq!(x_forwarded_for(&[text], 1), Some(ip("192.0.2.1")), "{text}");
    }
    for text in ["2001:db8:1:2:3:4:5:6", "[2001:db8:1:2::9]", "[2001:db8:1:2::]:4711"] {
        assert_eq!(x_forwarded_for(&[text], 1), Some(ip("2001:db8:1:2::")), "{text}");
    }
    assert_eq!(forwarded("For=192.0.2.1 ; proto=https"), Some(ip("192.0.2.1")));
    assert_eq!(forwarded("by=_a;for=\"[2001:db8:1:2::9]:4711\""), Some(ip("2001:db8:1:2::")));
    assert_eq!(forwarded("for=\"192.0.2.1:80\""), Some(ip("192.0.2.1")));
}

#[test]
fn quotes_of_a_client_swallow_nothing() {
    assert_eq!(forwarded("for=\"6.6.6.6, for=192.0.2.1"), Some(ip("192.0.2.1")));
    assert_eq!(forwarded("for=\"\\\", for=192.0.2.1;by=\"_x\""), Some(ip("192.0.2.1")));
}

/// What a client may send: lists of addresses, of parameters, and anything.
fn spoofed() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let address = any::<IpAddr>().prop_map(|address| address.to_string());
    let parameter = any::<SocketAddr>().prop_map(|address| format!("for=\"{address}\""));
    let junk = "[ -~]{0,12}|[\",;=\\[\\] ]{0,6}";
    let list = prop::collection::vec(prop_oneof![address, parameter, junk], 0..6)
        .prop_map(|elements| elements.join(", ").into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..24);
    prop::collection::vec(prop_oneof![4 => list, 1 => bytes], 0..5)
}

/// Passes a request on as a proxy does, at the end of the last line or in a line of its own.
fn pass_on(lines: &mut Vec<Vec<u8>>, own_line: bool, element: &str) {
    lines.retain(|line| HeaderValue::from_bytes(line).is_ok());
    match lines.last_mut() {
        Some(last) if !own_line => {
            last.extend_from_slice(b", ");
            last.extend_from_slice(element.as_bytes());
        }
        _ => lines.push(element.as_bytes().to_vec()),
    }
}

fn element(name: &str, address: IpAddr) -> String {
    match address {
        address if name == "x-forwarded-for" => address.to_string(),
        IpAddr::V4(address) => format!("for={address};proto=https"),
        IpAddr::V6(address) => format!("proto=https;for=\"[{address}]:443\""),
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

proptest! {
    /// Whatever a client sends, it is counted by the address it has called the first proxy from.
    #[test]
    fn a_client_cannot_choose_its_address(
        sent in spoofed(),
        client in any::<IpAddr>(),
        proxies in prop::collection::vec((any::<IpAddr>(), any::<bool>()), 0..4),
        standard in any::<bool>(),
    ) {
        let name = if standard { "forwarded" } else { "x-forwarded-for" };
        let (mut lines, mut from) = (sent, client);
        for &(proxy, own_line) in &proxies {
            pass_on(&mut lines, own_line, &element(name, from));
            from = proxy;
        }
        let address = ClientAddress::new(move |_: &Parts| Some(from));
        let address = if standard {
            address.behind_forwarded(proxies.len()).of(&request(name, &lines))
        } else {
            address.behind_x_forwarded_for(proxies.len()).of(&request(name, &lines))
        };
        prop_assert_eq!(address, Some(network(client)));
    }

    /// All addresses of one IPv6 network are one client, and those of another are another.
    #[test]
    fn a_network_is_one_client(prefix in any::<u64>(), other in any::<u64>(), host in any::<[u64; 2]>()) {
        let key = |prefix: u64, host: u64| {
            let address = Ipv6Addr::from_bits(u128::from(prefix) << 64 | u128::from(host));
            ClientAddress::new(move |_: &Parts| Some(address.into())).of(&request("host", &[]))
        };
        // Below that prefix lie the IPv4 addresses.
        prop_assume!(prefix != 0);
        prop_assert_eq!(key(prefix, host[0]), key(prefix, host[1]));
        prop_assert_eq!(key(prefix, host[0]) == key(other, host[1]), prefix == other);
    }
}

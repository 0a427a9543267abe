use std::{
    fmt,
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use http::{HeaderMap, HeaderName, header, request::Parts};

/// Finds the address of a client, as a key that the client cannot choose.
///
/// Behind proxies the address of the peer is a proxy's, and what a header says of the client is true only as far
/// as it was written by a proxy of one's own. Each proxy adds the address it was called from at the right end, so
/// the rule is: with `n` trusted proxies, the `n`th address from the right counts, and all that stands further
/// left is ignored, whoever wrote it. If there are fewer, or that one is not an address, the peer's counts: many
/// clients then share a key, but none has got itself another.
///
/// The rule holds if **every** request comes through all of these proxies, and each of them adds exactly one
/// address: one that can be reached past a proxy, or a number that is too high, lets clients write their own.
///
/// IPv6 addresses are cut to their first 64 bits, because a single client has as many of the rest as it likes; an
/// IPv4 address inside of an IPv6 one (`::ffff:192.0.2.1`) is what it stands for.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
///
/// use axum::extract::ConnectInfo;
/// use http::{Request, request::Parts};
/// use longwave_backpressure::{ClientAddress, StreamLimitLayer};
///
/// let peer = |parts: &Parts| parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
/// let address = ClientAddress::new(peer).behind_x_forwarded_for(1);
///
/// let request = Request::get("/feed")
///     .extension(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4711))))
///     .header("x-forwarded-for", "6.6.6.6, 192.0.2.1")
///     .body(())?;
/// let (parts, ()) = request.into_parts();
/// assert_eq!(address.of(&parts), Some([192, 0, 2, 1].into()));
///
/// let limit = StreamLimitLayer::new(50_000).per_key(100, move |parts: &Parts| address.of(parts));
/// # drop(limit);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ClientAddress<P> {
    peer: P,
    proxies: Proxies,
}

/// What the trusted proxies add, and how many there are.
#[derive(Clone, Copy, Debug)]
enum Proxies {
    None,
    Forwarded(usize),
    XForwardedFor(usize),
}

impl<P> ClientAddress<P>
where
    P: Fn(&Parts) -> Option<IpAddr>,
{
    /// Takes the address of the peer, from wherever the server has put it.
    pub const fn new(peer: P) -> Self {
        Self { peer, proxies: Proxies::None }
    }

    /// Trusts this many proxies, each of which adds an address to `X-Forwarded-For`.
    pub fn behind_x_forwarded_for(self, proxies: usize) -> Self {
        Self { proxies: Proxies::XForwardedFor(proxies), ..self }
    }

    /// Trusts this many proxies, each of which adds an element to `Forwarded` (RFC 7239).
    pub fn behind_forwarded(self, proxies: usize) -> Self {
        Self { proxies: Proxies::Forwarded(proxies), ..self }
    }

    /// The address of the client that has sent this request, or its network in IPv6.
    ///
    /// `None` if not even the peer's is known.
    pub fn of(&self, parts: &Parts) -> Option<IpAddr> {
        let told = match self.proxies {
            Proxies::None => None,
            Proxies::Forwarded(proxies) => {
                nth_from_the_right(&parts.headers, &header::FORWARDED, proxies).and_then(forwarded_for)
            }
            Proxies::XForwardedFor(proxies) => {
                nth_from_the_right(&parts.headers, &X_FORWARDED_FOR, proxies).and_then(address)
            }
        };
        told.or_else(|| (self.peer)(parts)).map(network)
    }
}

/// The `n`th element of a list, counted from 1 at the right end of its last line.
///
/// Commas in quotes separate too. No proxy has a reason to write one, and what the client has written cannot open
/// quotes that swallow what comes after.
fn nth_from_the_right<'h>(headers: &'h HeaderMap, name: &HeaderName, n: usize) -> Option<&'h str> {
    let lines = headers.get_all(name).iter().rev();
    let mut elements = lines.flat_map(|line| line.as_bytes().rsplit(|&byte| byte == b','));
    str::from_utf8(elements.nth(n.checked_sub(1)?)?).ok().map(str::trim)
}

/// The address in an element like `proto=https;for="[2001:db8::1]:4711"`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut nodes = element.split(';').filter_map(|pair| {
        let (name, node) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(node.trim())
    });
    let node = nodes.next()?;
    // A parameter must not occur twice (RFC 7239, section 4): one of them may be the client's.
    if nodes.next().is_some() {
        return None;
    }
    address(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.parse().ok();
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    bare().or_else(with_port).or_else(bracketed)
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & NETWORK).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl<P> fmt::Debug for ClientAddress<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress").field("proxies", &self.proxies).finish_non_exhaustive()
    }
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The first 64 bits.
const NETWORK: u128 = !(u64::MAX as u128);

use std::net::IpAddr;

/// The network that an address is in: its family, and the first 24 or 64 bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Network {
    bytes: [u8; 9],
    len: usize,
}

impl Network {
    pub(crate) fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Self { bytes: [4, a, b, c, 0, 0, 0, 0, 0], len: 4 }
            }
            IpAddr::V6(address) => {
                let prefix = address.to_bits() >> 64;
                let mut bytes = [6; 9];
                for (place, byte) in bytes.iter_mut().skip(1).zip((prefix as u64).to_be_bytes()) {
                    *place = byte;
                }
                Self { bytes, len: 9 }
            }
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> Vec<u8> {
        Network::of(address.parse().unwrap()).as_bytes().to_vec()
    }

    #[test]
    fn addresses_of_one_network_are_alike() {
        assert_eq!(network("192.0.2.1"), [4, 192, 0, 2]);
        assert_eq!(network("::ffff:192.0.2.77"), [4, 192, 0, 2]);
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), [6, 0x20, 1, 0xd, 0xb8, 0, 1, 0, 2]);
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("192.0.2.1"), network("192.0.3.1"));
    }
}

//! Frames as bytes, right or wrong: what a peer may put on the wire.

use longwave_ws::Role;

/// A frame that is to be sent, however wrong it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawFrame {
    /// The first bit.
    pub fin: bool,
    /// The three reserved bits, RSV1 being the highest.
    pub rsv: u8,
    /// Four bits.
    pub opcode: u8,
    /// What the payload is masked with.
    pub key: Option<[u8; 4]>,
    /// How the length is written.
    pub length: Length,
    /// What comes after the header, before it is masked.
    pub payload: Vec<u8>,
}

/// How the length of a payload is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Length {
    /// As it is, and as short as can be.
    True,
    /// In the seven bits, whatever the payload is; 126 and 127 announce more.
    Short(u8),
    /// In two bytes.
    Two(u16),
    /// In eight bytes.
    Eight(u64),
}

impl RawFrame {
    /// A frame that is right: final, with a mask if it is for a server.
    pub fn new(to: Role, opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        let key = (to == Role::Server).then_some([0x37, 0xFA, 0x21, 0x3D]);
        Self { fin: true, rsv: 0, opcode, key, length: Length::True, payload: payload.into() }
    }

    /// More of the message is to come.
    #[must_use]
    pub fn more(self) -> Self {
        Self { fin: false, ..self }
    }

    /// Sets the reserved bits.
    #[must_use]
    pub fn rsv(self, rsv: u8) -> Self {
        Self { rsv, ..self }
    }

    /// Sets the key, or that there is none.
    #[must_use]
    pub fn key(self, key: Option<[u8; 4]>) -> Self {
        Self { key, ..self }
    }

    /// Sets how the length is written.
    #[must_use]
    pub fn length(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// The header, as section 5.2 of RFC 6455 draws it.
    #[must_use]
    pub fn header(&self) -> Vec<u8> {
        let len = self.payload.len() as u64;
        let length = match self.length {
            Length::True if len <= 125 => Length::Short(len as u8),
            Length::True if len <= 0xFFFF => Length::Two(len as u16),
            Length::True => Length::Eight(len),
            told => told,
        };
        let masked = if self.key.is_some() { 0x80 } else { 0 };
        let mut wire = vec![u8::from(self.fin) << 7 | (self.rsv & 0b111) << 4 | self.opcode & 0x0F];
        match length {
            Length::True | Length::Short(_) => {}
            Length::Two(_) => wire.push(masked | 0x7E),
            Length::Eight(_) => wire.push(masked | 0x7F),
        }
        match length {
            Length::True => {}
            Length::Short(len) => wire.push(masked | len & 0x7F),
            Length::Two(len) => wire.extend(len.to_be_bytes()),
            Length::Eight(len) => wire.extend(len.to_be_bytes()),
        }
        wire.extend(self.key.into_iter().flatten());
        wire
    }

    /// All of it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut wire = self.header();
        for (i, byte) in self.payload.iter().enumerate() {
            wire.push(byte ^ self.key.map_or(0, |key| key[i % 4]));
        }
        wire
    }
}

/// The frames one after the other.
#[must_use]
pub fn encode_all(frames: &[RawFrame]) -> Vec<u8> {
    frames.iter().flat_map(RawFrame::encode).collect()
}

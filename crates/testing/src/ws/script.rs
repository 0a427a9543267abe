//! Streams of frames that are right, made of whatever bytes; and what can be done to them so that they are not.

use longwave_ws::Role;

use super::{
    frame::{Length, RawFrame, encode_all},
    oracle::Told,
};

/// A stream of frames, and the messages that they are meant to be.
#[derive(Clone, Debug)]
pub struct Script {
    /// Who receives it.
    pub role: Role,
    /// The frames.
    pub frames: Vec<RawFrame>,
    /// The messages, in the order in which they are complete.
    pub messages: Vec<Told>,
}

/// Choices, each of them a byte that somebody else has made up.
struct Choices<'b> {
    bytes: &'b [u8],
    /// Masking keys, which are nobody's choice.
    keys: u32,
}

impl Choices<'_> {
    fn next(&mut self) -> Option<usize> {
        let (&byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(byte.into())
    }

    fn below(&mut self, end: usize) -> usize {
        self.next().unwrap_or(0) % end
    }

    fn text(&mut self) -> String {
        const PARTS: [&str; 12] = [
            "a",
            "é",
            "€",
            "😀",
            "\0",
            "hello",
            "\u{7FF}\u{800}",
            "\u{FFFF}\u{10000}",
            "\u{D7FF}\u{E000}",
            "\u{10FFFF}",
            "plain text that is longer than a word of the machine, or two",
            "",
        ];
        let text: String = (0..self.below(8)).map(|_| PARTS[self.below(PARTS.len())]).collect();
        text.repeat([1, 1, 1, 1, 1, 1, 3, 3, 3, 3, 20][self.below(11)])
    }

    fn binary(&mut self) -> Vec<u8> {
        // Where the way a length is written changes, and a little around.
        const SIZES: [usize; 16] = [0, 1, 2, 3, 4, 7, 8, 9, 31, 64, 124, 125, 126, 127, 128, 300];
        let size = match self.below(256) {
            255 => 65_533 + self.below(6),
            size => SIZES[size % SIZES.len()],
        };
        let start = self.below(256);
        (start..start + size).map(|byte| byte as u8).collect()
    }

    fn control(&mut self) -> Vec<u8> {
        let mut payload = self.binary();
        payload.truncate(125);
        payload
    }

    fn close(&mut self) -> Option<(u16, String)> {
        const CODES: [u16; 17] = [
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4008,
            4999,
        ];
        if self.below(4) == 0 {
            return None;
        }
        let code = CODES[self.below(CODES.len())];
        let mut reason = self.text();
        while reason.len() > 123 {
            reason.pop();
        }
        Some((code, reason))
    }
}

impl Script {
    /// Makes a stream of bytes that say what it is like.
    #[must_use]
    pub fn read(role: Role, bytes: &[u8]) -> Self {
        let mut choices = Choices { bytes, keys: 1 };
        let mut script = Self { role, frames: Vec::new(), messages: Vec::new() };
        while let Some(kind) = choices.next() {
            match kind % 16 {
                0..=5 => script.message(&mut choices, 1),
                6..=11 => script.message(&mut choices, 2),
                15 if kind > 200 => {
                    let close = choices.close();
                    let payload = close.as_ref().map_or(Vec::new(), |(code, reason)| {
                        [&code.to_be_bytes(), reason.as_bytes()].concat()
                    });
                    script.push(&mut choices, 8, payload, true);
                    script.messages.push(Told::Close(close));
                    break;
                }
                _ => script.control(&mut choices),
            }
        }
        script
    }

    /// All of it as bytes.
    #[must_use]
    pub fn wire(&self) -> Vec<u8> {
        encode_all(&self.frames)
    }

    /// Does something to the stream that is most likely wrong, as often as there are choices for it.
    pub fn spoil(&mut self, bytes: &[u8]) {
        for choice in bytes.chunks_exact(3) {
            let Some(frame) = usize::from(choice[0]).checked_rem(self.frames.len()) else { return };
            let frame = &mut self.frames[frame];
            let value = choice[2];
            match choice[1] % 12 {
                0 => frame.opcode = value % 16,
                1 => frame.fin = !frame.fin,
                2 => frame.rsv = value % 8,
                3 => frame.key = if frame.key.is_some() { None } else { Some([value; 4]) },
                4 => frame.length = Length::Two(u16::from(value)),
                5 => frame.length = Length::Eight(u64::from(value) << (value % 57)),
                6 => frame.length = Length::Short(value % 128),
                7 => frame.payload.truncate(value.into()),
                8 => frame.payload.extend([value; 2]),
                _ => {
                    // Any byte at all, where there is one.
                    let len = frame.payload.len();
                    if let Some(at) = usize::from(choice[0]).checked_rem(len) {
                        frame.payload[at] = value;
                    }
                }
            }
        }
    }

    fn push(&mut self, choices: &mut Choices<'_>, opcode: u8, payload: Vec<u8>, fin: bool) {
        choices.keys = choices.keys.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let key = (self.role == Role::Server).then(|| choices.keys.to_be_bytes());
        self.frames.push(RawFrame { fin, ..RawFrame::new(self.role, opcode, payload).key(key) });
    }

    fn control(&mut self, choices: &mut Choices<'_>) {
        let payload = choices.control();
        if choices.below(2) == 0 {
            self.push(choices, 9, payload.clone(), true);
            self.messages.push(Told::Ping(payload));
        } else {
            self.push(choices, 10, payload.clone(), true);
            self.messages.push(Told::Pong(payload));
        }
    }

    /// A message in one frame or several, cut wherever, with other frames between.
    fn message(&mut self, choices: &mut Choices<'_>, opcode: u8) {
        let (told, payload) = if opcode == 1 {
            let text = choices.text();
            (Told::Text(text.clone()), text.into_bytes())
        } else {
            let bytes = choices.binary();
            (Told::Binary(bytes.clone()), bytes)
        };
        let mut rest = &payload[..];
        let mut opcode = opcode;
        for _ in 0..choices.below(6).saturating_sub(1) {
            let (piece, later) = rest.split_at(choices.below(256) % (rest.len() + 1));
            self.push(choices, opcode, piece.to_vec(), false);
            if choices.below(3) == 0 {
                self.control(choices);
            }
            (rest, opcode) = (later, 0);
        }
        self.push(choices, opcode, rest.to_vec(), true);
        self.messages.push(told);
    }
}

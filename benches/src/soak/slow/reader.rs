//! One client: takes the bytes apart by itself, so that nothing of ours judges what is ours.

use super::{PLACES, heard::Heard, words::Word};
use crate::clock::machine_time;
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};

pub struct Reader {
    pub io: TcpStream,
    pub heard: Heard,
    wire: Wire,
    /// What was read of something that is not there as a whole.
    rest: Vec<u8>,
    /// Its stream is over, and it only waits for the connection to be.
    ended: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    /// An event stream in chunks, each of whole blocks.
    Events,
    Messages,
}

/// How much is read at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Much {
    /// At most so many bytes.
    Bytes(usize),
    /// All that was there when the poll said so.
    Ready,
    /// Until there is nothing more, not even the end of the connection.
    All,
}

/// Something that is there as a whole, and how many bytes it takes.
enum Frame<'a> {
    Blocks(&'a [u8]),
    Text(&'a str),
    /// The end, with the code of a close frame.
    End(Option<u16>),
}

impl Reader {
    pub fn new(io: TcpStream, wire: Wire, heard: Heard) -> Self {
        Reader { io, heard, wire, rest: Vec::new(), ended: false }
    }

    /// Reads what there is, and tells `late` the microseconds that each live item took; whether the connection
    /// stands.
    pub fn read(&mut self, buffer: &mut [u8], much: Much, mut late: impl FnMut(u64)) -> bool {
        loop {
            let kept = self.rest.len();
            buffer[..kept].copy_from_slice(&self.rest);
            let room = match much {
                Much::Bytes(most) => most,
                Much::Ready | Much::All => buffer.len() - kept,
            };
            let n = match self.io.read(&mut buffer[kept..kept + room]) {
                Ok(0) => return false,
                Ok(n) => n,
                Err(e) => return e.kind() == ErrorKind::WouldBlock,
            };
            let now = machine_time().as_nanos() as u64;
            let used = self.take(&buffer[..kept + n], |time| late(now.saturating_sub(time) / 1000));
            self.rest.clear();
            self.rest.extend_from_slice(&buffer[used..kept + n]);
            if self.ended && self.wire == Wire::Events {
                return false;
            }
            match much {
                Much::Bytes(_) => return true,
                Much::Ready if n < room => return true,
                Much::Ready | Much::All => {}
            }
        }
    }

    /// Hears all that is whole, and returns how many bytes that was.
    fn take(&mut self, bytes: &[u8], mut published: impl FnMut(u64)) -> usize {
        let (mut used, heard) = (0, &mut self.heard);
        let mut hear = |word| {
            heard.hear(word);
            if let Word::Live { time, .. } = word {
                published(time);
            }
        };
        while let Some((frame, size)) = self.wire.frame(&bytes[used..]) {
            used += size;
            match frame {
                Frame::Blocks(mut blocks) => {
                    while let Some(end) = memchr::memmem::find(blocks, b"\n\n") {
                        Word::of_block(&blocks[..end]).into_iter().for_each(&mut hear);
                        blocks = &blocks[end + 2..];
                    }
                    assert!(blocks.is_empty(), "a chunk ends in the middle of a block");
                }
                Frame::Text(text) => hear(Word::of_text(text)),
                Frame::End(code) => {
                    heard.end(code);
                    self.ended = true;
                    if let Some(code) = code {
                        // Masked by a key of zeros.
                        let [high, low] = code.to_be_bytes();
                        let _ = self.io.write_all(&[0x88, 0x82, 0, 0, 0, 0, high, low]);
                    }
                    break;
                }
            }
        }
        used
    }
}

impl Wire {
    /// Half of each kind of readers has one, half the other.
    pub fn of(id: usize) -> Self {
        if (id / PLACES).is_multiple_of(2) { Wire::Events } else { Wire::Messages }
    }

    fn frame(self, bytes: &[u8]) -> Option<(Frame<'_>, usize)> {
        match self {
            Wire::Events => {
                let head = memchr::memmem::find(bytes, b"\r\n")?;
                let digits = std::str::from_utf8(&bytes[..head]).expect("the size of a chunk");
                let size = usize::from_str_radix(digits, 16).expect("the size of a chunk");
                let end = head + 2 + size;
                let chunk = bytes.get(head + 2..end + 2)?.strip_suffix(b"\r\n").expect("the end of a chunk");
                Some((if size > 0 { Frame::Blocks(chunk) } else { Frame::End(None) }, end + 2))
            }
            Wire::Messages => {
                let (&[first, second], rest) = bytes.split_first_chunk()?;
                let (size, head) = match second {
                    0..126 => (usize::from(second), 2),
                    126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
                    _ => panic!("a frame that is masked or large"),
                };
                let payload = bytes.get(head..head + size)?;
                let frame = match first {
                    0x81 => Frame::Text(std::str::from_utf8(payload).expect("text")),
                    0x88 => Frame::End(Some(u16::from_be_bytes(*payload.first_chunk().expect("a code")))),
                    _ => panic!("a frame that nobody sends: {first:#x}"),
                };
                Some((frame, head + size))
            }
        }
    }
}

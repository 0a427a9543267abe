use alloc::{collections::VecDeque, vec::Vec};
use core::{
    fmt, mem,
    ops::{ControlFlow, Range},
};

use bytes::{Buf, Bytes};

use crate::{FrameHeader, OpCode, frame::append};

/// What is to be sent, in the order in which it goes out.
///
/// Frames about the connection overtake messages, but never break into a buffer that is half sent.
pub(super) struct Outgoing {
    urgent: Vec<u8>,
    pongs: Pongs,
    /// What was queued before `tail`: each a buffer of whole frames but for the payload that ends it.
    runs: VecDeque<Run>,
    /// Where small frames are put together.
    tail: Vec<u8>,
    /// What is half sent, and how much of it was.
    active: Active,
    sent: usize,
    len: usize,
}

struct Run {
    head: Vec<u8>,
    payload: Bytes,
}

/// The pongs that wait among what is urgent.
#[derive(Default)]
struct Pongs {
    count: u32,
    last: Range<u32>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Active {
    Urgent,
    Run,
    Tail,
}

/// What a connection has to send; made by [`Connection::transmit`](super::Connection::transmit).
///
/// It is a [`Buf`]: write its chunks to the connection below, in one call if there is a vectored one, and advance it by
/// as many bytes as were accepted.
#[derive(Debug)]
pub struct Transmit<'c> {
    out: &'c mut Outgoing,
}

impl Outgoing {
    pub(super) const fn new() -> Self {
        Self {
            urgent: Vec::new(),
            pongs: Pongs { count: 0, last: 0..0 },
            runs: VecDeque::new(),
            tail: Vec::new(),
            active: Active::Tail,
            sent: 0,
            len: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Queues a frame, not masked, whose length is in its second byte.
    #[inline]
    pub(super) fn short(&mut self, opcode: OpCode, payload: &[u8]) {
        if self.tail.len() >= RUN {
            self.close_run(Bytes::new());
        }
        let start = self.tail.len();
        self.tail.reserve(2 + MAX_SHORT);
        self.tail.extend_from_slice(&FrameHeader::short(opcode, payload.len()));
        self.tail.extend_from_slice(payload);
        self.len += self.tail.len() - start;
    }

    /// Queues a frame whose payload is copied.
    #[inline]
    pub(super) fn frame(&mut self, header: &FrameHeader, payload: &[u8]) {
        if self.tail.len() >= RUN {
            self.close_run(Bytes::new());
        }
        self.len += append(header, payload, &mut self.tail);
    }

    /// Queues the frame after which there is none.
    pub(super) fn last(&mut self, header: &FrameHeader, payload: &[u8]) {
        // Or else it would go out with a buffer that is half sent, in front of frames about the connection.
        if self.active == Active::Tail && self.sent > 0 {
            self.close_run(Bytes::new());
        }
        self.frame(header, payload);
    }

    /// Queues a frame whose payload is shared.
    pub(super) fn frame_shared(&mut self, header: &FrameHeader, payload: Bytes) {
        let before = self.tail.len();
        header.encode_to(&mut self.tail);
        self.len += self.tail.len() - before + payload.len();
        self.close_run(payload);
    }

    /// Queues frames that were made before.
    pub(super) fn made(&mut self, frames: Bytes) {
        self.len += frames.len();
        if frames.len() < LARGE {
            self.tail.extend_from_slice(&frames);
        } else {
            self.close_run(frames);
        }
    }

    /// Ends what is being put together with a payload.
    fn close_run(&mut self, payload: Bytes) {
        self.runs.push_back(Run { head: mem::take(&mut self.tail), payload });
        if self.active == Active::Tail && self.sent > 0 {
            self.active = Active::Run;
        }
    }

    /// Queues a frame about the connection.
    pub(super) fn control(&mut self, header: &FrameHeader, payload: &[u8]) {
        self.len += append(header, payload, &mut self.urgent);
    }

    /// Queues a pong; if too many wait, in place of the newest of them.
    pub(super) fn pong(&mut self, header: &FrameHeader, payload: &[u8]) {
        let is_begun = self.active == Active::Urgent && self.sent > self.pongs.last.start as usize;
        if is_begun {
            // All of them are sent but for the end of this: what a peer that reads slowly has read is not kept.
            self.urgent.drain(..mem::take(&mut self.sent));
            self.pongs.count = 1;
        } else if self.pongs.count >= MAX_PONGS {
            let last = self.pongs.last.clone();
            self.len -= last.len();
            self.urgent.drain(last.start as usize..last.end as usize);
        } else {
            self.pongs.count += 1;
        }
        let start = self.urgent.len();
        self.control(header, payload);
        // So many pings and pongs would not be there.
        self.pongs.last = start as u32..self.urgent.len() as u32;
    }

    /// Puts frames together in this from now on, unless there is a buffer already.
    #[inline]
    pub(super) fn lend(&mut self, buffer: impl FnOnce() -> Vec<u8>) {
        if self.tail.capacity() == 0 {
            self.tail = buffer();
            self.tail.clear();
        }
    }

    /// Gives away the buffer in which frames are put together, if nothing is in it.
    pub(super) fn reclaim(&mut self) -> Vec<u8> {
        if self.tail.is_empty() { mem::take(&mut self.tail) } else { Vec::new() }
    }

    /// Gives back memory that nothing is in.
    pub(super) fn shrink(&mut self) {
        if self.len == 0 {
            (self.urgent, self.runs, self.tail) = (Vec::new(), VecDeque::new(), Vec::new());
        }
    }

    /// What goes out next.
    fn next(&self) -> Active {
        if self.sent > 0 {
            self.active
        } else if !self.urgent.is_empty() {
            Active::Urgent
        } else if self.runs.is_empty() {
            Active::Tail
        } else {
            Active::Run
        }
    }

    /// Shows the parts in the order in which they go out, until that is enough.
    fn parts<'a>(&'a self, mut show: impl FnMut(&'a [u8]) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut show = |part: &'a [u8]| if part.is_empty() { ControlFlow::Continue(()) } else { show(part) };
        let (urgent, tail) = (&self.urgent[..], &self.tail[..]);
        let mut runs = self.runs.iter();
        match self.next() {
            Active::Urgent => show(&urgent[self.sent..])?,
            Active::Run => {
                let [head, payload] = runs.next().map_or([&[][..]; 2], |run| run.rest(self.sent));
                show(head)?;
                show(payload)?;
                show(urgent)?;
            }
            // There are no runs then.
            Active::Tail => {
                show(&tail[self.sent..])?;
                return show(urgent);
            }
        }
        for run in runs {
            show(&run.head)?;
            show(&run.payload)?;
        }
        show(tail)
    }

    fn advance(&mut self, mut count: usize) {
        assert!(count <= self.len, "no more can be sent than there is");
        self.len -= count;
        while count > 0 {
            self.active = self.next();
            let len = match self.active {
                Active::Urgent => self.urgent.len(),
                Active::Run => self.runs.front().map_or(0, Run::len),
                Active::Tail => self.tail.len(),
            };
            let step = count.min(len - self.sent);
            self.sent += step;
            count -= step;
            if self.sent < len {
                return;
            }
            self.sent = 0;
            match self.active {
                Active::Urgent => {
                    self.urgent.clear();
                    self.pongs = Pongs::default();
                }
                Active::Run => {
                    if let Some(Run { mut head, .. }) = self.runs.pop_front()
                        && self.tail.capacity() == 0
                    {
                        head.clear();
                        self.tail = head;
                    }
                }
                Active::Tail => self.tail.clear(),
            }
        }
    }
}

impl Run {
    fn len(&self) -> usize {
        self.head.len() + self.payload.len()
    }

    fn rest(&self, sent: usize) -> [&[u8]; 2] {
        match sent.checked_sub(self.head.len()) {
            None => [&self.head[sent..], &self.payload],
            Some(sent) => [&[], &self.payload[sent..]],
        }
    }
}

impl<'c> Transmit<'c> {
    pub(super) const fn new(out: &'c mut Outgoing) -> Self {
        Self { out }
    }

    /// Takes all of it, copied.
    #[must_use]
    pub fn take_all(self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.out.len);
        let _all = self.out.parts(|part| {
            all.extend_from_slice(part);
            ControlFlow::Continue(())
        });
        self.out.advance(self.out.len);
        all
    }
}

impl Buf for Transmit<'_> {
    fn remaining(&self) -> usize {
        self.out.len
    }

    fn chunk(&self) -> &[u8] {
        let mut first = &[][..];
        let _first = self.out.parts(|part| {
            first = part;
            ControlFlow::Break(())
        });
        first
    }

    fn advance(&mut self, count: usize) {
        self.out.advance(count);
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let _all = self.out.parts(|part| {
            let Some(slice) = slices.get_mut(filled) else { return ControlFlow::Break(()) };
            *slice = std::io::IoSlice::new(part);
            filled += 1;
            ControlFlow::Continue(())
        });
        filled
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing").field("len", &self.len).finish_non_exhaustive()
    }
}

/// How long a payload may be for its length to be in the second byte of the frame.
pub(super) const MAX_SHORT: usize = 125;
/// From this size on, sending a payload as it lies costs less than a copy.
pub(super) const LARGE: usize = 4096;
/// Small frames are put together into buffers of about this size, between which pings and pongs find room.
const RUN: usize = 16 * 1024;
/// How many pongs may wait. A peer that does not read gets the newest alone beyond that (RFC 6455, section 5.5.3).
const MAX_PONGS: u32 = 32;

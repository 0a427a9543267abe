//! A peer that wants memory: what it gets is counted at the allocator, what it costs in calls.
//!
//! Nothing is timed. A codec that copies what it holds again for every frame would show in the number of
//! reallocations.

use std::{
    alloc::System,
    iter,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Buf;
use longwave_testing::ws::frame::{Length, RawFrame, encode_all};
use longwave_ws::{Connection, FrameDecoder, Limits, MessageDecoder, MessageRef, Role, Rule};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The counters belong to the process, so the tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// What the process itself may allocate meanwhile, such as the test harness's threads.
const NOISE: usize = 32 * KIB;
const NOW: Duration = Duration::ZERO;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CONTINUATION: u8 = 0;
const PING: u8 = 9;

/// What a stream has cost.
#[derive(Debug)]
struct Cost {
    /// The most bytes that were held after any read.
    peak: usize,
    /// The bytes still held at the end.
    held: usize,
    /// All bytes that were ever asked for, but for what was there already when something grew.
    allocated: usize,
    /// How often the allocator was called for memory.
    calls: usize,
    messages: usize,
    payload: usize,
    failure: Option<Rule>,
}

fn held(stats: Stats) -> usize {
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// How messages are taken out.
#[derive(Clone, Copy, Debug)]
enum Form {
    Borrowed,
    Owned,
    Parts,
}

/// Feeds the reads, takes everything out, and counts.
fn feed(decoder: &mut MessageDecoder, form: Form, reads: impl Iterator<Item = impl AsMut<[u8]>>) -> Cost {
    let region = Region::new(ALLOCATOR);
    let mut cost = Cost { peak: 0, held: 0, allocated: 0, calls: 0, messages: 0, payload: 0, failure: None };
    for mut read in reads {
        let mut fed = decoder.feed(read.as_mut());
        while let Some(taken) = match form {
            Form::Borrowed => fed.next_message().map(|message| message.map(|message| len(&message))),
            Form::Owned => fed.next_owned().map(|message| message.map(|message| message.payload().len())),
            Form::Parts => fed.next_part().map(|part| {
                part.map(|part| match part {
                    longwave_ws::MessagePart::Data { data, .. } => data.len(),
                    longwave_ws::MessagePart::Control(_) => 0,
                })
            }),
        } {
            match taken {
                Ok(len) => (cost.messages, cost.payload) = (cost.messages + 1, cost.payload + len),
                Err(violation) => cost.failure = Some(violation.rule()),
            }
        }
        cost.peak = cost.peak.max(held(region.change()));
    }
    let stats = region.change();
    (cost.held, cost.allocated) = (held(stats), stats.bytes_allocated);
    cost.calls = stats.allocations + stats.reallocations;
    cost
}

fn len(message: &MessageRef<'_>) -> usize {
    match message {
        MessageRef::Text(text) => text.len(),
        MessageRef::Binary(bytes) | MessageRef::Ping(bytes) | MessageRef::Pong(bytes) => bytes.len(),
        MessageRef::Close(_) => 0,
    }
}

/// Limits that nothing here reaches.
fn unlimited() -> Limits {
    Limits::default().frame(usize::MAX).message(usize::MAX).fragments(u32::MAX).control_frames(u32::MAX)
}

fn server(limits: Limits) -> MessageDecoder {
    MessageDecoder::new(Role::Server, limits)
}

/// A message in frames that are each encoded, one for each piece.
fn in_fragments<'p>(opcode: u8, pieces: impl Iterator<Item = &'p [u8]>) -> Vec<Vec<u8>> {
    let mut frames: Vec<_> =
        pieces.map(|piece| RawFrame::new(Role::Server, CONTINUATION, piece).more()).collect();
    if let Some(first) = frames.first_mut() {
        first.opcode = opcode;
    }
    if let Some(last) = frames.last_mut() {
        last.fin = true;
    }
    frames.iter().map(RawFrame::encode).collect()
}

/// The frames of case 9.3.1 of the Autobahn testsuite.
#[test]
fn sixty_five_thousand_fragments_are_put_together_in_linear_time() {
    let _turn = turn();
    // Most frames of the last end within a character.
    let mixed = "aé€😀ab".repeat(4 * MIB / 12 + 1);
    let cut = mixed.floor_char_boundary(4 * MIB);
    let mixed = [&mixed.as_bytes()[..cut], &vec![b'a'; 4 * MIB - cut]].concat();
    for (opcode, payload) in [(BINARY, vec![0xFF; 4 * MIB]), (TEXT, vec![b'a'; 4 * MIB]), (TEXT, mixed)] {
        let frames = in_fragments(opcode, payload.chunks(64));
        assert_eq!(frames.len(), 65_536);
        let whole = vec![frames.concat()];
        for form in [Form::Borrowed, Form::Owned] {
            for reads in [frames.clone(), whole.clone()] {
                let cost = feed(&mut server(unlimited()), form, reads.into_iter());
                assert_eq!((cost.messages, cost.payload), (1, 4 * MIB), "{cost:?}");
                assert!(cost.calls <= 64, "growth is by doubling: {cost:?}");
            }
        }
    }
}

/// The same message in four times the frames costs no more than a few calls more.
#[test]
fn the_cost_of_fragments_is_linear() {
    let _turn = turn();
    let text = "aé€😀".repeat(8);
    for payload in [text.as_bytes(), b"a", b""] {
        let mut calls = Vec::new();
        for count in [4096, 16_384, 65_536] {
            let mut wire = in_fragments(TEXT, iter::repeat_n(payload, count)).concat();
            let cost = feed(&mut server(unlimited()), Form::Owned, iter::once(&mut wire[..]));
            assert_eq!((cost.messages, cost.payload), (1, count * payload.len()), "{cost:?}");
            assert!(cost.allocated <= 3 * cost.payload + NOISE, "{cost:?}");
            calls.push(cost.calls);
        }
        assert!(calls[2] <= calls[0] + 16, "{calls:?}");
    }
}

#[test]
fn a_flood_of_empty_fragments_ends_at_the_limit() {
    let _turn = turn();
    let first = RawFrame::new(Role::Server, TEXT, "").more().encode();
    let empty = RawFrame::new(Role::Server, CONTINUATION, "").more().encode();
    let flood = || iter::once(first.clone()).chain(iter::repeat_n(empty.clone(), 10_000));
    let mut wire: Vec<_> = flood().flatten().collect();
    let cost = feed(&mut server(Limits::default()), Form::Owned, iter::once(&mut wire[..]));
    assert_eq!(cost.failure, Some(Rule::TooManyFragments { limit: 4096 }));
    assert!(cost.allocated <= NOISE && cost.calls <= 16, "{cost:?}");
    // Where there is no limit it costs nothing either.
    let mut wire: Vec<_> = flood().flatten().collect();
    let cost = feed(&mut server(unlimited()), Form::Owned, iter::once(&mut wire[..]));
    assert_eq!((cost.failure, cost.messages), (None, 0));
    assert!(cost.allocated <= NOISE && cost.calls <= 16, "{cost:?}");
}

#[test]
fn a_million_tiny_frames_cost_nothing_where_they_lie() {
    let _turn = turn();
    let frames = [
        RawFrame::new(Role::Server, BINARY, [7]),
        RawFrame::new(Role::Server, TEXT, ""),
        RawFrame::new(Role::Server, TEXT, "é"),
        RawFrame::new(Role::Server, PING, ""),
    ];
    let wire = encode_all(&frames).repeat(2500);
    let mut buffer = wire.clone();
    for form in [Form::Borrowed, Form::Parts] {
        let (mut messages, mut calls) = (0, 0);
        let mut decoder = server(unlimited());
        for _ in 0..100 {
            buffer.copy_from_slice(&wire);
            let cost = feed(&mut decoder, form, iter::once(&mut buffer[..]));
            (messages, calls) = (messages + cost.messages, calls + cost.calls);
        }
        assert_eq!(messages, 1_000_000);
        assert!(calls <= 32, "{calls}");
    }
    let mut decoder = server(unlimited());
    buffer.copy_from_slice(&wire);
    let cost = feed(&mut decoder, Form::Owned, iter::once(&mut buffer[..]));
    assert_eq!(cost.messages, 10_000);
    assert!(cost.held <= NOISE && cost.calls <= 10_000 + 32, "one for each that is not empty: {cost:?}");
}

/// What a header claims is not believed: there is room for four times what has come, at most.
#[test]
fn a_claimed_length_takes_no_memory() {
    const PEERS: usize = 500;
    // What a few headers take counts as come.
    const HEADERS: usize = 64;
    let _turn = turn();
    for opcode in [TEXT, BINARY] {
        for claim in [MIB as u64, 1 << 62] {
            for sent in [0, 1, 100, 1000] {
                let frame =
                    RawFrame::new(Role::Server, opcode, vec![b'a'; sent]).length(Length::Eight(claim));
                let wires: Vec<_> = (0..PEERS).map(|_| frame.encode()).collect();
                for form in [Form::Borrowed, Form::Owned] {
                    let mut decoders: Vec<_> = (0..PEERS).map(|_| server(unlimited())).collect();
                    let region = Region::new(ALLOCATOR);
                    for (decoder, mut wire) in decoders.iter_mut().zip(wires.clone()) {
                        let cost = feed(decoder, form, iter::once(&mut wire[..]));
                        assert_eq!((cost.messages, cost.failure), (0, None));
                    }
                    let held = held(region.change());
                    // For a header alone, what says that there is a message.
                    let come = if sent == 0 { HEADERS / 2 } else { sent + HEADERS };
                    assert!(held <= 4 * come * PEERS + NOISE, "{held} for {sent} bytes from {PEERS}");
                    drop(decoders);
                }
            }
        }
    }
}

/// The same while it trickles in, at every moment, and behind other fragments.
#[test]
fn there_is_room_for_four_times_what_has_come_at_most() {
    let _turn = turn();
    for begun in [0, 1, 5000] {
        let mut first = RawFrame::new(Role::Server, TEXT, vec![b'a'; begun]).more().encode();
        let frame = RawFrame::new(Role::Server, CONTINUATION, vec![b'a'; MIB]).length(Length::Eight(1 << 40));
        let mut wire = frame.encode();
        let mut decoder = server(unlimited());
        let region = Region::new(ALLOCATOR);
        assert!(decoder.feed(&mut first).next_owned().is_none());
        let mut calls = 0;
        let mut come = begun;
        for read in wire.chunks_mut(777) {
            come += read.len();
            let stats = Region::new(ALLOCATOR);
            assert!(decoder.feed(read).next_owned().is_none());
            let stats = stats.change();
            calls += stats.allocations + stats.reallocations;
            let now = held(region.change());
            assert!(now <= 4 * come + NOISE, "{now} for {come} bytes");
        }
        assert!(calls <= 40, "{calls}");
    }
}

/// Nothing that came is held for a connection that has failed.
#[test]
fn a_failure_gives_back_what_was_kept() {
    let _turn = turn();
    let begun = RawFrame::new(Role::Server, BINARY, vec![7; MIB / 2]).more().encode();
    let bad = [
        RawFrame::new(Role::Server, 3, ""),
        RawFrame::new(Role::Server, 8, [3]),
        RawFrame::new(Role::Server, BINARY, ""),
        RawFrame::new(Role::Server, CONTINUATION, "").rsv(1),
    ];
    for bad in bad {
        for form in [Form::Borrowed, Form::Owned] {
            let mut decoder = server(unlimited());
            let mut reads = [begun.clone(), bad.encode()];
            let cost = feed(&mut decoder, form, reads.iter_mut());
            assert!(cost.failure.is_some() && cost.peak >= MIB / 2, "{cost:?}");
            assert!(cost.held <= NOISE, "{bad:?}, {form:?}: {cost:?}");
        }
    }
}

/// What was lent last can be given back by a connection that waits.
#[test]
fn a_connection_that_waits_holds_nothing() {
    let _turn = turn();
    let mut reads = in_fragments(BINARY, iter::repeat_n(&vec![7; 64 * KIB][..], 8));
    let mut decoder = server(unlimited());
    let region = Region::new(ALLOCATOR);
    for read in &mut reads {
        let mut fed = decoder.feed(read);
        while let Some(message) = fed.next_message() {
            assert_eq!(len(&message.expect("it is right")), 512 * KIB);
        }
    }
    decoder.shrink();
    assert!(held(region.change()) <= NOISE);
}

/// However large a message is, its parts pass without being kept.
#[test]
fn parts_are_not_kept() {
    let _turn = turn();
    let mut reads = in_fragments(TEXT, iter::repeat_n("é€".repeat(1000).as_bytes(), 1000));
    let cost = feed(&mut server(unlimited()), Form::Parts, reads.iter_mut());
    assert_eq!(cost.payload, 5_000_000);
    assert!(cost.peak <= NOISE && cost.allocated <= NOISE, "{cost:?}");
}

#[test]
fn frames_are_taken_apart_without_memory() {
    let _turn = turn();
    let frame = RawFrame::new(Role::Server, BINARY, vec![7; KIB]).length(Length::Eight(1 << 62));
    let mut wire = frame.encode();
    let region = Region::new(ALLOCATOR);
    let mut decoder = FrameDecoder::new();
    for read in wire.chunks_mut(3) {
        let mut parts = decoder.feed(read);
        while let Some(part) = parts.next_part() {
            part.expect("it is right");
        }
    }
    assert!(region.change().bytes_allocated <= NOISE);
}

/// Feeds a connection, and takes everything out.
fn receive(connection: &mut Connection, wire: &[u8]) {
    let mut wire = wire.to_vec();
    let mut events = connection.handle_input(NOW, &mut wire);
    while let Some(event) = events.next_message() {
        event.expect("it is right");
    }
}

fn ping(len: usize) -> Vec<u8> {
    RawFrame::new(Role::Server, PING, vec![b'p'; len]).encode()
}

/// The bytes of a pong of a server that answers to 125 bytes.
const PONG: usize = 2 + 125;
/// How many pongs may wait, and one that is half sent.
const PONGS: usize = 32 + 1;

#[test]
fn a_peer_that_pings_and_never_reads_is_owed_a_few_pongs() {
    let _turn = turn();
    let mut connection = Connection::server(unlimited());
    let flood = ping(125).repeat(100);
    let region = Region::new(ALLOCATOR);
    for _ in 0..1000 {
        receive(&mut connection, &flood);
        assert!(connection.buffered() <= PONGS * PONG, "{}", connection.buffered());
    }
    assert!(held(region.change()) <= 2 * PONGS * PONG + NOISE);
}

/// One that reads just enough for the pongs never to be all sent.
#[test]
fn a_peer_that_pings_and_hardly_reads_is_owed_a_few_pongs() {
    let _turn = turn();
    for leave in [1, 2, PONG - 1, PONG, PONG + 1, 3 * PONG] {
        let mut connection = Connection::server(unlimited());
        receive(&mut connection, &ping(125).repeat(40));
        let region = Region::new(ALLOCATOR);
        for _ in 0..20_000 {
            receive(&mut connection, &ping(125));
            let mut transmit = connection.transmit();
            let count = transmit.remaining().saturating_sub(leave);
            transmit.advance(count);
            assert!(connection.buffered() <= PONGS * PONG, "{}", connection.buffered());
        }
        let held = held(region.change());
        assert!(held <= 2 * PONGS * PONG + NOISE, "{held} bytes are held, {leave} not read");
    }
}

/// The same, while messages wait too: what goes out is right.
#[test]
fn what_a_slow_reader_reads_is_right() {
    let _turn = turn();
    for step in [1, 3, 50, 126, 127, 128, 1000] {
        let mut connection = Connection::server(unlimited());
        let mut wire = Vec::new();
        for i in 0..2000_usize {
            receive(&mut connection, &ping(i % 126));
            if i % 3 == 0 {
                connection.send_text("hello").expect("it is open");
            }
            for _ in 0..step {
                let mut transmit = connection.transmit();
                if transmit.has_remaining() {
                    wire.push(transmit.chunk()[0]);
                    transmit.advance(1);
                }
            }
        }
        wire.extend(connection.transmit().take_all());
        let mut client = MessageDecoder::new(Role::Client, unlimited());
        let mut texts = 0;
        let mut fed = client.feed(&mut wire);
        while let Some(message) = fed.next_message() {
            match message.expect("what a connection sends is right") {
                MessageRef::Text(text) => {
                    assert_eq!(text, "hello");
                    texts += 1;
                }
                MessageRef::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(texts, 667);
        assert!(client.is_between());
    }
}

#[test]
fn a_flood_of_pings_ends_at_the_limit() {
    let _turn = turn();
    let mut connection = Connection::server(Limits::default());
    let mut flood = ping(125).repeat(300);
    let mut events = connection.handle_input(NOW, &mut flood);
    let mut count = 0;
    let failure = loop {
        match events.next_message() {
            Some(Ok(_)) => count += 1,
            other => break other,
        }
    };
    let rule = failure.and_then(Result::err).map(|violation| (violation.rule(), violation.at()));
    let each = (2 + 4 + 125) as u64;
    assert_eq!((count, rule), (256, Some((Rule::TooManyControlFrames { limit: 256 }, 256 * each))));
}

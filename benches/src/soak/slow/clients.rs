//! The process of the clients.

use super::{
    super::{
        Settings,
        clients::{open, open_websocket, steps},
    },
    Place,
    heard::{Heard, Report},
    policies::Kind,
    reader::{Much, Reader, Wire},
};
use crate::clock::process_cpu_time;
use mio::{Events, Interest, Poll, Token};
use std::{
    collections::VecDeque,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// Bytes per second of a slow reader, and the buffer that its kernel has for it.
const TRICKLE: usize = 1024;
const SMALL_BUFFER: usize = 4096;
/// How long it takes at most to read all that is left.
const DRAINS: Duration = Duration::from_secs(90);

pub fn clients(settings: &Settings, port: u16) {
    let steps = steps();
    let step = |n| steps.load(Ordering::Acquire) >= n;
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1024));
    let mut readers: Vec<Option<Reader>> = (0..settings.streams)
        .map(|id| {
            let place = Place::of(id);
            if !place.is_taken(settings) {
                return None;
            }
            let mut reader = subscribe(settings, port, id);
            if place == Place::Healthy {
                poll.registry().register(&mut reader.io, Token(id), Interest::READABLE).unwrap();
            }
            Some(reader)
        })
        .collect();
    let mut left = readers.iter().flatten().count();
    let slow: Vec<usize> =
        (0..readers.len()).filter(|id| readers[*id].is_some() && Place::of(*id) == Place::Slow).collect();
    let start = Instant::now();
    // Each reads once a second, at a time of its own.
    let mut due: VecDeque<(Instant, usize)> = slow
        .iter()
        .enumerate()
        .map(|(i, id)| (start + Duration::from_secs(1).mul_f64(i as f64 / slow.len() as f64), *id))
        .collect();
    println!("open");

    let mut report = Report { heard: vec![Heard::default(); readers.len()], ..Report::default() };
    let (mut buffer, mut deadline, mut began) = (vec![0; 256 << 10], None::<Instant>, None);
    while left > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
        if step(1) && began.is_none() {
            began = Some((Instant::now(), process_cpu_time(std::process::id())));
        }
        let mut read = |id: usize, much: Much| {
            let Some(reader) = &mut readers[id] else { return false };
            let late = match (Place::of(id), Wire::of(id)) {
                (Place::Healthy, Wire::Events) => Some(&mut report.events),
                (Place::Healthy, Wire::Messages) => Some(&mut report.messages),
                _ => None,
            };
            let stands = match late {
                Some(latencies) => reader.read(&mut buffer, much, |micros| latencies.add(micros)),
                None => reader.read(&mut buffer, much, |_| {}),
            };
            if !stands && let Some(reader) = readers[id].take() {
                report.heard[id] = reader.heard;
                left -= 1;
            }
            stands
        };
        poll.poll(&mut events, Some(Duration::from_millis(20))).unwrap();
        for event in &events {
            let much = if event.is_read_closed() { Much::All } else { Much::Ready };
            read(event.token().0, much);
        }
        while let Some((at, id)) = due.pop_front_if(|(at, _)| deadline.is_none() && *at <= Instant::now()) {
            if read(id, Much::Bytes(TRICKLE)) {
                due.push_back((at + Duration::from_secs(1), id));
            }
        }
        if step(2) && deadline.is_none() {
            let (start, cpu) = began.expect("a first step");
            let spent = (process_cpu_time(std::process::id()) - cpu).as_secs_f64();
            deadline = Some(Instant::now() + DRAINS);
            for (id, reader) in
                readers.iter_mut().enumerate().filter(|(id, _)| Place::of(*id) != Place::Healthy)
            {
                // What is there already is told of, too.
                let register = |reader: &mut Reader| {
                    poll.registry().register(&mut reader.io, Token(id), Interest::READABLE).unwrap();
                };
                reader.iter_mut().for_each(register);
            }
            report.cpu = spent / start.elapsed().as_secs_f64();
        }
    }
    let unfinished = readers.into_iter().enumerate().filter_map(|(id, reader)| Some((id, reader?)));
    unfinished.for_each(|(id, reader)| report.heard[id] = reader.heard);
    println!("{}", serde_json::to_string(&report).unwrap());
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn subscribe(settings: &Settings, port: u16, id: usize) -> Reader {
    let place = Place::of(id);
    let buffer = (place != Place::Healthy).then_some(SMALL_BUFFER);
    let heard = Heard::default();
    let heard = if settings.policy == Kind::Latest { heard.by_key() } else { heard };
    let (wire, query) = (Wire::of(id), format!("{id}&{}", place.past()));
    let io = match wire {
        Wire::Events => open(port, id, &format!("/events?{query}"), buffer).0,
        Wire::Messages => open_websocket(port, id, &format!("/socket?{query}"), buffer),
    };
    Reader::new(io, wire, heard)
}

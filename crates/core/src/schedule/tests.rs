use std::time::Duration;

use proptest::prelude::*;

use super::{Due, Rtt, SECOND, Schedule, between};

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT_MIN: Duration = Duration::from_nanos(super::TIMEOUT_MIN);
const TIMEOUT_MAX: Duration = Duration::from_nanos(super::TIMEOUT_MAX);
const TIMEOUT_UNKNOWN: Duration = Duration::from_nanos(super::TIMEOUT_UNKNOWN);
const LATE: Duration = Duration::from_nanos(super::LATE);

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// Polls whenever it is due, and tells when it beat, up to `end`.
fn beats(schedule: &mut Schedule, mut now: Duration, end: Duration) -> Vec<Duration> {
    let mut beats = Vec::new();
    while now < end {
        match schedule.poll(now, 1 << 63) {
            Due::Beat { .. } => beats.push(now),
            Due::Later(at) => now = at,
            Due::Dead => break,
        }
    }
    beats
}

#[test]
fn a_silent_stream_beats_in_every_interval() {
    let mut schedule = Schedule::one_way(INTERVAL, secs(0), 0);
    let beats = beats(&mut schedule, secs(0), secs(600));
    assert_eq!(beats[0], INTERVAL / 2, "the first comes after a random half to whole interval");
    for pair in beats.windows(2) {
        let gap = pair[1].saturating_sub(pair[0]);
        assert!(gap >= INTERVAL / 10 * 9 && gap <= INTERVAL, "{gap:?}");
    }
}

#[test]
fn a_stream_that_sends_does_not_beat() {
    let mut schedule = Schedule::one_way(INTERVAL, secs(0), 0);
    for now in 0..1_000 {
        schedule.outbound(secs(now));
        assert!(matches!(schedule.poll(secs(now), 0), Due::Later(_)));
    }
}

#[test]
fn sent_bytes_prove_nothing_of_the_peer() {
    let mut schedule = Schedule::answering(INTERVAL, secs(0), u64::MAX);
    let mut beat = None;
    for now in 0..100 {
        schedule.outbound(secs(now));
        match schedule.poll(secs(now), now) {
            Due::Beat { nonce } => beat = Some(nonce),
            Due::Dead => {
                assert_eq!(beat, Some(25), "asked when nothing had come for an interval");
                assert_eq!(now, 25 + TIMEOUT_UNKNOWN.as_secs());
                return;
            }
            Due::Later(_) => {}
        }
    }
    panic!("a peer that is silent is never found dead");
}

#[test]
fn received_bytes_do_not_keep_the_path_open() {
    let mut schedule = Schedule::answering(INTERVAL, secs(0), u64::MAX);
    for now in 0..25 {
        schedule.inbound(secs(now));
        assert!(matches!(schedule.poll(secs(now), 0), Due::Later(_)), "{now}");
    }
    assert_eq!(schedule.poll(secs(25), 9), Due::Beat { nonce: 9 });
}

#[test]
fn any_byte_proves_that_the_peer_lives() {
    let mut schedule = Schedule::answering(INTERVAL, secs(0), u64::MAX);
    assert_eq!(schedule.poll(secs(25), 1), Due::Beat { nonce: 1 });
    schedule.inbound(secs(30));
    assert!(matches!(schedule.poll(secs(35), 2), Due::Later(_)), "busy with a large message, but alive");
    let Due::Later(next) = schedule.poll(secs(40), 2) else { panic!("not due") };
    assert_eq!(schedule.poll(next, 2), Due::Beat { nonce: 2 });
    assert!(matches!(schedule.poll(next + TIMEOUT_UNKNOWN, 3), Due::Dead));
}

#[test]
fn only_the_last_beat_is_measured() {
    let mut schedule = Schedule::answering(INTERVAL, secs(0), u64::MAX);
    assert_eq!(schedule.answer(secs(1), 0), None, "unsolicited");
    let Due::Later(at) = schedule.poll(secs(1), 1) else { panic!("not due") };
    assert_eq!(schedule.poll(at, 1), Due::Beat { nonce: 1 });
    assert_eq!(schedule.answer(at + secs(1), 2), None, "another nonce");
    assert_eq!(schedule.answer(at + secs(2), 1), Some(secs(2)));
    assert_eq!(schedule.answer(at + secs(3), 1), None, "answered twice");
    assert_eq!(schedule.round_trip(), Some(secs(2)));
}

#[test]
fn a_busy_stream_is_measured_now_and_then() {
    let mut schedule = Schedule::answering(INTERVAL, secs(0), u64::MAX);
    let mut beats = Vec::new();
    for now in 0..300 {
        schedule.inbound(secs(now));
        schedule.outbound(secs(now));
        if let Due::Beat { nonce } = schedule.poll(secs(now), now) {
            beats.push(now);
            assert!(schedule.answer(secs(now), nonce).is_some());
        }
    }
    assert_eq!(beats, [60, 120, 180, 240]);
}

#[test]
fn who_was_suspended_asks_again_instead_of_judging() {
    let mut schedule = Schedule::answering(INTERVAL, secs(0), u64::MAX);
    assert_eq!(schedule.poll(secs(25), 1), Due::Beat { nonce: 1 });
    let awake = secs(8 * 3_600);
    assert_eq!(schedule.poll(awake, 2), Due::Beat { nonce: 2 });
    assert_eq!(schedule.poll(awake + TIMEOUT_UNKNOWN, 3), Due::Dead, "now it has had its chance");
}

#[test]
fn a_shorter_interval_counts_at_once() {
    let mut schedule = Schedule::one_way(secs(100), secs(0), u64::MAX);
    schedule.set_interval(secs(10));
    assert_eq!(schedule.poll(secs(9), 0), Due::Later(secs(10)));
    schedule.set_interval(secs(50));
    assert_eq!(schedule.poll(secs(10), 0), Due::Beat { nonce: 0 });
    assert_eq!(schedule.poll(secs(11), 0), Due::Later(secs(10 + 45)));
}

#[test]
fn the_round_trip_is_smoothed_as_in_rfc_6298() {
    let rtt = Rtt::first(8 * SECOND);
    assert_eq!((rtt.smoothed, rtt.variation), (8 * SECOND, 4 * SECOND));
    let rtt = rtt.next(16 * SECOND);
    assert_eq!((rtt.smoothed, rtt.variation), (9 * SECOND, 5 * SECOND));
}

#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Inbound,
    Outbound,
    Answer,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..40_000_u64).prop_map(Step::Pass),
        Just(Step::Inbound),
        Just(Step::Outbound),
        Just(Step::Answer),
    ];
    prop::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn the_first_interval_is_half_to_whole(random: u64, millis in 1..1_000_000_u64) {
        let interval = Duration::from_millis(millis);
        let Due::Later(first) = Schedule::one_way(interval, secs(3), random).poll(secs(3), 0) else {
            return Err(TestCaseError::fail("due at once"));
        };
        prop_assert!(first >= secs(3) + interval / 2 && first <= secs(3) + interval);
    }

    #[test]
    fn between_is_between(random: u64, least in 0..1_000_000_u64, span in 0..1_000_000_u64) {
        let picked = between(least, least + span, random);
        prop_assert!(least <= picked && picked <= least + span);
    }

    /// Whatever happens, and whenever it is polled.
    #[test]
    fn it_keeps_its_promises(steps in steps(), random: u64) {
        let mut schedule = Schedule::answering(INTERVAL, secs(0), random);
        let (mut now, mut heard, mut sent) = (secs(0), secs(0), secs(0));
        // The last beat, and when it was.
        let mut beat: Option<(u64, Duration)> = None;
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Pass(millis) => now += Duration::from_millis(millis),
                Step::Inbound => {
                    schedule.inbound(now);
                    heard = now;
                }
                Step::Outbound => {
                    schedule.outbound(now);
                    sent = now;
                }
                Step::Answer => {
                    if let Some((nonce, _)) = beat {
                        schedule.answer(now, nonce);
                        heard = now;
                    }
                }
            }
            prop_assert!(schedule.timeout() >= TIMEOUT_MIN && schedule.timeout() <= TIMEOUT_MAX);
            match schedule.poll(now, random ^ n as u64) {
                Due::Beat { nonce } => {
                    beat = Some((nonce, now));
                    sent = now;
                }
                Due::Dead => {
                    let (_, at) = beat.expect("a peer that was not asked cannot be dead");
                    prop_assert!(heard < at || (heard == at && now > at), "it was heard since");
                    prop_assert!(now >= at + TIMEOUT_MIN && now <= at + TIMEOUT_MAX + LATE);
                    return Ok(());
                }
                Due::Later(at) => {
                    prop_assert!(at > now, "it asks to be called again later");
                    let waiting = beat.is_some_and(|(_, at)| heard <= at);
                    prop_assert!(waiting || at <= sent.min(heard) + INTERVAL || at <= beat.expect("one").1 + INTERVAL);
                    prop_assert!(at <= now + INTERVAL.max(TIMEOUT_MAX));
                }
            }
        }
    }
}

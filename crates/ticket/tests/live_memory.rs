//! What a live session costs, and that none of it stays.

use std::{
    alloc::System,
    time::{Duration, SystemTime},
};

use longwave_core::Lifeline;
use longwave_ticket::{
    Claims, ClaimsError, UnixMillis,
    live::{Admission, Selector, Sessions},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static GLOBAL: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

struct User(String);

impl Claims for User {
    fn subject(&self) -> &str {
        &self.0
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Err(ClaimsError::unreadable())
    }

    fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
        Err(ClaimsError::unreadable())
    }
}

#[tokio::test(start_paused = true)]
async fn a_live_session_costs_what_is_documented_and_gives_it_back() {
    let sessions = Sessions::<User>::builder().build();
    let now = UnixMillis::from(SystemTime::now());
    let region = Region::new(GLOBAL);
    let live = || {
        let stats = region.change();
        stats.bytes_allocated - stats.bytes_deallocated
    };
    let mut tethers = Vec::with_capacity(SESSIONS);
    let empty = live();
    for number in 0..SESSIONS {
        let tether = Lifeline::new().carry();
        let admission = Admission::new(User(format!("user{number:08}")), (number as u128).to_be_bytes(), now);
        let admission = admission.deadline(now.plus(Duration::from_secs(900)));
        sessions.register(&tether, admission).unwrap();
        tethers.push(tether);
    }
    let each = (live() - empty) / SESSIONS;
    println!("{each} bytes for each of {SESSIONS} live sessions");
    assert!((300..=DOCUMENTED).contains(&each), "{each}");
    tethers.clear();
    assert_eq!(sessions.count(&Selector::All), 0);
    let left = live() - empty;
    println!("{left} bytes left");
    assert!(left < 1_000_000, "{left}");
}

const SESSIONS: usize = 100_000;
const DOCUMENTED: usize = 800;

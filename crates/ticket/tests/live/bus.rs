use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use longwave_ticket::live::{
    BusError, BusState, Close, Delivery, LocalBus, OnGap, Refused, Revocation, RevocationBus, Selector,
    Sessions, Subscription, Verdict,
};
use tokio::{sync::mpsc, task::JoinHandle};

use crate::support::{User, Wall, admission, exact, now, open, secs, settle, user};

fn follow<B>(sessions: &Sessions<User>, bus: B, on_gap: OnGap) -> JoinHandle<()>
where
    B: RevocationBus + 'static,
{
    let sessions = sessions.clone();
    tokio::spawn(async move {
        let Err(_) = sessions.follow(&bus, on_gap, secs(30)).await;
    })
}

/// A bus that says what a test has it say.
struct Scripted(std::sync::Mutex<Option<mpsc::UnboundedReceiver<Delivery>>>);

struct Script(mpsc::UnboundedReceiver<Delivery>);

impl Scripted {
    fn new() -> (mpsc::UnboundedSender<Delivery>, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (sender, Self(std::sync::Mutex::new(Some(receiver))))
    }
}

impl RevocationBus for Scripted {
    type Subscription = Script;

    async fn publish(&self, _: Revocation) -> Result<(), BusError> {
        Err(BusError::new("down"))
    }

    async fn subscribe(&self) -> Result<Script, BusError> {
        self.0.lock().expect("no test panics here").take().map(Script).ok_or_else(|| BusError::new("down"))
    }
}

impl Subscription for Script {
    async fn next(&mut self) -> Delivery {
        match self.0.recv().await {
            Some(delivery) => delivery,
            None => std::future::pending().await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_node_revokes_ends_on_the_others() {
    let (wall, bus) = (Wall::default(), LocalBus::new(16));
    let (here, there) = (exact(&wall).build(), exact(&wall).build());
    let _following = [follow(&here, bus.clone(), OnGap::EndAll), follow(&there, bus.clone(), OnGap::EndAll)];
    settle().await;
    wall.advance(secs(1));
    let old = admission(user("ann"), &wall);
    let on_there = open(&there, admission(user("ann"), &wall)).unwrap();
    let other = open(&there, admission(user("bob"), &wall)).unwrap();
    let ended = here.revoke_everywhere(&bus, Selector::Subject("ann".into()), Close::Revoked).await.unwrap();
    assert_eq!(ended, 0);
    // What was opened with a later ticket stays, though the news only arrives now.
    wall.advance(secs(1));
    let again = open(&there, admission(user("ann"), &wall)).unwrap();
    assert_eq!(on_there.session.ended().await.close_code(), 4403);
    settle().await;
    assert_eq!(now(again.session.ended()), None);
    assert_eq!(now(other.session.ended()), None);
    assert_eq!(open(&there, old).err(), Some(Refused::Revoked));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_no_bus_takes_is_done_here_and_owned_up_to() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (_script, bus) = Scripted::new();
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let published = sessions.revoke_everywhere(&bus, Selector::All, Close::Revoked).await;
    assert!(published.is_err() && open.session.lifeline().is_ended());
}

#[tokio::test(start_paused = true)]
async fn a_listener_that_is_too_slow_has_a_gap_and_does_as_it_was_told() {
    for (on_gap, ends) in [(OnGap::EndAll, true), (OnGap::Revalidate, true), (OnGap::Continue, false)] {
        let (wall, bus) = (Wall::default(), LocalBus::new(2));
        let sessions = exact(&wall).build();
        let following = follow(&sessions, bus.clone(), on_gap);
        settle().await;
        wall.advance(secs(1));
        let open = open(&sessions, admission(user("innocent"), &wall)).unwrap();
        for number in 0..10 {
            let selector = Selector::Subject(format!("s{number}"));
            bus.publish(Revocation::new(selector, Close::Revoked, wall.now())).await.unwrap();
        }
        settle().await;
        assert_eq!(open.session.lifeline().is_ended(), ends, "{on_gap:?}");
        following.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_has_all_logins_checked_now_if_they_can_be() {
    let wall = Wall::default();
    let checks = Arc::new(AtomicUsize::new(0));
    let counting = checks.clone();
    let sessions = exact(&wall)
        .revalidate(secs(3600), 0.0, move |session| {
            counting.fetch_add(1, Ordering::SeqCst);
            async move { if session.claims().name == "ann" { Verdict::Revoked } else { Verdict::Valid } }
        })
        .build();
    let (script, bus) = Scripted::new();
    let _following = follow(&sessions, bus, OnGap::Revalidate);
    settle().await;
    wall.advance(secs(1));
    let ann = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let bob = open(&sessions, admission(user("bob"), &wall)).unwrap();
    let late = admission(user("ann"), &wall);
    settle().await;
    assert_eq!(checks.load(Ordering::SeqCst), 0);
    script.send(Delivery::Gap).unwrap();
    settle().await;
    assert_eq!(checks.load(Ordering::SeqCst), 2);
    assert!(ann.session.lifeline().is_ended());
    assert!(!bob.session.lifeline().is_ended());
    // A ticket from before may be revoked as well.
    let late = open(&sessions, late).unwrap();
    settle().await;
    assert!(late.session.lifeline().is_ended());
    wall.advance(secs(1));
    let _later = open(&sessions, admission(user("bob"), &wall)).unwrap();
    settle().await;
    assert_eq!(checks.load(Ordering::SeqCst), 3);
}

/// Others may have revoked what is presented to a node that has just started.
#[tokio::test(start_paused = true)]
async fn who_begins_to_follow_has_missed_what_was_before() {
    for (on_gap, ends) in [(OnGap::EndAll, true), (OnGap::Revalidate, true), (OnGap::Continue, false)] {
        let (wall, bus) = (Wall::default(), LocalBus::new(2));
        let sessions = exact(&wall).build();
        let (open_already, ticket) = (admission(user("ann"), &wall), admission(user("ann"), &wall));
        let open_already = open(&sessions, open_already).unwrap();
        wall.advance(secs(1));
        let following = follow(&sessions, bus, on_gap);
        settle().await;
        assert_eq!(open_already.session.lifeline().is_ended(), ends, "{on_gap:?}");
        assert_eq!(open(&sessions, ticket).is_err(), ends, "{on_gap:?}");
        wall.advance(secs(1));
        assert!(open(&sessions, admission(user("ann"), &wall)).is_ok());
        following.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn patience_may_be_without_end() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (script, bus) = Scripted::new();
    let following = tokio::spawn({
        let sessions = sessions.clone();
        async move { sessions.follow(&bus, OnGap::EndAll, std::time::Duration::MAX).await.map(drop) }
    });
    settle().await;
    wall.advance(secs(1));
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    script.send(Delivery::Interrupted).unwrap();
    tokio::time::sleep(secs(10_000)).await;
    assert!(!following.is_finished() && !open.session.lifeline().is_ended());
    assert_eq!(sessions.bus(), BusState::Interrupted);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_back_in_time_delivers_what_was_missed() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (script, bus) = Scripted::new();
    assert_eq!(sessions.bus(), BusState::Off);
    let following = follow(&sessions, bus, OnGap::EndAll);
    settle().await;
    assert_eq!(sessions.bus(), BusState::Connected);
    wall.advance(secs(1));
    let ann = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let bob = open(&sessions, admission(user("bob"), &wall)).unwrap();
    script.send(Delivery::Interrupted).unwrap();
    tokio::time::sleep(secs(29)).await;
    assert_eq!(sessions.bus(), BusState::Interrupted);
    let missed = Revocation::new(Selector::Subject("ann".into()), Close::Revoked, wall.now().plus(secs(1)));
    script.send(Delivery::Revocation(missed)).unwrap();
    script.send(Delivery::Resumed).unwrap();
    tokio::time::sleep(secs(60)).await;
    assert!(ann.session.lifeline().is_ended());
    assert!(!bob.session.lifeline().is_ended());
    assert_eq!(sessions.bus(), BusState::Connected);
    following.abort();
    settle().await;
    assert_eq!(sessions.bus(), BusState::Off);
}

#[tokio::test(start_paused = true)]
async fn patience_with_a_bus_that_is_gone_comes_to_an_end() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (script, bus) = Scripted::new();
    let _following = follow(&sessions, bus, OnGap::EndAll);
    settle().await;
    wall.advance(secs(1));
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    script.send(Delivery::Interrupted).unwrap();
    tokio::time::sleep(secs(20)).await;
    // To say so again buys no time.
    script.send(Delivery::Interrupted).unwrap();
    tokio::time::sleep(secs(9)).await;
    assert!(!open.session.lifeline().is_ended());
    tokio::time::sleep(secs(2)).await;
    assert_eq!(open.session.lifeline().reason().unwrap().close_code(), 4401);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_is_not_there_is_an_error() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (_script, bus) = Scripted::new();
    let _taken = bus.subscribe().await.unwrap();
    let Err(error) = sessions.follow(&bus, OnGap::EndAll, secs(1)).await;
    assert_eq!(error.to_string(), "revocation bus is not available");
}

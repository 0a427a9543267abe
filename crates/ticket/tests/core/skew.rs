//! Tickets that hold their claims themselves are spent by a note alone, which has to outlive them by every clock.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use longwave_ticket::{
    Burnt, Context, Issuer, KeyRing, MemoryStore, Minted, Mode, Purpose, Put, Record, RedeemError,
    SingleNode, StoreError, SubjectHash, TicketId, TicketStore, UnixMillis, Verifier, Why,
};

use crate::{
    remote::Remote,
    support::{NOW, Service, User, ada, after, audience, connect, master, now},
};

type Node<S> = (Issuer<User, S>, Verifier<User, S>);

/// A node with the shared key, and tickets that hold their claims.
fn node<S: TicketStore>(store: S) -> Node<S> {
    let ring = KeyRing::new(master());
    let issuer = Issuer::new(&audience(), &ring, store.clone()).unwrap();
    let verifier = Verifier::new(&audience(), &ring, store).unwrap();
    (issuer.mode(Mode::SelfContained), verifier.mode(Mode::SelfContained))
}

fn mint<S: TicketStore>(issuer: &Issuer<User, S>, context: &Context) -> String {
    let minted = now(issuer.mint(&ada(), context, TicketId::from_bytes([7; 16])));
    minted.map(Minted::into_ticket).unwrap().into_exposed()
}

fn redeem<S: TicketStore>(
    verifier: &Verifier<User, S>,
    ticket: &str,
    at: UnixMillis,
) -> Result<(), RedeemError> {
    now(verifier.redeem(ticket, &connect(at))).map(drop)
}

#[test]
fn a_node_that_is_ahead_remembers_for_one_that_is_not() {
    for first in [0, 500, 29_000] {
        for again in [29_999, 30_900, 31_100, 33_000, 34_999, 35_000] {
            let store = Remote::default();
            let [(_, ahead), (issuer, exact)] = [(); 2].map(|()| node(store.clone()));
            let ticket = mint(&issuer, &connect(NOW));
            store.at(first);
            assert_eq!(redeem(&ahead, &ticket, after(first + 5000)), Ok(()));
            store.at(again);
            assert_eq!(redeem(&exact, &ticket, after(again)), Err(Why::Replayed.into()), "{first} {again}");
        }
    }
}

#[test]
fn a_strict_verifier_remembers_for_one_that_is_not() {
    let store = Remote::default();
    let (issuer, lenient) = node(store.clone());
    let strict = lenient.clone().skew(Duration::ZERO);
    let ticket = mint(&issuer, &connect(NOW));
    assert_eq!(redeem(&strict, &ticket, NOW), Ok(()));
    store.at(32_000);
    assert_eq!(redeem(&lenient, &ticket, after(32_000)), Err(Why::Replayed.into()));
}

#[test]
fn more_tolerance_than_there_is_to_be_is_cut() {
    let service = Service::new();
    let lax = service.verifier.clone().skew(Duration::from_secs(3600));
    let ticket = service.mint();
    assert!(lax.verify(ticket.expose(), &connect(after(35_000))).is_ok());
    assert!(lax.verify(ticket.expose(), &connect(after(35_001))).is_err());
}

#[test]
fn what_was_verified_in_time_and_is_consumed_too_late_is_refused() {
    let (issuer, verifier) = node(Remote::default());
    let ticket = mint(&issuer, &connect(NOW));
    let [first, second] = [(); 2].map(|()| verifier.verify(&ticket, &connect(NOW)).unwrap());
    assert!(now(verifier.consume(first, NOW)).is_ok());
    assert_eq!(now(verifier.consume(second, after(120_000))).unwrap_err(), Why::Expired.into());

    let service = Service::new();
    let ticket = service.mint();
    let third = service.verifier.verify(ticket.expose(), &connect(NOW)).unwrap();
    let asked = service.store.asked();
    assert_eq!(now(service.verifier.consume(third, after(35_001))).unwrap_err(), Why::Expired.into());
    assert_eq!(service.store.asked(), asked);
}

/// A store that answers when it is told to.
#[derive(Clone, Debug, Default)]
struct Slow {
    store: MemoryStore,
    go: Arc<AtomicBool>,
}

impl Slow {
    async fn wait(&self) {
        poll_fn(|_| if self.go.load(Ordering::Relaxed) { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

impl TicketStore for Slow {
    const SHARED: bool = true;

    async fn put(&self, id: &TicketId, record: Record<'_>, now: UnixMillis) -> Result<Put, StoreError> {
        self.store.put(id, record, now).await
    }

    async fn take(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        self.wait().await;
        self.store.take(id, now).await
    }

    async fn peek(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.peek(id, now).await
    }

    async fn burn(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        self.wait().await;
        self.store.burn(id, until, now).await
    }

    async fn forget_subject(&self, subject: SubjectHash, now: UnixMillis) -> Result<u64, StoreError> {
        self.store.forget_subject(subject, now).await
    }
}

#[test]
fn what_lapses_while_the_store_is_asked_is_refused() {
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        for (meanwhile, good) in [(999, true), (1000, false)] {
            let store = Slow::default();
            let (issuer, verifier) = node(store.clone());
            let grant = ada().until(after(1000));
            let id = TicketId::from_bytes([7; 16]);
            let ticket = now(issuer.mode(mode).mint(&grant, &connect(NOW), id)).unwrap().into_ticket();
            let context = connect(NOW);
            let mut redeem = std::pin::pin!(verifier.redeem(ticket.expose(), &context));
            let mut task = std::task::Context::from_waker(std::task::Waker::noop());
            assert!(redeem.as_mut().poll(&mut task).is_pending());
            // Somebody else's request tells the time.
            let _ = verifier.verify("", &connect(after(meanwhile)));
            store.go.store(true, Ordering::Relaxed);
            assert_eq!(now(redeem).is_ok(), good, "{mode:?}");
        }
    }
}

#[test]
fn a_single_node_takes_nothing_after_a_restart_that_it_may_have_taken_before() {
    let single = |since| node(SingleNode::new(MemoryStore::new(), since));
    let restarted = after(1500);
    for (issued, good) in [(0, false), (1501, false), (4000, false), (6500, false), (6501, true)] {
        let ticket = mint(&single(UnixMillis::EPOCH).0, &connect(after(issued)));
        let at = after(issued.max(1600));
        let expected = if good { Ok(()) } else { Err(Why::Replayed.into()) };
        assert_eq!(redeem(&single(restarted).1, &ticket, at), expected, "{issued}");
    }
    // By a clock that is 4 s ahead.
    let ticket = mint(&single(UnixMillis::EPOCH).0, &connect(after(4000)));
    assert_eq!(redeem(&single(UnixMillis::EPOCH).1, &ticket, after(500)), Ok(()));
    assert_eq!(redeem(&single(restarted).1, &ticket, after(1600)), Err(Why::Replayed.into()));
}

#[test]
fn a_single_node_takes_what_is_in_its_store_or_good_more_than_once_at_once() {
    let store = SingleNode::new(MemoryStore::new(), NOW);
    let (issuer, verifier) = node(store);
    let stored = mint(&issuer.clone().mode(Mode::TakeOnce), &connect(NOW));
    assert_eq!(redeem(&verifier, &stored, NOW), Ok(()));
    assert_eq!(redeem(&verifier, &stored, NOW), Err(Why::Replayed.into()));
    let first = TicketId::from_bytes([1; 16]);
    let context =
        |at| Context::new(Purpose::Resume, at).binding(longwave_ticket::Binding::new().resumes(first));
    let resumes = mint(&issuer, &context(NOW));
    assert!(now(verifier.redeem(&resumes, &context(after(1)))).is_ok());
    let (another, _) = node(SingleNode::new(MemoryStore::new(), UnixMillis::EPOCH));
    let before = mint(&another, &context(UnixMillis::new(NOW.as_millis() - 1)));
    assert_eq!(now(verifier.redeem(&before, &context(NOW))).unwrap_err(), Why::Replayed.into());
}

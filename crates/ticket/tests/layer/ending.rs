//! Streams end with the logins that have opened them.

use std::task::Poll;

use bytes::Bytes;
use futures_util::FutureExt;
use longwave_core::Cause;
use longwave_ticket::{
    Audience, Binding, Context, Issuer, Mode, Purpose, SecretKey, Verifier,
    live::{Close, RefreshError, Revocation, Selector},
};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{
    Handler, House, Makes, Reasons, User, ann, ask, feed, next_id, poll, secs, settle, socket,
};

fn selected() -> Selector {
    Selector::Subject("ann".into())
}

async fn lapsing(house: &House, after: u64) -> String {
    let grant = ann().until(house.wall.now().plus(secs(after)));
    house.mint_for(grant, Purpose::Connect, Binding::new()).await
}

#[tokio::test(start_paused = true)]
async fn an_event_stream_ends_at_its_deadline_and_says_nothing_afterwards() {
    let house = House::new();
    let ticket = lapsing(&house, 900).await;
    let mut body = Box::pin(house.ask(&house.layer(), feed(&ticket)).await.into_body());
    let session = house.handler.last_session();
    tokio::time::sleep(secs(899)).await;
    assert_eq!(poll(&mut body), Poll::Pending);
    tokio::time::sleep(secs(1)).await;
    settle().await;
    assert_eq!(session.ended().await.cause(), Cause::Expired);
    assert_eq!(poll(&mut body), Poll::Ready(Some(Bytes::from("event: login-required\ndata: expired\n\n"))));
    assert_eq!(poll(&mut body), Poll::Ready(None));
    drop(body);
    assert_eq!(house.sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_distrusted_opens_nothing_more_and_ends_nothing() {
    let house = House::new();
    let (layer, reasons) = (house.layer(), Reasons::default());
    let mut body = Box::pin(house.ask(&layer, feed(&house.mint().await)).await.into_body());
    let outstanding = house.mint().await;
    let new = SecretKey::from_bytes(*b"another thirty-two bytes, secret").unwrap();
    let leaked = SecretKey::from_bytes(*b"thirty-two bytes of a secret key").unwrap();
    house.keys.rotate(new, secs(60), house.wall.now()).unwrap();
    house.keys.distrust(leaked.key_id(&Audience::new("https://app.example.com|events").unwrap())).unwrap();
    assert_eq!(house.status(&layer, reasons.watch(feed(&outstanding))).await, 401);
    assert_eq!(reasons.take(), ["unknown_key"]);
    assert_eq!(poll(&mut body), Poll::Pending);
    assert_eq!(house.sessions.count(&selected()), 1);
    // That is another decision.
    assert_eq!(house.sessions.revoke(selected(), Close::Revoked), 1);
    settle().await;
    assert!(poll(&mut body).is_ready());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_streams_with_one_deadline_end_one_after_the_other_and_none_of_them_late() {
    const MANY: usize = 10_000;
    let house = House::with(|sessions| sessions.jitter(0.2).max_per_subject(MANY));
    let issuer = house.issuer.clone().limit(MANY as u32);
    let service = house.layer().layer(house.handler.clone());
    let (now, mut streams) = (house.wall.now(), Vec::new());
    let grant = ann().until(now.plus(secs(1000)));
    for _ in 0..MANY {
        let context = longwave_ticket::Context::new(Purpose::Connect, now);
        let ticket = issuer.mint(&grant, &context, next_id()).await.unwrap().into_ticket();
        let request = feed(ticket.expose()).body(()).unwrap();
        streams.push(service.clone().call(request).await.unwrap());
    }
    let sessions: Vec<_> =
        house.handler.seen.lock().unwrap().drain(..).map(|seen| seen.session.unwrap()).collect();
    let ended = || sessions.iter().filter(|session| session.lifeline().is_ended()).count();
    assert_eq!(ended(), 0);
    tokio::time::sleep(secs(799)).await;
    settle().await;
    assert_eq!(ended(), 0);
    let mut before = 0;
    for _ in 0..4 {
        tokio::time::sleep(secs(50)).await;
        settle().await;
        let now = ended();
        assert!((1500..3500).contains(&(now - before)), "{before} and then {now}");
        before = now;
    }
    tokio::time::sleep(secs(1)).await;
    settle().await;
    assert_eq!(ended(), MANY);
}

#[tokio::test]
async fn a_login_that_has_lapsed_opens_nothing() {
    let house = House::new();
    let (ticket, reasons) = (lapsing(&house, 10).await, Reasons::default());
    tokio::time::pause();
    tokio::time::sleep(secs(10)).await;
    assert_eq!(house.status(&house.layer(), reasons.watch(feed(&ticket))).await, 401);
    assert_eq!((reasons.take(), house.handler.calls()), (vec!["expired"], 0));
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_always_has_something_ends_when_its_login_is_revoked() {
    let house = House::new();
    let noisy = Handler { makes: Makes::Noise, ..Handler::default() };
    let ticket = house.mint().await;
    let mut body = Box::pin(ask(&house.layer(), &noisy, feed(&ticket)).await.into_body());
    for _ in 0..1000 {
        assert_eq!(poll(&mut body), Poll::Ready(Some(Bytes::from("data: x\n\n"))));
    }
    assert_eq!(house.sessions.revoke(selected(), Close::Revoked), 1);
    // Last words, that it is not to come back; and nothing else.
    assert_eq!(
        poll(&mut body),
        Poll::Ready(Some(Bytes::from("event: ended\nretry: 31536000000\ndata: revoked\n\n")))
    );
    assert_eq!(poll(&mut body), Poll::Ready(None));
}

#[tokio::test]
async fn a_ticket_that_was_revoked_before_it_is_presented_opens_nothing() {
    let house = House::new();
    let (ticket, reasons) = (house.mint().await, Reasons::default());
    house.sessions.revoke(selected(), Close::Revoked);
    assert_eq!(house.status(&house.layer(), reasons.watch(feed(&ticket))).await, 401);
    assert_eq!((reasons.take(), house.handler.calls()), (vec!["revoked"], 0));
}

#[tokio::test]
async fn what_is_revoked_after_the_ticket_was_spent_and_before_there_is_a_session_opens_nothing() {
    let house = House::new();
    let sessions = house.sessions.clone();
    let layer = house.layer().authorize(move |_, _| {
        assert_eq!(sessions.revoke(selected(), Close::Revoked), 0, "there is none yet");
        std::future::ready(Ok(()))
    });
    let (ticket, reasons) = (house.mint().await, Reasons::default());
    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 401);
    assert_eq!((reasons.take(), house.handler.calls()), (vec!["revoked"], 0));
    assert_eq!(house.sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_while_the_handler_makes_its_response_ends_at_once() {
    let house = House::new();
    let (sessions, mut handler) = (house.sessions.clone(), house.handler.clone());
    let service = tower::service_fn(move |request: http::Request<()>| {
        sessions.revoke(selected(), Close::Revoked);
        handler.call(request)
    });
    let request = feed(&house.mint().await).body(()).unwrap();
    let response = house.layer().layer(service).call(request).await.unwrap();
    let mut body = Box::pin(response.into_body());
    assert_eq!(
        poll(&mut body),
        Poll::Ready(Some(Bytes::from("event: ended\nretry: 31536000000\ndata: revoked\n\n")))
    );
    assert_eq!(poll(&mut body), Poll::Ready(None));
}

#[tokio::test]
async fn streams_that_come_and_go_leave_nothing() {
    let house = House::new();
    let layer = house.layer();
    for _ in 0..2000 {
        let response = house.ask(&layer, feed(&house.mint().await)).await;
        assert_eq!(response.status(), 200);
        assert_eq!(house.sessions.count(&Selector::All), 1);
        drop((response, house.handler.last()));
        assert_eq!(house.sessions.count(&Selector::All), 0);
    }
}

#[tokio::test]
async fn one_subject_has_so_many_streams_and_no_more_and_others_have_theirs() {
    let house = House::with(|sessions| sessions.max_per_subject(2));
    let (layer, reasons) = (house.layer(), Reasons::default());
    let first = house.ask(&layer, feed(&house.mint().await)).await;
    let _second = house.ask(&layer, feed(&house.mint().await)).await;
    let ticket = house.mint().await;
    let third = house.ask(&layer, reasons.watch(feed(&ticket))).await;
    assert_eq!((third.status().as_u16(), reasons.take()), (429, vec!["limited"]));
    assert!(third.headers().contains_key("retry-after"));
    assert_eq!(house.handler.calls(), 2);
    let bob = longwave_ticket::Grant::new(User("bob".to_owned()));
    let bobs = house.mint_for(bob, Purpose::Connect, Binding::new()).await;
    assert_eq!(house.status(&layer, feed(&bobs)).await, 200);
    drop(first);
    assert_eq!(house.status(&layer, feed(&ticket)).await, 401, "nobody knew whose it was until it was spent");
    assert_eq!(house.status(&layer, feed(&house.mint().await)).await, 200);
}

#[tokio::test]
async fn a_ticket_that_says_whose_it_is_is_not_spent_when_there_are_too_many_streams() {
    let house = House::with(|sessions| sessions.max_per_subject(1));
    let audience = Audience::new("https://app.example.com|events").unwrap();
    let issuer = Issuer::new(&audience, &house.keys, house.store.clone()).unwrap().mode(Mode::SelfContained);
    let verifier = Verifier::<User, _>::new(&audience, &house.keys, house.store.clone()).unwrap();
    let layer = house.layer_of(verifier.mode(Mode::SelfContained));
    let context = longwave_ticket::Context::new(Purpose::Connect, house.wall.now());
    let first = house.ask(&layer, feed(&house.mint().await)).await;
    let ticket = issuer.mint(&ann(), &context, next_id()).await.unwrap().into_ticket();
    let asked = house.store.asked();
    assert_eq!(house.status(&layer, feed(ticket.expose())).await, 429);
    assert_eq!(house.store.asked(), asked);
    drop(first);
    assert_eq!(house.status(&layer, feed(ticket.expose())).await, 200);
    assert_eq!(house.status(&layer, feed(ticket.expose())).await, 401);
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_with_a_ticket_that_refreshes() {
    let house = House::with(|sessions| sessions.max_age(secs(1500)));
    let ticket = lapsing(&house, 900).await;
    let mut response = Box::pin(house.ask(&house.layer(), socket(&ticket)).await.into_body());
    let seen = house.handler.last();
    let (session, binding) = (seen.session.unwrap(), seen.binding.unwrap());
    let refresh =
        async |ticket: &str| session.redeem(&house.verifier, ticket, &binding, house.wall.now()).await;
    let start = tokio::time::Instant::now();
    tokio::time::sleep(secs(800)).await;

    // Another purpose, another subject, twice.
    assert!(matches!(refresh(&house.mint().await).await, Err(RefreshError::Invalid(_))));
    let until = |grant: longwave_ticket::Grant<User>| grant.until(house.wall.now().plus(secs(400)));
    let bob = until(longwave_ticket::Grant::new(User("bob".to_owned())));
    let bobs = house.mint_for(bob, Purpose::Refresh, Binding::new()).await;
    assert_eq!(refresh(&bobs).await, Err(RefreshError::OtherSubject));
    assert_eq!(session.deadline(), Some(start + secs(900)));
    let hers =
        house.mint_for(until(ann()), Purpose::Refresh, Binding::new().origin(crate::support::PAGE).unwrap());
    let hers = hers.await;
    assert_eq!(refresh(&hers).await, Ok(Some(start + secs(1200))));
    assert!(matches!(refresh(&hers).await, Err(RefreshError::Invalid(_))));

    let much = ann().until(house.wall.now().plus(secs(90_000)));
    let much = house.mint_for(much, Purpose::Refresh, Binding::new()).await;
    assert_eq!(refresh(&much).await, Ok(Some(start + secs(1500))), "no older than it may become");
    house.store.break_down(Some(longwave_ticket::StoreError::Unavailable));
    assert!(matches!(refresh(&much).await, Err(RefreshError::Store(_))));
    assert!(session.ended().now_or_never().is_none());
    assert_eq!(poll(&mut response), Poll::Pending);
}

/// Tickets are dated by the ring, which goes on from the latest time that it was ever asked at.
#[tokio::test(start_paused = true)]
async fn a_clock_that_was_ahead_for_a_moment_lets_nobody_in_who_is_revoked() {
    for (selector, ahead) in
        [(selected(), 10), (selected(), 3600), (Selector::All, 10), (Selector::All, 3600)]
    {
        let (house, reasons) = (House::new(), Reasons::default());
        let layer = house.layer();
        let wrong = Context::new(Purpose::Connect, house.wall.now().plus(secs(ahead)));
        house.issuer.mint(&ann(), &wrong, next_id()).await.unwrap();
        let ticket = house.mint().await;
        tokio::time::sleep(secs(1)).await;
        house.sessions.revoke(selector, Close::Revoked);
        assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 401, "{ahead}");
        assert_eq!(reasons.take(), ["revoked"]);
    }
}

/// What another node revokes is dated by a clock that was never ahead.
#[tokio::test(start_paused = true)]
async fn a_node_whose_clock_was_ahead_does_what_others_revoke() {
    let house = House::new();
    let layer = house.layer();
    let wrong = Context::new(Purpose::Connect, house.wall.now().plus(secs(3600)));
    house.issuer.mint(&ann(), &wrong, next_id()).await.unwrap();
    let (open, late) = (house.mint().await, house.mint().await);
    assert_eq!(house.status(&layer, feed(&open)).await, 200);
    tokio::time::sleep(secs(1)).await;
    house.sessions.apply(&Revocation::new(selected(), Close::Revoked, house.wall.now()));
    assert!(house.handler.last_session().lifeline().is_ended());
    assert_eq!(house.status(&layer, feed(&late)).await, 401);
}

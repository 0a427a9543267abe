use std::task::Poll;

use http_body_util::BodyExt;
use longwave_core::{Cause, Reconnect};
use longwave_ticket::live::{Close, Refused, Selector};

use crate::support::{
    Busy, Open, Silent, Wall, admission, exact, go_by, logged_in, now, open, poll, secs, stream, ticket, user,
};

#[tokio::test(start_paused = true)]
async fn a_busy_stream_ends_within_one_poll() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (_session, mut body) = stream(&sessions, admission(user("ann"), &wall), Busy).await;
    assert!(poll(&mut body).is_ready());
    assert_eq!(sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
    assert_eq!(
        poll(&mut body),
        Poll::Ready(Some("event: ended\nretry: 31536000000\ndata: revoked\n\n".into()))
    );
    assert_eq!(poll(&mut body), Poll::Ready(None));
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_is_woken_to_end() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (_session, body) = stream(&sessions, admission(user("ann"), &wall), Silent).await;
    let reader = tokio::spawn(body.collect());
    tokio::time::sleep(secs(1)).await;
    sessions.revoke(Selector::All, Close::Renew);
    let wire = reader.await.unwrap().unwrap().to_bytes();
    assert_eq!(wire, "event: login-required\ndata: expired\n\n");
}

#[tokio::test(start_paused = true)]
async fn each_selector_means_its_own_and_nobody_else() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let id = ticket();
    let by_ticket = longwave_ticket::live::Admission::new(logged_in("ann", "l1"), id, wall.now());
    let first = open(&sessions, by_ticket).unwrap();
    let second = open(&sessions, admission(logged_in("ann", "l1"), &wall)).unwrap();
    let third = open(&sessions, admission(logged_in("ann", "l2"), &wall)).unwrap();
    let fourth = open(&sessions, admission(logged_in("ann", "l3"), &wall)).unwrap();
    let fifth = open(&sessions, admission(user("l2"), &wall)).unwrap();
    let ended = || [&first, &second, &third, &fourth, &fifth].map(|open| open.session.lifeline().is_ended());
    assert_eq!(sessions.revoke(Selector::Ticket(id), Close::Revoked), 1);
    assert_eq!(ended(), [true, false, false, false, false]);
    assert_eq!(sessions.revoke(Selector::SessionId(fourth.session.id()), Close::Revoked), 1);
    assert_eq!(ended(), [true, false, false, true, false]);
    assert_eq!(sessions.revoke(Selector::Session("l2".into()), Close::Revoked), 1);
    assert_eq!(ended(), [true, false, true, true, false]);
    assert_eq!(sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
    assert_eq!(ended(), [true, true, true, true, false]);
    assert_eq!(sessions.revoke(Selector::All, Close::Revoked), 1);
    assert_eq!(sessions.revoke(Selector::All, Close::Revoked), 0);
}

#[tokio::test(start_paused = true)]
async fn how_a_session_is_closed_says_whether_to_come_back() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let revoked = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let renewed = open(&sessions, admission(user("bob"), &wall)).unwrap();
    sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    sessions.revoke(Selector::Subject("bob".into()), Close::Renew);
    let reason = revoked.session.ended().await;
    assert_eq!((reason.cause(), reason.close_code(), reason.text()), (Cause::Revoked, 4403, "revoked"));
    assert_eq!(reason.reconnection(), &Reconnect::Never);
    let reason = renewed.session.ended().await;
    assert_eq!((reason.cause(), reason.close_code()), (Cause::Expired, 4401));
}

#[tokio::test(start_paused = true)]
async fn what_was_issued_before_opens_nothing_and_what_comes_after_does() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    for selector in [
        Selector::Subject("ann".into()),
        Selector::Session("l1".into()),
        Selector::IssuedBefore(wall.now().plus(secs(3600))),
        Selector::All,
    ] {
        let old = admission(logged_in("ann", "l1"), &wall);
        assert_eq!(sessions.check(&old), Ok(()));
        sessions.revoke(selector.clone(), Close::Revoked);
        assert_eq!(sessions.check(&old), Err(Refused::Revoked), "{selector:?}");
        assert_eq!(open(&sessions, old).err(), Some(Refused::Revoked), "{selector:?}");
        // In the same millisecond nobody knows which was first.
        let same = admission(logged_in("ann", "l1"), &wall);
        assert_eq!(open(&sessions, same).err(), Some(Refused::Revoked), "{selector:?}");
        wall.advance(secs(1));
        assert!(open(&sessions, admission(logged_in("ann", "l1"), &wall)).is_ok(), "{selector:?}");
    }
    assert_eq!(sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_can_be_revoked_before_it_is_used() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let stolen = admission(user("ann"), &wall);
    let id = ticket();
    let meant = longwave_ticket::live::Admission::new(user("ann"), id, wall.now());
    assert_eq!(sessions.revoke(Selector::Ticket(id), Close::Revoked), 0);
    assert_eq!(open(&sessions, meant).err(), Some(Refused::Revoked));
    assert!(open(&sessions, stolen).is_ok());
}

#[tokio::test(start_paused = true)]
async fn clocks_that_are_apart_are_reckoned_with() {
    let wall = Wall::default();
    let sessions = exact(&wall).skew(secs(5)).build();
    // Of a node whose clock is ahead.
    let ahead = longwave_ticket::live::Admission::new(user("ann"), ticket(), wall.now().plus(secs(4)));
    sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    assert_eq!(sessions.revoked_before("ann", None).unwrap().since(wall.now()).as_millis(), 5000);
    assert_eq!(open(&sessions, ahead).err(), Some(Refused::Revoked));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_is_remembered_for_as_long_as_a_ticket_lasts() {
    let wall = Wall::default();
    let sessions = exact(&wall).remember(secs(60)).build();
    let old = admission(user("ann"), &wall);
    assert_eq!(sessions.revoked_before("ann", None), None);
    sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    assert!(sessions.revoked_before("ann", None).is_some());
    assert_eq!(sessions.revoked_before("bob", None), None);
    go_by(&wall, secs(59)).await;
    assert_eq!(open(&sessions, old).err(), Some(Refused::Revoked));
    // And for as long as two clocks may be off.
    go_by(&wall, secs(11)).await;
    assert!(sessions.revoked_before("ann", None).is_some());
    go_by(&wall, secs(2)).await;
    assert_eq!(sessions.revoked_before("ann", None), None);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_stops_has_nothing_forgotten() {
    // Tickets are good for longer while the wall clock stands still, or the timers do.
    for (timers, walls) in [(3600, 0), (0, 3600)] {
        let wall = Wall::default();
        let sessions = exact(&wall).build();
        let old = admission(user("ann"), &wall);
        sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
        wall.advance(secs(walls));
        tokio::time::sleep(secs(timers)).await;
        assert_eq!(open(&sessions, old).err(), Some(Refused::Revoked));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wall_clock_that_is_set_back_leaves_nobody_in_who_is_revoked() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    wall.advance(secs(3600));
    let (first, second) = (admission(user("ann"), &wall), admission(user("ann"), &wall));
    let _first = open(&sessions, first).unwrap();
    wall.set_back(secs(3600));
    assert_eq!(sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
    assert_eq!(open(&sessions, second).err(), Some(Refused::Revoked));
}

#[tokio::test(start_paused = true)]
async fn a_ticket_of_another_day_cannot_be_told_from_a_revoked_one() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let dated = |secs_ahead| {
        longwave_ticket::live::Admission::new(user("ann"), ticket(), wall.now().plus(secs(secs_ahead)))
    };
    assert_eq!(sessions.check(&dated(3600)), Err(Refused::Revoked));
    assert_eq!(open(&sessions, dated(3600)).err(), Some(Refused::Revoked));
    assert!(open(&sessions, dated(5)).is_ok());
    assert_eq!(sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn where_there_is_no_room_to_remember_all_old_tickets_are_refused() {
    let wall = Wall::default();
    let sessions = exact(&wall).max_revocations(64).build();
    let (old, live) = (admission(user("innocent"), &wall), admission(user("innocent"), &wall));
    let Open { session, tether: _tether } = open(&sessions, live).unwrap();
    let first = admission(user("s0"), &wall);
    for number in 0..1000 {
        sessions.revoke(Selector::Subject(format!("s{number}")), Close::Revoked);
    }
    let last = admission(user("s999"), &wall);
    for ticket in [first, last, old] {
        assert_eq!(open(&sessions, ticket).err(), Some(Refused::Revoked));
    }
    // What is open already is not meant, nor what comes later.
    assert_eq!(now(session.ended()), None);
    wall.advance(secs(1));
    assert!(open(&sessions, admission(user("innocent"), &wall)).is_ok());
    // What is forgotten makes room.
    go_by(&wall, secs(100)).await;
    let old = admission(user("innocent"), &wall);
    sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    assert!(open(&sessions, old).is_ok());
}

//! The streams that tickets have opened: their deadlines, and the means to end them.
//!
//! A login that opened a stream ends long before the stream does, unless somebody sees to it. [`Sessions`] does, for
//! all streams of a process:
//!
//! - a [`Session`] ends at its **deadline**, which the ticket says and [`max_age`](SessionsBuilder::max_age) bounds, or
//!   is [refreshed](Session::refresh) before;
//! - [`revoke`](Sessions::revoke) ends what a subject, a login or a ticket has opened, and sees to it that
//!   no ticket which was issued before opens more; a [`RevocationBus`] tells the other nodes;
//! - a [hook](SessionsBuilder::revalidate) asks from time to time whether the login still stands.
//!
//! What ends is the [`Lifeline`](longwave_core::Lifeline): bodies, WebSockets and unclaimed upgrades listen to it by
//! themselves. Anybody else waits for [`Session::ended`].
//!
//! # One task, whatever is open
//!
//! All deadlines and checks of one [`Sessions`] are seen to by one task, which is spawned when the first is due to
//! come and stops when none is left. It runs in a runtime in which a session was opened or refreshed; when that is
//! shut down, it goes on in another such one. So a stream ends at its deadline though its body is never idle, or its
//! reader has stopped and nobody polls it. The task looks at the wall clock every five seconds: after a suspended
//! machine wakes up, deadlines that have passed meanwhile are noticed within that time. A clock that is set
//! back grants nobody more time.
//!
//! # Memory
//!
//! A live session with claims of one short string costs 450 bytes, and 270 more for its lifeline: measured over 100,000
//! of them, each of another subject and with a deadline (`tests/live_memory.rs`). What was revoked is remembered in
//! 30 to 50 bytes each, up to a [fixed number](SessionsBuilder::max_revocations).

mod admission;
mod bus;
mod check;
mod dates;
mod driver;
#[cfg(feature = "axum")]
mod extract;
mod index;
mod inner;
mod live_session;
mod revocations;
mod selector;
mod session;
mod session_id;
mod sessions;
mod settings;
mod timeline;

#[cfg(feature = "axum")]
pub use self::extract::SessionMissing;
pub use self::{
    admission::{Admission, Refused},
    bus::{BusError, BusState, Delivery, LocalBus, LocalSubscription, OnGap, RevocationBus, Subscription},
    check::Verdict,
    selector::{Close, Revocation, Selector},
    session::{RefreshError, Session},
    session_id::{ParseSessionIdError, SessionId},
    sessions::Sessions,
    settings::SessionsBuilder,
};

//! One bounded queue for each consumer.
//!
//! A reader that is slower than what is sent to it has to cost something: memory without end, the time of all
//! others, or items that it will not get. An outbox makes that a choice, for each consumer, and tells the consumer
//! what it has cost. It knows nothing of HTTP, runtimes and clocks: time is an argument, as the time since any point.
//!
//! ```
//! use std::time::Duration;
//!
//! use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox, Policy};
//!
//! // The latest price of each share; 64 KiB, 256 shares and 10 s at most.
//! let limits = Limits::new(64 * 1024, 256).age(Duration::from_secs(10));
//! let prices = Outbox::weighed_by(limits, |(share, _): &(&str, u32)| share.len() + 4)
//!     .policy(Policy::DropOldest)
//!     .latest_by(|(share, _)| Some(*share));
//!
//! let (sender, mut reader) = prices.open(Duration::ZERO);
//! for (share, price) in [("ACME", 10), ("INIT", 70), ("ACME", 12)] {
//!     sender.try_send(Class::Live, (share, price), Duration::ZERO)?;
//! }
//! assert!(matches!(reader.try_recv(), Ok(Delivery::Conflated { replaced: 1, .. })));
//! assert_eq!(reader.try_recv(), Ok(Delivery::Item(("ACME", 12))));
//! assert_eq!(reader.try_recv(), Ok(Delivery::Item(("INIT", 70))));
//! # Ok::<_, longwave_backpressure::outbox::SendError<(&str, u32)>>(())
//! ```
//!
//! - **[`Limits`]** in bytes, items and age, for each [`Class`] by itself: control overtakes, and a long replay
//!   neither pushes live items out nor is pushed out by them.
//! - **[`Policy`]** for what does not fit, and [`Outbox::latest_by`] for items that make older ones worthless.
//! - **Lag is a value**: a [`Delivery`] says where items are missing and how many. It is never an error, so that
//!   no loop ends by mistake because its reader was slow for a moment.
//! - **[`Verdict`]**: slow is not who has much waiting, but who gets nowhere with it for a time.
//! - **[`Budget`]** for all outboxes of a process, which ends those that have stalled.
//! - **[`Fan`]** for one publisher and many outboxes.
//!
//! What connects them to others is behind features: `Deliveries` (`stream`) says what is done about lag and makes a
//! stream of items of any deliveries, as a transport takes it; `Broadcast` and `Watch` (`tokio`) make deliveries of the
//! channels of tokio; `Pump` (`stream`) reads any other stream into an outbox; `Forms` (`sse`, `ws`) encodes a value
//! once for each kind of reader.
//!
//! Nothing here blocks but on locks that are held for moments; each side of an outbox has one waker.

mod after;
mod batch;
mod budget;
#[cfg(feature = "tokio")]
mod channels;
#[cfg(feature = "stream")]
mod clock;
#[cfg(feature = "stream")]
mod closed;
#[cfg(feature = "stream")]
mod deliveries;
mod fan;
mod follow;
#[cfg(any(feature = "sse", feature = "ws"))]
mod forms;
mod index;
#[cfg(feature = "stream")]
mod lagging;
mod lane;
mod limits;
mod log;
mod offer;
mod pages;
mod progress;
#[cfg(feature = "stream")]
mod pump;
mod receiver;
mod sender;
mod settings;
mod shared;
mod state;
mod sync;
mod take;
mod weigh;
mod words;

pub use self::{
    budget::Budget,
    fan::{Fan, Reach},
    limits::Limits,
    receiver::{Receiver, Recv},
    sender::{Sender, Sending},
    settings::Outbox,
    weigh::Weigh,
    words::{Class, Closed, Delivery, End, Loss, Policy, SendError, Sent, Stats, TryRecvError, Verdict},
};

#[cfg(feature = "tokio")]
pub use self::{
    channels::{Broadcast, Watch},
    clock::TokioClock,
};
#[cfg(feature = "stream")]
pub use self::{
    clock::Clock,
    deliveries::{Deliveries, MapItems},
    lagging::{Lag, Lagging},
    pump::Pump,
};

#[cfg(any(feature = "sse", feature = "ws"))]
pub use self::forms::Forms;

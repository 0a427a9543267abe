//! The publisher, and how subscribers are served: half of them by event streams, half by WebSockets.

use super::{
    Place,
    words::{Item, Line, SIZE},
};
use crate::clock::machine_time;
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
    routing::{any, get},
};
use bytes::Bytes;
use futures::{SinkExt, Stream};
use http::{StatusCode, Uri};
use longwave_backpressure::outbox::{Class, Fan, Outbox, Receiver, Stats};
use longwave_sse::{EventBody, response};
use longwave_ws_hyper::{
    CloseCode, CloseFrame, Config, Error, Message, Upgraded, WebSocket, WriteHalf, server::Options, upgrade,
};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::{Duration, Instant},
};

/// How much goes into one flush or frame, in bytes.
const FLUSH: usize = 4 << 10;
/// How many items fit into that.
pub const BURST: u64 = (FLUSH / SIZE) as u64;

/// One fan, and what has come of its subscribers.
pub struct Desk {
    start: Instant,
    outbox: Outbox<Arc<Item>>,
    past: Vec<Arc<Item>>,
    /// Gone when the last item was published.
    fan: Mutex<Option<Fan<Arc<Item>>>>,
    /// By subscriber, when it is over.
    books: Mutex<Vec<Option<Stats>>>,
    sockets: Options,
}

impl Desk {
    /// - `patience`: how long a reader may read nothing.
    pub fn new(outbox: Outbox<Arc<Item>>, subscribers: usize, patience: Duration) -> Arc<Self> {
        let config = Config::new().without_heartbeat().stall_timeout(patience).close_timeout(patience);
        Arc::new(Desk {
            start: Instant::now(),
            outbox,
            past: (0..Place::LONGEST_PAST).map(|number| Arc::new(Item::past(number))).collect(),
            fan: Mutex::new(Some(Fan::new())),
            books: Mutex::new(vec![None; subscribers]),
            sockets: Options::new().config(config),
        })
    }

    pub fn router(self: &Arc<Self>) -> Router {
        Router::new().route("/events", get(events)).route("/socket", any(socket)).with_state(Arc::clone(self))
    }

    pub fn publish(&self, number: u64) {
        let item = Arc::new(Item::live(number, machine_time().as_nanos() as u64));
        let fan = self.fan.lock().unwrap();
        fan.as_ref().expect("not closed yet").publish(Class::Live, item, self.start.elapsed());
    }

    /// Publishes nothing any more: subscribers get what waits, and then the end.
    pub fn close(&self) {
        let fan = self.fan.lock().unwrap().take();
        drop(fan);
    }

    /// What has gone through the outbox of each subscriber that is over.
    pub fn books(&self) -> Vec<Option<Stats>> {
        self.books.lock().unwrap().clone()
    }

    /// - `uri`: with the number of the subscriber, and how many items of the past it wants.
    fn subscribe(self: &Arc<Self>, uri: &Uri) -> Option<Subscription> {
        let (id, past) = uri.query()?.split_once('&')?;
        let (id, past) = (id.parse().ok()?, past.parse().ok()?);
        let fan = self.fan.lock().unwrap();
        let receiver = fan.as_ref()?.subscribe_after(&self.outbox, self.start.elapsed(), |sender| {
            for item in self.past.iter().take(past) {
                sender
                    .try_send(Class::Replay, Arc::clone(item), self.start.elapsed())
                    .expect("room for the past");
            }
        });
        Some(Subscription { id, receiver, desk: Arc::clone(self) })
    }
}

async fn events(State(desk): State<Arc<Desk>>, uri: Uri) -> Response {
    match desk.subscribe(&uri) {
        Some(subscription) => response(EventBody::new(subscription).max_frame(FLUSH)).map(Body::new),
        None => refusal(),
    }
}

async fn socket(State(desk): State<Arc<Desk>>, mut request: Request) -> Response {
    let (response, upgrading) = match upgrade::<_, Body>(&mut request, &desk.sockets) {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.response(),
    };
    let Some(subscription) = desk.subscribe(request.uri()) else { return refusal() };
    tokio::spawn(async move {
        if let Ok(socket) = upgrading.await {
            subscription.serve(socket).await;
        }
    });
    response
}

fn refusal() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}

struct Subscription {
    id: usize,
    receiver: Receiver<Arc<Item>>,
    desk: Arc<Desk>,
}

impl Subscription {
    async fn serve(mut self, socket: WebSocket<Upgraded>) {
        let (mut read, mut write) = socket.split();
        let code = tokio::select! {
            Ok(code) = self.push(&mut write) => code,
            () = async { while let Some(Ok(_)) = read.recv().await {} } => return,
        };
        drop(read);
        // The client sees whether it has worked.
        let _ = write.close(CloseFrame::new(code)).await;
    }

    /// Sends all that comes, with one flush for what comes together, and says how to close.
    async fn push(&mut self, write: &mut WriteHalf<Upgraded>) -> Result<CloseCode, Error> {
        let mut batch = Vec::new();
        while let Some(first) = self.receiver.recv().await {
            batch.push(first);
            self.receiver.drain_ready(FLUSH, |delivery| batch.push(delivery));
            let mut is_last = false;
            for line in batch.drain(..).map(Line::of) {
                is_last |= line.is_last;
                write.feed(Message::Text(line.text)).await?;
            }
            write.flush().await?;
            if is_last {
                return Ok(CloseCode::TRY_AGAIN_LATER);
            }
        }
        Ok(CloseCode::NORMAL)
    }
}

impl Stream for Subscription {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let delivery = self.receiver.poll_next(cx);
        delivery.map(|delivery| delivery.map(|delivery| Ok(Line::of(delivery).event)))
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.desk.books.lock().unwrap()[self.id] = Some(self.receiver.stats());
    }
}

//! Which client has which stream open, so that a button on the page can reach it from the server's side.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// The open streams by the name their client gave itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clients {
    state: Arc<Mutex<State>>,
}

/// What happens to a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Order {
    /// Drops the connection in the middle of an event, after telling the client to stay away so long.
    Cut { away: Option<Duration> },
    /// Ends the stream; the client's next connect is answered `204`.
    Stop,
}

/// One open stream. Out of the list when dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    state: Arc<Mutex<State>>,
    client: String,
    number: u64,
    orders: Option<oneshot::Receiver<Order>>,
}

#[derive(Debug, Default)]
struct State {
    opened: u64,
    open: HashMap<String, Vec<(u64, oneshot::Sender<Order>)>>,
    stopped: HashSet<String>,
    stopped_order: VecDeque<String>,
}

impl Clients {
    /// Enters a stream, or refuses it because its client was stopped.
    pub(crate) fn register(&self, client: &str) -> Option<Registration> {
        let mut state = lock(&self.state);
        if state.stopped.contains(client) {
            return None;
        }
        state.opened += 1;
        let number = state.opened;
        let (sender, receiver) = oneshot::channel();
        state.open.entry(client.to_owned()).or_default().push((number, sender));
        drop(state);
        let state = Arc::clone(&self.state);
        Some(Registration { state, client: client.to_owned(), number, orders: Some(receiver) })
    }

    /// Cuts the client's streams and says how many there were.
    pub(crate) fn cut(&self, client: &str, away: Option<Duration>) -> usize {
        lock(&self.state).send(client, Order::Cut { away })
    }

    /// Ends the client's streams, says how many there were, and refuses it from now on.
    pub(crate) fn stop(&self, client: &str) -> usize {
        let mut state = lock(&self.state);
        if state.stopped.insert(client.to_owned()) {
            state.stopped_order.push_back(client.to_owned());
        }
        if state.stopped_order.len() > MAX_STOPPED
            && let Some(oldest) = state.stopped_order.pop_front()
        {
            state.stopped.remove(&oldest);
        }
        state.send(client, Order::Stop)
    }
}

impl State {
    fn send(&mut self, client: &str, order: Order) -> usize {
        let streams = self.open.remove(client).unwrap_or_default();
        streams.into_iter().filter_map(|(_, stream)| stream.send(order).ok()).count()
    }
}

impl Registration {
    /// Waits for an order; there is at most one. Cancel-safe.
    pub(crate) async fn order(&mut self) -> Order {
        if let Some(orders) = &mut self.orders {
            let order = orders.await;
            self.orders = None;
            if let Ok(order) = order {
                return order;
            }
        }
        std::future::pending().await
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = lock(&self.state);
        if let Some(streams) = state.open.get_mut(&self.client) {
            streams.retain(|&(number, _)| number != self.number);
            if streams.is_empty() {
                state.open.remove(&self.client);
            }
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many stopped clients are remembered; a demo that runs for weeks must not grow.
const MAX_STOPPED: usize = 1024;

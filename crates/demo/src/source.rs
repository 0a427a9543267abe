//! Where streams come from: the feed, two that show what the layers do, the room, the ticker, and those behind a login.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use longwave_core::Lifeline;
use longwave_sse::{Event, EventBody, EventType, LastEventId, random_retry, response};
use longwave_ticket::live::Session;
use longwave_ws_hyper::{server::Options, upgrade};
use tower::Service;

use crate::answer::{Body, empty, full, not_allowed, parameter, text};
use crate::board::Board;
use crate::clients::Clients;
use crate::feed::Config;
use crate::login::{self, Ticks, User};
use crate::opening::Opening;
use crate::ring::{Ring, Seen};
use crate::room::{self, Arrival, Room};
use crate::stream::{CutShort, Feed, Ticker};
use crate::streams::Origin;
use crate::ticker::{self, Manner, Market, Reader, Reading};

/// The service of one generation, without layers. Clones share the feed.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    config: Config,
    ring: Ring,
    clients: Clients,
    board: Board,
    room: Room,
    market: Market,
    /// The event streams of those who are logged in, by their login.
    logged_in: Clients,
    sockets: Options,
    login_sockets: Options,
    generation: u64,
}

/// The paths of streams.
pub(crate) const PATHS: [&str; 6] = [FEED, FLOOD, ROOM, SILENT, TICKER, TICKER_SOCKET];

impl Source {
    pub(crate) fn new(config: Config, ring: Ring, [clients, logged_in]: [Clients; 2], board: Board) -> Self {
        let (room, sockets) = (Room::new(), room::options());
        let market = Market::new(&board.counters);
        let login_sockets = login::options();
        Self { config, ring, clients, board, room, market, logged_in, sockets, login_sockets, generation: 0 }
    }

    pub(crate) fn of_generation(self, generation: u64) -> Self {
        Self { generation, ..self }
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    fn respond<B>(&self, req: &mut Request<B>) -> Response<Body> {
        // A WebSocket is opened by GET or by CONNECT, which the handshake itself judges.
        match req.uri().path() {
            ROOM => return self.room(req),
            TICKER_SOCKET => return self.ticker_socket(req),
            login::SOCKET => return self.login_socket(req),
            _ => {}
        }
        if req.method() != Method::GET {
            return not_allowed("GET");
        }
        match req.uri().path() {
            FEED => self.feed(req),
            FLOOD => self.open(req, FLOOD, flood()),
            TICKER => self.ticker(req),
            login::FEED => self.login_feed(req),
            SILENT => self.open(req, SILENT, stream::pending()),
            _ => text(StatusCode::NOT_FOUND, "not found"),
        }
    }

    /// Opens a stream of the feed.
    ///
    /// A `Last-Event-ID` that cannot be read, or that is not one of this run, is not an error: a native
    /// `EventSource` would never come back from one. Its client has been here and may have missed anything,
    /// so it gets a `gap` of unknown size and what the history holds.
    fn feed<B>(&self, req: &mut Request<B>) -> Response<Body> {
        let registration = match parameter(req, "client").map(|client| self.clients.register(&client)) {
            // Made for this: the `EventSource` closes, and tells its page nothing worse.
            Some(None) => return empty(StatusCode::NO_CONTENT),
            Some(registration) => registration,
            None => None,
        };

        let last = LastEventId::of(req.headers(), req.uri());
        let seen = match &last {
            Ok(None) => Seen::Nothing,
            Ok(Some(id)) => Seen::Id(id.as_str()),
            Err(_) => Seen::Unreadable,
        };
        let (batch, subscription) = self.ring.subscribe(seen);
        let retry = random_retry(self.config.retry.clone(), fastrand::u64(..));
        let opening =
            Opening { seen, batch: &batch, retry, version: req.version(), generation: self.generation };
        let (first, hello) = opening.events(&self.config);
        let ticker = parameter(req, "stats").map(|client| Ticker::new(self.board.clone(), client));
        let feed = Feed::new(&hello, batch, subscription, registration, ticker);
        self.enter(req, FEED);
        response(EventBody::new(feed.into_stream()).first(first).boxed_unsync())
    }

    /// Lets somebody into the room, by an upgrade of HTTP/1.1 or an extended CONNECT of HTTP/2.
    fn room<B>(&self, req: &mut Request<B>) -> Response<Body> {
        let (response, upgrading) = match upgrade::<_, ()>(req, &self.sockets) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.response::<String>().map(full),
        };
        self.enter(req, ROOM);
        let arrival = Arrival {
            room: self.room.clone(),
            client: parameter(req, "client"),
            version: req.version(),
            generation: self.generation,
            come_back: self.config.retry.clone(),
        };
        tokio::spawn(arrival.attend(upgrading));
        response.map(|()| full(""))
    }

    /// Opens a stream of prices.
    fn ticker<B>(&self, req: &mut Request<B>) -> Response<Body> {
        let reader = match self.reader(req) {
            Ok(reader) => reader,
            Err(why) => return text(StatusCode::BAD_REQUEST, why),
        };
        self.enter(req, TICKER);
        let retry = random_retry(self.config.retry.clone(), fastrand::u64(..));
        response(EventBody::new(reader.into_events()).first(Event::new().retry(retry)).boxed_unsync())
    }

    /// Opens a WebSocket for prices.
    fn ticker_socket<B>(&self, req: &mut Request<B>) -> Response<Body> {
        let (response, upgrading) = match upgrade::<_, ()>(req, &self.sockets) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.response::<String>().map(full),
        };
        let reader = match self.reader(req) {
            Ok(reader) => reader,
            Err(why) => return text(StatusCode::BAD_REQUEST, why),
        };
        self.enter(req, TICKER_SOCKET);
        tokio::spawn(ticker::Arrival { reader }.attend(upgrading));
        response.map(|()| full(""))
    }

    /// Opens an event stream for somebody whose ticket was good.
    fn login_feed<B>(&self, req: &mut Request<B>) -> Response<Body> {
        let Some(session) = req.extensions().get::<Session<User>>().cloned() else { return nobody() };
        self.enter(req, login::FEED);
        let user = session.claims();
        let registration = self.logged_in.register(user.login());
        let ticks = Ticks::new(user.name(), &self.config.retry, registration);
        response(EventBody::new(ticks.into_stream()).boxed_unsync())
    }

    /// Opens a WebSocket for somebody whose ticket was good.
    fn login_socket<B>(&self, req: &mut Request<B>) -> Response<Body> {
        let Some(session) = req.extensions().get::<Session<User>>().cloned() else { return nobody() };
        let (response, upgrading) = match upgrade::<_, ()>(req, &self.login_sockets) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.response::<String>().map(full),
        };
        self.enter(req, login::SOCKET);
        tokio::spawn(login::Arrival { name: session.claims().name().to_owned() }.attend(upgrading));
        response.map(|()| full(""))
    }

    fn reader<B>(&self, req: &mut Request<B>) -> Result<Reader, &'static str> {
        let manner = match parameter(req, "policy").map(|name| Manner::named(&name)) {
            None => Manner::DropOldest,
            Some(manner) => manner.ok_or(NO_POLICY)?,
        };
        let rate = parameter(req, "rate").map(|rate| rate.parse()).transpose().map_err(|_| NO_RATE)?;
        let lifeline = Lifeline::of(req.extensions_mut());
        Ok(Reader::new(&self.market, Reading { manner, rate }, &self.config.retry, lifeline))
    }

    fn open<B, S>(&self, req: &mut Request<B>, path: &'static str, events: S) -> Response<Body>
    where
        S: Stream<Item = Result<Bytes, CutShort>> + Send + 'static,
    {
        self.enter(req, path);
        response(EventBody::new(events).boxed_unsync())
    }

    fn enter<B>(&self, req: &mut Request<B>, path: &'static str) {
        let origin = Origin { path, client: parameter(req, "client"), generation: self.generation };
        self.board.streams.enter(&Lifeline::of(req.extensions_mut()), origin);
    }
}

impl<B> Service<Request<B>> for Source {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut req: Request<B>) -> Self::Future {
        ready(Ok(self.respond(&mut req)))
    }
}

/// Whoever has no session has got past the layer that gives one.
fn nobody() -> Response<Body> {
    text(StatusCode::UNAUTHORIZED, "nobody is logged in")
}

/// Always has more to say, so that only its reader holds it up. It is not endless: a browser may take all of
/// it into its memory, whether or not its page reads.
fn flood() -> impl Stream<Item = Result<Bytes, CutShort>> + Send {
    let event = Event::new().event_type(EventType::from_static("flood")).data("~".repeat(WAVE)).encode();
    stream::iter(std::iter::repeat_n(event, WAVES).map(Ok))
}

const FEED: &str = "/feed";
/// Says as much as its reader takes, up to 64 MiB.
const FLOOD: &str = "/flood";
/// A WebSocket.
const ROOM: &str = "/room";
/// Says nothing.
const SILENT: &str = "/silent";

/// Prices, as events and for a WebSocket.
const TICKER: &str = "/ticker";
const TICKER_SOCKET: &str = "/ticker/socket";

const NO_POLICY: &str = "policy: drop_oldest, drop_newest, latest_by_key or disconnect";
const NO_RATE: &str = "rate: changes a second, or nothing";

/// Bytes of an event of the flood, and how many events it has.
const WAVE: usize = 4096;
const WAVES: usize = 64 * 1024 * 1024 / WAVE;

use longwave_backpressure::{StreamLimit, StreamLimitLayer, guard::Guard};
use longwave_drain::{Drain, DrainLayer, DrainService};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer, HeartbeatService};
use longwave_ticket::{
    Audience, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Purpose, TicketId,
    UnixMillis, Verifier,
    http::{Origins, RedactLayer, RedactService, Require, TicketLayer, TicketService},
    live::Sessions,
};
use tower_layer::Layer;

use crate::{Witness, WitnessService};

/// The settings of all layers, and of the sockets below them.
#[derive(Clone, Debug)]
pub struct Stack {
    /// Ends what is open.
    pub drain: Drain,
    /// Who is let in with a login.
    pub logins: Logins,
    /// How much may be open.
    pub limit: StreamLimitLayer,
    /// How it is kept alive.
    pub heartbeat: Heartbeat,
    /// What the sockets go by.
    pub guard: Guard,
}

/// The layers of a [`Stack`], in the order in which they go around a service, and a [`Witness`] inside of them.
#[derive(Clone, Debug)]
#[must_use]
pub struct Layers {
    redact: RedactLayer,
    drain: DrainLayer,
    tickets: TicketLayer<User, Verifier<User, MemoryStore>>,
    limit: StreamLimitLayer,
    heartbeat: HeartbeatLayer,
    witness: Witness,
}

/// Tickets, of which a request has one or none, and the sessions that they open.
#[derive(Clone, Debug)]
pub struct Logins {
    issuer: Issuer<User, MemoryStore>,
    verifier: Verifier<User, MemoryStore>,
    sessions: Sessions<User>,
}

/// Somebody, by their name.
#[derive(Clone, Debug)]
pub struct User(pub String);

impl Claims for User {
    fn subject(&self) -> &str {
        &self.0
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Ok(self.0.clone().into_bytes())
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
    }
}

impl Logins {
    /// Makes keys and a store of its own.
    ///
    /// # Panics
    ///
    /// If the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let audience = Audience::new("streams").expect("it is short");
        let (keys, store) = (KeyRing::random().expect("there is randomness"), MemoryStore::new());
        let fits = "an ephemeral key and a store in memory go together";
        Self {
            issuer: Issuer::new(&audience, &keys, store.clone()).expect(fits),
            verifier: Verifier::new(&audience, &keys, store).expect(fits),
            sessions: Sessions::builder().build(),
        }
    }

    /// Where the streams are found that tickets have opened.
    #[must_use]
    pub const fn sessions(&self) -> &Sessions<User> {
        &self.sessions
    }

    /// Mints a ticket.
    ///
    /// # Panics
    ///
    /// If there are too many of this name already.
    pub async fn mint(&self, name: &str, id: [u8; 16]) -> String {
        let context = Context::new(Purpose::Connect, UnixMillis::now());
        let grant = Grant::new(User(name.to_owned()));
        let minted = self.issuer.mint(&grant, &context, TicketId::from_bytes(id)).await;
        minted.expect("there is room in the store").into_ticket().into_exposed()
    }

    fn layer(&self) -> TicketLayer<User, Verifier<User, MemoryStore>> {
        let nobodys = Origins::list([]).expect("it is empty");
        TicketLayer::new(self.verifier.clone(), nobodys, self.sessions.clone())
            .require(Require::Optional)
            .grpc_calls()
    }
}

impl Default for Logins {
    fn default() -> Self {
        Self::new()
    }
}

impl Layers {
    /// Makes the layers of a stack.
    pub fn new(stack: &Stack, witness: Witness) -> Self {
        Self {
            redact: RedactLayer::new().query("ticket"),
            drain: DrainLayer::new(&stack.drain),
            tickets: stack.logins.layer(),
            limit: stack.limit.clone(),
            heartbeat: HeartbeatLayer::new(stack.heartbeat.clone()),
            witness,
        }
    }
}

impl<S> Layer<S> for Layers {
    type Service = RedactService<
        DrainService<
            TicketService<
                StreamLimit<HeartbeatService<WitnessService<S>>>,
                User,
                Verifier<User, MemoryStore>,
            >,
        >,
    >;

    fn layer(&self, inner: S) -> Self::Service {
        (&self.redact, &self.drain, &self.tickets, &self.limit, &self.heartbeat, &self.witness).layer(inner)
    }
}

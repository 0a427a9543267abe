//! Whether a request is let in: what is cheap first, and what cannot be undone last.

use std::{future::Future, pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Response, header, request::Parts};
use longwave_core::{Lifeline, StreamKind, Tether};
use tokio::time::timeout;

use super::{
    Authenticated, Authenticator, Caller, Denial, Require,
    authenticator::FollowUp,
    settings::{Rules, Settings},
};
use crate::{
    Binding, Claims, Context, Purpose,
    http::{
        Asked, Credential, Presented, Refusal,
        collect::{Cookies, collect_all},
        origin::presented,
    },
};

/// What becomes of a request.
pub(super) enum Entry {
    /// It is let in as nobody.
    Anonymous(Parts),
    Refused(Response<Bytes>),
    Asking(Decision),
}

/// Somebody is being asked who it is from.
pub(super) type Decision = Pin<Box<dyn Future<Output = Result<Admitted, Response<Bytes>>> + Send>>;

/// A request that is let in, with its session.
pub(super) struct Admitted {
    pub(super) parts: Parts,
    /// That the session is not over before the inner service is called.
    pub(super) tether: Tether,
    pub(super) cookies: Vec<HeaderValue>,
}

/// Somebody who has presented something.
struct Visitor {
    credential: Option<Credential>,
    context: Context,
    cookies: Cookies,
    asked: Asked,
}

impl<T: Claims, A: Authenticator<T>> Settings<T, A> {
    /// Does what can be done without waiting.
    pub(super) fn enter(self: &Arc<Self>, mut parts: Parts) -> Entry {
        let asked = Asked::of(&parts);
        match self.examine(&mut parts, asked) {
            Ok(None) => Entry::Anonymous(parts),
            Ok(Some(visitor)) => {
                let settings = self.clone();
                Entry::Asking(Box::pin(async move { settings.admit(parts, visitor).await }))
            }
            Err(denial) => Entry::Refused(self.rules.refuse(&parts, asked, denial)),
        }
    }

    fn examine(&self, parts: &mut Parts, asked: Asked) -> Result<Option<Visitor>, Denial> {
        let rules = &self.rules;
        let (found, cookies) = collect_all(parts, &rules.sources);
        let credential = found.credential()?;
        // What is in a query may be junk that a page has put beside the cookie which is going to count.
        let how = match (credential.as_ref().map(Credential::presented), self.authenticator.presented(parts))
        {
            (Some(Presented::Ambiently), _) | (_, Some(Presented::Ambiently)) => Some(Presented::Ambiently),
            (found, also) => found.or(also),
        };
        let Some(how) = how else { return rules.examine_nobody(parts, asked).map(|()| None) };
        rules.admit(asked)?;
        rules.check(parts, how)?;
        let context = rules.context(parts)?;
        let visitor = Visitor { credential, context, cookies, asked };
        self.authenticator.glance(&self.caller(parts, &visitor))?;
        Ok(Some(visitor))
    }

    async fn admit(&self, mut parts: Parts, visitor: Visitor) -> Result<Admitted, Response<Bytes>> {
        match self.authenticate(&mut parts, &visitor).await {
            Ok((tether, cookies)) => Ok(Admitted { parts, tether, cookies }),
            Err(denial) => Err(self.rules.refuse(&parts, visitor.asked, denial)),
        }
    }

    async fn authenticate(
        &self,
        parts: &mut Parts,
        visitor: &Visitor,
    ) -> Result<(Tether, Vec<HeaderValue>), Denial> {
        let asking = async {
            let _place = self.rules.places.acquire().await;
            self.authenticator.authenticate(self.caller(parts, visitor)).await
        };
        let late = || Denial::new(Refusal::Unavailable).because("timeout");
        let Authenticated { admission, mut cookies, follow_up, resumed } =
            timeout(self.rules.timeout, asking).await.map_err(|_| late())??;
        self.sessions.check(&admission)?;
        if let Some(authorize) = &self.authorize {
            authorize(parts, admission.claims()).await?;
        }
        let tether = Lifeline::of(&mut parts.extensions).carry();
        // It looks once more for what was revoked meanwhile.
        let session = self.sessions.register(&tether, admission)?;
        parts.extensions.insert(session);
        parts.extensions.insert(visitor.context.bound_to().clone());
        if let Some(resumed) = resumed {
            parts.extensions.insert(resumed);
        }
        if let Some(follow_up) = follow_up {
            cookies.extend(self.rules.follow_up(follow_up).await);
        }
        Ok((tether, cookies))
    }

    fn caller<'c>(&'c self, parts: &'c Parts, visitor: &'c Visitor) -> Caller<'c, T> {
        Caller {
            parts,
            credential: visitor.credential.as_ref(),
            context: &visitor.context,
            sessions: &self.sessions,
            kind: visitor.asked.kind(),
            cookies: &visitor.cookies,
        }
    }
}

impl Rules {
    /// The stream is let in, whether this is done in time or not.
    async fn follow_up(&self, follow_up: FollowUp) -> Vec<HeaderValue> {
        let following = async {
            let _place = self.places.acquire().await;
            follow_up.await
        };
        let mut cookies = timeout(self.timeout, following).await.unwrap_or_default();
        for cookie in &mut cookies {
            cookie.set_sensitive(true);
        }
        cookies
    }

    fn examine_nobody(&self, parts: &Parts, asked: Asked) -> Result<(), Denial> {
        match self.require {
            Require::Authenticated => {
                self.admit(asked)?;
                self.check(parts, presented(parts))?;
                Err(Refusal::CredentialsRequired.into())
            }
            // What opens no stream is not looked at any more than without this layer.
            Require::Optional if asked.may_open_a_stream() => self.check(parts, presented(parts)),
            Require::Optional => self.check_host(parts),
        }
    }

    /// Whether such a request may spend a ticket.
    fn admit(&self, asked: Asked) -> Result<(), Refusal> {
        match asked.admit() {
            Err(Refusal::UpgradeRequired) if self.plain_gets && !asked.is_upgrade() => Ok(()),
            Err(Refusal::Method) if self.grpc_calls && asked.kind() == StreamKind::Grpc => Ok(()),
            admitted => admitted,
        }
    }

    fn check(&self, parts: &Parts, presented: Presented) -> Result<(), Denial> {
        self.check_host(parts)?;
        self.origins.check(parts, presented).map_err(|refused| refused.refusal().into())
    }

    fn check_host(&self, parts: &Parts) -> Result<(), Denial> {
        let checked = self.hosts.as_ref().map_or(Ok(()), |hosts| hosts.check(parts));
        checked.map_err(|refused| refused.refusal().into())
    }

    /// What a ticket is presented with.
    fn context(&self, parts: &Parts) -> Result<Context, Refusal> {
        let mut binding = Binding::new();
        if let Some(scope) = &self.scope {
            binding = binding.scope(scope.clone());
        }
        if let Some(origin) = self.origins.of(parts) {
            // One that is let in and is none (`null`) is nothing to be bound to.
            binding = binding.clone().origin(&origin).unwrap_or(binding);
        }
        if let Some(cookie) = &self.cookie {
            binding = cookie.bind(&parts.headers, binding)?;
        }
        Ok(Context::new(Purpose::Connect, (self.clock)()).binding(binding))
    }

    fn refuse(&self, parts: &Parts, asked: Asked, denial: Denial) -> Response<Bytes> {
        if let Some(lifeline) = parts.extensions.get::<Lifeline>() {
            lifeline.refused(asked.kind(), denial.reason());
        }
        let mut response = self.refusals.answer(denial.refusal(), asked);
        for cookie in denial.cookies {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}

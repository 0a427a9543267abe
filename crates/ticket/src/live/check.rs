use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{Session, inner::Inner, live_session::Live};
use crate::Claims;

/// What a check says of a login.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It stands.
    Valid,
    /// It was taken back.
    Revoked,
    /// It cannot be told: whoever would know does not answer.
    Unknown,
}

/// How logins are checked, and how often.
pub(super) struct Hook<T> {
    pub(super) every: Duration,
    pub(super) jitter: f64,
    check: Box<dyn Fn(Session<T>) -> Checking + Send + Sync>,
}

impl<T> Hook<T> {
    pub(super) fn new<F, Fut>(every: Duration, jitter: f64, check: F) -> Self
    where
        F: Fn(Session<T>) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Verdict> + Send + 'static,
    {
        Self { every, jitter, check: Box::new(move |session| Box::pin(check(session))) }
    }
}

impl<T> fmt::Debug for Hook<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook").field("every", &self.every).finish_non_exhaustive()
    }
}

/// Checks the login of a session, in a task of its own that lasts no longer than the check may.
pub(super) fn start<T: Claims>(inner: &Arc<Inner<T>>, live: &Arc<Live<T>>) {
    let mut check = Check { inner: inner.clone(), live: live.clone(), verdict: Verdict::Unknown };
    tokio::spawn(async move {
        let session = Session::new(check.live.clone(), check.inner.clone());
        let inner = check.inner.clone();
        let run = async {
            let Some(hook) = &inner.settings.hook else { return Verdict::Valid };
            let Ok(_turn) = inner.checks.acquire().await else { return Verdict::Unknown };
            (hook.check)(session).await
        };
        if let Ok(verdict) = timeout(inner.settings.timeout, run).await {
            check.conclude(verdict);
        }
    });
}

/// A check that is going on. One that panics says nothing.
struct Check<T: Claims> {
    inner: Arc<Inner<T>>,
    live: Arc<Live<T>>,
    verdict: Verdict,
}

impl<T: Claims> Check<T> {
    fn conclude(&mut self, verdict: Verdict) {
        self.verdict = verdict;
    }
}

impl<T: Claims> Drop for Check<T> {
    fn drop(&mut self) {
        self.inner.checked(&self.live, self.verdict);
    }
}

type Checking = Pin<Box<dyn Future<Output = Verdict> + Send>>;

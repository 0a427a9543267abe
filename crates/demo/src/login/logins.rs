//! The logins that there are, by the cookie that stands for each: what an application has anyway.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use longwave_ticket::UnixMillis;

use super::random;
use super::user::User;

/// Logins, in memory. Clones are of the same.
#[derive(Clone, Debug)]
pub(super) struct Logins {
    cookie: Cookie,
    known: Arc<Mutex<HashMap<Secret, Entry>>>,
}

/// A login that stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) user: User,
    pub(super) lapses: UnixMillis,
}

/// The cookie of a login, which scripts cannot read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cookie {
    name: &'static str,
    attributes: &'static str,
}

/// What is in a cookie: whoever has it is logged in.
#[derive(Clone, Eq, Hash, PartialEq)]
struct Secret(String);

impl Logins {
    pub(super) fn new(cookie: Cookie) -> Self {
        Self { cookie, known: Arc::default() }
    }

    /// Logs somebody in, and gives the `Set-Cookie` for it. What the browser had before is nobody's login any more.
    pub(super) fn enter(&self, headers: &HeaderMap, user: User, now: UnixMillis) -> HeaderValue {
        let secret = Secret(random());
        let cookie = self.cookie.set(&secret.0, LASTS);
        let mut known = self.lock();
        if let Some(old) = self.cookie.read(headers) {
            known.remove(&old);
        }
        known.retain(|_, login| login.lapses > now);
        if known.len() >= MOST
            && let Some(oldest) =
                known.iter().min_by_key(|(_, login)| login.lapses).map(|(secret, _)| secret.clone())
        {
            known.remove(&oldest);
        }
        known.insert(secret, Entry { user, lapses: now.plus(LASTS) });
        cookie
    }

    /// Whose request this is.
    pub(super) fn of(&self, headers: &HeaderMap, now: UnixMillis) -> Option<Entry> {
        let secret = self.cookie.read(headers)?;
        self.lock().get(&secret).filter(|login| login.lapses > now).cloned()
    }

    /// Ends all logins of this user that are meant.
    pub(super) fn forget(&self, is_meant: impl Fn(&User) -> bool) {
        self.lock().retain(|_, login| !is_meant(&login.user));
    }

    /// The `Set-Cookie` that has a browser forget its login.
    pub(super) fn clear(&self) -> HeaderValue {
        self.cookie.set("", Duration::ZERO)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Secret, Entry>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cookie {
    /// Over TLS: from this host alone, and for nobody who listens on the way.
    pub(super) const SECURE: Self =
        Self { name: "__Host-demo_login", attributes: "; Path=/; Secure; HttpOnly; SameSite=Strict" };

    /// In clear text, where not every browser takes the other one.
    pub(super) const CLEAR: Self =
        Self { name: "demo_login", attributes: "; Path=/; HttpOnly; SameSite=Strict" };

    /// Of two, neither counts: whoever has set the second one has not logged in here.
    fn read(self, headers: &HeaderMap) -> Option<Secret> {
        let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.name).map(|(_, value)| value);
        let value = values.next()?;
        values.next().is_none().then(|| Secret(value.to_owned()))
    }

    fn set(self, value: &str, lasts: Duration) -> HeaderValue {
        let Self { name, attributes } = self;
        let text = format!("{name}={value}; Max-Age={}{attributes}", lasts.as_secs());
        let mut value = HeaderValue::try_from(text).expect("hexadecimal digits are visible");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// How long a login lasts, and with it whatever it has opened.
pub(super) const LASTS: Duration = Duration::from_secs(3600);

/// So many logins there are at most; a demo that runs for weeks must not grow.
const MOST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookie: &str) -> HeaderMap {
        HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(cookie).unwrap())])
    }

    fn pair(set: &HeaderValue) -> String {
        set.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn ann() -> User {
        User::new("ann", random()).unwrap()
    }

    const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

    #[test]
    fn a_cookie_is_a_login_until_it_lapses() {
        let logins = Logins::new(Cookie::SECURE);
        let set = logins.enter(&HeaderMap::new(), ann(), NOW);
        assert!(set.is_sensitive());
        assert!(set.to_str().unwrap().starts_with("__Host-demo_login="));
        let headers = with(&format!("other=1; {}", pair(&set)));
        assert_eq!(logins.of(&headers, NOW).unwrap().user.name(), "ann");
        assert!(logins.of(&headers, NOW.plus(LASTS)).is_none());
        assert!(logins.of(&with(&format!("{0}; {0}", pair(&set))), NOW).is_none(), "two of them");
        assert!(logins.of(&with("__Host-demo_login="), NOW).is_none());
    }

    #[test]
    fn who_logs_in_again_has_one_login() {
        let logins = Logins::new(Cookie::CLEAR);
        let first = with(&pair(&logins.enter(&HeaderMap::new(), ann(), NOW)));
        let second = with(&pair(&logins.enter(&first, ann(), NOW)));
        assert!(logins.of(&first, NOW).is_none());
        assert!(logins.of(&second, NOW).is_some());
        logins.forget(|user| user.name() == "ann");
        assert!(logins.of(&second, NOW).is_none());
    }

    #[test]
    fn there_is_an_end_to_logins() {
        let logins = Logins::new(Cookie::CLEAR);
        let first = with(&pair(&logins.enter(&HeaderMap::new(), ann(), NOW)));
        for later in 1..=MOST as u64 {
            logins.enter(&HeaderMap::new(), ann(), NOW.plus(Duration::from_millis(later)));
        }
        assert!(logins.of(&first, NOW).is_none());
        assert_eq!(logins.lock().len(), MOST);
    }
}

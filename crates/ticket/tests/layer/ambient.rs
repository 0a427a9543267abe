//! Credentials that a browser sends by itself, for whatever page.

use http::{Request, header, request::Builder, request::Parts};
use longwave_ticket::{
    http::{AbsentOrigin, Authenticated, Authenticator, Caller, Denial, Origins, Presented, Refusal},
    live::Admission,
};

use crate::support::{House, PAGE, User, bare_feed};

/// Knows one login by its cookie.
#[derive(Clone)]
struct Logins;

impl Authenticator<User> for Logins {
    fn presented(&self, parts: &Parts) -> Option<Presented> {
        parts.headers.contains_key(header::COOKIE).then_some(Presented::Ambiently)
    }

    async fn authenticate(&self, caller: Caller<'_, User>) -> Result<Authenticated<User>, Denial> {
        if caller.parts().headers.get(header::COOKIE).is_some_and(|cookie| cookie == "sid=anns") {
            return Ok(Admission::new(User("ann".to_owned()), [0; 16], caller.context().now()).into());
        }
        Err(Refusal::InvalidTicket.into())
    }
}

fn with_login(request: Builder) -> Builder {
    request.header("cookie", "sid=anns")
}

#[tokio::test]
async fn a_login_by_cookie_stays_one_whatever_is_in_the_query_beside_it() {
    let house = House::new();
    let layer = house.layer_of(Logins);
    let nothing =
        || Request::get("/feed").header("accept", "text/event-stream").header("host", "app.example.com");
    for request in [nothing(), bare_feed("junk"), bare_feed(&house.mint().await)] {
        assert_eq!(house.status(&layer, with_login(request)).await, 403);
    }
    assert_eq!(house.handler.calls(), 0);
    for request in [nothing(), bare_feed("junk")] {
        assert_eq!(house.status(&layer, with_login(request).header("origin", PAGE)).await, 200);
    }
    assert_eq!(house.status(&layer, bare_feed("junk")).await, 401, "there is no login");
}

#[tokio::test]
async fn a_foreign_page_without_an_origin_is_foreign_all_the_same() {
    let house = House::new();
    let ticket = house.mint().await;
    let from = |site| bare_feed(&ticket).header("sec-fetch-site", site);
    let lenient = Origins::list([PAGE]).unwrap().absent(AbsentOrigin::Allow);
    for layer in [house.layer(), house.layer_from(lenient)] {
        for site in ["cross-site", "same-site"] {
            assert_eq!(house.status(&layer, from(site)).await, 403, "{site}");
        }
    }
    assert_eq!(house.handler.calls(), 0);
    assert_eq!(house.status(&house.layer(), from("same-origin")).await, 200, "it was not spent");
}

//! The layer around everything, and what is inside of it.

use std::sync::{Arc, Mutex};

use http::{Request, Response, request::Parts};
use longwave_ticket::http::{Found, RedactLayer, Strip, collect, stripped};
use tower::{Layer, ServiceExt};

use crate::common::{Echo, OTHER, TICKET, dump, feed, get, leaks, parts, socket, sources};

/// What comes through the layer.
async fn through(layer: RedactLayer, request: Request<()>) -> Parts {
    let seen = Arc::new(Mutex::new(None));
    let service = layer.layer(Echo(|parts| {
        *seen.lock().unwrap() = Some(parts);
        Response::new(())
    }));
    service.oneshot(request).await.unwrap();
    seen.lock().unwrap().take().unwrap()
}

/// What comes back through it.
async fn back(header: &'static str, value: String) -> http::HeaderMap {
    let service = RedactLayer::new()
        .query("access_token")
        .layer(Echo(move |_| Response::builder().status(307).header(header, &value).body(()).unwrap()));
    service.oneshot(Request::new(())).await.unwrap().into_parts().0.headers
}

#[tokio::test]
async fn a_credential_is_still_found_by_those_who_check_it() {
    for (strip, left) in [(Strip::Remove, "/chat?a=1"), (Strip::Replace, "/chat?a=1&ticket=REDACTED")] {
        // Whether the name is configured outside too makes no difference for what looks like a ticket.
        for layer in [RedactLayer::new(), RedactLayer::new().query("ticket")] {
            let request = feed(&format!("/chat?a=1&ticket={TICKET}")).body(()).unwrap();
            let mut parts = through(layer.strip(strip), request).await;
            assert_eq!(parts.uri, left);
            assert!(!leaks(&dump(&parts)));
            let Found::One(credential) = collect(&mut parts, &sources()) else { panic!("there is one") };
            assert_eq!(credential.as_str(), TICKET);
            assert!(matches!(collect(&mut parts, &sources()), Found::Nothing), "it is handed over once");
        }
    }
}

#[tokio::test]
async fn all_places_come_through() {
    let requests = [
        feed("/feed").header("authorization", format!("Ticket {TICKET}")),
        feed("/feed").header("cookie", format!("__Host-ticket={TICKET}")),
        socket("/chat").header("sec-websocket-protocol", format!("a, lw.ticket.{TICKET}")),
    ];
    for request in requests {
        let mut parts = through(RedactLayer::new(), request.body(()).unwrap()).await;
        assert!(!leaks(&dump(&parts)), "{}", dump(&parts));
        let Found::One(credential) = collect(&mut parts, &sources()) else { panic!("there is one") };
        assert_eq!(credential.as_str(), TICKET);
    }
}

#[tokio::test]
async fn what_is_taken_outside_and_what_is_left_inside_is_counted_together() {
    let layer = || RedactLayer::new().query("token");
    let request = feed(&format!("/feed?ticket={TICKET}")).header("authorization", format!("Ticket {OTHER}"));
    let mut parts_twice = through(layer(), request.body(()).unwrap()).await;
    assert!(matches!(collect(&mut parts_twice, &sources()), Found::Ambiguous));

    let alone = socket("/chat").header("sec-websocket-protocol", format!("lw.ticket.{TICKET}"));
    let mut parts_alone = through(layer(), alone.body(()).unwrap()).await;
    assert!(matches!(collect(&mut parts_alone, &sources()), Found::AloneAsSubprotocol));

    // One that does not look like a ticket is left for whoever asks for it.
    let mut inside = through(layer(), feed("/feed?ticket=T&token=U").body(()).unwrap()).await;
    assert_eq!(inside.uri, "/feed?ticket=T");
    assert!(matches!(collect(&mut inside, &sources()), Found::One(credential) if credential.as_str() == "T"));
}

#[tokio::test]
async fn layers_in_layers_hand_on_what_each_has_found() {
    let inner = Arc::new(Mutex::new(None));
    let service =
        RedactLayer::new().layer(RedactLayer::new().query("jwt").layer(Echo(|mut parts: Parts| {
            let jwt = stripped(&parts.extensions, "jwt").map(str::to_owned);
            *inner.lock().unwrap() = Some((jwt, collect(&mut parts, &sources())));
            Response::new(())
        })));
    service.oneshot(feed(&format!("/feed?jwt=eyJ.x&ticket={TICKET}")).body(()).unwrap()).await.unwrap();
    let (jwt, found) = inner.lock().unwrap().take().unwrap();
    assert_eq!(jwt.as_deref(), Some("eyJ.x"));
    assert!(matches!(found, Found::One(_)));
}

#[tokio::test]
async fn other_tokens_are_stripped_and_handed_in_by_name() {
    let layer = RedactLayer::new().query("access_token").query("jwt").cookie("sid");
    let request = get("/feed?access_token=a%2Eb&a=1&JWT=c").header("cookie", "sid=secret; theme=dark");
    let parts = through(layer.clone(), request.body(()).unwrap()).await;
    assert_eq!(parts.uri, "/feed?a=1");
    assert_eq!(parts.headers["cookie"], "theme=dark");
    assert_eq!(stripped(&parts.extensions, "access_token"), Some("a%2Eb"));
    assert_eq!(stripped(&parts.extensions, "jwt"), None, "it was spelt otherwise");

    let twice = through(layer, get("/?jwt=a&jwt=b").body(()).unwrap()).await;
    assert_eq!(stripped(&twice.extensions, "jwt"), None);
}

#[tokio::test]
async fn wherever_a_proxy_puts_a_url_its_ticket_is_gone() {
    let url = format!("https://app.example.com/feed?a=1&ticket={TICKET}&jwt=secret");
    let copies = [
        "referer",
        "x-envoy-original-path",
        "x-forwarded-uri",
        "x-forwarded-url",
        "x-original-uri",
        "x-original-url",
        "x-replaced-path",
        "x-rewrite-url",
        "x-waws-unencoded-url",
    ];
    for name in copies {
        let request = get("/feed").header(name, &url).body(()).unwrap();
        let parts = through(RedactLayer::new().query("jwt"), request).await;
        assert_eq!(parts.headers[name], "https://app.example.com/feed?a=1", "{name}");
    }
}

#[tokio::test]
async fn no_other_header_has_a_ticket() {
    let escaped = TICKET.replace('_', "%5F");
    let request = get("/feed")
        .header("x-own", format!("first {TICKET}; path=\"/feed?t={escaped}\""))
        .header("x-own", "second")
        .header("x-own", TICKET)
        .header("proxy-authorization", format!("Ticket {TICKET}"))
        .header("forwarded", "for=192.0.2.60;proto=http")
        .header("x-bytes", [&b"\xff "[..], TICKET.as_bytes(), b" \xff"].concat());
    let parts = through(RedactLayer::new(), request.body(()).unwrap()).await;
    let lines: Vec<_> = parts.headers.get_all("x-own").iter().collect();
    assert_eq!(lines, ["first REDACTED; path=\"/feed?t=REDACTED\"", "second", "REDACTED"]);
    assert!(parts.headers["proxy-authorization"].is_sensitive());
    assert_eq!(parts.headers["proxy-authorization"], "Ticket REDACTED");
    assert_eq!(parts.headers["forwarded"], "for=192.0.2.60;proto=http");
    assert_eq!(parts.headers["x-bytes"].as_bytes(), b"\xff REDACTED \xff");
}

#[tokio::test]
async fn what_axum_has_put_aside_is_stripped_too() {
    use axum::extract::OriginalUri;

    let uri = format!("/feed?a=1&ticket={TICKET}");
    let mut request = feed(&uri).body(()).unwrap();
    request.extensions_mut().insert(OriginalUri(uri.parse().unwrap()));
    let mut parts = through(RedactLayer::new(), request).await;
    assert_eq!(parts.extensions.get::<OriginalUri>().unwrap().0, "/feed?a=1");
    let Found::One(_) = collect(&mut parts, &sources()) else { panic!("it is one, not two") };
}

#[tokio::test]
async fn redirects_have_no_ticket() {
    let url = format!("/feed/?a=1&ticket={TICKET}#x");
    assert_eq!(back("location", url).await["location"], "/feed/?a=1#x");
    assert_eq!(back("content-location", format!("/e/{TICKET}")).await["content-location"], "/e/REDACTED");
    // That may be how somebody else hands out a token.
    assert_eq!(back("location", "/?access_token=x".to_owned()).await["location"], "/?access_token=x");
}

#[tokio::test]
async fn cookies_that_are_set_are_sensitive() {
    assert!(back("set-cookie", format!("t={TICKET}")).await["set-cookie"].is_sensitive());
}

#[tokio::test]
async fn a_service_that_passes_requests_on_passes_no_ticket_on() {
    let request = socket(&format!("/chat?ticket={TICKET}")).header("referer", format!("/?ticket={TICKET}"));
    let request = request.header("sec-websocket-protocol", format!("a, lw.ticket.{TICKET}"));
    let upstream = through(RedactLayer::new(), request.body(()).unwrap()).await;
    let mut forwarded = parts(get(&upstream.uri.to_string()));
    forwarded.headers = upstream.headers;
    assert!(!leaks(&dump(&forwarded)), "{}", dump(&forwarded));
}

//! Sessions in the arguments of a handler.

use axum::{Router, body::Body, routing::get};
use http::Request;
use http_body_util::BodyExt;
use longwave_core::Lifeline;
use longwave_ticket::{
    UnixMillis,
    live::{Admission, Session, Sessions},
};
use tower::ServiceExt;

use crate::support::User;

fn router() -> Router {
    Router::new().route("/own", get(async |session: Session<User>| session.claims().0.clone())).route(
        "/any",
        get(async |session: Option<Session<User>>| {
            session.map_or("anybody".to_owned(), |session| session.claims().0.clone())
        }),
    )
}

async fn ask(path: &str, session: Option<&Session<User>>) -> (http::response::Parts, String) {
    let mut request = Request::get(path).header("accept", "text/event-stream").body(Body::empty()).unwrap();
    if let Some(session) = session {
        request.extensions_mut().insert(session.clone());
    }
    let (parts, body) = router().oneshot(request).await.unwrap().into_parts();
    (parts, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn a_handler_takes_the_session_of_its_request() {
    let sessions = Sessions::builder().build();
    let tether = Lifeline::new().carry();
    let admission =
        Admission::new(User("ada".into()), [1; 16], UnixMillis::from(std::time::SystemTime::now()));
    let session = sessions.register(&tether, admission).unwrap();
    assert_eq!(ask("/own", Some(&session)).await.1, "ada");
    assert_eq!(ask("/any", Some(&session)).await.1, "ada");
}

#[tokio::test]
async fn without_one_it_is_a_401_or_nobody() {
    let (parts, body) = ask("/own", None).await;
    assert_eq!(parts.status, 401);
    assert_eq!(parts.headers["content-type"], "application/problem+json");
    assert!(body.contains("credentials_required"), "{body}");
    assert_eq!(ask("/any", None).await.1, "anybody");
}

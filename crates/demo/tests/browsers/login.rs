//! The login: a page with tickets for its streams, and a page of somebody else's that gets nowhere.

use longwave_demo::Transport;
use longwave_testing::browser::Browser;
use serde_json::{Value, json};

use crate::common::{silent, tls};
use crate::harness::{Asked, run};

/// The requests for streams, and whether each had a cookie that resumes.
fn feeds(asked: &[Asked]) -> Vec<(&str, u16, bool)> {
    let feeds = asked.iter().filter(|asked| asked.target.starts_with("/login/feed?ticket="));
    let resumes = |asked: &Asked| asked.cookies.iter().any(|name| name.contains("lw_r_"));
    feeds.map(|asked| (asked.target.as_str(), asked.status, resumes(asked))).collect()
}

async fn a_login_opens_streams_and_ends_them(browser: Browser, transport: Transport) {
    let is_tls = matches!(transport, Transport::Tls(_));
    let (report, asked) = run(browser, transport, silent(), "login").await;
    assert_eq!(report["before"], json!({ "state": "nobody", "form": true, "actions": false }));
    let opened = &report["opened"];
    assert_eq!(
        (&opened["told"], &opened["use"]),
        (&json!(["let in by the ticket", "let in by the ticket"]), &json!("spent"))
    );
    assert_eq!(report["cookies"], "", "a script can read them");
    assert_eq!(report["overflow"], false);

    let back = report["back"].as_str().unwrap();
    assert!(back.starts_with("Back after ") && back.contains("a cookie that resumes"), "{back}");
    let told = json!(["back: the same URL, its ticket spent, and a cookie", "let in by the ticket"]);
    assert_eq!(report["resumed"], json!({ "told": told, "socket": "1" }));
    assert_eq!(
        report["replayed"],
        "Tried again. 401 invalid_ticket: the socket’s, from this page with all its cookies · \
         401 invalid_ticket: the stream’s, as from a log, by somebody without them."
    );
    let ends = json!(["ended: revoked", "closed: 4403, revoked"]);
    assert_eq!((&report["revoked"], &report["out"]), (&ends, &ends));

    let feeds = feeds(&asked);
    let first = feeds[0].0;
    let told: Vec<_> =
        feeds.iter().map(|&(target, status, resumes)| (target == first, status, resumes)).collect();
    let expected = [
        (true, 200, false),
        (true, 200, true),
        (true, 200, true),
        // The ticket of the socket, and then the first one without cookies.
        (false, 401, true),
        (true, 401, false),
        (false, 200, true),
    ];
    assert_eq!(told, expected);
    let prefix = if is_tls { "__Host-" } else { "" };
    let mints = asked.iter().filter(|asked| asked.target == "/login/ticket");
    assert!(mints.clone().all(|mint| mint.cookies.contains(&format!("{prefix}demo_login"))));
    assert_eq!(mints.count(), 4);
    judge_what_is_shown(&report, first.strip_prefix("/login/feed?ticket=").unwrap());
}

/// Nothing of a ticket is on the page, and nothing at all that is secret in the log that it shows.
fn judge_what_is_shown(report: &Value, ticket: &str) {
    let shown = report["shown"].as_str().unwrap();
    assert!(ticket.len() > 100, "{ticket}");
    for eight in ticket.as_bytes().windows(8) {
        assert!(!shown.as_bytes().windows(8).any(|part| part == eight), "a part of {ticket} in {shown}");
    }
    let log = report["log"].as_array().unwrap();
    let line = |status: &str, path: &str| {
        log.iter().any(|line| line[0] == status && line[1].as_str().unwrap().contains(path))
    };
    for status in ["200", "401"] {
        assert!(line(status, "/login/feed?ticket=REDACTED "), "{log:#?}");
    }
    for path in ["/login ", "/login/ticket ", "/login/drop ", "/login/revoke ", "/login/logout "] {
        assert!(line("200", path), "{path} in {log:#?}");
    }
    // The name that the page has for a ticket is the one in the log.
    for ticket in report["opened"]["tickets"].as_array().unwrap() {
        let fingerprint = ticket.as_str().unwrap().strip_prefix("lwt1_… ").unwrap();
        assert!(fingerprint.len() == 8 && line("", &format!("ticket {fingerprint} minted")), "{log:#?}");
    }
}

/// Neither with the victim's cookies nor with tickets that were stolen.
async fn a_page_of_another_origin_gets_nowhere(browser: Browser, transport: Transport) {
    let (report, asked) = run(browser, transport, silent(), "foreign").await;
    for (host, tried) in report["seen"].as_object().unwrap() {
        for stream in ["stream", "streamByCookie"] {
            assert_eq!(tried[stream], json!({ "events": [], "state": 2 }), "{host}: {stream}");
        }
        for socket in ["socket", "socketByCookie"] {
            let nothing = json!({ "events": ["error"], "code": 1006, "reason": "" });
            assert_eq!(tried[socket], nothing, "{host}: {socket}");
        }
        assert_eq!(tried["mint"], "TypeError", "{host}");
        for blind in ["blindMint", "blindLogin", "blindRevoke", "blindLogout"] {
            assert_eq!(tried[blind], "opaque 0", "{host}: {blind}");
        }
    }
    assert_eq!(report["seen"].as_object().unwrap().len(), 2);
    // The victim has lost nothing by it.
    assert_eq!(
        json!([report["name"], report["protocol"], report["closed"]]),
        json!(["ada", "demo.login.v1", [4403, "revoked"]])
    );

    let own = &asked.iter().find(|asked| asked.target == "/login").unwrap().origin;
    let foreign: Vec<_> =
        asked.iter().filter(|asked| asked.origin.is_some() && asked.origin != *own).collect();
    // All but the questions whether it may ask, which are answered by no.
    let sent = foreign.iter().filter(|asked| asked.status != 405);
    assert!(sent.clone().all(|asked| asked.status == 403), "{foreign:#?}");
    let (of_site, of_others): (Vec<_>, Vec<_>) =
        sent.partition(|asked| asked.origin.as_ref().unwrap().contains("://127.0.0.1:"));
    assert_eq!((of_site.len(), of_others.len()), (8, 8), "{foreign:#?}");
    // The browser did send the cookies of the victim along, so it was not for want of these.
    let has_login = |asked: &&&Asked| asked.cookies.iter().any(|name| name.ends_with("demo_login"));
    assert_eq!(of_site.iter().filter(|asked| has_login(asked)).count(), 8, "{of_site:#?}");
    assert_eq!(of_others.iter().filter(|asked| has_login(asked)).count(), 0, "{of_others:#?}");
}

mod chromium {
    use super::*;

    #[tokio::test]
    async fn a_login_opens_streams_and_ends_them() {
        super::a_login_opens_streams_and_ends_them(Browser::Chromium, Transport::Clear).await;
    }

    #[tokio::test]
    async fn a_login_opens_streams_and_ends_them_over_http2() {
        super::a_login_opens_streams_and_ends_them(Browser::Chromium, tls()).await;
    }

    #[tokio::test]
    async fn a_page_of_another_origin_gets_nowhere() {
        super::a_page_of_another_origin_gets_nowhere(Browser::Chromium, Transport::Clear).await;
    }

    #[tokio::test]
    async fn a_page_of_another_origin_gets_nowhere_over_http2() {
        super::a_page_of_another_origin_gets_nowhere(Browser::Chromium, tls()).await;
    }
}

mod firefox {
    use super::*;

    #[tokio::test]
    async fn a_login_opens_streams_and_ends_them() {
        super::a_login_opens_streams_and_ends_them(Browser::Firefox, Transport::Clear).await;
    }

    #[tokio::test]
    async fn a_page_of_another_origin_gets_nowhere() {
        super::a_page_of_another_origin_gets_nowhere(Browser::Firefox, Transport::Clear).await;
    }
}

//! Chromium and Firefox, over HTTP/1.1 and HTTP/2.

use std::fmt::Write;

use http::Version;
use longwave_testing::browser::{Browser, Extras, Running};
use ring::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use serde_json::Value;
use tokio::time::timeout;

use crate::{
    devtools::DevTools,
    report::{Bare, assert_seen, expected},
    server::{Server, Transport, tls},
    words::PATIENCE,
};

/// Both exchanges, one after the other.
async fn judge(server: &mut Server, report: &Value, version: Version) {
    assert!(report.get("error").is_none(), "{}", report["error"]);
    for (kind, extensions) in [("plain", ""), ("deflate", "permessage-deflate")] {
        assert_eq!(report[kind], expected(extensions, Bare::WithoutACode));
        assert_seen(server, kind, version, Bare::WithoutACode, kind == "deflate").await;
    }
}

/// What the page reports, unless the browser ends before.
async fn report(server: &mut Server, browser: &mut Running) -> Value {
    tokio::select! {
        report = timeout(PATIENCE, server.report()) => {
            report.unwrap_or_else(|_| panic!("no report: {}", browser.log()))
        }
        ended = browser.ended() => panic!("the browser has ended: {ended}"),
    }
}

async fn chromium(transport: Transport, scheme: &str, version: Version, status: u64) {
    let mut server = Server::start(transport).await;
    let extras = Extras { arguments: &[DevTools::ARGUMENT], ..Extras::default() };
    let mut browser = Browser::Chromium.open_with("about:blank", extras);
    let attached = timeout(PATIENCE, DevTools::attach(browser.profile())).await;
    let mut tools = attached.unwrap_or_else(|_| panic!("no developer tools: {}", browser.log()));
    tools.navigate(&format!("{scheme}://{}/page", server.address)).await;
    let report = {
        let report = report(&mut server, &mut browser);
        tokio::pin!(report);
        loop {
            tokio::select! {
                report = &mut report => break report,
                _ = tools.next() => {}
            }
        }
    };
    judge(&mut server, &report, version).await;
    // What happened before the report is told before anything that is asked for now.
    tools.sync().await;
    assert_eq!(tools.handshakes, [status; 10]);
}

#[tokio::test]
async fn chromium_over_http1() {
    chromium(Transport::Clear, "http", Version::HTTP_11, 101).await;
}

#[tokio::test]
async fn chromium_over_http2() {
    chromium(tls().1, "https", Version::HTTP_2, 200).await;
}

#[tokio::test]
async fn firefox_over_http1() {
    firefox(Transport::Clear, "http", Version::HTTP_11, None).await;
}

#[tokio::test]
async fn firefox_over_http2() {
    let (certificate, transport) = tls();
    firefox(transport, "https", Version::HTTP_2, Some(certificate)).await;
}

async fn firefox(
    transport: Transport,
    scheme: &str,
    version: Version,
    certificate: Option<CertificateDer<'_>>,
) {
    let mut server = Server::start(transport).await;
    let exception = certificate.map(|certificate| exception(server.address.port(), &certificate));
    let files = exception.as_ref().map(|exception| ("cert_override.txt", exception.as_str()));
    let extras = Extras { files: files.as_slice(), ..Extras::default() };
    let url = format!("{scheme}://{}/page", server.address);
    let mut browser = Browser::Firefox.open_with(&url, extras);
    let report = report(&mut server, &mut browser).await;
    judge(&mut server, &report, version).await;
}

/// Makes Firefox take a certificate, as if somebody had agreed to it.
fn exception(port: u16, certificate: &CertificateDer<'_>) -> String {
    let mut fingerprint = String::new();
    for byte in digest(&SHA256, certificate).as_ref() {
        let colon = if fingerprint.is_empty() { "" } else { ":" };
        write!(fingerprint, "{colon}{byte:02X}").unwrap();
    }
    format!("127.0.0.1:{port}:\t{SHA256_ID}\t{fingerprint}\t\n")
}

const SHA256_ID: &str = "OID.2.16.840.1.101.3.4.2.1";

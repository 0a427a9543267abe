//! What is said.

use std::time::Duration;

use longwave_ws_hyper::{CloseCode, CloseFrame, Config, Limits};

pub(crate) const TEXT: &str = "grüße, 世界 🌊";

/// With it, compression is worth it.
pub(crate) fn long() -> String {
    TEXT.repeat(100)
}

/// As long as a reason may be, 123 bytes.
pub(crate) fn reason() -> String {
    "☃".repeat(41)
}

/// 16 MiB that can be compressed, and nowhere repeat themselves for long.
pub(crate) fn large() -> Vec<u8> {
    let mut large = Vec::with_capacity(LARGE);
    for run in 0..LARGE / 16 {
        large.extend_from_slice(&[(run ^ (run >> 12)) as u8; 16]);
    }
    large
}

pub(crate) const LARGE: usize = 16 << 20;

/// For messages as large as that, and without pings that nobody has asked for: on a slow machine they would come in
/// between, and would set in motion what has come to a halt.
pub(crate) fn config() -> Config {
    Config::new().limits(Limits::default().frame(LARGE).message(LARGE)).without_heartbeat()
}

pub(crate) fn close_frame(code: u16) -> CloseFrame {
    CloseFrame::new(CloseCode::new(code).unwrap()).with_reason(reason())
}

/// What a close frame says, in a word.
pub(crate) fn shown(frame: Option<&CloseFrame>) -> String {
    frame.map_or_else(
        || "without a code".to_owned(),
        |frame| format!("{} {}", frame.code().get(), frame.reason()),
    )
}

/// Far longer than anything here takes, also on a machine that has other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

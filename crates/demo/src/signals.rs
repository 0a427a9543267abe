//! The wish that the demo ends.

use std::future::Future;
use std::io;

/// Listens for Ctrl-C and SIGTERM from now on, and waits for the first of them.
///
/// # Errors
///
/// If the system does not let it listen.
#[cfg(unix)]
pub fn terminated() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Listens for Ctrl-C from now on, and waits for it.
///
/// # Errors
///
/// If the system does not let it listen.
#[cfg(windows)]
pub fn terminated() -> io::Result<impl Future<Output = ()>> {
    let mut pressed = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        pressed.recv().await;
    })
}

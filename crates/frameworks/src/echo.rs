use std::time::Duration;

use http::{Request, Response};
use longwave_ws_hyper::{Config, Message, Upgraded, WebSocket, server::Options, upgrade};

/// Opens a WebSocket, wherever the requests are those of `http`.
pub(crate) fn echo<B, R: Default + From<String>>(request: &mut Request<B>) -> Response<R> {
    let options = Options::new().config(Config::new().close_timeout(CLOSE_TIMEOUT));
    let (response, upgrading) = match upgrade(request, &options) {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.response(),
    };
    tokio::spawn(async move {
        // Or else the client has gone meanwhile.
        if let Ok(socket) = upgrading.await {
            serve(socket).await;
        }
    });
    response
}

pub(crate) async fn serve(mut socket: WebSocket<Upgraded>) {
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
            break;
        }
    }
}

/// So that no test has to wait for longer.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

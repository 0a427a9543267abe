use longwave_core::EndReason;

/// A message of a WebSocket, as far as a heartbeat has to know it.
///
/// The features `axum` and `tungstenite` implement it for the messages of these crates.
///
/// # Examples
///
/// ```
/// use longwave_core::EndReason;
/// use longwave_heartbeat::HeartbeatMessage;
///
/// enum Message {
///     Text(String),
///     Ping(Vec<u8>),
///     Pong(Vec<u8>),
///     Close(u16, String),
/// }
///
/// impl HeartbeatMessage for Message {
///     type Error = std::io::Error;
///
///     fn ping(nonce: [u8; 8]) -> Self {
///         Self::Ping(nonce.to_vec())
///     }
///
///     fn pong(&self) -> Option<&[u8]> {
///         if let Self::Pong(payload) = self { Some(payload) } else { None }
///     }
///
///     fn close(code: u16, reason: &str) -> Option<Self> {
///         Some(Self::Close(code, reason.to_owned()))
///     }
///
///     fn ended(reason: EndReason) -> Self::Error {
///         std::io::Error::new(std::io::ErrorKind::ConnectionAborted, reason.to_string())
///     }
/// }
/// ```
pub trait HeartbeatMessage: Sized {
    /// The error of the sockets that carry such messages.
    type Error;

    /// Makes a ping with this payload.
    fn ping(nonce: [u8; 8]) -> Self;

    /// The payload, if the message is a pong.
    fn pong(&self) -> Option<&[u8]>;

    /// Makes the message that closes a WebSocket with a code and a reason of at most 123 bytes; `None` if there
    /// is no such message.
    fn close(code: u16, reason: &str) -> Option<Self>;

    /// Makes the error for whoever wants to send something after the stream was ended.
    fn ended(reason: EndReason) -> Self::Error;
}

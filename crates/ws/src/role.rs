/// Which end of the connection this is.
///
/// A client masks what it sends, a server does not (RFC 6455, section 5.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Role {
    /// The one that has asked for the connection.
    Client,
    /// The one that was asked.
    Server,
}

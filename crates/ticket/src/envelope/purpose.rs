/// What a ticket is good for.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// Opens a stream, once.
    Connect,
    /// Opens a stream again, as often as it was cut, for whoever has opened it with the ticket that this one is
    /// bound to.
    Resume,
    /// Lets an open stream live on, once.
    Refresh,
}

impl Purpose {
    /// Returns the word for a counter's label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Resume => "resume",
            Self::Refresh => "refresh",
        }
    }

    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Connect => 1,
            Self::Resume => 2,
            Self::Refresh => 3,
        }
    }

    pub(crate) const fn from_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::Connect),
            2 => Some(Self::Resume),
            3 => Some(Self::Refresh),
            _ => None,
        }
    }
}

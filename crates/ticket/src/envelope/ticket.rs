use std::{fmt, mem};

use zeroize::Zeroizing;

use super::{MAX_LEN, PREFIX, TicketId, open};
use crate::{InvalidTicket, Why};

/// A ticket, as it goes to the client and comes back.
///
/// It is made of `A`–`Z`, `a`–`z`, `0`–`9`, `-` and `_`, and so can be put into a URL, a cookie, a header and a list
/// of subprotocols as it is. There is no `Display`, and `Debug` shows no more than its [`Fingerprint`]: it gets into
/// a log only where [`expose`](Self::expose) is written. The memory is overwritten when it is dropped.
///
/// [`Fingerprint`]: crate::Fingerprint
///
/// # Examples
///
/// ```
/// use longwave_ticket::Ticket;
///
/// let text = format!("lwt1_AQEAAQ{}", "A".repeat(112));
/// let ticket = Ticket::parse(&text)?;
/// assert_eq!(ticket.expose(), text);
/// assert_eq!(format!("{ticket:?}"), "lwt1_…[fp 374708ff]");
/// # Ok::<_, longwave_ticket::InvalidTicket>(())
/// ```
#[derive(Clone)]
pub struct Ticket {
    text: Zeroizing<String>,
    id: TicketId,
}

impl Ticket {
    /// What each ticket of this version begins with, for whoever searches logs.
    pub const PREFIX: &str = PREFIX;

    /// The greatest length of a ticket, in characters. Without claims in it, it has 123.
    pub const MAX_LEN: usize = MAX_LEN;

    /// Takes a text that has the form of a ticket. Whether it is genuine, a [`Verifier`](crate::Verifier) knows.
    ///
    /// # Errors
    ///
    /// [`InvalidTicket`], with [`Why::Malformed`], if it has another form.
    pub fn parse(text: &str) -> Result<Self, InvalidTicket> {
        let id = open::<_, Why>(text, |envelope| Ok(envelope.header.id))?;
        Ok(Self::from_parts(text.to_owned(), id))
    }

    pub(crate) fn from_parts(text: String, id: TicketId) -> Self {
        Self { text: Zeroizing::new(text), id }
    }

    /// Returns the ticket itself, to be sent and not to be logged.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Returns the ticket itself, whose memory is then no longer taken care of.
    #[must_use]
    pub fn into_exposed(mut self) -> String {
        mem::take(&mut *self.text)
    }

    /// Returns its number.
    #[must_use]
    pub const fn id(&self) -> TicketId {
        self.id
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}…[fp {}]", self.id.fingerprint())
    }
}

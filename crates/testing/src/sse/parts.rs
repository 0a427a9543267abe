//! What a caller hands to the event builder, and what a client must make of it.

use std::time::Duration;

use longwave_sse::{Event, EventId, EventType, FieldError};

use super::oracle::OracleItem;

/// The arguments of one event's builder calls: any text at all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Parts {
    /// The argument of [`EventType::new`].
    pub event_type: Option<String>,
    /// The argument of [`EventId::new`].
    pub id: Option<String>,
    /// The argument of [`Event::retry`].
    pub retry: Option<Duration>,
    /// The arguments of each call of [`Event::data`].
    pub data: Vec<String>,
    /// The arguments of each call of [`Event::comment`].
    pub comments: Vec<String>,
}

impl Parts {
    /// Builds the event from the parts that the builder accepts, and leaves those that it refuses `None`.
    ///
    /// # Panics
    ///
    /// If the builder refuses what it must accept, accepts what it must refuse, or names another reason
    /// than the first forbidden character.
    pub fn build(&mut self) -> Event {
        let mut event = Event::new();
        for text in &self.comments {
            event = event.comment(text.as_str());
        }
        if let Some(text) = self.event_type.take() {
            let built = EventType::new(text.as_str());
            assert_eq!(built.as_ref().err().copied().map(reason), first_forbidden(&text, "\r\n"), "{text:?}");
            if let Ok(event_type) = built {
                assert_eq!(event_type.as_str(), text);
                event = event.event_type(event_type);
                self.event_type = Some(text);
            }
        }
        if let Some(text) = self.id.take() {
            let built = EventId::new(text.as_str());
            assert_eq!(
                built.as_ref().err().copied().map(reason),
                first_forbidden(&text, "\r\n\0"),
                "{text:?}"
            );
            if let Ok(id) = built {
                assert_eq!(id.as_str(), text);
                event = event.id(id);
                self.id = Some(text);
            }
        }
        if let Some(delay) = self.retry {
            event = event.retry(delay);
        }
        for text in &self.data {
            event = event.data(text.as_str());
        }
        event
    }

    /// Says what a client must read, all of it and nothing else.
    ///
    /// - `last_event_id`: the client's last event ID before this event; after the call, the one after it.
    #[must_use]
    pub fn meaning(&self, last_event_id: &mut String) -> Vec<OracleItem> {
        let mut items: Vec<_> =
            self.comments.iter().flat_map(|text| break_lines(text)).map(OracleItem::Comment).collect();
        if let Some(delay) = self.retry {
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            items.push(OracleItem::Retry(Duration::from_millis(millis)));
        }
        if let Some(id) = &self.id {
            last_event_id.clone_from(id);
        }
        if !self.data.is_empty() {
            let lines: Vec<_> = self.data.iter().flat_map(|text| break_lines(text)).collect();
            let event_type = self.event_type.as_deref().filter(|name| !name.is_empty()).unwrap_or("message");
            items.push(OracleItem::Event {
                event_type: event_type.to_owned(),
                data: lines.join("\n"),
                last_event_id: last_event_id.clone(),
            });
        } else if self.id.is_some() {
            items.push(OracleItem::Cursor(last_event_id.clone()));
        }
        items
    }
}

/// CRLF, CR and LF each are one line break.
fn break_lines(text: &str) -> Vec<String> {
    text.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(str::to_owned).collect()
}

fn first_forbidden(text: &str, forbidden: &str) -> Option<(char, usize)> {
    text.char_indices().find(|(_, c)| forbidden.contains(*c)).map(|(at, c)| (c, at))
}

/// The character that a refusal blames, and where it says that it stands.
///
/// # Panics
///
/// On a reason that has come after this was written.
fn reason(error: FieldError) -> (char, usize) {
    match error {
        FieldError::CarriageReturn { at, .. } => ('\r', at),
        FieldError::LineFeed { at, .. } => ('\n', at),
        FieldError::Nul { at, .. } => ('\0', at),
        other => panic!("an unknown reason: {other:?}"),
    }
}

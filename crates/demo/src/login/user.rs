//! Who a ticket is for.

use longwave_ticket::{Claims, ClaimsError, json};
use serde::{Deserialize, Serialize};

/// Somebody who is logged in.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct User {
    name: String,
    /// The login, by a name that is of no use to anybody: not the one in its cookie.
    login: String,
}

impl User {
    /// Takes whoever comes at their word: there are no passwords here. `None` if it is no name.
    pub(super) fn new(name: &str, login: String) -> Option<Self> {
        let name = name.trim();
        let is_name = !name.is_empty() && name.len() <= NAME && !name.chars().any(char::is_control);
        is_name.then(|| Self { name: name.to_owned(), login })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn login(&self) -> &str {
        &self.login
    }
}

impl Claims for User {
    fn subject(&self) -> &str {
        &self.name
    }

    fn session(&self) -> Option<&str> {
        Some(&self.login)
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        json::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        json::decode(bytes)
    }
}

/// Bytes of a name.
const NAME: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_can_be_shown() {
        let name = |name: &str| User::new(name, String::new()).map(|user| user.name);
        assert_eq!(name(" Ada "), Some("Ada".to_owned()));
        assert_eq!(name("Zoë"), Some("Zoë".to_owned()));
        for not in ["", "  ", "a\nb", &"a".repeat(NAME + 1)] {
            assert_eq!(name(not), None, "{not:?}");
        }
    }
}

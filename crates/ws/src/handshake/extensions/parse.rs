use alloc::{string::String, vec::Vec};

use super::{Extension, ExtensionsError};
use crate::handshake::tokens;

/// Appends the extensions of one line to a list.
pub(super) fn list(line: &[u8], list: &mut Vec<Extension>) -> Result<(), ExtensionsError> {
    let mut input = Input(line);
    loop {
        input.skip_space();
        if input.0.is_empty() {
            return Ok(());
        }
        // Empty members are ignored, as in every list of HTTP.
        if input.eat(b',') {
            continue;
        }
        if list.len() == Extension::MAX_OFFERED {
            return Err(ExtensionsError::TooMany { max: Extension::MAX_OFFERED });
        }
        list.push(input.extension()?);
        if !input.0.is_empty() && !input.eat(b',') {
            return Err(ExtensionsError::Malformed);
        }
    }
}

/// What is left of a line.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    /// `token *( ";" token [ "=" ( token / quoted-string ) ] )`, and the space behind it.
    fn extension(&mut self) -> Result<Extension, ExtensionsError> {
        let mut extension = Extension { name: self.token()?, params: Vec::new() };
        self.skip_space();
        while self.eat(b';') {
            if extension.params.len() == Extension::MAX_PARAMS {
                return Err(ExtensionsError::TooManyParams { max: Extension::MAX_PARAMS });
            }
            self.skip_space();
            let name = self.token()?;
            self.skip_space();
            let value = if self.eat(b'=') { Some(self.value()?) } else { None };
            extension.params.push((name, value));
            self.skip_space();
        }
        Ok(extension)
    }

    fn value(&mut self) -> Result<String, ExtensionsError> {
        self.skip_space();
        if self.eat(b'"') { self.quoted() } else { self.token() }
    }

    fn token(&mut self) -> Result<String, ExtensionsError> {
        let end = self.0.iter().position(|&byte| !tokens::is_token_byte(byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        tokens::token(token).map_err(|_| ExtensionsError::Malformed)
    }

    /// The rest of a quoted string: "the value after quoted-string unescaping MUST conform to the 'token'
    /// ABNF".
    fn quoted(&mut self) -> Result<String, ExtensionsError> {
        let mut value = String::new();
        loop {
            let (byte, rest) = match self.0 {
                [b'"', rest @ ..] if !value.is_empty() => {
                    self.0 = rest;
                    return Ok(value);
                }
                [b'\\', byte, rest @ ..] | [byte, rest @ ..] => (*byte, rest),
                [] => return Err(ExtensionsError::Malformed),
            };
            if !tokens::is_token_byte(byte) {
                return Err(ExtensionsError::Malformed);
            }
            value.push(char::from(byte));
            self.0 = rest;
        }
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}

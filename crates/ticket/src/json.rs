//! Claims as JSON.
//!
//! # Examples
//!
//! ```
//! use longwave_ticket::{Claims, ClaimsError, json};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize, Serialize)]
//! struct User {
//!     name: String,
//!     rooms: Vec<u32>,
//! }
//!
//! impl Claims for User {
//!     fn subject(&self) -> &str {
//!         &self.name
//!     }
//!     fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
//!         json::encode(self)
//!     }
//!     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
//!         json::decode(bytes)
//!     }
//! }
//!
//! let user = User { name: "ada".to_owned(), rooms: vec![1, 42] };
//! assert_eq!(User::decode(&user.encode()?)?.rooms, [1, 42]);
//! # Ok::<_, ClaimsError>(())
//! ```

use serde::{Serialize, de::DeserializeOwned};

use crate::ClaimsError;

/// Writes claims as JSON, for [`Claims::encode`](crate::Claims::encode).
///
/// # Errors
///
/// [`ClaimsError`] if serde cannot.
pub fn encode<T: Serialize>(claims: &T) -> Result<Vec<u8>, ClaimsError> {
    serde_json::to_vec(claims).map_err(ClaimsError::new)
}

/// Reads claims from JSON, for [`Claims::decode`](crate::Claims::decode).
///
/// # Errors
///
/// [`ClaimsError`] if it is no JSON, or of another shape.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ClaimsError> {
    serde_json::from_slice(bytes).map_err(ClaimsError::new)
}

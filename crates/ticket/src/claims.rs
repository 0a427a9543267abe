/// What is known of who opened a stream: the application's own type.
///
/// # Examples
///
/// ```
/// use longwave_ticket::Claims;
///
/// struct User {
///     name: String,
///     login: String,
/// }
///
/// impl Claims for User {
///     fn subject(&self) -> &str {
///         &self.name
///     }
///
///     fn session(&self) -> Option<&str> {
///         Some(&self.login)
///     }
/// }
/// ```
pub trait Claims: Send + Sync + 'static {
    /// Who it is; all that the same subject has open can be counted and revoked together.
    fn subject(&self) -> &str;

    /// The login it comes from, so that logging out ends what that login has opened.
    fn session(&self) -> Option<&str> {
        None
    }
}

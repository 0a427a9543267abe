use super::{Authenticated, Authenticator, Caller, Denial};
use crate::{
    Claims, InvalidTicket, Revocations, TicketStore, Verified, Verifier, Why,
    http::Refusal,
    live::{Admission, Sessions},
};

/// Who somebody is, by a ticket.
///
/// All that does not need the store is done at a [glance](Authenticator::glance).
impl<T, S, R> Authenticator<T> for Verifier<T, S, R>
where
    T: Claims,
    S: TicketStore,
    R: Revocations,
{
    fn joins(&self, sessions: &Sessions<T>) {
        sessions.dated_by(self.ring());
        if S::SHARED {
            sessions.doubt_earlier();
        }
    }

    fn glance(&self, caller: &Caller<'_, T>) -> Result<(), Denial> {
        let verified = verify(self, caller)?;
        // Nobody knows yet whose it is if the claims are in the store.
        if let Some(claims) = verified.inline() {
            let claims = T::decode(claims).map_err(|_| InvalidTicket::from(Why::Claims))?;
            let admission = Admission::new(claims, *verified.id().as_bytes(), verified.issued());
            caller.sessions.check(&admission)?;
        }
        Ok(())
    }

    async fn authenticate(&self, caller: Caller<'_, T>) -> Result<Authenticated<T>, Denial> {
        let verified = verify(self, &caller)?;
        let redeemed = self.consume(verified, caller.context.now()).await?;
        Ok(Admission::from(redeemed).into())
    }
}

fn verify<T, S, R>(verifier: &Verifier<T, S, R>, caller: &Caller<'_, T>) -> Result<Verified, Denial>
where
    T: Claims,
    S: TicketStore,
    R: Revocations,
{
    let credential = caller.credential.ok_or(Refusal::CredentialsRequired)?;
    Ok(verifier.verify(credential.as_str(), caller.context)?)
}

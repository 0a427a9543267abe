use crate::{Claims, KeyRing, Revocations, UnixMillis, live::Sessions};

/// What was revoked here refuses tickets that are on their way.
impl<T: Claims> Revocations for Sessions<T> {
    fn revoked_before(&self, subject: &str, session: Option<&str>) -> Option<UnixMillis> {
        Self::revoked_before(self, subject, session)
    }

    fn watch(&self, keys: &KeyRing) {
        self.dated_by(keys);
    }
}

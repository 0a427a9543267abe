use std::mem;

/// Takes the service that is ready, and leaves one that has yet to become so.
///
/// Whoever calls a service later than it was asked to has to call the very one that has said it is ready: a clone has
/// no place in a queue that it was not given.
pub(super) fn take_ready<S: Clone>(service: &mut S) -> S {
    let not_ready = service.clone();
    mem::replace(service, not_ready)
}

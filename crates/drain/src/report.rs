/// How a drain went, by the streams that were open when it started or were opened since.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DrainReport {
    /// Streams that the drain has ended.
    pub ended: usize,
    /// Streams that were gone by themselves before it was their turn, or ended for another reason.
    pub gone: usize,
    /// Streams that are still there: readers that have stopped reading, and WebSockets that do not listen to
    /// their lifeline. Whoever shuts the server down has to abort their connections.
    pub left_over: usize,
}

/// Whether a reader makes progress: whether what waits for it becomes less than it was since the last peak.
///
/// A size alone says nothing: a burst that is read steadily may be as large as it likes, and a queue that stands
/// just below its limit for ever is a reader that never catches up.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// When there was progress last.
    marked: u64,
    /// There was progress after `marked`, but at a time that is not known until the next one is told.
    fresh: bool,
    /// Something came after the reader had taken all there was, and it has not done so again.
    owes: bool,
    peak: usize,
    /// The lowest since the peak.
    low: usize,
}

impl Progress {
    /// Takes note of a later time.
    pub(super) const fn tell(&mut self, now: u64) {
        if self.fresh {
            self.marked = now;
            self.fresh = false;
        }
    }

    /// More waits than before, or something at all.
    pub(super) const fn rise(&mut self, now: u64, level: usize) {
        if !self.owes {
            *self = Self { marked: now, fresh: false, owes: true, peak: level, low: level };
        } else if level > self.peak {
            self.peak = level;
            self.low = level;
        }
    }

    /// The reader has taken something, and so much is left. Only a new low counts, if it is to be `judged`.
    pub(super) const fn fall(&mut self, level: usize, judged: bool) {
        if !judged {
            self.peak = level;
        }
        if !judged || level < self.low {
            self.low = level;
            self.fresh = true;
        }
    }

    /// The reader has taken all there was: that it is gone for its age or for what came later does not count.
    pub(super) const fn rest(&mut self) {
        self.owes = false;
    }

    /// The reader has taken something, elsewhere, while this waited.
    pub(super) const fn refresh(&mut self) {
        self.fresh = true;
    }

    /// When a reader that makes no more progress from here on has stalled for `stall`.
    pub(super) const fn due(&self, now: u64, stall: u64) -> u64 {
        let marked = if self.fresh { now } else { self.marked };
        marked.saturating_add(stall)
    }
}

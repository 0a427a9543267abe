use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::UnixMillis;

impl UnixMillis {
    /// Reads the clock that the layers, the mint and the sessions go by: the wall clock, without its steps back.
    ///
    /// One for the whole process. It follows the wall clock, forward at once, as after a suspended machine wakes up.
    /// When that is set back, it neither goes back nor stops: it takes half the pace until the wall clock has come to
    /// where it is. As long a ticket may be good for twice its time, and other nodes may refuse it as one from the
    /// future.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ticket::{Context, Purpose, UnixMillis};
    ///
    /// let context = Context::new(Purpose::Connect, UnixMillis::now());
    /// # drop(context);
    /// ```
    #[must_use]
    pub fn now() -> Self {
        let mut clock = CLOCK.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock from before 1970 is set forward sooner or later.
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Instant::now();
        let steady = clock.get_or_insert(Steady { time: wall, at: now });
        Self::EPOCH.plus(steady.advance(now, wall))
    }
}

/// A clock that follows another one, and never goes back.
struct Steady {
    /// What it said last, since 1970.
    time: Duration,
    at: Instant,
}

impl Steady {
    fn advance(&mut self, now: Instant, wall: Duration) -> Duration {
        let elapsed = now.saturating_duration_since(self.at);
        // At the least it goes on at half the pace, and what is ahead of the wall clock waits for it like that.
        self.time = wall.max(self.time + elapsed / 2);
        self.at = now.max(self.at);
        self.time
    }
}

static CLOCK: Mutex<Option<Steady>> = Mutex::new(None);

#[cfg(test)]
mod tests {
    use super::*;

    /// What it says in each of these seconds, when the wall clock says this.
    fn run(walls: &[u64]) -> Vec<f64> {
        let start = Instant::now();
        let mut clock = Steady { time: Duration::from_secs(walls[0]), at: start };
        let seconds = (0..).map(|second| start + Duration::from_secs(second));
        let read = |(now, &wall)| clock.advance(now, Duration::from_secs(wall)).as_secs_f64();
        seconds.zip(walls).map(read).collect()
    }

    #[test]
    fn it_follows_the_wall_clock() {
        assert_eq!(run(&[100, 101, 102]), [100.0, 101.0, 102.0]);
        assert_eq!(run(&[100, 101, 3600, 3601]), [100.0, 101.0, 3600.0, 3601.0], "forward at once");
    }

    #[test]
    fn it_goes_on_when_the_wall_clock_is_set_back() {
        assert_eq!(run(&[100, 97, 98, 99, 100]), [100.0, 100.5, 101.0, 101.5, 102.0]);
        assert_eq!(
            run(&[100, 104, 102, 103, 104, 105, 106]),
            [100.0, 104.0, 104.5, 105.0, 105.5, 106.0, 106.5]
        );
        assert_eq!(run(&[100, 100, 101, 102, 103]), [100.0, 100.5, 101.0, 102.0, 103.0], "until it is there");
    }

    #[test]
    fn what_is_valid_for_some_time_ends_though_the_wall_clock_was_an_hour_ahead_for_a_moment() {
        let walls: Vec<u64> = [100, 3700].into_iter().chain(102..240).collect();
        let times = run(&walls);
        let issued = times[2];
        assert!(times[2 + 59] < issued + 30.0 && times[2 + 60] >= issued + 30.0);
    }

    #[test]
    fn readings_that_come_close_together_add_up() {
        let (start, wall) = (Instant::now(), Duration::from_secs(10));
        let mut clock = Steady { time: wall * 2, at: start };
        for micros in 1..=10_000 {
            clock.advance(start + Duration::from_micros(micros), wall);
        }
        assert_eq!(clock.time, wall * 2 + Duration::from_millis(5));
    }

    #[test]
    fn threads_see_it_go_on() {
        let before = UnixMillis::now();
        let seen = std::thread::spawn(UnixMillis::now).join().unwrap();
        assert!(before <= seen && seen <= UnixMillis::now());
        assert!(UnixMillis::from(SystemTime::now()).since(before) < Duration::from_secs(60));
    }
}

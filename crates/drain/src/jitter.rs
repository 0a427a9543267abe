use std::{collections::hash_map::RandomState, hash::BuildHasher, time::Duration};

/// Random bits for jitter: the standard library's keys, which an attacker who guesses them gains nothing by.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(())
}

/// A random part of a span.
pub(crate) fn part(span: Duration, random: u64) -> Duration {
    let span = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(((u128::from(span) * u128::from(random)) >> 64) as u64)
}

/// When the `i`th of `n` things is due that are spread evenly over a span, each at random within its share.
pub(crate) fn share(span: Duration, i: usize, n: usize, random: u64) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    let start = |i: usize| Duration::from_nanos((u128::from(nanos) * i as u128 / n.max(1) as u128) as u64);
    start(i) + part(start(i + 1).saturating_sub(start(i)), random)
}

/// A duration, give or take a fifth.
pub(crate) fn about(duration: Duration, random: u64) -> Duration {
    let fifth = duration / 5;
    (4 * fifth).saturating_add(part(2 * fifth, random))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_part_is_from_nothing_to_nearly_all() {
        assert_eq!(part(SECOND, 0), Duration::ZERO);
        assert_eq!(part(SECOND, 1 << 63), SECOND / 2);
        assert_eq!(part(SECOND, u64::MAX), Duration::from_nanos(999_999_999));
        assert!(part(Duration::MAX, u64::MAX) <= Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn shares_follow_each_other_and_fill_the_span() {
        assert_eq!(share(SECOND, 0, 4, 0), Duration::ZERO);
        assert_eq!(share(SECOND, 1, 4, 0), SECOND / 4);
        assert_eq!(share(SECOND, 1, 4, 1 << 63), SECOND * 3 / 8);
        assert_eq!(share(SECOND, 3, 4, u64::MAX), Duration::from_nanos(999_999_999));
    }

    #[test]
    fn about_is_a_fifth_either_way() {
        assert_eq!(about(SECOND, 0), SECOND * 4 / 5);
        assert_eq!(about(SECOND, 1 << 63), SECOND);
        assert!(about(SECOND, u64::MAX) < SECOND * 6 / 5);
        assert!(about(Duration::MAX, u64::MAX) > SECOND);
    }
}

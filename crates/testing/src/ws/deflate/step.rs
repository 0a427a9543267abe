use super::MOST;

/// A message, and how it goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// What goes.
    pub message: Vec<u8>,
    how: u8,
}

impl Step {
    /// It was compressed for many.
    pub(super) fn prepared(&self) -> bool {
        self.how & 0b11 == 0b01
    }

    /// It goes piece by piece, each of which can be read when it is there.
    pub(super) fn fragments(&self) -> bool {
        self.how & 0b11 == 0b10
    }

    /// It is not compressed.
    pub(super) fn plain(&self) -> bool {
        self.how & 0b111 == 0b111
    }

    /// The sender, and the receiver, give their contexts away after it.
    pub(super) fn park(&self) -> [bool; 2] {
        [self.how & 0b1000 != 0, self.how & 0b1_0000 != 0]
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.message.chunks(1 + self.message.len() / 3)
    }
}

/// Reads messages: how each goes, how long the bytes of it are, the bytes; some are repeated many times.
#[must_use]
pub fn steps(mut bytes: &[u8]) -> Vec<Step> {
    let (mut steps, mut total) = (Vec::new(), 0);
    while let Some((&[how, len], rest)) = bytes.split_first_chunk() {
        let (word, tail) = rest.split_at(usize::from(len).min(rest.len()));
        bytes = tail;
        let message = word.repeat([1, 1, 1, 2, 5, 30, 90, 200][usize::from(how >> 5)]);
        total += message.len();
        if total > MOST {
            break;
        }
        steps.push(Step { message, how });
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_come_up() {
        let bytes: Vec<u8> = (0..=u8::MAX).flat_map(|how| [how, 1, b'a']).collect();
        let steps = steps(&bytes);
        assert_eq!(steps.len(), 256);
        let all: [fn(&Step) -> bool; 5] =
            [Step::prepared, Step::fragments, Step::plain, |step| step.park()[0], |step| step.park()[1]];
        for way in all {
            assert!(steps.iter().any(way) && !steps.iter().all(way));
        }
    }
}

use std::task::Waker;

/// The tasks that wait, each by the key it was given. The first, which is mostly the only one, needs no
/// allocation.
#[derive(Default)]
pub(super) struct Waiting {
    first: Option<Waker>,
    others: Vec<Option<Waker>>,
}

impl Waiting {
    pub(super) fn keep(&mut self, key: Option<usize>, waker: &Waker) -> usize {
        let key = key.unwrap_or_else(|| self.vacant());
        let place = match key {
            0 => &mut self.first,
            other => &mut self.others[other - 1],
        };
        match place {
            Some(kept) => kept.clone_from(waker),
            None => *place = Some(waker.clone()),
        }
        key
    }

    fn vacant(&mut self) -> usize {
        if self.first.is_none() {
            return 0;
        }
        let place = self.others.iter().position(Option::is_none).unwrap_or_else(|| {
            self.others.push(None);
            self.others.len() - 1
        });
        place + 1
    }

    pub(super) fn remove(&mut self, key: usize) -> Option<Waker> {
        match key {
            0 => self.first.take(),
            other => self.others[other - 1].take(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waker> {
        self.first.iter().chain(self.others.iter().flatten())
    }

    pub(super) fn wake(self) {
        self.first.into_iter().chain(self.others.into_iter().flatten()).for_each(Waker::wake);
    }
}

/// What a ticket says of itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Flags(u16);

impl Flags {
    pub(crate) const NONE: Self = Self(0);
    /// The claims are in the store.
    pub(crate) const REF: Self = Self(1);
    pub(crate) const SCOPE: Self = Self(1 << 1);
    pub(crate) const ORIGIN: Self = Self(1 << 2);
    pub(crate) const BROWSER: Self = Self(1 << 3);
    pub(crate) const NETWORK: Self = Self(1 << 4);

    /// `None` for a flag that is not known: it may be one that forbids something.
    pub(crate) fn from_bits(bits: u16) -> Option<Self> {
        (bits < 1 << 5).then_some(Self(bits))
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    pub(crate) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether it is bound to anything.
    pub(crate) fn binds(self) -> bool {
        self.0 & !Self::REF.0 != 0
    }
}

//! Waiting longer after each failure.

use std::time::Duration;

/// Doubles from 50 ms to 5 s. Kept short of ten seconds, since a school morning does not wait.
#[derive(Clone, Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    const FIRST: Duration = Duration::from_millis(50);
    const LAST: Duration = Duration::from_secs(5);

    pub(crate) const fn new() -> Self {
        Self(Self::FIRST)
    }

    pub(crate) const fn reset(&mut self) {
        self.0 = Self::FIRST;
    }

    /// How long to wait now.
    pub(crate) fn step(&mut self) -> Duration {
        let now = self.0;
        self.0 = (now * 2).min(Self::LAST);
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_five_seconds() {
        let mut backoff = Backoff::new();
        let steps: Vec<_> = (0..9).map(|_| backoff.step().as_millis()).collect();
        assert_eq!(steps, [50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.step().as_millis(), 50);
    }
}

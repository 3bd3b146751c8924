//! What is on its way to one call: pure arithmetic, so that it can be tested by itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The window of one call.
pub(crate) struct Window {
    size: usize,
    /// The number of the last item that was taken from the mailbox.
    cursor: i64,
    /// Nothing after this number is sent.
    until: i64,
    in_flight: BTreeMap<i64, String>,
    numbers: HashMap<String, i64>,
    /// Sent, and not yet counted as sent in the store.
    uncounted: BTreeSet<i64>,
}

impl Window {
    /// At most `size` items on their way, none of them after `until`.
    pub(crate) fn new(size: usize, until: i64) -> Self {
        Self {
            size,
            cursor: 0,
            until,
            in_flight: BTreeMap::new(),
            numbers: HashMap::new(),
            uncounted: BTreeSet::new(),
        }
    }

    /// How many items may be taken from the mailbox.
    pub(crate) fn room(&self) -> usize {
        self.size.saturating_sub(self.in_flight.len())
    }

    /// What to take from the mailbox: after the first number, up to the second.
    pub(crate) const fn range(&self) -> (i64, i64) {
        (self.cursor, self.until)
    }

    /// An item was taken from the mailbox.
    pub(crate) fn take(&mut self, seq: i64, id: &str) {
        self.cursor = self.cursor.max(seq);
        self.in_flight.insert(seq, id.to_owned());
        self.numbers.insert(id.to_owned(), seq);
    }

    /// An item was handed to the transport.
    pub(crate) fn sent(&mut self, seq: i64) {
        if self.in_flight.contains_key(&seq) {
            self.uncounted.insert(seq);
        }
    }

    /// These items were acknowledged, on this call or elsewhere.
    pub(crate) fn acknowledged<'a>(&mut self, ids: impl IntoIterator<Item = &'a String>) {
        for id in ids {
            if let Some(seq) = self.numbers.remove(id) {
                self.in_flight.remove(&seq);
                self.uncounted.remove(&seq);
            }
        }
    }

    /// Only these numbers still wait in the mailbox.
    pub(crate) fn retain(&mut self, waiting: &[i64]) {
        let waiting: BTreeSet<i64> = waiting.iter().copied().collect();
        self.in_flight.retain(|seq, _| waiting.contains(seq));
        self.numbers.retain(|_, seq| waiting.contains(seq));
        self.uncounted.retain(|seq| waiting.contains(seq));
    }

    /// The first and the last number on their way.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        Some((*self.in_flight.first_key_value()?.0, *self.in_flight.last_key_value()?.0))
    }

    /// Whether something was sent that is not counted yet.
    pub(crate) fn has_uncounted(&self) -> bool {
        !self.uncounted.is_empty()
    }

    /// What was sent and is not counted yet, once.
    pub(crate) fn take_uncounted(&mut self) -> Vec<i64> {
        std::mem::take(&mut self.uncounted).into_iter().collect()
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_shrinks_with_what_is_taken_and_grows_with_what_is_acknowledged() {
        let mut window = Window::new(2, i64::MAX);
        assert_eq!((window.room(), window.range()), (2, (0, i64::MAX)));
        window.take(5, "a");
        window.take(9, "b");
        assert_eq!((window.room(), window.range().0, window.span()), (0, 9, Some((5, 9))));
        window.acknowledged(&["b".to_owned(), "stranger".to_owned()]);
        assert_eq!((window.room(), window.range().0, window.span()), (1, 9, Some((5, 5))));
        window.retain(&[]);
        assert!(window.is_empty() && window.room() == 2);
    }

    #[test]
    fn what_was_acknowledged_at_once_is_never_counted_as_sent() {
        let mut window = Window::new(3, i64::MAX);
        for (seq, id) in [(1, "a"), (2, "b"), (3, "c")] {
            window.take(seq, id);
            window.sent(seq);
        }
        window.acknowledged(&["a".to_owned()]);
        window.retain(&[2]);
        assert!(window.has_uncounted());
        assert_eq!(window.take_uncounted(), [2]);
        assert!(!window.has_uncounted());
    }
}

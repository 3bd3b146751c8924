//! Building blocks of statements with many rows.

use std::fmt::Write as _;

/// Rows per statement: 500 rows of 12 columns stay far below the parameter limits of both databases.
pub(crate) const CHUNK: usize = 500;

/// Placeholders of a multi-row `VALUES`: two rows of two columns give `($1,$2),($3,$4)`.
#[must_use]
pub fn placeholders(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * columns * 6);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ",(" });
        text.push_str(&in_list(row * columns + 1, columns));
        text.push(')');
    }
    text
}

/// Placeholders of an `IN` list: three from the third on give `$3,$4,$5`.
#[must_use]
pub fn in_list(first: usize, count: usize) -> String {
    let mut text = String::with_capacity(count * 5);
    for number in first..first + count {
        if number > first {
            text.push(',');
        }
        // Writing into a string cannot fail.
        write!(text, "${number}").unwrap_or_default();
    }
    text
}

/// Statements of at most so many rows are kept prepared, each number of rows on its own, and those of [`PIECE`] rows.
/// Beyond it, a database that keeps every length has memory for nothing else.
const KEPT: usize = 16;
/// Rows of the statements into which many rows are cut.
const PIECE: usize = 32;

/// Whether a statement that writes so many rows is worth keeping prepared.
#[must_use]
pub fn is_kept(rows: usize) -> bool {
    rows <= KEPT || rows == PIECE
}

/// Rows to write, in order, cut so that every statement is one of those that are kept prepared: to parse and plan a long
/// list of rows costs more than to send two short ones.
pub fn pieces<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let most = if rest.len() >= PIECE { PIECE } else { KEPT };
        let (piece, others) = rest.split_at_checked(most).unwrap_or((rest, &[]));
        rest = others;
        (!piece.is_empty()).then_some(piece)
    })
}

/// The placeholders of an `IN` list of these items, and what to bind to them, in order.
///
/// The last item is named again until there is a power of two of them, which changes no answer: lists of any length then
/// need ten statements, and each is parsed and planned once for a connection instead of every time.
pub fn listed<T>(first: usize, items: &[T]) -> (String, impl Iterator<Item = &T>) {
    let count = if items.is_empty() { 0 } else { items.len().next_power_of_two() };
    let again = items.last().into_iter().cycle();
    (in_list(first, count), items.iter().chain(again).take(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_through() {
        assert_eq!(placeholders(2, 2), "($1,$2),($3,$4)");
        assert_eq!(placeholders(1, 3), "($1,$2,$3)");
        assert_eq!(placeholders(0, 3), "");
        assert_eq!(in_list(3, 3), "$3,$4,$5");
    }

    #[test]
    fn rows_are_cut_into_statements_that_are_kept_and_stay_in_order() {
        let rows: Vec<usize> = (0..2 * PIECE + KEPT + 3).collect();
        let cut: Vec<&[usize]> = pieces(&rows).collect();
        let lengths: Vec<usize> = cut.iter().map(|piece| piece.len()).collect();
        assert_eq!(lengths, [PIECE, PIECE, KEPT, 3]);
        assert!(lengths.into_iter().all(is_kept));
        assert_eq!(cut.concat(), rows);
        assert_eq!(pieces::<usize>(&[]).count(), 0);
    }

    #[test]
    fn a_list_names_its_last_item_again_up_to_a_power_of_two() {
        let (list, bound) = listed(2, &["a", "b", "c"]);
        assert_eq!(list, "$2,$3,$4,$5");
        assert_eq!(bound.collect::<Vec<_>>(), [&"a", &"b", &"c", &"c"]);
        let (list, bound) = listed::<&str>(1, &[]);
        assert_eq!((list.as_str(), bound.count()), ("", 0));
        let (list, bound) = listed(1, &[7]);
        assert_eq!((list.as_str(), bound.count()), ("$1", 1));
    }
}

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
}

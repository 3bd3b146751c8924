//! The month as a small plot: one bar for each school morning, readable without colour.

use jiff::civil::Date;
use mash_proto::sharing::v1::StatementMorning;

use super::Line;
use crate::{dates, pages::view, texts::Texts};

const WIDTH: i64 = 760;
const HEIGHT: i64 = 240;
const LEFT: i64 = 44;
const TOP: i64 = 12;
const FOOT: i64 = 172;
/// The widest that a bar becomes where there are few.
const WIDEST: i64 = 28;

/// How each part of a bar is filled, from the bottom up, and its words.
const PARTS: [(&str, &str); 4] = [
    ("#b8d8d4", "statement-key-acknowledged"),
    ("url(#plot-escalated)", "statement-key-escalated"),
    ("#0b0c0c", "statement-key-late"),
    ("url(#plot-missing)", "statement-key-missing"),
];

/// A line across, and the number that it stands for.
pub(crate) struct Grid {
    pub(crate) y: i64,
    pub(crate) value: i64,
}

/// A part of a bar.
pub(crate) struct Bar {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) fill: &'static str,
}

/// Words at a place.
pub(crate) struct Label {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) text: String,
}

/// What a filling means.
pub(crate) struct Key {
    pub(crate) x: i64,
    pub(crate) y: i64,
    pub(crate) fill: &'static str,
    pub(crate) text: String,
}

/// The plot.
pub(crate) struct Plot {
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) left: i64,
    pub(crate) title: String,
    pub(crate) sums: String,
    pub(crate) grid: Vec<Grid>,
    pub(crate) bars: Vec<Bar>,
    pub(crate) labels: Vec<Label>,
    pub(crate) keys: Vec<Key>,
    pub(crate) mornings: Vec<Line>,
}

impl Plot {
    /// The plot of these mornings.
    pub(super) fn of(t: Texts, month: &[StatementMorning]) -> Self {
        let mornings: Vec<(Option<Date>, [i64; 4])> = month.iter().map(parts).collect();
        let highest = mornings.iter().map(|(_, parts)| parts.iter().sum()).max().unwrap_or(0);
        let top = round_up(highest);
        let slot = (WIDTH - LEFT) / i64::try_from(mornings.len().max(1)).unwrap_or(i64::MAX).max(1);
        let (mut bars, mut labels) = (Vec::new(), Vec::new());
        let mut x = LEFT;
        let mut month_before = None;
        for (day, parts) in &mornings {
            let width = (slot - 4).clamp(3, WIDEST);
            let from = x + (slot - width) / 2;
            bars.extend(stack(parts, from, width, top));
            let middle = x + slot / 2;
            if let Some(day) = day {
                labels.push(Label { x: middle, y: FOOT + 18, text: day.day().to_string() });
                if month_before != Some(day.month()) {
                    let text = t.say(&format!("month-{}", day.month()));
                    labels.push(Label { x: (middle).max(LEFT + 30), y: FOOT + 36, text });
                    month_before = Some(day.month());
                }
            }
            x += slot;
        }
        Self {
            width: WIDTH,
            height: HEIGHT,
            left: LEFT,
            title: title(t, &mornings),
            sums: sums(t, &mornings),
            grid: grid(top),
            bars,
            labels,
            keys: keys(t),
            mornings: mornings
                .iter()
                .map(|(day, parts)| Line {
                    label: day.map(|day| dates::weekday(t, day)).unwrap_or_default(),
                    cells: parts.to_vec(),
                })
                .collect(),
        }
    }
}

fn parts(of: &StatementMorning) -> (Option<Date>, [i64; 4]) {
    let day = of.day.as_ref().and_then(view::civil);
    (day, [of.acknowledged, of.escalated, of.late, of.missing].map(|count| count.max(0)))
}

/// The parts of one bar, one on the other.
fn stack(parts: &[i64; 4], x: i64, width: i64, top: i64) -> Vec<Bar> {
    let (mut bars, mut below) = (Vec::new(), 0);
    for (count, (fill, _)) in parts.iter().zip(PARTS) {
        if *count > 0 {
            let (from, to) = (height(below, top), height(below + count, top));
            bars.push(Bar { x, y: FOOT - to, width, height: (to - from).max(1), fill });
            below += count;
        }
    }
    bars
}

/// How high a number stands.
fn height(count: i64, top: i64) -> i64 {
    count.saturating_mul(FOOT - TOP) / top.max(1)
}

/// The next number above that is good for a scale: 2, 4, 10, 20, 40, 100, …
fn round_up(highest: i64) -> i64 {
    let mut top = 2;
    for step in [2, 5, 2].into_iter().cycle() {
        // Two fit in half a scale, so that the middle is a whole number.
        if top >= highest || top > i64::MAX / 10 {
            break;
        }
        top = if step == 5 { top / 2 * 5 } else { top * step };
    }
    top
}

fn grid(top: i64) -> Vec<Grid> {
    [0, top / 2, top].map(|value| Grid { y: FOOT - height(value, top), value }).into()
}

fn keys(t: Texts) -> Vec<Key> {
    let places = [LEFT, LEFT + 180, LEFT + 390, LEFT + 500];
    let keys = PARTS.into_iter().zip(places);
    keys.map(|((fill, key), x)| Key { x, y: HEIGHT - 8, fill, text: t.say(key) }).collect()
}

fn title(t: Texts, mornings: &[(Option<Date>, [i64; 4])]) -> String {
    let day = |of: Option<&(Option<Date>, [i64; 4])>| {
        of.and_then(|(day, _)| *day).map(|day| dates::date(t, day)).unwrap_or_default()
    };
    let (first, last) = (day(mornings.first()), day(mornings.last()));
    let count = i64::try_from(mornings.len()).unwrap_or(i64::MAX);
    t.counted("statement-month-alt", count, &[("first", &first), ("last", &last)])
}

fn sums(t: Texts, mornings: &[(Option<Date>, [i64; 4])]) -> String {
    let mut sums = [0_i64; 4];
    for (_, parts) in mornings {
        for (sum, count) in sums.iter_mut().zip(parts) {
            *sum += count;
        }
    }
    let [acknowledged, escalated, late, missing] = sums.map(|sum| sum.to_string());
    t.args(
        "statement-month-sums",
        &[
            ("acknowledged", &acknowledged),
            ("escalated", &escalated),
            ("late", &late),
            ("missing", &missing),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_is_round_and_has_a_whole_middle() {
        let table = [(0, 2), (1, 2), (2, 2), (3, 4), (5, 10), (11, 20), (35, 40), (99, 100)];
        for (highest, expected) in table {
            assert_eq!(round_up(highest), expected, "{highest}");
        }
        for highest in 0..5_000 {
            let top = round_up(highest);
            assert!(top >= highest && top % 2 == 0, "{highest}: {top}");
        }
    }

    #[test]
    fn the_parts_of_a_bar_stand_on_one_another_without_a_gap() {
        let bars = stack(&[5, 3, 0, 2], 0, 10, 10);
        assert_eq!(bars.len(), 3);
        let mut foot = FOOT;
        for bar in bars {
            assert_eq!(bar.y + bar.height, foot);
            foot = bar.y;
        }
        assert_eq!(foot, TOP);
    }
}

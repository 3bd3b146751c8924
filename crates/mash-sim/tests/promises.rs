//! Some days of one region, from several seeds, with everything that can go wrong.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::collections::BTreeMap;

use mash_sim::{
    pulse::{Death, Place},
    run::{alone, side_by_side, state},
    world::{Faults, Settings},
};
use mash_synth::months::REGIONS;

/// The days before and after the clocks go back on 25 October 2026, with a weekend and half-term in them.
fn days(seed: u64, days: u32, share: u32, faults: Faults) -> Settings {
    let region = *REGIONS.iter().cycle().nth(usize::try_from(seed).unwrap()).unwrap();
    Settings { seed, region, first: jiff::civil::date(2026, 10, 22), days, share, faults }
}

#[test]
fn the_promises_hold_whatever_dies_repeats_and_comes_late() {
    let often = Faults { death: Death::Sometimes(4_000), ..Faults::ALL };
    let worlds: Vec<_> = (1..=4).map(|seed| days(seed, 3, 400, often)).collect();
    let reports = side_by_side(&worlds, 2, &|_, _| ()).unwrap();
    let mut deaths: BTreeMap<Place, u64> = BTreeMap::new();
    let mut on_consent = 0;
    for report in &reports {
        let broken = &report.findings.broken;
        assert!(broken.is_empty(), "seeds 1 to 4, {}: {broken:#?}", report.region);
        assert!(report.findings.releases > 10, "{:?}", report.counts);
        on_consent += report.findings.on_consent;
        for (place, count) in &report.deaths {
            *deaths.entry(*place).or_default() += count;
        }
    }
    assert!(on_consent > 0, "nothing rested on a consent, so P6 was not tried");
    // Somebody died at every place where one can die.
    assert_eq!(deaths.len(), 7, "{deaths:?}");
}

#[test]
fn what_comes_twice_has_one_effect() {
    let (once, plain) = state(days(5, 2, 400, Faults::NONE)).unwrap();
    let (twice, copied) = state(days(5, 2, 400, Faults::COPIES)).unwrap();
    assert!(twice.counts["events delivered twice"] > 50, "{:?}", twice.counts);
    assert!(twice.counts["calls repeated after an answer"] > 20, "{:?}", twice.counts);
    assert_eq!(once.findings.broken, twice.findings.broken);
    same(&plain, &copied);
}

#[test]
fn one_seed_is_one_run() {
    let often = Faults { death: Death::Sometimes(3_000), ..Faults::ALL };
    let (first, one) = state(days(6, 1, 300, often)).unwrap();
    let (second, other) = state(days(6, 1, 300, often)).unwrap();
    assert_eq!(first.counts, second.counts);
    assert_eq!(first.deaths, second.deaths);
    same(&one, &other);
}

#[test]
fn a_process_that_dies_at_any_one_step_breaks_nothing() {
    let at = |step| days(7, 1, 120, Faults { death: Death::At(step), ..Faults::NONE });
    let steps = alone(at(u64::MAX)).unwrap().steps;
    // Each process counts for itself, so that one step is several places; the last ones are those of the busiest.
    let every = usize::try_from(steps / 32).unwrap().max(1);
    let worlds: Vec<_> = (1..steps / 4).step_by(every).map(at).collect();
    let reports = side_by_side(&worlds, 2, &|_, _| ()).unwrap();
    for report in &reports {
        assert!(report.findings.broken.is_empty(), "{:#?}", report.findings.broken);
    }
    let died: u64 = reports.iter().flat_map(|report| report.deaths.values()).sum();
    assert!(died > 8, "{died} deaths in {} worlds", reports.len());
}

/// Table by table, so that a failure says where.
fn same(one: &BTreeMap<String, Vec<String>>, other: &BTreeMap<String, Vec<String>>) {
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    for (table, rows) in one {
        let others = &other[table];
        let differs = rows.iter().zip(others).find(|(row, other)| row != other);
        assert!(
            rows == others,
            "{table}: {} rows and {}; {:?}",
            rows.len(),
            others.len(),
            differs.map(|(row, other)| (cut(row), cut(other)))
        );
    }
}

fn cut(row: &str) -> String {
    row.chars().take(1_500).collect()
}

//! `docs/clocks.md` is made from the limits: `BLESS=1 cargo test -p mash-domain the_page_of_clocks` writes it.

use std::{env, fmt::Write as _, fs, path::Path};

use super::*;

const HEAD: &str = "# Clocks\n\nEvery time limit that a hub, its referrers and its partners keep. \
    This page was made from `reference/clocks.toml`; a test keeps it so.\n\n\
    Nothing here is law by being here: the column *rests on* says what stands behind a number. \
    A hub's own file goes before this one, and is refused as a whole, with every fault at once, if it names a calendar, \
    a unit, a role or a profile that nobody knows.\n\n";

const HOW: &str = "## How time is counted\n\n\
    | calendar | what counts |\n|---|---|\n\
    | `running` | Every hour of every day. Hours are hours, through both changes of the clock; days end at the same time of day. |\n\
    | `hub-hours` | The hours in which the hub is open: 09:00 to 17:00 on working days, unless its profile says otherwise. |\n\
    | `working-days` | Monday to Friday without bank holidays, from the day after the start to the close of the hub on the last day. |\n\n\
    All times are those of Europe/London. \
    England and Wales have the same bank holidays. \
    The list of them ends; a clock that has to count a day beyond it says so (`uncertain`), and is then due rather too early than too late.\n\n\
    A clock is *running*, *warned*, *paused*, *met*, *breached*, *met late* or *cancelled*. \
    A pause needs a reason. \
    While it lasts nothing counts, and afterwards exactly as much is left as before. \
    A clock whose time has passed cannot be paused. \
    A warning and a breach are each told once, to a named person; where nobody is named yet, to whoever is on duty.\n\n";

fn length(length: Length) -> String {
    let (amount, unit) = match length {
        Length::Minutes(amount) => (amount, "minute"),
        Length::Hours(amount) => (amount, "hour"),
        Length::Days(amount) => (amount, "day"),
    };
    format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" })
}

fn page() -> String {
    let rules = ClockRules::builtin();
    let mut page = format!("{HEAD}{HOW}## Limits\n\n");
    page.push_str("| limit | where | length | counts | from | until | warned | rests on |\n");
    page.push_str("|---|---|---|---|---|---|---|---|\n");
    for rule in rules.iter().filter(|rule| rule.profile.is_none()) {
        write_rule(&mut page, rule, rule.nation.map_or("both", Nation::word));
    }
    page.push_str("\n## Hubs\n\nHubs that have published their hours or clocks. ");
    page.push_str("Where a hub has no line of its own, the limit of its nation holds.\n\n");
    page.push_str("| profile | nation | open | source |\n|---|---|---|---|\n");
    for profile in rules.profiles() {
        let days: Vec<String> = profile.hours.days().map(|day| day.to_string()).collect();
        let minutes = |at: u16| format!("{:02}:{:02}", at / 60, at % 60);
        writeln!(
            page,
            "| `{}` | {} | days {}, {} to {} | {} |",
            profile.name,
            profile.nation,
            days.join(", "),
            minutes(profile.hours.open()),
            minutes(profile.hours.close()),
            profile.source
        )
        .unwrap();
    }
    page.push_str("\n| limit | profile | length | counts | from | until | warned | rests on |\n");
    page.push_str("|---|---|---|---|---|---|---|---|\n");
    for rule in rules.iter() {
        if let Some(profile) = &rule.profile {
            write_rule(&mut page, rule, profile);
        }
    }
    page
}

fn write_rule(page: &mut String, rule: &ClockRule, place: &str) {
    let warned = rule.warn_before.map_or_else(String::new, |before| {
        format!("{}, {} before", rule.warns.word(), length(before))
    });
    writeln!(
        page,
        "| `{}` | {place} | {} | {} | {} | {} | {warned} | {}: {} |",
        rule.id,
        length(rule.length),
        rule.counting.word(),
        rule.starts,
        rule.met_by,
        rule.standing.word(),
        rule.source
    )
    .unwrap();
}

#[test]
fn the_page_of_clocks_is_what_the_limits_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/clocks.md");
    let page = page();
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    let differs = written.lines().zip(page.lines()).find(|(old, new)| old != new);
    assert!(written == page, "write it with BLESS=1. First: {differs:?}");
}

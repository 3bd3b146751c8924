//! Whether the matrix shows everything that there is: each class let through and kept, and each clause at work.

use std::collections::BTreeSet;

use mash_domain::data_class::DataClass;
use serde::Deserialize;

use super::Matrix;

/// `policy/matrix.exempt.toml`: what the matrix need not show, each with its reason.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Exempt {
    #[serde(default)]
    class: Vec<ExemptClass>,
    #[serde(default)]
    clause: Vec<ExemptClause>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptClass {
    /// Such as `F16`.
    class: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExemptClause {
    rule: String,
    clause: String,
    reason: String,
}

impl Matrix {
    /// What the matrix does not show and nobody has exempted, and exemptions that are not needed. Empty is well.
    #[must_use]
    pub fn gaps(&self, exempt: &str) -> Vec<String> {
        let exempt: Exempt = match toml::from_str(exempt) {
            Ok(exempt) => exempt,
            Err(error) => return vec![format!("the exemptions cannot be read: {error}")],
        };
        let classes: BTreeSet<String> =
            exempt.class.iter().map(|entry| entry.class.clone()).collect();
        let clauses: BTreeSet<String> =
            exempt.clause.iter().map(|entry| format!("{} {}", entry.rule, entry.clause)).collect();
        let mut gaps = Vec::new();
        for (untested, what) in self.untested_classes() {
            if !classes.contains(&untested) {
                gaps.push(format!("{untested} is {what} nowhere"));
            }
        }
        let untested: BTreeSet<String> =
            self.untested_classes().into_iter().map(|(class, _)| class).collect();
        gaps.extend(stale("class", &classes, &untested));
        let silent: BTreeSet<String> = self.clauses.difference(&self.spoken).cloned().collect();
        gaps.extend(silent.difference(&clauses).map(|clause| format!("{clause} decides nowhere")));
        gaps.extend(stale("clause", &clauses, &silent));
        let reasons = exempt.class.iter().map(|entry| &entry.reason);
        if reasons.chain(exempt.clause.iter().map(|entry| &entry.reason)).any(String::is_empty) {
            gaps.push("an exemption has no reason".to_owned());
        }
        gaps
    }

    fn untested_classes(&self) -> Vec<(String, &'static str)> {
        let kept = |class: &DataClass| !self.refused.contains(*class);
        let gone = |class: &DataClass| !self.permitted.contains(*class);
        let never = DataClass::ALL.into_iter().filter(gone).map(|class| (class, "let through"));
        let always = DataClass::ALL.into_iter().filter(kept).map(|class| (class, "kept"));
        never.chain(always).map(|(class, what)| (class.to_string(), what)).collect()
    }
}

fn stale(kind: &str, exempt: &BTreeSet<String>, needed: &BTreeSet<String>) -> Vec<String> {
    exempt
        .difference(needed)
        .map(|name| format!("the exemption of {kind} `{name}` is not needed"))
        .collect()
}

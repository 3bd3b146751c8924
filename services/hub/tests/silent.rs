//! The logs of a whole night, at the most talkative level, name nobody (P8).

use std::process::Command;

use mash_synth::night::Night;

#[test]
fn the_logs_of_a_night_name_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mash"))
        .args(["--log", "trace", "demo", "--once", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path().join("data"))
        .env_remove("MASH_DATABASE_URL")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let logs = String::from_utf8_lossy(&output.stderr).to_lowercase();
    assert!(logs.lines().count() > 500, "a night that logs next to nothing proves nothing");
    for told in personal(&Night::new()) {
        let found = logs.lines().find(|line| line.contains(&told.to_lowercase()));
        assert!(found.is_none(), "{told:?} stands in a log: {}", found.unwrap_or_default());
    }
}

/// What names, numbers and places of the night must stand in no log.
fn personal(night: &Night) -> Vec<String> {
    let mut told = Vec::new();
    for pupil in &night.pupils {
        told.push(format!("{} {}", pupil.given_names, pupil.family_name));
        told.extend(pupil.nhs_number.clone());
        told.extend(pupil.upn.clone());
        told.push(pupil.home.postcode.to_owned());
        // A house number alone would be found in any log.
        told.extend(
            pupil.home.lines.iter().filter(|line| line.len() > 8).map(|line| (*line).to_owned()),
        );
    }
    for report in &night.incidents {
        let incident = &report.first;
        told.push(incident.occurrence_number.clone());
        told.extend(
            incident
                .adults
                .iter()
                .map(|adult| format!("{} {}", adult.given_names, adult.family_name)),
        );
        told.extend(
            incident.narrative.split(". ").filter(|part| part.len() > 20).map(str::to_owned),
        );
    }
    told.retain(|text| text.trim().len() > 3);
    told
}

//! A published rule set never changes: a correction is a new folder.

use std::{fmt::Write, fs, path::Path};

use mash_proto::sharing::v1::RulesetFile;
use mash_routing::rulesets::files;

#[test]
fn every_folder_has_the_digest_that_it_was_published_with() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policy/rulesets");
    let folders = fs::read_dir(&root).unwrap().map(Result::unwrap);
    let mut found: Vec<String> = folders
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|folder| {
            let files = fs::read_dir(folder.path()).unwrap().map(|file| {
                let file = file.unwrap();
                let name = file.file_name().into_string().unwrap();
                RulesetFile { name, text: fs::read_to_string(file.path()).unwrap() }
            });
            let digest = files::digest(&files::in_order(files.collect()));
            let mut line = format!("{} ", folder.file_name().into_string().unwrap());
            digest.iter().for_each(|byte| write!(line, "{byte:02x}").unwrap());
            line
        })
        .collect();
    found.sort();
    let pinned = fs::read_to_string(root.join("DIGESTS")).unwrap();
    let pinned: Vec<&str> = pinned.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(found, pinned, "a published rule set was changed; make a new folder and pin it");
}

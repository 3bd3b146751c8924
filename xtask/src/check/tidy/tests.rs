//! Each rule, broken once.

use super::*;

fn found(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<Source> = files
        .iter()
        .map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() })
        .collect();
    findings(&sources)
}

#[test]
fn a_clean_tree_has_no_findings() {
    let clean = [
        ("crates/mash-domain/src/lib.rs", "// prost::Message is not for here\nuse std::fmt;\n"),
        ("services/police/src/store.rs", "use sqlx::Row;\n"),
        ("services/police/src/error.rs", "const CODE: &str = \"MASH-P001\";\n"),
        ("docs/errors/MASH-P001.md", "# MASH-P001\n"),
        ("docs/errors/README.md", "# Codes\n"),
    ];
    assert_eq!(found(&clean), Vec::<String>::new());
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(found(&[("a.rs", &"\n".repeat(499))]).len(), 0);
    assert_eq!(found(&[("a.rs", &"\n".repeat(500))]).len(), 1);
    assert_eq!(found(&[("a.md", &"\n".repeat(900))]).len(), 0);
}

#[test]
fn each_boundary_is_guarded() {
    for (path, line) in [
        ("crates/mash-domain/src/a.rs", "let x = pb::Incident::default();"),
        ("crates/mash-policy/src/a.rs", "use prost::Message;"),
        ("crates/mash-policy/src/a.rs", "fn f() -> tonic::Status {"),
        ("crates/mash-domain/src/a.rs", "tokio::spawn(f);"),
        ("services/police/src/app.rs", "let row = sqlx::query(\"\");"),
        ("services/hub/src/main.rs", "use rdkafka::ClientConfig;"),
    ] {
        assert_eq!(found(&[(path, line)]).len(), 1, "{path}: {line}");
    }
    assert_eq!(found(&[("crates/mash-domain/src/a.rs", "let cpb = x::y(mypb::z);")]).len(), 0);
}

#[test]
fn unfinished_work_merge_marks_and_silent_skips_are_found() {
    assert_eq!(found(&[("a.md", "TODO: write this")]).len(), 1);
    assert_eq!(found(&[("a.md", "the AutoTODOList")]).len(), 0);
    assert_eq!(found(&[("a.sh", "mktemp -d folder.XXXXXX")]).len(), 0);
    assert_eq!(found(&[("a.rs", "<<<<<<< ours")]).len(), 1);
    assert_eq!(found(&[("a.rs", "#[ignore]")]).len(), 1);
    assert_eq!(found(&[("a.rs", "#[ignore = \"needs a printer\"]")]).len(), 0);
}

#[test]
fn codes_and_pages_belong_together() {
    assert_eq!(
        found(&[("a.rs", "\"MASH-R012\"")]),
        vec!["a.rs: MASH-R012 has no page docs/errors/MASH-R012.md"]
    );
    assert_eq!(
        found(&[("docs/errors/MASH-R012.md", "")]),
        vec!["docs/errors/MASH-R012.md: no code uses MASH-R012"]
    );
    assert_eq!(found(&[("crates/x/tests/a.rs", "\"MASH-R012\"")]), Vec::<String>::new());
    assert_eq!(
        found(&[("crates/x/src/a.rs", "#[cfg(test)]\n\"MASH-R012\"")]),
        Vec::<String>::new()
    );
    assert_eq!(codes("MASH-R01 MASH-r012 MASH-R0123 MASH-HUB MASH-"), Vec::<&str>::new());
    assert_eq!(codes("x MASH-K100."), vec!["MASH-K100"]);
}

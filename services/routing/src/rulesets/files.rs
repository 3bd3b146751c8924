//! The files of a version: how many, how large, and their digest.

use aws_lc_rs::digest::{Context, SHA256};
use mash_chassis::fault::Violation;
use mash_policy::{Ruleset, RulesetError, Sources};
use mash_proto::sharing::v1::{RulesetFile, RulesetFiles};

use super::grpc::INVALID;

/// Files of one version.
const MOST_FILES: usize = 128;
/// Bytes of one file.
const LARGEST_FILE: usize = 256 * 1024;
/// Bytes of all files.
const LARGEST_SET: usize = 1024 * 1024;

/// What is wrong with the form of an upload; the version is `YYYY-MM-DD` with an optional suffix.
#[must_use]
pub fn violations(version: &str, files: &[RulesetFile]) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut fault = |field: String, text: &str| wrong.push(Violation::new(field, INVALID, text));
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if version.is_empty() || version.len() > 32 || !version.bytes().all(known) {
        fault("version".to_owned(), "must be 1 to 32 letters, digits and hyphens");
    }
    if files.is_empty() || files.len() > MOST_FILES {
        fault("files".to_owned(), "must be 1 to 128 files");
        return wrong;
    }
    if files.iter().map(|file| file.text.len()).sum::<usize>() > LARGEST_SET {
        fault("files".to_owned(), "must be 1 MiB at most in all");
    }
    let mut names: Vec<&str> = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let known = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let named = (1..=64).contains(&file.name.len()) && file.name.bytes().all(known);
        if !named || names.contains(&file.name.as_str()) {
            fault(format!("files[{index}].name"), "must be a file name, each once");
        }
        names.push(&file.name);
        if file.text.len() > LARGEST_FILE {
            fault(format!("files[{index}].text"), "must be 256 KiB at most");
        }
    }
    wrong
}

/// The files in order of their names, whichever way they were sent.
#[must_use]
pub fn in_order(mut files: Vec<RulesetFile>) -> RulesetFiles {
    files.sort_by(|one, other| one.name.cmp(&other.name));
    RulesetFiles { files }
}

/// The files that the program carries.
#[must_use]
pub fn builtin() -> RulesetFiles {
    let files = Ruleset::builtin_files().files.iter();
    in_order(
        files
            .map(|(name, text)| RulesetFile { name: (*name).to_owned(), text: (*text).to_owned() })
            .collect(),
    )
}

/// SHA-256 over every name and text with their lengths.
#[must_use]
pub fn digest(files: &RulesetFiles) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in files.files.iter().flat_map(|file| [&file.name, &file.text]) {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.finish().as_ref().to_vec()
}

/// Reads and checks a version.
///
/// # Errors
///
/// [`RulesetError`] with every fault, its file and its line.
pub fn load(version: &str, files: &RulesetFiles) -> Result<Ruleset, RulesetError> {
    let files: Vec<(&str, &str)> =
        files.files.iter().map(|file| (file.name.as_str(), file.text.as_str())).collect();
    Ruleset::load(&Sources { version, files: &files })
}

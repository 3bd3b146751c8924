//! Rule sets by name or folder.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, bail};
use mash_policy::{Ruleset, Sources};

/// The rule set that is built in, if `name` is absent or its version; otherwise the one in the folder.
pub(super) fn open(name: Option<&Path>) -> anyhow::Result<Arc<Ruleset>> {
    let builtin = Ruleset::builtin()?;
    match name {
        None => Ok(builtin),
        Some(name) if name.as_os_str() == builtin.version().as_str() => Ok(builtin),
        Some(folder) => read(folder).map(Arc::new),
    }
}

/// Reads a rule set from a folder that has its version for a name.
fn read(folder: &Path) -> anyhow::Result<Ruleset> {
    let builtin = Ruleset::builtin()?;
    if !folder.is_dir() {
        bail!(
            "`{}` is no folder, and no version that is built in ({})",
            folder.display(),
            builtin.version()
        );
    }
    let cannot = || format!("cannot read the rule set in {}", folder.display());
    let folder = folder.canonicalize().with_context(cannot)?;
    let version = folder.file_name().and_then(|name| name.to_str()).with_context(cannot)?;
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(cannot)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .with_context(cannot)?;
    paths.sort();
    let mut files: Vec<(String, String)> = Vec::new();
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).with_context(cannot)?;
        files.push((name.to_owned(), fs::read_to_string(&path).with_context(cannot)?));
    }
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Ok(Ruleset::load(&Sources { version, files: &files })?)
}

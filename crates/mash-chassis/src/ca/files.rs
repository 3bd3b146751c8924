//! The folder of an authority. Every file is replaced by a rename, so that nobody ever reads half of one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{CaError, index::Index};

pub(super) struct Folder(PathBuf);

/// Held for as long as the folder is written; the system lets go of it even when the process dies.
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

impl Folder {
    pub(super) fn of(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(super) fn make(path: &Path) -> Result<Self, CaError> {
        fs::create_dir_all(path)?;
        Ok(Self::of(path))
    }

    pub(super) fn lock(&self) -> Result<Lock, CaError> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.0.join("lock"))?;
        file.lock()?;
        Ok(Lock(file))
    }

    pub(super) fn certificate(&self) -> PathBuf {
        self.0.join("ca.pem")
    }

    pub(super) fn revocations(&self) -> PathBuf {
        self.0.join("crl.pem")
    }

    fn key(&self) -> PathBuf {
        self.0.join("ca-key.pem")
    }

    fn index(&self) -> PathBuf {
        self.0.join("index.json")
    }

    pub(super) fn read_certificate(&self) -> Result<String, CaError> {
        Ok(fs::read_to_string(self.certificate())?)
    }

    pub(super) fn write_certificate(&self, pem: &str) -> Result<(), CaError> {
        Ok(write_public(&self.certificate(), pem.as_bytes())?)
    }

    pub(super) fn read_key(&self) -> Result<String, CaError> {
        Ok(fs::read_to_string(self.key())?)
    }

    pub(super) fn write_key(&self, pem: &str) -> Result<(), CaError> {
        Ok(write_private(&self.key(), pem.as_bytes())?)
    }

    pub(super) fn write_revocations(&self, pem: &str) -> Result<(), CaError> {
        Ok(write_public(&self.revocations(), pem.as_bytes())?)
    }

    pub(super) fn read_index(&self) -> Result<Index, CaError> {
        Ok(serde_json::from_slice(&fs::read(self.index())?)?)
    }

    pub(super) fn write_index(&self, index: &Index) -> Result<(), CaError> {
        Ok(write_public(&self.index(), &serde_json::to_vec_pretty(index)?)?)
    }
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
///
/// If it cannot be written.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, 0o600)
}

pub(super) fn write_public(path: &Path, content: &[u8]) -> io::Result<()> {
    write(path, content, 0o644)
}

fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.new", uuid::Uuid::new_v4().simple()));
    let fresh = path.with_file_name(name);
    // Created with its mode: between a creation and a later change of mode, others could open it.
    let mut file = OpenOptions::new().create_new(true).write(true).mode(mode).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or_else(|| Path::new(".")))?.sync_all()
}

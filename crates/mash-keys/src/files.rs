//! Wrapping keys in files, for one machine: `<folder>/<name>/<version>.key`, 32 bytes, readable by their owner alone.
//!
//! Good enough where whoever could read the file could read the memory of the process too. Where a database or its backup
//! may be read by somebody who must not read content, keep this folder elsewhere than the backup goes; where the machine
//! itself is not trusted, use [`crate::Pkcs11Keys`].
//!
//! What was read is remembered for a few seconds: another process that rotates is heeded within that time, so rotate
//! first, and retire a minute later.

use std::{
    collections::HashMap,
    fs, io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use zeroize::Zeroizing;

use crate::{
    KeyError, KeyStore, KeyVersion, Wrapped, cursor::Cursor, port::check_name, random,
    secret::cipher,
};

/// Wrapping keys in a folder.
#[derive(Clone)]
pub struct FileKeys {
    folder: PathBuf,
    rings: Arc<Mutex<HashMap<String, Ring>>>,
}

/// What was read of one wrapping key.
struct Ring {
    read: Instant,
    newest: u32,
    ciphers: HashMap<u32, Arc<LessSafeKey>>,
}

/// How long it is remembered.
const REMEMBER: Duration = Duration::from_secs(5);

/// What takes the place of a key that was retired.
const RETIRED: &str = "retired";
const KEY: &str = "key";

impl FileKeys {
    /// Opens the folder, and makes it if there is none.
    ///
    /// # Errors
    /// When somebody else than its owner may look into it, or it cannot be made.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, KeyError> {
        let folder = folder.into();
        make_private(&folder)?;
        Ok(Self { folder, rings: Arc::default() })
    }

    fn named(&self, name: &str) -> Result<PathBuf, KeyError> {
        check_name(name)?;
        Ok(self.folder.join(name))
    }

    /// Versions by what has become of them, the oldest first: `true` for one that was retired.
    fn list(&self, name: &str) -> Result<Vec<(u32, bool)>, KeyError> {
        let folder = self.named(name)?;
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(&folder, &error)),
        };
        let mut versions = Vec::new();
        for entry in entries {
            let path = entry.map_err(|error| failed(&folder, &error))?.path();
            let version = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            let kind = path.extension().and_then(|kind| kind.to_str());
            match (version, kind) {
                (Some(version), Some(KEY)) => versions.push((version, false)),
                (Some(version), Some(RETIRED)) => versions.push((version, true)),
                _ => {}
            }
        }
        versions.sort_unstable();
        // Between the two steps of retiring a key both files are there: then it is retired.
        versions.reverse();
        versions.dedup_by_key(|(version, _)| *version);
        versions.reverse();
        Ok(versions)
    }

    fn newest(&self, name: &str) -> Result<u32, KeyError> {
        let mut live = self.list(name)?.into_iter().filter(|(_, retired)| !retired);
        let newest = live.next_back().map(|(version, _)| version);
        newest.ok_or_else(|| KeyError::NoVersion { name: name.to_owned(), version: 0 })
    }

    fn forget(&self, name: &str) {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    /// A version of a wrapping key, the newest without one.
    fn cipher(
        &self,
        name: &str,
        version: Option<u32>,
    ) -> Result<(u32, Arc<LessSafeKey>), KeyError> {
        let mut rings = self.rings.lock().unwrap_or_else(PoisonError::into_inner);
        if rings.get(name).is_none_or(|ring| ring.read.elapsed() >= REMEMBER) {
            let newest = self.newest(name)?;
            let ring = Ring { read: Instant::now(), newest, ciphers: HashMap::new() };
            rings.insert(name.to_owned(), ring);
        }
        let none = || KeyError::NoVersion { name: name.to_owned(), version: 0 };
        let ring = rings.get_mut(name).ok_or_else(none)?;
        let version = version.unwrap_or(ring.newest);
        if let Some(known) = ring.ciphers.get(&version) {
            return Ok((version, Arc::clone(known)));
        }
        let fresh = cipher(&*self.read(name, version)?)?;
        ring.ciphers.insert(version, Arc::clone(&fresh));
        Ok((version, fresh))
    }

    fn read(&self, name: &str, version: u32) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let folder = self.named(name)?;
        let path = folder.join(format!("{version}.{KEY}"));
        match check_private(&path, 0o077) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (name, retired) =
                    (name.to_owned(), folder.join(format!("{version}.{RETIRED}")));
                return Err(if retired.exists() {
                    KeyError::Retired { name, version }
                } else {
                    KeyError::NoVersion { name, version }
                });
            }
            Err(error) => return Err(failed(&path, &error)),
        }
        let bytes = Zeroizing::new(fs::read(&path).map_err(|error| failed(&path, &error))?);
        let key = bytes.as_slice().try_into();
        key.map(Zeroizing::new)
            .map_err(|_| KeyError::Files(format!("{} is not 32 bytes long", path.display())))
    }
}

#[async_trait]
impl KeyStore for FileKeys {
    async fn wrap(&self, name: &str, key: &[u8; 32], bound: &[u8]) -> Result<Wrapped, KeyError> {
        let (version, wrapping) = self.cipher(name, None)?;
        let nonce: [u8; 12] = random()?;
        let mut body = Zeroizing::new(key.to_vec());
        let tag = wrapping
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(named_bound(name, version, bound)),
                body.as_mut_slice(),
            )
            .map_err(|_| KeyError::Broken)?;
        Ok(Wrapped { version, bytes: [&nonce[..], &body, tag.as_ref()].concat() })
    }

    async fn unwrap(
        &self,
        name: &str,
        wrapped: &Wrapped,
        bound: &[u8],
    ) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let (_, wrapping) = self.cipher(name, Some(wrapped.version))?;
        let mut cursor = Cursor::new(&wrapped.bytes);
        let nonce = cursor.array().ok_or(KeyError::Malformed("a wrapped key is too short"))?;
        let mut body = Zeroizing::new(cursor.rest().to_vec());
        let opened = wrapping
            .open_in_place(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(named_bound(name, wrapped.version, bound)),
                body.as_mut_slice(),
            )
            .map_err(|_| KeyError::Broken)?;
        let key = <[u8; 32]>::try_from(&*opened);
        key.map(Zeroizing::new).map_err(|_| KeyError::Malformed("a wrapped key has another length"))
    }

    async fn rotate(&self, name: &str) -> Result<u32, KeyError> {
        let folder = self.named(name)?;
        make_private(&folder)?;
        let key = Zeroizing::new(random::<32>()?);
        // Written whole under another name first: nobody may find half a key, and who comes second takes the next number.
        let draft = folder.join(format!("{}.draft", uuid::Uuid::from_bytes(random()?).as_simple()));
        write_private(&draft, &key[..]).map_err(|error| failed(&draft, &error))?;
        let made = loop {
            let version = self.list(name)?.last().map_or(1, |(version, _)| version + 1);
            let path = folder.join(format!("{version}.{KEY}"));
            match fs::hard_link(&draft, &path) {
                Ok(()) => break Ok(version),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => break Err(failed(&path, &error)),
            }
        };
        fs::remove_file(&draft).map_err(|error| failed(&draft, &error))?;
        self.forget(name);
        made
    }

    async fn versions(&self, name: &str) -> Result<Vec<KeyVersion>, KeyError> {
        let live: Vec<u32> = self
            .list(name)?
            .into_iter()
            .filter(|(_, retired)| !retired)
            .map(|(version, _)| version)
            .collect();
        let newest = live.last().copied();
        let of = |version| KeyVersion { version, newest: newest == Some(version) };
        Ok(live.into_iter().map(of).collect())
    }

    async fn retire(&self, name: &str, version: u32) -> Result<(), KeyError> {
        if self.newest(name)? == version {
            return Err(KeyError::InUse { name: name.to_owned(), version });
        }
        drop(self.read(name, version)?);
        self.forget(name);
        let folder = self.named(name)?;
        let (path, stone) =
            (folder.join(format!("{version}.{KEY}")), folder.join(format!("{version}.{RETIRED}")));
        write_private(&stone, b"").map_err(|error| failed(&stone, &error))?;
        // Overwritten before it goes. On disks that write elsewhere that is no more than good will: encrypt the disk.
        fs::write(&path, [0; 32]).map_err(|error| failed(&path, &error))?;
        fs::remove_file(&path).map_err(|error| failed(&path, &error))
    }
}

fn named_bound(name: &str, version: u32, bound: &[u8]) -> Vec<u8> {
    [b"mash key 1\0", name.as_bytes(), b"\0", &version.to_be_bytes(), bound].concat()
}

fn make_private(folder: &Path) -> Result<(), KeyError> {
    if !folder.exists() {
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
            .map_err(|error| failed(folder, &error))?;
    }
    check_private(folder, 0o077).map_err(|error| failed(folder, &error))
}

/// Refuses what others than the owner may read or change.
fn check_private(path: &Path, forbidden: u32) -> io::Result<()> {
    let mode = fs::metadata(path)?.mode();
    if mode & forbidden == 0 {
        return Ok(());
    }
    let told = format!("others may read it (mode {:o}): chmod go= it", mode & 0o7777);
    Err(io::Error::new(io::ErrorKind::PermissionDenied, told))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, bytes)?;
    file.sync_all()
}

fn failed(path: &Path, error: &io::Error) -> KeyError {
    KeyError::Files(format!("{}: {error}", path.display()))
}

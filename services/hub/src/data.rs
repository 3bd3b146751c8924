//! The data folder: certificate authority, certificates, the hub's secret, and what the embedded pair stores.
//!
//! ```text
//! ca/            the certificate authority, its key readable by its owner only
//! certificates/  of servers and organisations
//! secrets/       the hub's secret, under which identifiers become pseudonyms; the keys of the ledger and of records
//! records.pub    the public half of the latter, for whoever verifies
//! keys/          the keys that wrap the keys of content, unless a key module has them
//! hub.db         the embedded store and bus
//! clock          the scripted clock of a demonstration
//! ```

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use mash_audit::Signer;
use mash_chassis::{
    RecordKey, TlsFiles,
    ca::{Ca, Subject},
};
use mash_domain::organisation::OrganisationId;
use mash_ledger::{SigningKey, Use};

/// How long certificates of the data folder hold.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 3600);

/// The folder in which a hub keeps what is not in its database.
#[derive(Clone, Debug)]
pub struct Data {
    folder: PathBuf,
}

impl Data {
    /// Uses a folder, and makes it if it is not there.
    ///
    /// # Errors
    ///
    /// If it cannot be made.
    pub fn open(folder: &Path) -> anyhow::Result<Self> {
        for part in ["", "certificates", "secrets"] {
            let path = folder.join(part);
            fs::create_dir_all(&path).with_context(|| format!("cannot make {}", path.display()))?;
        }
        private(&folder.join("secrets"))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The folder itself.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The address of the embedded store.
    #[must_use]
    pub fn embedded_database(&self) -> String {
        format!("sqlite:{}", self.folder.join("hub.db").display())
    }

    /// The scripted clock.
    #[must_use]
    pub fn clock(&self) -> PathBuf {
        self.folder.join("clock")
    }

    /// Where the certificate authority is.
    #[must_use]
    pub fn authority_folder(&self) -> PathBuf {
        self.folder.join("ca")
    }

    /// The hub's certificate authority, made on first use.
    ///
    /// # Errors
    ///
    /// If it cannot be made or opened.
    pub fn authority(&self) -> anyhow::Result<Ca> {
        let folder = self.authority_folder();
        if folder.join("ca.pem").exists() {
            return Ok(Ca::open(folder)?);
        }
        Ok(Ca::create(folder)?)
    }

    /// The certificate of this server, issued on first use.
    ///
    /// # Errors
    ///
    /// If it cannot be issued.
    pub fn server(&self, name: &str, hosts: &[String]) -> anyhow::Result<TlsFiles> {
        let subject = Subject::Server { name: name.to_owned(), hosts: hosts.to_vec() };
        self.certificate(&format!("server-{name}"), subject)
    }

    /// The certificate of this organisation, issued on first use.
    ///
    /// # Errors
    ///
    /// If it cannot be issued.
    pub fn organisation(&self, organisation: &OrganisationId) -> anyhow::Result<TlsFiles> {
        let stem = organisation.to_string().replace('/', "-");
        self.certificate(&stem, Subject::Organisation(organisation.clone()))
    }

    /// The certificate of this organisation, if it was issued before.
    #[must_use]
    pub fn existing(&self, organisation: &OrganisationId) -> TlsFiles {
        let stem = organisation.to_string().replace('/', "-");
        TlsFiles::in_folder(&self.folder.join("certificates"), &stem, &self.authority_folder())
    }

    fn certificate(&self, stem: &str, subject: Subject) -> anyhow::Result<TlsFiles> {
        let folder = self.folder.join("certificates");
        let files = TlsFiles::in_folder(&folder, stem, &self.authority_folder());
        if !files.cert.exists() || !files.key.exists() {
            self.authority()?.issue(subject, VALIDITY)?.write(&folder, stem)?;
        }
        Ok(files)
    }

    /// The hub's secret, made on first use. All services of one hub share it.
    ///
    /// # Errors
    ///
    /// If it cannot be read or made.
    pub fn secret(&self) -> anyhow::Result<Vec<u8>> {
        let path = self.folder.join("secrets").join("hub.key");
        match fs::read(&path) {
            Ok(secret) if secret.len() >= 32 => return Ok(secret),
            Ok(_) => anyhow::bail!("{} is shorter than 32 bytes", path.display()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
        let secret = drawn::<32>()?.to_vec();
        mash_chassis::ca::write_private(&path, &secret)?;
        Ok(secret)
    }

    /// Where the ledger's key is.
    #[must_use]
    pub fn ledger_key(&self) -> PathBuf {
        self.folder.join("secrets").join("ledger.key")
    }

    /// What signs the ledger. On first use a key is made, and with it the name of this ledger.
    ///
    /// # Errors
    ///
    /// If the key cannot be read or made.
    pub fn signer(&self) -> anyhow::Result<Signer> {
        let path = self.ledger_key();
        if !path.exists() {
            let number: u64 = u64::from_be_bytes(drawn()?);
            let key = new_ledger_key(&format!("mash.hub/ledger/{number:016x}"))?;
            mash_audit::write_keys(&path, &[key.secret_line()])?;
        }
        Ok(Signer::read(&path)?)
    }
}

/// A new key for the ledger of this name.
///
/// # Errors
///
/// If there is no randomness, or the name cannot be one.
pub fn new_ledger_key(name: &str) -> anyhow::Result<SigningKey> {
    Ok(SigningKey::from_seed(name, Use::Note, drawn()?)?)
}

/// Bytes drawn by lot.
///
/// # Errors
///
/// If there is no randomness.
pub fn drawn<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| anyhow::anyhow!("no randomness"))?;
    Ok(bytes)
}

impl Data {
    /// The key that signs records, made on first use and readable by its owner only. Its public half lies beside the
    /// folder of secrets, for everybody.
    ///
    /// # Errors
    ///
    /// If it cannot be read or made.
    pub fn record_key(&self) -> anyhow::Result<RecordKey> {
        let path = self.folder.join("secrets").join("records.key");
        let kept = match fs::read(&path) {
            Ok(kept) => kept,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let made = RecordKey::generate()?;
                mash_chassis::ca::write_private(&path, &made)?;
                made
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let key = RecordKey::from_pkcs8(&kept)
            .with_context(|| format!("{} cannot be used", path.display()))?;
        let public = self.record_public_key();
        if !public.exists() {
            fs::write(&public, format!("{}\n", hex(&key.public())))?;
        }
        Ok(key)
    }

    /// Where the public half of the key that signs records lies, in hexadecimal.
    #[must_use]
    pub fn record_public_key(&self) -> PathBuf {
        self.folder.join("records.pub")
    }
}

/// Bytes in hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

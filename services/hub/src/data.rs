//! The data folder: certificate authority, certificates, the hub's secret, and what the embedded pair stores.
//!
//! ```text
//! ca/            the certificate authority, its key readable by its owner only
//! certificates/  of servers and organisations
//! secrets/       the hub's secret, under which identifiers become pseudonyms
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
use mash_chassis::{
    TlsFiles,
    ca::{Ca, Subject},
};
use mash_domain::organisation::OrganisationId;

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
        let mut secret = vec![0; 32];
        SystemRandom::new().fill(&mut secret).map_err(|_| anyhow::anyhow!("no randomness"))?;
        mash_chassis::ca::write_private(&path, &secret)?;
        Ok(secret)
    }
}

fn private(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

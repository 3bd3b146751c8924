//! The hub's own certificate authority: a folder with a key, an index of what was issued, and a revocation list.
//!
//! ```text
//! ca.pem        the authority's certificate, for everybody
//! ca-key.pem    its key, readable by its owner only; it never has to be on a machine that serves
//! crl.pem       the signed list of what is revoked, for every server
//! index.json    what was issued, to whom, until when
//! ```
//! An organisation's certificate names it in one URI, `mash://org/<kind>/<code>`, and may only be used by a client; a
//! server's names its hosts and may only be used by a server. Two administrators at once wait for each other.
//! There are no intermediates and no OCSP: a hub has some hundreds of callers and each server reads the list itself.

mod files;
mod index;
mod subject;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use mash_domain::organisation::OrganisationId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams,
    CertificateSigningRequestParams, DnType, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, RevocationReason, RevokedCertParams, SerialNumber,
};
use time::OffsetDateTime;

use self::{files::Folder, index::Index};
pub use self::{
    files::write_private,
    index::{Entry, Serial, Which},
    subject::{ORGANISATION_URI, Subject},
};
use crate::{
    clock::{Clock, SystemClock},
    tls::TlsFiles,
};

/// The authority's own certificate holds this long; what it issues ends no later.
const AUTHORITY_YEARS: i64 = 10;
/// Certificates hold from a little earlier on, since clocks differ.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A certificate authority in a folder.
pub struct Ca {
    folder: Folder,
    clock: Arc<dyn Clock>,
}

/// A new certificate. The key is here and nowhere else.
#[derive(Clone)]
pub struct Issued {
    /// The certificate.
    pub cert_pem: String,
    /// Its key; empty if the holder made the key and sent a request.
    pub key_pem: String,
    /// Its serial number.
    pub serial: Serial,
    /// The last instant at which it holds.
    pub not_after: Timestamp,
}

/// Why the authority refuses.
#[derive(Debug, thiserror::Error)]
pub enum CaError {
    /// The folder holds an authority already.
    #[error("MASH-K004: the folder holds a certificate authority already")]
    Exists,
    /// The folder cannot be read or written.
    #[error("MASH-K004: the folder of the certificate authority cannot be used")]
    Folder(#[from] io::Error),
    /// The index is not one.
    #[error("MASH-K004: the index of the certificate authority is damaged")]
    Index(#[from] serde_json::Error),
    /// Nothing in force is meant by this serial number or subject.
    #[error("MASH-K005: no certificate in force is meant")]
    Unknown,
    /// Shorter than a minute, or beyond the authority's own end.
    #[error("MASH-K007: the validity is under a minute or outlives the certificate authority")]
    Validity,
    /// A host that is neither a DNS name nor an IP address, or no host at all.
    #[error("MASH-K007: a server needs hosts, each a DNS name or an IP address")]
    Hosts,
    /// The certificate cannot be made, or a request is not one.
    #[error("MASH-K007: the certificate cannot be made")]
    Certificate(#[from] rcgen::Error),
}

impl Issued {
    /// Writes `<stem>.pem` and `<stem>-key.pem` into a folder; the key is readable by its owner only.
    ///
    /// # Errors
    ///
    /// If a file cannot be written.
    pub fn write(&self, folder: &Path, stem: &str) -> io::Result<(PathBuf, PathBuf)> {
        let cert = folder.join(format!("{stem}.pem"));
        let key = folder.join(format!("{stem}-key.pem"));
        if !self.key_pem.is_empty() {
            files::write_private(&key, self.key_pem.as_bytes())?;
        }
        files::write_public(&cert, self.cert_pem.as_bytes())?;
        Ok((cert, key))
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Issued({}, until {})", self.serial, self.not_after)
    }
}

impl Ca {
    /// Makes an authority in a new or empty folder.
    ///
    /// # Errors
    ///
    /// [`CaError::Exists`] if there is one already; [`CaError::Folder`] if the folder cannot be written.
    pub fn create(folder: impl AsRef<Path>) -> Result<Self, CaError> {
        Self::create_at(folder, Arc::new(SystemClock))
    }

    /// Makes an authority that has its time from this clock. Tests make expired certificates with it.
    ///
    /// # Errors
    ///
    /// As [`Ca::create`].
    pub fn create_at(folder: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, CaError> {
        let folder = Folder::make(folder.as_ref())?;
        let _lock = folder.lock()?;
        if folder.certificate().exists() {
            return Err(CaError::Exists);
        }
        let now = clock.now();
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::OrganizationName, "MASH Hub");
        params.distinguished_name.push(DnType::CommonName, "MASH Hub certificate authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.serial_number = Some(Serial::random().to_rcgen());
        params.not_before = offset(now - SKEW)?;
        params.not_after = offset(now + SignedDuration::from_hours(AUTHORITY_YEARS * 365 * 24))?;
        let certificate = params.self_signed(&key)?;
        folder.write_key(&key.serialize_pem())?;
        let ca = Self { folder, clock };
        let issuer = Issuer::from_ca_cert_der(certificate.der(), key)?;
        ca.publish(&Index::default(), &issuer)?;
        // Last, because a folder with a certificate is a finished one.
        ca.folder.write_certificate(&certificate.pem())?;
        Ok(ca)
    }

    /// Opens the authority in a folder.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, CaError> {
        Self::open_at(folder, Arc::new(SystemClock))
    }

    /// Opens an authority that has its time from this clock.
    ///
    /// # Errors
    ///
    /// As [`Ca::open`].
    pub fn open_at(folder: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<Self, CaError> {
        let ca = Self { folder: Folder::of(folder.as_ref()), clock };
        ca.issuer()?;
        ca.folder.read_index()?;
        Ok(ca)
    }

    /// The authority's certificate, by which both ends know each other.
    #[must_use]
    pub fn certificate_path(&self) -> PathBuf {
        self.folder.certificate()
    }

    /// The signed revocation list, which every server reads again when it changes.
    #[must_use]
    pub fn revocations_path(&self) -> PathBuf {
        self.folder.revocations()
    }

    /// The TLS files of someone who holds this certificate and key.
    #[must_use]
    pub fn tls_files(&self, cert: impl Into<PathBuf>, key: impl Into<PathBuf>) -> TlsFiles {
        TlsFiles {
            ca: self.certificate_path(),
            cert: cert.into(),
            key: key.into(),
            revocations: Some(self.revocations_path()),
        }
    }

    /// Issues a certificate with a new key.
    ///
    /// # Errors
    ///
    /// If the validity or the hosts will not do, or the folder cannot be written.
    pub fn issue(
        &self,
        subject: impl Into<Subject>,
        validity: Duration,
    ) -> Result<Issued, CaError> {
        let subject = subject.into();
        let _lock = self.folder.lock()?;
        self.issue_locked(subject, validity)
    }

    /// Issues a certificate for a key that the organisation made itself, so that the key never leaves it. Only the
    /// public key is taken from the request: who it is for is this call's to say, not the request's.
    ///
    /// # Errors
    ///
    /// If the request is not one, or as [`Ca::issue`].
    pub fn sign_request(
        &self,
        organisation: &OrganisationId,
        request_pem: &str,
        validity: Duration,
    ) -> Result<Issued, CaError> {
        let request = CertificateSigningRequestParams::from_pem(request_pem)?;
        let subject = Subject::from(organisation);
        let _lock = self.folder.lock()?;
        let issuer = self.issuer()?;
        let entry = self.entry(subject, validity)?;
        let certificate = params(&entry)?.signed_by(&request.public_key, &issuer)?;
        self.record(&entry, certificate.pem(), String::new())
    }

    /// Issues a successor of the newest such certificate in force, with a new key, to the same subject and for as
    /// long. The old one holds until its end, so that it can be replaced without a gap.
    ///
    /// # Errors
    ///
    /// [`CaError::Unknown`] if none is in force, or as [`Ca::issue`].
    pub fn renew(&self, which: &Which) -> Result<Issued, CaError> {
        let _lock = self.folder.lock()?;
        let index = self.folder.read_index()?;
        let old = index.newest(which).ok_or(CaError::Unknown)?;
        let validity = Duration::try_from(old.not_after.duration_since(old.issued_at))
            .map_err(|_| CaError::Validity)?;
        self.issue_locked(old.subject.clone(), validity)
    }

    /// Revokes every such certificate, and signs a new list. Servers notice within seconds.
    ///
    /// Revoking again is harmless, and mends a list whose writing failed the first time.
    ///
    /// # Errors
    ///
    /// [`CaError::Unknown`] if there is none, or if the folder cannot be written.
    pub fn revoke(&self, which: &Which) -> Result<Vec<Serial>, CaError> {
        let _lock = self.folder.lock()?;
        let mut index = self.folder.read_index()?;
        let revoked = index.revoke(which, self.clock.now());
        if revoked.is_empty() {
            return Err(CaError::Unknown);
        }
        let issuer = self.issuer()?;
        self.publish(&index, &issuer)?;
        Ok(revoked)
    }

    /// Everything that was ever issued, oldest first.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub fn list(&self) -> Result<Vec<Entry>, CaError> {
        Ok(self.folder.read_index()?.issued)
    }

    fn issue_locked(&self, subject: Subject, validity: Duration) -> Result<Issued, CaError> {
        let issuer = self.issuer()?;
        let entry = self.entry(subject, validity)?;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params(&entry)?.signed_by(&key, &issuer)?;
        self.record(&entry, certificate.pem(), key.serialize_pem())
    }

    /// Notes the certificate before anybody gets it: what is not in the index could not be revoked.
    fn record(&self, entry: &Entry, cert_pem: String, key_pem: String) -> Result<Issued, CaError> {
        let mut index = self.folder.read_index()?;
        index.issued.push(entry.clone());
        self.folder.write_index(&index)?;
        Ok(Issued { cert_pem, key_pem, serial: entry.serial.clone(), not_after: entry.not_after })
    }

    fn entry(&self, subject: Subject, validity: Duration) -> Result<Entry, CaError> {
        // Whole seconds, as certificates have no others.
        let now =
            Timestamp::from_second(self.clock.now().as_second()).map_err(|_| CaError::Validity)?;
        let validity = SignedDuration::try_from(validity).map_err(|_| CaError::Validity)?;
        let not_after = now.checked_add(validity).map_err(|_| CaError::Validity)?;
        if validity < SignedDuration::from_mins(1) || not_after > self.end()? {
            return Err(CaError::Validity);
        }
        Ok(Entry {
            serial: Serial::random(),
            subject,
            issued_at: now,
            not_before: now - SKEW,
            not_after,
            revoked_at: None,
        })
    }

    fn issuer(&self) -> Result<Issuer<'static, KeyPair>, CaError> {
        let key = KeyPair::from_pem(&self.folder.read_key()?)?;
        Ok(Issuer::from_ca_cert_pem(&self.folder.read_certificate()?, key)?)
    }

    /// The end of the authority's own certificate.
    fn end(&self) -> Result<Timestamp, CaError> {
        let pem = self.folder.read_certificate()?;
        crate::identity::not_after_of_pem(pem.as_bytes()).ok_or(CaError::Validity)
    }

    /// The index first: the list is made from it, so that whatever a later list forgets was never noted.
    fn publish(&self, index: &Index, issuer: &Issuer<'_, KeyPair>) -> Result<(), CaError> {
        let now = self.clock.now();
        let mut revoked_certs = Vec::new();
        for (serial, at) in index.revoked() {
            revoked_certs.push(RevokedCertParams {
                serial_number: serial.to_rcgen(),
                revocation_time: offset(at)?,
                reason_code: Some(RevocationReason::Unspecified),
                invalidity_date: None,
            });
        }
        let number = u64::try_from(now.as_millisecond()).unwrap_or_default();
        let list = CertificateRevocationListParams {
            this_update: offset(now - SKEW)?,
            next_update: offset(now + SignedDuration::from_hours(AUTHORITY_YEARS * 365 * 24))?,
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs,
            key_identifier_method: KeyIdMethod::Sha256,
        }
        .signed_by(issuer)?;
        self.folder.write_index(index)?;
        self.folder.write_revocations(&list.pem()?)
    }
}

fn params(entry: &Entry) -> Result<CertificateParams, CaError> {
    let mut params = CertificateParams::default();
    entry.subject.describe(&mut params)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(entry.serial.to_rcgen());
    params.not_before = offset(entry.not_before)?;
    params.not_after = offset(entry.not_after)?;
    Ok(params)
}

fn offset(instant: Timestamp) -> Result<OffsetDateTime, CaError> {
    OffsetDateTime::from_unix_timestamp(instant.as_second()).map_err(|_| CaError::Validity)
}

#[cfg(test)]
mod tests;

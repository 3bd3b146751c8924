//! Which organisation a certificate names.
//!
//! Only certificates that the TLS handshake has verified come here; nothing else about a caller is believed.

use jiff::Timestamp;
use mash_domain::organisation::OrganisationId;
use rustls_pki_types::{CertificateDer, pem::PemObject};
use x509_parser::{extensions::GeneralName, prelude::FromDer};

use crate::ca::{ORGANISATION_URI, Serial};

/// What a certificate says.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    /// The organisation, if the certificate names exactly one.
    pub(crate) organisation: Result<OrganisationId, UnclearError>,
    /// By which it can be revoked.
    pub(crate) serial: Serial,
    /// When it ends.
    pub(crate) not_after: Timestamp,
}

/// The certificate names no organisation, several, or one that is not known by that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the certificate does not name exactly one organisation")]
pub(crate) struct UnclearError;

/// What a certificate in DER says; nothing if it is not one.
pub(crate) fn of_der(der: &[u8]) -> Option<Identity> {
    let (_, certificate) = x509_parser::certificate::X509Certificate::from_der(der).ok()?;
    Some(Identity {
        organisation: organisation(&certificate),
        serial: Serial::from_bytes(certificate.raw_serial()),
        not_after: Timestamp::from_second(certificate.validity().not_after.timestamp()).ok()?,
    })
}

/// What the first certificate in a PEM says.
pub(crate) fn of_pem(pem: &[u8]) -> Option<Identity> {
    of_der(&CertificateDer::from_pem_slice(pem).ok()?)
}

/// When the first certificate in a PEM ends.
pub(crate) fn not_after_of_pem(pem: &[u8]) -> Option<Timestamp> {
    of_pem(pem).map(|identity| identity.not_after)
}

fn organisation(
    certificate: &x509_parser::certificate::X509Certificate<'_>,
) -> Result<OrganisationId, UnclearError> {
    let names = certificate.subject_alternative_name().map_err(|_| UnclearError)?;
    let names = names.ok_or(UnclearError)?;
    let mut uris = names.value.general_names.iter().filter_map(|name| {
        // Any URI counts: a certificate that says two things about its holder says nothing.
        if let GeneralName::URI(uri) = name { Some(*uri) } else { None }
    });
    let (Some(uri), None) = (uris.next(), uris.next()) else { return Err(UnclearError) };
    let text = uri.strip_prefix(ORGANISATION_URI).ok_or(UnclearError)?;
    text.parse().map_err(|_| UnclearError)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    #[test]
    fn only_one_well_formed_uri_names_an_organisation() {
        let uri = |text: &str| SanType::URI(text.try_into().unwrap());
        let table = [
            (vec![uri("mash://org/police/61")], true, "one"),
            (vec![], false, "none"),
            (vec![uri("mash://org/police/61"), uri("mash://org/police/62")], false, "two"),
            (vec![uri("mash://org/police/61"), uri("mash://org/police/61")], false, "twice"),
            (
                vec![uri("mash://org/police/61"), uri("https://example.org")],
                false,
                "one and another",
            ),
            (vec![SanType::DnsName("police.example".try_into().unwrap())], false, "a host"),
            (vec![uri("mash://org/army/1")], false, "unknown kind"),
            (vec![uri("mash://org/police/61/..")], false, "more than a code"),
            (vec![uri("MASH://org/police/61")], false, "other case"),
            (vec![uri("mash://org/police/6%31")], false, "escaped"),
            (vec![uri("mash://org/police/")], false, "empty code"),
        ];
        for (names, good, why) in table {
            let mut params = CertificateParams::default();
            params.subject_alt_names = names;
            let key = KeyPair::generate().unwrap();
            let identity = of_der(params.self_signed(&key).unwrap().der()).unwrap();
            assert_eq!(identity.organisation.is_ok(), good, "{why}");
        }
    }
}

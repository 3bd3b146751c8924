//! Whom a certificate names.

use std::net::IpAddr;

use mash_domain::organisation::OrganisationId;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, SanType};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::CaError;

/// What the URI of an organisation begins with; its kind and code follow.
pub const ORGANISATION_URI: &str = "mash://org/";

/// An organisation that calls, or a server that is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A client certificate.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    Organisation(OrganisationId),
    /// A server certificate.
    Server {
        /// The name of the service, such as `police`.
        name: String,
        /// The DNS names and IP addresses under which it is called.
        hosts: Vec<String>,
    },
}

impl Subject {
    /// The same holder, whatever the hosts: a server that moved is the same server.
    pub(super) fn is_same_holder(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Organisation(one), Self::Organisation(two)) => one == two,
            (Self::Server { name: one, .. }, Self::Server { name: two, .. }) => one == two,
            (Self::Organisation(_), Self::Server { .. })
            | (Self::Server { .. }, Self::Organisation(_)) => false,
        }
    }

    pub(super) fn describe(&self, params: &mut CertificateParams) -> Result<(), CaError> {
        match self {
            Self::Organisation(organisation) => {
                params.distinguished_name.push(DnType::CommonName, organisation.to_string());
                let uri = format!("{ORGANISATION_URI}{organisation}").try_into()?;
                params.subject_alt_names = vec![SanType::URI(uri)];
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            }
            Self::Server { name, hosts } => {
                params.distinguished_name.push(DnType::CommonName, name.clone());
                params.subject_alt_names =
                    hosts.iter().map(|host| san(host)).collect::<Result<_, _>>()?;
                if params.subject_alt_names.is_empty() {
                    return Err(CaError::Hosts);
                }
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }
        }
        Ok(())
    }
}

impl From<&OrganisationId> for Subject {
    fn from(organisation: &OrganisationId) -> Self {
        Self::Organisation(organisation.clone())
    }
}

fn san(host: &str) -> Result<SanType, CaError> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let labels = host.split('.');
    let fits = (1..=253).contains(&host.len())
        && labels.into_iter().all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    if fits { Ok(SanType::DnsName(host.try_into()?)) } else { Err(CaError::Hosts) }
}

fn as_text<S: Serializer>(id: &OrganisationId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<OrganisationId, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

//! Calling the hub as an organisation and on behalf of a practitioner.

use std::{collections::HashMap, sync::Mutex};

use anyhow::Context as _;
use mash_chassis::client_channel;
use mash_domain::organisation::OrganisationId;
use mash_proto::{
    audit::v1::{
        erasure_service_client::ErasureServiceClient, ledger_service_client::LedgerServiceClient,
    },
    delivery::v1::delivery_service_client::DeliveryServiceClient,
    education::v1::{
        directory_service_client::DirectoryServiceClient,
        notice_service_client::NoticeServiceClient, referral_service_client::ReferralServiceClient,
        roll_service_client::RollServiceClient,
    },
    health::v1::health_service_client::HealthServiceClient,
    police::v1::{
        police_service_client::PoliceServiceClient,
        protection_service_client::ProtectionServiceClient,
    },
    sharing::v1::{
        agreement_service_client::AgreementServiceClient,
        break_glass_service_client::BreakGlassServiceClient,
        rights_service_client::RightsServiceClient, ruleset_service_client::RulesetServiceClient,
        sharing_service_client::SharingServiceClient,
        statement_service_client::StatementServiceClient,
    },
    social_care::v1::{
        meeting_service_client::MeetingServiceClient, queue_service_client::QueueServiceClient,
    },
};
use tonic::{metadata::MetadataValue, transport::Channel};

use crate::data::Data;

/// The largest record of a subject access, in bytes.
const RECORD_BYTES: usize = 64 << 20;

/// Where the services answer.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// The police service.
    pub police: String,
    /// The education service.
    pub education: String,
    /// The routing service.
    pub routing: String,
    /// The social care service.
    pub social_care: String,
    /// The health service.
    pub health: String,
    /// The mailboxes.
    pub delivery: String,
    /// The ledger.
    pub audit: String,
}

impl Endpoints {
    /// All services at one address.
    #[must_use]
    pub fn all_at(endpoint: &str) -> Self {
        let endpoint = || endpoint.to_owned();
        Self {
            police: endpoint(),
            education: endpoint(),
            routing: endpoint(),
            social_care: endpoint(),
            health: endpoint(),
            delivery: endpoint(),
            audit: endpoint(),
        }
    }
}

/// Makes clients, with one connection for each organisation and service.
pub struct People {
    data: Data,
    endpoints: Endpoints,
    channels: Mutex<HashMap<(String, String), Channel>>,
}

impl People {
    /// With the certificates of a data folder.
    #[must_use]
    pub fn new(data: Data, endpoints: Endpoints) -> Self {
        Self { data, endpoints, channels: Mutex::default() }
    }

    fn channel(&self, organisation: &str, endpoint: &str) -> anyhow::Result<Channel> {
        let mut channels = self.channels.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (organisation.to_owned(), endpoint.to_owned());
        if let Some(channel) = channels.get(&key) {
            return Ok(channel.clone());
        }
        let id: OrganisationId =
            organisation.parse().with_context(|| format!("`{organisation}` is no organisation"))?;
        let channel = client_channel(endpoint, &self.data.organisation(&id)?)?;
        channels.insert(key, channel.clone());
        Ok(channel)
    }

    /// Police calls as this force, `police/62`.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn police(&self, organisation: &str) -> anyhow::Result<PoliceServiceClient<Channel>> {
        Ok(PoliceServiceClient::new(self.channel(organisation, &self.endpoints.police)?))
    }

    /// Public protection as this force.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn protection(
        &self,
        organisation: &str,
    ) -> anyhow::Result<ProtectionServiceClient<Channel>> {
        Ok(ProtectionServiceClient::new(self.channel(organisation, &self.endpoints.police)?))
    }

    /// Referrals as this school.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn school_referrals(
        &self,
        organisation: &str,
    ) -> anyhow::Result<ReferralServiceClient<Channel>> {
        Ok(ReferralServiceClient::new(self.channel(organisation, &self.endpoints.education)?))
    }

    /// Health as this board.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn health(&self, organisation: &str) -> anyhow::Result<HealthServiceClient<Channel>> {
        Ok(HealthServiceClient::new(self.channel(organisation, &self.endpoints.health)?))
    }

    /// The queue of this authority.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn queue(&self, organisation: &str) -> anyhow::Result<QueueServiceClient<Channel>> {
        Ok(QueueServiceClient::new(self.channel(organisation, &self.endpoints.social_care)?))
    }

    /// Meetings, disagreements and transfers of this authority.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn meetings(&self, organisation: &str) -> anyhow::Result<MeetingServiceClient<Channel>> {
        Ok(MeetingServiceClient::new(self.channel(organisation, &self.endpoints.social_care)?))
    }

    /// The mailbox of this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn mailbox(&self, organisation: &str) -> anyhow::Result<DeliveryServiceClient<Channel>> {
        Ok(DeliveryServiceClient::new(self.channel(organisation, &self.endpoints.delivery)?))
    }

    /// The ledger as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn ledger(&self, organisation: &str) -> anyhow::Result<LedgerServiceClient<Channel>> {
        Ok(LedgerServiceClient::new(self.channel(organisation, &self.endpoints.audit)?))
    }

    /// Holds and erasures as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn erasures(&self, organisation: &str) -> anyhow::Result<ErasureServiceClient<Channel>> {
        Ok(ErasureServiceClient::new(self.channel(organisation, &self.endpoints.audit)?))
    }

    /// Notices as this school or authority.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn notices(&self, organisation: &str) -> anyhow::Result<NoticeServiceClient<Channel>> {
        Ok(NoticeServiceClient::new(self.channel(organisation, &self.endpoints.education)?))
    }

    /// The directory as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn directory(&self, organisation: &str) -> anyhow::Result<DirectoryServiceClient<Channel>> {
        Ok(DirectoryServiceClient::new(self.channel(organisation, &self.endpoints.education)?))
    }

    /// Rolls as this authority.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn rolls(&self, organisation: &str) -> anyhow::Result<RollServiceClient<Channel>> {
        Ok(RollServiceClient::new(self.channel(organisation, &self.endpoints.education)?))
    }

    /// Statements of school mornings as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn statements(
        &self,
        organisation: &str,
    ) -> anyhow::Result<StatementServiceClient<Channel>> {
        Ok(StatementServiceClient::new(self.channel(organisation, &self.endpoints.routing)?))
    }

    /// Versions of the sharing rules as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn rulesets(&self, organisation: &str) -> anyhow::Result<RulesetServiceClient<Channel>> {
        Ok(RulesetServiceClient::new(self.channel(organisation, &self.endpoints.routing)?))
    }

    /// Decisions and counts as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn sharing(&self, organisation: &str) -> anyhow::Result<SharingServiceClient<Channel>> {
        Ok(SharingServiceClient::new(self.channel(organisation, &self.endpoints.routing)?))
    }

    /// The rights of those whose data is shared, as this organisation. A record with its proofs is large.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn rights(&self, organisation: &str) -> anyhow::Result<RightsServiceClient<Channel>> {
        let client = RightsServiceClient::new(self.channel(organisation, &self.endpoints.routing)?);
        Ok(client.max_decoding_message_size(RECORD_BYTES))
    }

    /// The glass that can be broken for a life, as this organisation. A record is large.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn break_glass(
        &self,
        organisation: &str,
    ) -> anyhow::Result<BreakGlassServiceClient<Channel>> {
        let channel = self.channel(organisation, &self.endpoints.routing)?;
        Ok(BreakGlassServiceClient::new(channel).max_decoding_message_size(RECORD_BYTES))
    }

    /// Agreements as this organisation.
    ///
    /// # Errors
    ///
    /// If there is no certificate.
    pub fn agreements(
        &self,
        organisation: &str,
    ) -> anyhow::Result<AgreementServiceClient<Channel>> {
        Ok(AgreementServiceClient::new(self.channel(organisation, &self.endpoints.routing)?))
    }
}

/// A request on behalf of a practitioner.
///
/// # Errors
///
/// If the practitioner's id is not fit for metadata.
pub fn on_behalf<T>(practitioner: &str, message: T) -> anyhow::Result<tonic::Request<T>> {
    let mut request = tonic::Request::new(message);
    let value: MetadataValue<_> =
        practitioner.parse().context("a practitioner's id must be plain ASCII")?;
    request.metadata_mut().insert("mash-practitioner", value);
    Ok(request)
}

//! What one agency submits, fed to the three others: each refuses it, for a reason of the domain and not by accident. If one
//! of them took another's report, the two would be one service with two names.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use mash_chassis::{client_channel, fault};
use mash_hub::{
    data::Data,
    serve::{Settings, Which, start},
};
use mash_proto::{
    disclosure::v1::EvidenceClass,
    education::v1::{self as education, referral_service_client::ReferralServiceClient},
    health::v1::{self as health, health_service_client::HealthServiceClient},
    police::v1::{self as police, protection_service_client::ProtectionServiceClient},
    referral::v1::{Concern, Referrer, Report, ReportKind, Subject, Urgency},
    social_care::v1::{self as social_care, queue_service_client::QueueServiceClient},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// The agencies, each with an organisation of its kind and a sort of report that only it makes.
const AGENCIES: [(&str, ReportKind); 4] = [
    ("police/62", ReportKind::Custody),
    ("health-board/7A5", ReportKind::Clinical),
    ("school/6722951", ReportKind::School),
    ("authority/672", ReportKind::Public),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_agency_refuses_what_the_others_submit() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let shutdown = CancellationToken::new();
    let settings = Settings {
        which: Which::All,
        data: folder.path().to_owned(),
        database: None,
        bus: "embedded".to_owned(),
        keys: mash_hub::keyring::Keyring::Files(None),
        listen: "127.0.0.1:0".parse().unwrap(),
        hosts: vec!["localhost".to_owned()],
        clock: None,
        inbox: None,
        ways: mash_hub::serve::Ways::default(),
        ledger: None,
        ledger_patience: mash_hub::serve::LEDGER_PATIENCE,
    };
    let running = start(&settings, &shutdown).await.unwrap();
    let endpoint = format!("https://localhost:{}", running.address.port());
    enter_contact(&data, &endpoint).await;
    for (front, own) in AGENCIES {
        for (other, kind) in AGENCIES {
            // With the certificate of the front's own agency, so that only the content is foreign.
            let answer = submit(&data, &endpoint, (front, front), kind).await;
            if kind == own {
                let codes = answer.as_ref().map(codes_of);
                assert!(codes.is_none(), "{front} makes reports of its own: {codes:?}");
                continue;
            }
            let refused = answer.unwrap();
            let codes = codes_of(&refused);
            let area = area_of(front);
            let reasoned = codes.iter().any(|code| code.starts_with(area));
            assert!(reasoned, "{front} refuses {kind} with {codes:?}", kind = kind.as_str_name());
            // And with the certificate of the agency that it is of.
            let refused = submit(&data, &endpoint, (front, other), kind).await.unwrap();
            assert_eq!(refused.code(), Code::PermissionDenied, "{other} calls {front}");
            assert_eq!(fault::code_of(&refused).as_deref(), Some(fault::NOT_FOR_THIS_KIND));
        }
    }
    shutdown.cancel();
    running.wait().await.unwrap();
}

const fn area_of(front: &str) -> &'static str {
    match front.as_bytes() {
        [b'p', ..] => "MASH-P",
        [b'h', ..] => "MASH-H",
        [b's', ..] => "MASH-E",
        _ => "MASH-S",
    }
}

fn codes_of(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let fields = details.bad_request().map(|bad| bad.field_violations.clone()).unwrap_or_default();
    fields.into_iter().map(|one| one.reason).chain(fault::code_of(status)).collect()
}

fn channel(data: &Data, endpoint: &str, organisation: &str) -> Channel {
    let files = data.organisation(&organisation.parse().unwrap()).unwrap();
    client_channel(endpoint, &files).unwrap()
}

fn by<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", "mair-rees".parse().unwrap());
    request
}

fn id() -> String {
    uuid::Uuid::new_v4().to_string()
}

fn report(kind: ReportKind) -> Report {
    Report {
        kind: kind.into(),
        urgency: Urgency::Routine.into(),
        child: Some(Subject { given_names: "Cadi".into(), ..Subject::default() }),
        concerns: vec![Concern {
            what: "Came without a coat.".into(),
            evidence: EvidenceClass::Observation.into(),
            ..Concern::default()
        }],
        referrer: Some(Referrer { name: "M Rees".into(), ..Referrer::default() }),
        place_authority_code: "672".into(),
        ..Report::default()
    }
}

/// Submits a report of this sort to the front of one agency, as an organisation; nothing if it is accepted.
async fn submit(
    data: &Data,
    endpoint: &str,
    (front, caller): (&str, &str),
    kind: ReportKind,
) -> Option<Status> {
    let channel = channel(data, endpoint, caller);
    let (reference, report) = (
        format!("{}-{}", kind.as_str_name(), id().get(..8).unwrap_or_default()),
        Some(report(kind)),
    );
    match front.as_bytes() {
        [b'p', ..] => {
            let custody = police::CustodyRecord {
                reference,
                report,
                detain_time: Some(prost_types::Timestamp { seconds: 1_700_000_000, nanos: 0 }),
                ..police::CustodyRecord::default()
            };
            let request = police::RecordCustodyRequest {
                request_id: id(),
                custody: Some(custody),
                expected_revision: 0,
            };
            ProtectionServiceClient::new(channel).record_custody(by(request)).await.err()
        }
        [b'h', ..] => {
            let request = health::SubmitReferralRequest {
                request_id: id(),
                reference,
                report,
                professional: Some(health::Professional {
                    name: "M Rees".to_owned(),
                    role: health::Role::Nurse.into(),
                    telephone: "01656 000000".to_owned(),
                    ..health::Professional::default()
                }),
                ..health::SubmitReferralRequest::default()
            };
            HealthServiceClient::new(channel).submit_referral(by(request)).await.err()
        }
        [b's', ..] => {
            let request = education::SubmitReferralRequest { request_id: id(), reference, report };
            ReferralServiceClient::new(channel).submit_referral(by(request)).await.err()
        }
        _ => {
            let request =
                social_care::RecordPublicReportRequest { request_id: id(), reference, report };
            QueueServiceClient::new(channel).record_public_report(by(request)).await.err()
        }
    }
}

/// A school's report is made by a contact of the directory.
async fn enter_contact(data: &Data, endpoint: &str) {
    use education::{
        directory_service_client::DirectoryServiceClient, import_establishments_request::Part,
    };
    let header = education::ImportEstablishmentsHeader {
        layout: education::RegisterLayout::Wales.into(),
        register_date: None,
    };
    let rows = "LA Code,School Number,School Name,Sector,Postcode,Status,Close Date\n\
                672,2951,Ysgol Pont-y-Bryn,Primary,CF31 1AA,Open,\n";
    let parts = [Part::Header(header), Part::Chunk(rows.as_bytes().to_vec())];
    let parts = parts.map(|part| education::ImportEstablishmentsRequest { part: Some(part) });
    let mut operator = DirectoryServiceClient::new(channel(data, endpoint, "operator/hub"));
    operator.import_establishments(tokio_stream::iter(parts)).await.unwrap();
    let contact = education::Contact {
        id: "mair-rees".into(),
        full_name: "Mair Rees".into(),
        role: education::ContactRole::KeyAdult.into(),
        email: "m.rees@ysgol.example".into(),
        telephone: "01656 000000".into(),
        ..education::Contact::default()
    };
    let request = education::ReplaceContactsRequest {
        request_id: id(),
        parent: "establishments/6722951".into(),
        contacts: vec![contact],
    };
    let mut school = DirectoryServiceClient::new(channel(data, endpoint, "school/6722951"));
    school.replace_contacts(by(request)).await.unwrap();
}

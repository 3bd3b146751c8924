//! A hub that serves nothing but the ledger, and organisations that call it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use mash_audit::{Audit, Refusal, Signer};
use mash_chassis::{
    Clock as _, ManualClock, Server,
    ca::{Ca, Subject},
    client_channel, fault,
};
use mash_domain::organisation::OrganisationId;
use mash_ledger::{
    Checkpoint, Entry, Hash, Kind, Note, SigningKey, Use, VerifierKey, hash,
    verify::{Broken, Report, Trust, Verifier},
};
use mash_proto::audit::v1::{
    AppendEntriesRequest, AppendEntriesResponse, ExportLedgerRequest, GetCheckpointRequest,
    GetConsistencyProofRequest, erasure_service_client::ErasureServiceClient,
    ledger_service_client::LedgerServiceClient,
};
use mash_store::{Dialect, Store, testing::TestDatabase};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Status, transport::Channel};
use tonic_types::StatusExt as _;

pub(crate) const ORIGIN: &str = "ledger.example/tests";
pub(crate) const OPERATOR: &str = "operator/hub";
pub(crate) const SCHOOL: &str = "school/6722951";
pub(crate) const OTHER_SCHOOL: &str = "school/6722301";
pub(crate) const POLICE: &str = "police/62";
const DAY: Duration = Duration::from_secs(24 * 3_600);

pub(crate) type Client = LedgerServiceClient<Channel>;

/// Everything that outlives a process of the hub.
pub(crate) struct Hub {
    pub(crate) clock: ManualClock,
    pub(crate) database: TestDatabase,
    ca: Ca,
    folder: TempDir,
}

/// One process of the hub.
pub(crate) struct Process {
    pub(crate) audit: Audit,
    pub(crate) store: Store,
    address: SocketAddr,
    shutdown: CancellationToken,
    tasks: JoinSet<()>,
}

pub(crate) fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(ORIGIN, Use::Note, [number; 32]).unwrap()
}

pub(crate) fn witness_key(organisation: &str, number: u8) -> SigningKey {
    let name = format!("witness/{organisation}");
    SigningKey::from_seed(&name, Use::Cosignature, [number; 32]).unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer::new(vec![key(1)], Vec::new()).unwrap()
}

pub(crate) fn entry(number: u64) -> Entry {
    Entry {
        id: Entry::id_of(&["test", &number.to_string()]),
        kind: Kind::Permitted,
        at_ms: 1_760_000_000_000 + number,
        late: false,
        organisation: if number.is_multiple_of(2) { SCHOOL } else { OTHER_SCHOOL }.to_owned(),
        case: format!("{number:032x}"),
        subject: format!("decisions/{number}"),
        ruleset: "2026-11-20.1".to_owned(),
        commitment: hash::plain(&number.to_be_bytes()),
    }
}

pub(crate) fn entries(numbers: std::ops::Range<u64>) -> Vec<Vec<u8>> {
    numbers.map(|number| entry(number).encode().unwrap()).collect()
}

impl Hub {
    pub(crate) async fn new(dialect: Dialect) -> Self {
        let database = TestDatabase::create(dialect).await;
        let folder = tempfile::tempdir().unwrap();
        let ca = Ca::create(folder.path().join("ca")).unwrap();
        let clock = ManualClock::new("2026-11-19T09:00:00Z".parse().unwrap());
        Self { clock, database, ca, folder }
    }

    pub(crate) async fn start(&self) -> Process {
        self.start_with(signer()).await.unwrap()
    }

    pub(crate) async fn start_with(&self, signer: Signer) -> Result<Process, Refusal> {
        let store = self.database.sealed_store().await;
        let bus = mash_bus::connect("embedded", &store).await.unwrap();
        let clock = Arc::new(self.clock.clone());
        let audit = Audit::start(store.clone(), bus, clock, signer).await?;
        let hosts = vec!["localhost".to_owned()];
        let subject = Subject::Server { name: "audit".to_owned(), hosts };
        let issued = self.ca.issue(subject, DAY).unwrap();
        let stem = format!("server-{}", issued.serial);
        let (cert, key) = issued.write(self.folder.path(), &stem).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let server = Server::builder(self.ca.tls_files(cert, key))
            .add_service(audit.service())
            .add_service(audit.erasures());
        let mut tasks = JoinSet::new();
        let stop = shutdown.clone();
        tasks.spawn(async move { server.serve(listener, stop).await.unwrap() });
        Ok(Process { audit, store, address, shutdown, tasks })
    }

    pub(crate) fn client(&self, to: &Process, organisation: &str) -> Client {
        LedgerServiceClient::new(self.channel(to, organisation))
    }

    pub(crate) fn erasures(
        &self,
        to: &Process,
        organisation: &str,
    ) -> ErasureServiceClient<Channel> {
        ErasureServiceClient::new(self.channel(to, organisation))
    }

    fn channel(&self, to: &Process, organisation: &str) -> Channel {
        let id = organisation.parse::<OrganisationId>().unwrap();
        let issued = self.ca.issue(&id, DAY).unwrap();
        let stem = format!("{}-{}", organisation.replace('/', "-"), issued.serial);
        let (cert, key) = issued.write(self.folder.path(), &stem).unwrap();
        let endpoint = format!("https://localhost:{}", to.address.port());
        client_channel(&endpoint, &self.ca.tls_files(cert, key)).unwrap()
    }

    pub(crate) fn pass(&self, seconds: i64) {
        self.clock.set(self.clock.now() + jiff::SignedDuration::from_secs(seconds));
    }
}

impl Process {
    pub(crate) async fn stop(mut self) {
        self.shutdown.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    /// Runs a statement as somebody does who has the database.
    pub(crate) async fn tamper(&self, sql: &str) {
        let mut tx = self.store.begin().await.unwrap();
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let mut conn = self.store.read().await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut *conn).await.unwrap()
    }
}

pub(crate) fn named<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("mash-practitioner", "auditor-1".parse().unwrap());
    request
}

pub(crate) async fn append(
    client: &mut Client,
    entries: Vec<Vec<u8>>,
) -> Result<AppendEntriesResponse, Status> {
    client.append_entries(AppendEntriesRequest { entries }).await.map(tonic::Response::into_inner)
}

pub(crate) async fn checkpoint(client: &mut Client, size: i64) -> Result<Note, Status> {
    let answer = client.get_checkpoint(GetCheckpointRequest { size }).await?;
    Ok(Note::parse(&answer.into_inner().checkpoint).unwrap())
}

pub(crate) fn says(note: &Note) -> Checkpoint {
    Checkpoint::verified(note, ORIGIN, &[key(1).verifier().clone()]).unwrap()
}

pub(crate) async fn consistency(client: &mut Client, old: u64, new: u64) -> Vec<Hash> {
    let (old_size, new_size) = (i64::try_from(old).unwrap(), i64::try_from(new).unwrap());
    let request = GetConsistencyProofRequest { old_size, new_size };
    let answer = client.get_consistency_proof(request).await.unwrap().into_inner();
    answer.hashes.iter().map(|hash| Hash::from_slice(hash).unwrap()).collect()
}

pub(crate) async fn export(client: &mut Client, from: i64) -> Result<Vec<u8>, Status> {
    let mut pieces = client.export_ledger(named(ExportLedgerRequest { from })).await?.into_inner();
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.message().await? {
        bytes.extend(piece.chunk);
    }
    Ok(bytes)
}

pub(crate) fn verify(export: &[u8], trust: Trust) -> Result<Report, Broken> {
    let mut verifier = Verifier::new(trust);
    let lines = export.strip_suffix(b"\n").expect("the last line ends");
    for line in lines.split(|byte| *byte == b'\n') {
        verifier.line(line)?;
    }
    verifier.finish()
}

pub(crate) fn trust() -> Trust {
    trust_in(key(1).verifier())
}

pub(crate) fn trust_in(key: &VerifierKey) -> Trust {
    Trust { keys: vec![key.clone()], ..Trust::default() }
}

/// The code of gRPC and the reason of a refusal.
pub(crate) fn told<T>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.err().expect("refused");
    let details = status.get_error_details();
    let reason = details.error_info().map(|info| info.reason.clone()).unwrap_or_default();
    assert_eq!(details.error_info().map(|info| info.domain.as_str()), Some(fault::DOMAIN));
    (status.code(), reason)
}

/// The reasons of each violation.
pub(crate) fn violations<T>(answer: Result<T, Status>) -> Vec<(String, String)> {
    let status = answer.err().expect("refused");
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("violations").field_violations;
    violations
        .iter()
        .map(|it| (it.field.clone(), it.description.split(':').next().unwrap().to_owned()))
        .collect()
}

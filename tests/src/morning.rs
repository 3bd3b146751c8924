//! The hub at 07:45 of the night that the demonstration plays, when nobody at a school has looked yet, with its inbox.

use std::time::Duration;

use jiff::SignedDuration;
use mash_chassis::FileClock;
use mash_hub::{
    data::Data,
    demo::{ScriptedClock, play::list, prepare::directory_and_rolls},
    people::{Endpoints, People, on_behalf},
    serve::{InboxSettings, Running, Settings, Which, start},
};
use mash_inbox::{Accounts, MailSettings, ProviderSettings};
use mash_synth::night::{Night, timeline::Action};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// The key adult of a Welsh-medium school.
pub const KEY_ADULT: (&str, &str) = ("school/6722951", "mair-rees");
/// Her address in the directory.
pub const KEY_ADULTS_MAIL: &str = "mair.rees@pont-y-bryn.example";
/// The officer who has what no school can have.
pub const OFFICER: (&str, &str) = ("authority/672", "bethan-rowlands");
/// What time it is.
pub const NOW: &str = "2026-11-19T07:45:00Z";
/// How many notices wait for the key adult.
const WAITING: usize = 3;

/// A hub that runs.
pub struct Morning {
    /// Where a browser finds the inbox.
    pub origin: String,
    accounts: Accounts<FileClock>,
    running: Running,
    shutdown: CancellationToken,
    _folder: TempDir,
}

impl Morning {
    /// In a folder of its own, with a server for e-mails or without one, and with these providers to sign in at.
    ///
    /// # Panics
    ///
    /// If it cannot be started, or the notices do not come.
    pub async fn start(mail: Option<MailSettings>, providers: Vec<ProviderSettings>) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let data = Data::open(folder.path()).expect("a data folder");
        let clock = ScriptedClock::open(&data).expect("a clock");
        let inbox = InboxSettings {
            listen: ([127, 0, 0, 1], 0).into(),
            tls: None,
            mail,
            origin: None,
            providers,
        };
        let settings = Settings {
            which: Which::All,
            data: folder.path().to_owned(),
            database: None,
            bus: "embedded".to_owned(),
            keys: mash_hub::keyring::Keyring::Files(None),
            listen: ([127, 0, 0, 1], 0).into(),
            hosts: vec!["localhost".to_owned()],
            clock: Some(data.clock()),
            inbox: Some(inbox),
            ways: mash_hub::serve::Ways::default(),
            ledger: None,
            ledger_patience: mash_hub::serve::LEDGER_PATIENCE,
        };
        let shutdown = CancellationToken::new();
        let running = start(&settings, &shutdown).await.expect("the hub starts");
        let host = format!("localhost:{}", running.address.port());
        let people = People::new(data.clone(), Endpoints::all_at(&format!("https://{host}")));
        let night = Night::new();
        directory_and_rolls(&night, &people).await.expect("the directory");
        for step in &night.steps {
            let Action::Report(submission) = &step.action else { continue };
            clock.move_to(step.at).expect("it moves");
            let request = night.report_request(submission).expect("a report");
            let force = format!("police/{}", submission.force);
            let mut police = people.police(&force).expect("a client");
            let request = on_behalf(submission.practitioner, request).expect("a request");
            police.report_domestic_abuse_incident(request).await.expect("it is accepted");
        }
        clock.move_to(NOW.parse().expect("an instant")).expect("it moves");
        let arrived = async {
            while list(&people, KEY_ADULT.0, KEY_ADULT.1).await.expect("a list").len() < WAITING {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let arrived = tokio::time::timeout(Duration::from_secs(40), arrived).await;
        arrived.expect("the notices come in time");
        let origin = running.inbox.clone().expect("an inbox");
        let clock = FileClock::open(data.clock()).expect("a clock");
        let secret = data.secret().expect("a secret");
        let accounts =
            Accounts::open(running.store.clone(), clock, &secret).await.expect("accounts");
        for (organisation, practitioner) in [KEY_ADULT, OFFICER] {
            let organisation = organisation.parse().expect("an organisation");
            accounts.invite(&organisation, practitioner).await.expect("she is invited");
        }
        Self { origin, accounts, running, shutdown, _folder: folder }
    }

    /// A link that signs somebody in once.
    ///
    /// # Panics
    ///
    /// If it cannot be made.
    pub async fn link(&self, (organisation, practitioner): (&str, &str)) -> String {
        let organisation = organisation.parse().expect("an organisation");
        let lasts = SignedDuration::from_hours(1);
        let link = self.accounts.link(&organisation, practitioner, lasts).await;
        format!("{}{}", self.origin, link.expect("a link"))
    }

    /// Stops it.
    ///
    /// # Panics
    ///
    /// If a part of it had failed.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.running.wait().await.expect("it stops");
    }
}

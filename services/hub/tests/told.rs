//! What people outside the hub are told, read from a mail server that this project did not write: that something waits, and
//! when the database is gone in the morning, that the hub is down. Neither says anything of a child, a school or a person.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

#[path = "told/cluster.rs"]
mod cluster;
#[path = "told/sink.rs"]
mod sink;

use std::{
    os::unix::fs::PermissionsExt as _,
    process::{Child, Command, Stdio},
    time::Duration,
};

use cluster::Cluster;
use jiff::Timestamp;
use mash_bus::{BusMessage, topics};
use mash_domain::organisation::OrganisationId;
use mash_hub::{
    data::Data,
    demo::{ScriptedClock, prepare::directory_and_rolls},
    people::{Endpoints, People},
    serve::{Running, Settings, Ways, Which, start},
};
use mash_mail::MailSettings;
use mash_proto::{
    convert::time_to_wire,
    disclosure::v1::{ChildIdentity, Content, DisclosureReleased},
    envelope::{Attributes, event_id, wrap},
};
use mash_synth::night::Night;
use prost::Message as _;
use sink::{Mail, Sink};
use tokio_util::sync::CancellationToken;

const INBOX: &str = "https://inbox.hub.example";
const SCHOOL: &str = "6722951";
const AUTHORITY: &str = "672";

#[tokio::test(flavor = "multi_thread")]
async fn a_nudge_and_an_outage_are_told_and_name_nobody() {
    let (sink, cluster) = (Sink::start(), Cluster::start());
    let folder = tempfile::tempdir().unwrap();
    let data = Data::open(folder.path()).unwrap();
    let clock = ScriptedClock::open(&data).unwrap();
    let shutdown = CancellationToken::new();
    let running = hub(&data, &sink, &cluster, &shutdown).await;
    let night = Night::new();
    let host = format!("https://localhost:{}", running.address.port());
    let people = People::new(data.clone(), Endpoints::all_at(&host));
    directory_and_rolls(&night, &people).await.unwrap();

    release(&running, &night).await;
    let key_adult = &night.establishments[0].contacts[0].email;
    let nudge = sink.mail_to(key_adult, 1).await.remove(0);
    says_nothing_personal(&nudge, &night);
    assert!(nudge.text.contains(INBOX) && nudge.text.contains("safeguarding inbox"));
    assert!(nudge.text.contains("mewnflwch diogelu"), "{}", nudge.text);
    assert!(nudge.text.contains("@hub.example>"), "a Message-ID of its own: {}", nudge.text);

    // The file says that something waits, and nobody can read that in it.
    let file = folder.path().join("watch.sealed");
    let holds = async {
        let empty = std::fs::metadata(&file).map_or(0, |found| found.len());
        while std::fs::metadata(&file).map_or(0, |found| found.len()) < empty.max(100) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), holds).await.expect("the file is renewed");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let officers: Vec<String> = night
        .desks
        .iter()
        .filter(|desk| desk.authority_code == AUTHORITY && desk.desk == "education-duty")
        .flat_map(|desk| desk.officers.iter().map(|officer| officer.email.clone()))
        .collect();
    assert!(!officers.is_empty());
    let sealed = String::from_utf8_lossy(&std::fs::read(&file).unwrap()).into_owned();
    assert!(officers.iter().all(|officer| !sealed.contains(officer)) && !sealed.contains("desk"));

    // PostgreSQL is gone. Half an hour before the bell the desk hears of it, from the hub or from whoever watches beside it.
    cluster.stop();
    let watch = Watch(watch(&data, &sink));
    let bell: Timestamp = "2026-11-19T08:55:00Z".parse().unwrap();
    clock.move_to(bell - jiff::SignedDuration::from_mins(30)).unwrap();
    for officer in &officers {
        let told = sink.mail_to(officer, 1).await.remove(0);
        says_nothing_personal(&told, &night);
        assert!(told.text.contains("hub is down") && told.text.contains(": 1."), "{}", told.text);
        assert!(told.text.contains("08:55") && told.text.contains("Nid yw"), "{}", told.text);
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    for officer in &officers {
        assert_eq!(sink.mail_to(officer, 1).await.len(), 1, "once for each outage");
    }
    drop(watch);
    shutdown.cancel();
    // What stands on a database that is gone may end with an error; it must end.
    drop(tokio::time::timeout(Duration::from_secs(60), running.wait()).await.expect("it ends"));
}

async fn hub(data: &Data, sink: &Sink, cluster: &Cluster, stop: &CancellationToken) -> Running {
    let mail = MailSettings { server: sink.url(), from: "mash@hub.example".to_owned() };
    let settings = Settings {
        which: Which::All,
        data: data.folder().to_owned(),
        database: Some(cluster.url()),
        bus: "embedded".to_owned(),
        keys: mash_hub::keyring::Keyring::Files(None),
        listen: "127.0.0.1:0".parse().unwrap(),
        hosts: vec!["localhost".to_owned()],
        clock: Some(data.clock()),
        inbox: None,
        ledger: None,
        ledger_patience: mash_hub::serve::LEDGER_PATIENCE,
        ways: Ways {
            mail: Some(mail),
            inbox: Some(INBOX.to_owned()),
            renew: Some(Duration::from_secs(1)),
            ..Ways::default()
        },
    };
    start(&settings, stop).await.unwrap()
}

/// `mash watch`, a process of its own.
fn watch(data: &Data, sink: &Sink) -> Child {
    Command::new(env!("CARGO_BIN_EXE_mash"))
        .args(["watch", "--every", "1", "--mail-from", "mash@hub.example", "--data"])
        .arg(data.folder())
        .arg("--clock-file")
        .arg(data.clock())
        .args(["--smtp", &sink.url()])
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

struct Watch(Child);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What routing releases to the first school of the night.
async fn release(running: &Running, night: &Night) {
    let school = night.establishments.iter().find(|it| it.laestab == SCHOOL).unwrap();
    let pupil = &night.pupils[0];
    let child = ChildIdentity {
        given_names: pupil.given_names.to_string(),
        family_name: pupil.family_name.to_string(),
        ..ChildIdentity::default()
    };
    let recipient: OrganisationId = school.organisation().parse().unwrap();
    let accepted = Night::starts_at();
    let release = DisclosureReleased {
        disclosure_id: "disclosure-1".to_owned(),
        duty_id: "duty-1".to_owned(),
        case_id: "case-1".to_owned(),
        recipient: Some((&recipient).into()),
        addressees: school.contacts.iter().map(|contact| contact.id.clone()).collect(),
        revision: 1,
        content: Content { child: Some(child), ..Content::default() }.encode_to_vec(),
        accept_time: Some(time_to_wire(accepted)),
        ..DisclosureReleased::default()
    };
    let id = event_id(&["test", "told"]);
    let attributes =
        Attributes { id, source: "mash/routing", subject: "case-1", time: accepted, cause: None };
    let payload = wrap(&release, &attributes).encode_to_vec().into();
    let (topic, key) = (topics::DISCLOSED_EDUCATION.to_owned(), recipient.to_string());
    let message = BusMessage { topic, key, event_id: id.to_string(), payload };
    running.bus.publish(&[message]).await.unwrap();
}

/// Neither a child, nor a school, nor a person, nor anything by which one is found; the address of the reader alone is in
/// the header that says for whom it is.
fn says_nothing_personal(mail: &Mail, night: &Night) {
    let text: Vec<String> = mail
        .text
        .lines()
        .filter(|line| !line.starts_with("To: ") && !line.starts_with("X-"))
        .map(str::to_lowercase)
        .collect();
    assert!(text.len() > 10, "a mail that says nothing proves nothing: {}", mail.text);
    let mut told = vec!["disclosure-1".to_owned(), "duty-1".to_owned(), "case-1".to_owned()];
    for pupil in &night.pupils {
        told.extend([pupil.given_names.to_string(), pupil.family_name.to_string()]);
        told.extend(pupil.nhs_number.clone());
        told.extend(pupil.upn.clone());
    }
    for school in &night.establishments {
        told.extend([school.laestab.to_owned(), school.display_name.to_owned()]);
        told.push(school.postcode.to_owned());
        let people = school.contacts.iter();
        told.extend(people.flat_map(|it| [it.id.clone(), it.full_name.clone(), it.email.clone()]));
    }
    for officer in night.desks.iter().flat_map(|desk| &desk.officers) {
        told.extend([officer.id.clone(), officer.full_name.clone(), officer.email.clone()]);
    }
    told.push(AUTHORITY.to_owned());
    told.retain(|word| word.len() > 2);
    assert!(told.len() > 50);
    let words = |line: &str| -> Vec<String> {
        line.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
    };
    for word in told {
        let word = word.to_lowercase();
        // A name is found as a word of its own, or `Ann` would stand in `announce`.
        let found = text.iter().find(|line| {
            let is_word = word.chars().all(char::is_alphanumeric);
            if is_word { words(line).contains(&word) } else { line.contains(&word) }
        });
        assert!(found.is_none(), "{word:?} stands in a mail: {}", mail.text);
    }
}

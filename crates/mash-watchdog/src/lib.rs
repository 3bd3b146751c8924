//! The way to a duty desk that needs neither the database nor the bus.
//!
//! While all is well the hub renews a small sealed file every minute: for each authority how many notices wait, the
//! earliest bell, and the mailboxes of its duty desk; no child, no school, no name. Whoever watches needs this file, a
//! clock, and a way to send: when the file has grown old and a bell of it comes near, the desk is told that the hub is
//! down. That it is told once for each outage and authority rests on a second file, which only one process can make.

use std::{
    collections::BTreeSet,
    fs, io,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};
use jiff::{SignedDuration, Timestamp};
use mash_bus::{Bus, topics};
use mash_chassis::Clock;
use mash_education::{Channels, Education, OutageLetter, Outlook};
use mash_proto::envelope::event_id;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

/// How often the file is renewed and looked at.
pub const EVERY: Duration = Duration::from_secs(60);
/// A file that is older than this was not renewed: the hub is down.
pub const STALE: SignedDuration = SignedDuration::from_mins(3);
/// A bell is near this long before it rings: what a desk needs to call its schools, and some more.
pub const NEAR: SignedDuration = SignedDuration::from_mins(45);
/// The store and the bus have this long to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The longest that one mail may take.
const SEND: Duration = Duration::from_secs(15);
/// Longer than all mails of a desk may take together.
const ABANDONED: Duration = Duration::from_secs(300);
const FILE: &str = "watch.sealed";
const TOLD: &str = "watch-told-";
/// The largest file that is read.
const FILE_LIMIT: u64 = 1 << 20;

/// What the file says.
#[derive(Serialize, Deserialize)]
struct Standing {
    renewed: Timestamp,
    authorities: Vec<Authority>,
}

#[derive(Serialize, Deserialize)]
struct Authority {
    code: String,
    waiting: u64,
    bell: Timestamp,
    desk: Vec<String>,
}

/// The file, and the key that it is sealed with.
pub struct Watchdog {
    folder: PathBuf,
    key: RandomizedNonceKey,
    clock: Arc<dyn Clock>,
    channels: Channels,
    /// Marks that could not be written.
    told: Mutex<BTreeSet<PathBuf>>,
}

impl Watchdog {
    /// On the files of a data folder. `secret` is the hub's; the file is sealed with a key derived from it.
    ///
    /// # Errors
    ///
    /// If no key can be made of it.
    pub fn new(
        folder: &Path,
        secret: &[u8],
        clock: Arc<dyn Clock>,
        channels: Channels,
    ) -> anyhow::Result<Self> {
        let derived =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"mash watchdog file v1");
        let key = RandomizedNonceKey::new(&AES_256_GCM, derived.as_ref())
            .map_err(|_| anyhow::anyhow!("no key can be made for the file of the watchdog"))?;
        Ok(Self { folder: folder.to_owned(), key, clock, channels, told: Mutex::default() })
    }

    /// Renews the file again and again while the hub is well, and looks at it whether it is or not.
    pub async fn keep(
        &self,
        education: &Education,
        bus: &Arc<dyn Bus>,
        every: Duration,
        stop: CancellationToken,
    ) {
        loop {
            if let Err(error) = self.renew(education, bus).await {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the hub is not well: the file of the watchdog was not renewed"
                );
            }
            self.look().await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => (),
            }
        }
    }

    /// Looks at the file again and again, for a process that does nothing else.
    pub async fn watch(&self, every: Duration, stop: CancellationToken) {
        loop {
            self.look().await;
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(every) => (),
            }
        }
    }

    /// Renews the file, once.
    ///
    /// # Errors
    ///
    /// If the database or the bus does not answer, or the file cannot be written.
    pub async fn renew(&self, education: &Education, bus: &Arc<dyn Bus>) -> anyhow::Result<()> {
        let asked = tokio::time::timeout(ANSWER, education.outlook());
        let outlook = asked.await.context("the database does not answer")??;
        let topics = topics::all();
        let asked = tokio::time::timeout(ANSWER, bus.ensure_topics(&topics));
        asked.await.context("the bus does not answer")??;
        self.write(outlook)
    }

    fn write(&self, outlook: Vec<Outlook>) -> anyhow::Result<()> {
        let authorities = outlook
            .into_iter()
            .map(|Outlook { authority: code, waiting, bell, desk }| Authority {
                code,
                waiting,
                bell,
                desk,
            })
            .collect();
        let standing = Standing { renewed: self.clock.now(), authorities };
        let mut sealed = serde_json::to_vec(&standing)?;
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(FILE.as_bytes()), &mut sealed)
            .map_err(|_| anyhow::anyhow!("the file of the watchdog cannot be sealed"))?;
        let content = [nonce.as_ref().as_slice(), &sealed].concat();
        mash_chassis::ca::write_private(&self.folder.join(FILE), &content)?;
        // The outage is over: the next one is told of anew.
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(TOLD) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    fn read(&self) -> anyhow::Result<Option<Standing>> {
        let path = self.folder.join(FILE);
        match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(found) => anyhow::ensure!(found.len() <= FILE_LIMIT, "the file is too large"),
        }
        let content = fs::read(&path)?;
        let (nonce, sealed) = content.split_at_checked(NONCE_LEN).context("the file is cut off")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)
            .map_err(|_| anyhow::anyhow!("the file is cut off"))?;
        let mut sealed = sealed.to_vec();
        let open = self.key.open_in_place(nonce, Aad::from(FILE.as_bytes()), &mut sealed);
        let open = open.map_err(|_| anyhow::anyhow!("the file was not sealed by this hub"))?;
        Ok(Some(serde_json::from_slice(open)?))
    }

    /// Tells the desks whose bells come near, if the file is old. Returns how many desks were told.
    pub async fn look(&self) -> usize {
        let now = self.clock.now();
        let standing = match self.read() {
            Ok(Some(standing)) => standing,
            Ok(None) => return 0,
            Err(error) => {
                tracing::error!(
                    error = format!("{error:#}"),
                    "the file of the watchdog cannot be read, so that no desk would be told of an outage"
                );
                return 0;
            }
        };
        if now.duration_since(standing.renewed) < STALE {
            return 0;
        }
        let mut told = 0;
        for authority in &standing.authorities {
            if authority.bell.duration_since(now) <= NEAR
                && self.tell(authority, standing.renewed).await
            {
                told += 1;
            }
        }
        told
    }

    /// Tells the desk of an authority, unless it has been told of this outage.
    async fn tell(&self, authority: &Authority, renewed: Timestamp) -> bool {
        let Authority { code, waiting, bell, desk } = authority;
        let since = renewed.as_millisecond();
        let mark = self.folder.join(format!("{TOLD}{since}-{code}"));
        // Whoever makes it tells; somebody else has been faster otherwise, and may have died of it.
        let made = match create(&mark) {
            Ok(made) => Some(made),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_abandoned(&mark) {
                    drop(fs::remove_file(&mark));
                }
                return false;
            }
            // A full disk is what an outage looks like: better told by each process than by none.
            Err(_) => None,
        };
        if made.is_none() && self.has_told(&mark) {
            return false;
        }
        let letter = OutageLetter { waiting: *waiting, bell: *bell };
        let mut taken = 0_usize;
        for (index, to) in desk.iter().enumerate() {
            let key = event_id(&["watchdog", code, &since.to_string(), &index.to_string()]);
            let Some(channel) = &self.channels.email else { break };
            let message = letter.to(to.clone(), key);
            let sent = tokio::time::timeout(SEND, channel.send(&message)).await;
            taken += usize::from(matches!(sent, Ok(Ok(()))));
        }
        tracing::error!(
            authority = code,
            waiting,
            told = taken,
            of = desk.len(),
            "the hub is down and a bell is near: its duty desk is told by e-mail"
        );
        if taken == 0 {
            // Nobody has it, as far as is known: again at the next look.
            drop(fs::remove_file(&mark));
            return false;
        }
        if made.is_none_or(|mut made| made.write_all(b"told\n").is_err()) {
            self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(mark);
        }
        true
    }

    /// Whether this process has told it and could not write that down.
    fn has_told(&self, mark: &Path) -> bool {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).contains(mark)
    }
}

/// Whether whoever made it has not been heard of for longer than all that it had to send can take.
fn is_abandoned(mark: &Path) -> bool {
    let Ok(found) = fs::metadata(mark) else { return false };
    let age = found.modified().ok().and_then(|made| made.elapsed().ok());
    found.len() == 0 && age.is_some_and(|age| age > ABANDONED)
}

/// A file that is new and nobody else's.
fn create(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use mash_chassis::ManualClock;
    use mash_mail::{Channel, Outgoing, Undelivered};

    use super::*;

    #[derive(Default)]
    struct Post(Mutex<usize>);

    #[async_trait::async_trait]
    impl Channel for Post {
        async fn send(&self, _: &Outgoing) -> Result<(), Undelivered> {
            *self.0.lock().unwrap() += 1;
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_desk_is_told_once_also_where_no_mark_can_be_written() {
        let post = Arc::<Post>::default();
        let channels = Channels { email: Some(post.clone()), ..Channels::default() };
        let now: Timestamp = "2026-11-19T08:20:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(now));
        let nowhere = Path::new("/nowhere/at/all");
        let watchdog = Watchdog::new(nowhere, &[7; 32], clock, channels).unwrap();
        let desk = vec!["n.rees@authority.example".to_owned()];
        let authority = Authority { code: "672".into(), waiting: 3, bell: now, desk };
        assert!(watchdog.tell(&authority, now).await);
        assert!(!watchdog.tell(&authority, now).await, "once for each outage");
        assert_eq!(*post.0.lock().unwrap(), 1);
    }
}

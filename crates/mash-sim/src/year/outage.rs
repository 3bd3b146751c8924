//! Who learns of it when the hub is down: the real watchdog on its real file, looked at every minute of an outage. At other
//! times it is not played, since then its file is renewed every minute and says nothing to anybody.

use std::sync::Arc;

use mash_chassis::Clock as _;
use mash_watchdog::Watchdog;

use super::play::Play;
use crate::process::Kind;

const SECRET: [u8; 32] = [9; 32];

impl Play {
    pub(super) async fn watchdog(&mut self) -> anyhow::Result<()> {
        let folder = self.folder.path().join("watchdog");
        std::fs::create_dir_all(&folder)?;
        let clock = Arc::new(self.clock.clone());
        let dog = Watchdog::new(&folder, &SECRET, clock, self.post.channels())?;
        let process = self.process(Kind::Education)?;
        if let Some(education) = process.education() {
            // That it fails is how it knows.
            drop(dog.renew(education, process.bus()).await);
        }
        let told = dog.look().await;
        *self.counts.entry("desks told that the hub is down").or_default() +=
            u64::try_from(told).unwrap_or(0);
        self.rise(Kind::Education).await?;
        tracing::debug!(now = %self.clock.now(), told, "the watchdog was looked at");
        Ok(())
    }
}

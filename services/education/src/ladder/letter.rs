//! What a nudge says: that something waits, and where, in both languages, and nothing else.

use std::{fmt, sync::Arc};

use mash_domain::ladder;
use mash_mail::{Channel, Outgoing};
use uuid::Uuid;

const NUDGE: [&str; 2] = [include_str!("texts/nudge.en.txt"), include_str!("texts/nudge.cy.txt")];
const OUTAGE: [&str; 2] =
    [include_str!("texts/outage.en.txt"), include_str!("texts/outage.cy.txt")];

/// The ways to people that this hub has, and where its inbox is.
#[derive(Clone, Default)]
pub struct Channels {
    /// E-mail.
    pub email: Option<Arc<dyn Channel>>,
    /// Text messages.
    pub sms: Option<Arc<dyn Channel>>,
    /// The address at which a browser finds the inbox.
    pub inbox: String,
}

impl fmt::Debug for Channels {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Channels")
            .field("email", &self.email.is_some())
            .field("sms", &self.sms.is_some())
            .field("inbox", &self.inbox)
            .finish()
    }
}

impl Channels {
    pub(crate) fn has(&self, by: ladder::Channel) -> bool {
        self.get(by).is_some()
    }

    pub(crate) fn get(&self, by: ladder::Channel) -> Option<&Arc<dyn Channel>> {
        match by {
            ladder::Channel::Email => self.email.as_ref(),
            ladder::Channel::Sms => self.sms.as_ref(),
        }
    }

    /// Says that something waits. Nothing in it depends on what waits or for whom, but the address and the key.
    pub(crate) fn nudge(&self, to: String, key: Uuid) -> Outgoing {
        letter(NUDGE, &[("{inbox}", &self.inbox)], to, key)
    }
}

/// Says to a duty desk that the hub is down and so many notices may wait.
#[derive(Clone, Copy, Debug)]
pub struct OutageLetter {
    /// How many there were when the hub was last well.
    pub waiting: u64,
    /// The earliest bell of them.
    pub bell: jiff::Timestamp,
}

impl OutageLetter {
    /// The letter, for one officer.
    #[must_use]
    pub fn to(&self, to: String, key: Uuid) -> Outgoing {
        let zone = mash_domain::calendar::london().clone();
        let bell = self.bell.to_zoned(zone).strftime("%H:%M").to_string();
        letter(OUTAGE, &[("{count}", &self.waiting.to_string()), ("{bell}", &bell)], to, key)
    }
}

/// The first line of each text is its subject.
fn letter(texts: [&str; 2], values: &[(&str, &str)], to: String, key: Uuid) -> Outgoing {
    let filled = texts.map(|text| {
        let filled =
            values.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
        let (subject, body) = filled.split_once('\n').unwrap_or((&filled, ""));
        (subject.to_owned(), body.trim().to_owned())
    });
    let [(english, in_english), (welsh, in_welsh)] = filled;
    Outgoing {
        to,
        subject: format!("{english} / {welsh}"),
        text: format!("{in_english}\n\n— — —\n\n{in_welsh}\n"),
        key,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things_and_leave_no_gap() {
        for [english, welsh] in [NUDGE, OUTAGE] {
            assert_eq!(english.lines().count(), welsh.lines().count());
            let gaps = |text: &str| {
                let mut gaps: Vec<_> = text
                    .split('{')
                    .skip(1)
                    .filter_map(|part| part.split_once('}').map(|(name, _)| name.to_owned()))
                    .collect();
                gaps.sort();
                gaps
            };
            assert_eq!(gaps(english), gaps(welsh));
            assert!(!gaps(english).is_empty());
        }
        let channels = Channels { inbox: "https://inbox.example".into(), ..Channels::default() };
        let nudge = channels.nudge("a@b.example".into(), Uuid::nil());
        let bell = "2026-11-19T08:55:00Z".parse().unwrap();
        let outage = OutageLetter { waiting: 3, bell }.to("a@b.example".into(), Uuid::nil());
        for letter in [&nudge, &outage] {
            assert!(!letter.text.contains(['{', '}']) && !letter.subject.contains(['{', '}']));
        }
        assert_eq!(nudge.text.matches("https://inbox.example").count(), 2);
        assert_eq!(outage.text.matches("08:55").count(), 2);
    }
}

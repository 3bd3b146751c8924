//! What is stale in a directory, before it hurts: told from an establishment, its contacts, and what was seen of both.

use std::collections::BTreeMap;

use jiff::{ToSpan as _, civil::Date};

use crate::{
    contact::{Contact, stand_in},
    establishment::{Establishment, EstablishmentState},
};

/// After so many days the details of a contact are asked about again.
pub const CONFIRMED_DAYS: i32 = 31;
/// An absence without cover is told so many days before it begins.
const AHEAD_DAYS: i32 = 7;
/// For so many days after it closed an establishment without contacts is still told of.
const CLOSED_DAYS: i32 = 90;

macro_rules! stale {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// What is stale. In the order in which it presses.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Stale { $($(#[$doc])* $name),+ }

        impl Stale {
            /// Every one, the most pressing first.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word that stands for it in answers.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

stale!(
    /// An open establishment has no contacts at all: what is for it goes to the authority's desk.
    NoContacts = "no-contacts",
    /// A mail server refused mail to a contact for good.
    Bounced = "bounced",
    /// It has contacts, and none of them is trained: the same.
    NoneTrained = "none-trained",
    /// A contact is away, now or within a week, and nobody covers.
    AwayNoCover = "away-no-cover",
    /// It closed or merged lately, or still has contacts although it is closed.
    Closed = "closed",
    /// A contact has not confirmed her details for a month.
    Unconfirmed = "unconfirmed",
    /// An open establishment has never had a notice: right for most small ones, and how a wrong number looks.
    NeverTold = "never-told",
);

/// One thing that is stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub stale: Stale,
    /// The id of the contact whom it is about; none if it is about the establishment.
    pub contact: Option<String>,
    /// Since when, or from when on, if that is known.
    pub since: Option<Date>,
}

/// What was seen of an establishment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// On which day mail to a contact was refused for good, by her id.
    pub bounced: BTreeMap<String, Date>,
    /// Whether it ever had a notice.
    pub told: bool,
}

/// Everything that is stale about an establishment on a day.
#[must_use]
pub fn findings(
    establishment: &Establishment,
    contacts: &[Contact],
    seen: &Seen,
    today: Date,
) -> Vec<Finding> {
    let whole = |stale, since| Finding { stale, contact: None, since };
    match establishment.state {
        EstablishmentState::Proposed => return Vec::new(),
        EstablishmentState::Closed => {
            let since = establishment.close_date;
            let lately = since.is_some_and(|day| day >= today.saturating_sub(CLOSED_DAYS.days()));
            let tells = lately || !contacts.is_empty();
            return if tells { vec![whole(Stale::Closed, since)] } else { Vec::new() };
        }
        EstablishmentState::Open => (),
    }
    let mut found = Vec::new();
    if contacts.is_empty() {
        found.push(whole(Stale::NoContacts, None));
    } else if !contacts.iter().any(|contact| contact.may_receive(today)) {
        found.push(whole(Stale::NoneTrained, None));
    }
    for contact in contacts {
        let hers = |stale, since| Finding { stale, contact: Some(contact.id.clone()), since };
        if let Some(day) = seen.bounced.get(&contact.id) {
            found.push(hers(Stale::Bounced, Some(*day)));
        }
        if let Some(first) = away_without_cover(contacts, contact, today) {
            found.push(hers(Stale::AwayNoCover, Some(first)));
        }
        let fresh = today.saturating_sub(CONFIRMED_DAYS.days());
        if contact.confirmed_date.is_none_or(|day| day <= fresh) {
            found.push(hers(Stale::Unconfirmed, contact.confirmed_date));
        }
    }
    if !seen.told {
        found.push(whole(Stale::NeverTold, None));
    }
    found
}

/// From when on a contact is away with nobody in her place, if that is now or within a week.
fn away_without_cover(contacts: &[Contact], contact: &Contact, today: Date) -> Option<Date> {
    let days = contact.absence?;
    let soon = today.saturating_add(AHEAD_DAYS.days());
    if days.last() < today || days.first() > soon {
        return None;
    }
    let on = days.first().max(today);
    stand_in(contacts, contact, on).is_none().then_some(days.first())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::{
        calendar::DateRange, contact::ContactRole, establishment::EstablishmentType, nation::Nation,
    };

    const TODAY: Date = date(2026, 11, 19);

    fn school(state: EstablishmentState) -> Establishment {
        Establishment {
            laestab: "6722301".parse().unwrap(),
            name: "Ysgol Pont-y-Bryn".to_owned(),
            nation: Nation::Wales,
            kind: EstablishmentType::School,
            state,
            postcode: String::new(),
            urn: None,
            close_date: None,
            successors: Vec::new(),
            low_age: None,
            high_age: None,
            boarding: false,
        }
    }

    fn contact(id: &str) -> Contact {
        Contact {
            id: id.to_owned(),
            full_name: "Mair Rees".to_owned(),
            role: ContactRole::KeyAdult,
            email: format!("{id}.rees@school.example"),
            telephone: "01656 000000".to_owned(),
            training_date: Some(date(2025, 9, 1)),
            confirmed_date: Some(date(2026, 11, 1)),
            absence: None,
            cover: None,
        }
    }

    fn told() -> Seen {
        Seen { told: true, ..Seen::default() }
    }

    fn words(contacts: &[Contact], seen: &Seen) -> Vec<(&'static str, Option<String>)> {
        let found = findings(&school(EstablishmentState::Open), contacts, seen, TODAY);
        found.into_iter().map(|it| (it.stale.word(), it.contact)).collect()
    }

    #[test]
    fn a_school_that_is_well_has_no_findings() {
        assert_eq!(words(&[contact("mair")], &told()), []);
    }

    #[test]
    fn nobody_to_be_told_is_found_and_so_is_nobody_who_is_trained() {
        assert_eq!(words(&[], &told()), [("no-contacts", None)]);
        let untrained = Contact { training_date: None, ..contact("mair") };
        let tomorrow = Contact { training_date: Some(date(2026, 11, 20)), ..contact("owen") };
        assert_eq!(words(&[untrained.clone(), tomorrow], &told()), [("none-trained", None)]);
        assert_eq!(words(&[untrained, contact("sian")], &told()), []);
    }

    #[test]
    fn a_school_that_was_never_told_is_found_whoever_is_there() {
        assert_eq!(words(&[contact("mair")], &Seen::default()), [("never-told", None)]);
    }

    #[test]
    fn a_mailbox_that_bounced_is_found_with_its_day() {
        let bounced = BTreeMap::from([("mair".to_owned(), date(2026, 11, 3))]);
        let seen = Seen { bounced, told: true };
        let found = findings(&school(EstablishmentState::Open), &[contact("mair")], &seen, TODAY);
        assert_eq!(found[0].since, Some(date(2026, 11, 3)));
        assert_eq!(words(&[contact("owen")], &seen), [], "it is another person's");
    }

    #[test]
    fn details_grow_stale_after_a_month() {
        for (day, stale) in [
            (None, true),
            (Some(date(2026, 10, 19)), true),
            (Some(date(2026, 10, 20)), false),
            (Some(TODAY), false),
        ] {
            let contact = Contact { confirmed_date: day, ..contact("mair") };
            assert_eq!(!words(&[contact], &told()).is_empty(), stale, "{day:?}");
        }
    }

    #[test]
    fn an_absence_counts_while_it_lasts_or_comes_and_nobody_covers() {
        let away = |first, last, cover: Option<&str>| Contact {
            absence: DateRange::new(first, last),
            cover: cover.map(str::to_owned),
            ..contact("mair")
        };
        let missing = [("away-no-cover", Some("mair".to_owned()))];
        let with = |contact| words(&[contact, self::contact("owen")], &told());
        assert_eq!(with(away(date(2026, 11, 16), date(2026, 11, 19), None)), missing);
        assert_eq!(with(away(date(2026, 11, 26), date(2026, 11, 30), None)), missing);
        assert_eq!(with(away(date(2026, 11, 27), date(2026, 11, 30), None)), []);
        assert_eq!(with(away(date(2026, 11, 9), date(2026, 11, 18), None)), []);
        assert_eq!(with(away(date(2026, 11, 16), date(2026, 11, 20), Some("owen"))), []);
        let too = Contact {
            absence: DateRange::new(date(2026, 11, 19), date(2026, 11, 19)),
            ..contact("owen")
        };
        let covered = away(date(2026, 11, 16), date(2026, 11, 20), Some("owen"));
        assert_eq!(words(&[covered, too], &told()).len(), 2, "whoever covers is away too");
    }

    #[test]
    fn one_that_closed_is_told_of_for_a_while_or_while_it_has_contacts() {
        let closed = |close_date, contacts: &[Contact]| {
            let school = Establishment { close_date, ..school(EstablishmentState::Closed) };
            let found = findings(&school, contacts, &Seen::default(), TODAY);
            found.iter().map(|it| it.stale).collect::<Vec<_>>()
        };
        assert_eq!(closed(Some(date(2026, 8, 31)), &[]), [Stale::Closed]);
        assert_eq!(closed(Some(date(2020, 8, 31)), &[]), []);
        assert_eq!(closed(None, &[]), []);
        assert_eq!(closed(Some(date(2020, 8, 31)), &[contact("mair")]), [Stale::Closed]);
        assert_eq!(closed(None, &[contact("mair")]), [Stale::Closed]);
    }
}

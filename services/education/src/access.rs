//! Who may see what, and the names by which things are asked for.
//!
//! A school has itself, an authority what is its own, the operator the directory. To everybody else a thing is not there.

use mash_chassis::Caller;
use mash_domain::{
    identifier::{AuthorityCode, Laestab},
    organisation::{OrganisationId, OrganisationKind},
};
use mash_proto::disclosure::v1::Desk;
use uuid::Uuid;

use crate::{error::Refusal, record::Record};

/// Whose notices somebody may see.
#[derive(Clone)]
pub(crate) struct View {
    /// The organisation that its certificate proved.
    pub(crate) organisation: OrganisationId,
    /// Who in it.
    pub(crate) reader: Reader,
}

impl View {
    /// Whether a notice was released to this reader, and did not only climb to her.
    pub(crate) fn was_told(&self, record: &Record) -> bool {
        let desk = match &self.reader {
            Reader::School { .. } => true,
            Reader::Desks { desks } => desks.contains(&record.desk),
        };
        desk && record.recipient == self.organisation
    }
}

/// Who in an organisation reads.
#[derive(Clone)]
pub(crate) enum Reader {
    /// A person at a school, who sees what is addressed to her.
    School {
        /// Her id.
        practitioner: String,
    },
    /// An officer of an authority, who sees what her desks have.
    Desks {
        /// Her desks.
        desks: Vec<Desk>,
    },
}

/// What has contacts.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ContactParent {
    /// An establishment.
    Establishment(Laestab),
    /// A desk of an authority.
    Desk(AuthorityCode, Desk),
}

/// What has a calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CalendarOwner {
    /// An establishment.
    Establishment(Laestab),
    /// An authority, for all its schools that have none of their own.
    Authority(AuthorityCode),
}

impl CalendarOwner {
    /// Its name.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Establishment(laestab) => format!("establishments/{laestab}"),
            Self::Authority(code) => format!("authorities/{code}"),
        }
    }
}

const DESKS: [(Desk, &str); 4] = [
    (Desk::EducationDuty, "education-duty"),
    (Desk::HomeEducation, "home-education"),
    (Desk::Mash, "mash"),
    (Desk::EarlyYears, "early-years"),
];

/// The word that stands for a desk in names.
pub(crate) fn desk_word(desk: Desk) -> &'static str {
    DESKS.iter().find(|(known, _)| *known == desk).map_or("", |(_, word)| *word)
}

/// The desk with this word.
pub(crate) fn desk_of(word: &str) -> Option<Desk> {
    DESKS.iter().find(|(_, known)| *known == word).map(|(desk, _)| *desk)
}

/// Whether the caller may change what is kept about an establishment.
pub(crate) fn may_keep_establishment(caller: &Caller, laestab: &Laestab) -> bool {
    let code = caller.organisation.code();
    match caller.organisation.kind() {
        OrganisationKind::Operator => true,
        OrganisationKind::School => code == laestab.as_str(),
        OrganisationKind::LocalAuthority => code == laestab.authority().as_str(),
        OrganisationKind::PoliceForce
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider => false,
    }
}

/// Whether the caller may change what is kept about an authority.
pub(crate) fn may_keep_authority(caller: &Caller, authority: &AuthorityCode) -> bool {
    match caller.organisation.kind() {
        OrganisationKind::Operator => true,
        OrganisationKind::LocalAuthority => caller.organisation.code() == authority.as_str(),
        OrganisationKind::School
        | OrganisationKind::PoliceForce
        | OrganisationKind::HealthBoard
        | OrganisationKind::Provider => false,
    }
}

/// The establishment of this name. A malformed name is a fault of the request, not a thing that is missing.
pub(crate) fn establishment(field: &str, name: &str) -> Result<Laestab, Refusal> {
    name.strip_prefix("establishments/").and_then(|number| number.parse().ok()).ok_or_else(|| {
        Refusal::field(
            field,
            "MASH-E016",
            "`establishments/` and the seven digits of the establishment",
        )
    })
}

/// What has contacts, by its name.
pub(crate) fn contact_parent(name: &str) -> Result<ContactParent, Refusal> {
    if name.starts_with("establishments/") {
        return establishment("parent", name).map(ContactParent::Establishment);
    }
    let desk = || {
        let (authority, desk) = name.strip_prefix("authorities/")?.split_once("/desks/")?;
        Some(ContactParent::Desk(authority.parse().ok()?, desk_of(desk)?))
    };
    desk().ok_or_else(|| {
        Refusal::field(
            "parent",
            "MASH-E016",
            "`establishments/{laestab}` or `authorities/{code}/desks/{desk}`",
        )
    })
}

/// What has a calendar, by its name.
pub(crate) fn calendar_owner(name: &str) -> Result<CalendarOwner, Refusal> {
    match name.strip_prefix("authorities/").and_then(|code| code.parse().ok()) {
        Some(code) => Ok(CalendarOwner::Authority(code)),
        None => establishment("parent", name).map(CalendarOwner::Establishment),
    }
}

/// The id in `notices/{id}`.
pub(crate) fn notice_id(name: &str) -> Result<&str, Refusal> {
    name.strip_prefix("notices/")
        .filter(|id| {
            (1..=128).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
        })
        .ok_or_else(|| Refusal::field("name", "MASH-E016", "`notices/` and the id of the notice"))
}

/// A request id: a UUID.
pub(crate) fn request_id(text: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal::field("request_id", "MASH-E016", "a UUID"))
}

/// How many items a page has.
pub(crate) fn page_size(asked: i32) -> Result<usize, Refusal> {
    match usize::try_from(asked) {
        Ok(0) => Ok(50),
        Ok(size @ 1..=500) => Ok(size),
        Ok(_) | Err(_) => Err(Refusal::field("page_size", "MASH-E016", "0 to 500")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(organisation: &str) -> Caller {
        Caller { organisation: organisation.parse().unwrap(), practitioner: None }
    }

    #[test]
    fn each_keeps_its_own() {
        let laestab: Laestab = "6722301".parse().unwrap();
        let table = [
            ("operator/hub", true, true),
            ("school/6722301", true, false),
            ("school/6722302", false, false),
            ("authority/672", true, true),
            ("authority/673", false, false),
            ("police/62", false, false),
            ("health-board/7A5", false, false),
            ("provider/x", false, false),
        ];
        for (organisation, keeps_school, keeps_authority) in table {
            let caller = caller(organisation);
            assert_eq!(may_keep_establishment(&caller, &laestab), keeps_school, "{organisation}");
            assert_eq!(
                may_keep_authority(&caller, &laestab.authority()),
                keeps_authority,
                "{organisation}"
            );
        }
    }

    #[test]
    fn names_have_one_reading() {
        assert!(establishment("name", "establishments/6722301").is_ok());
        for name in [
            "",
            "establishments/",
            "establishments/672230",
            "establishments/6722301/x",
            "schools/6722301",
        ] {
            assert!(establishment("name", name).is_err(), "{name}");
        }
        let desk = ContactParent::Desk("672".parse().unwrap(), Desk::HomeEducation);
        assert!(contact_parent("authorities/672/desks/home-education").unwrap() == desk);
        for name in
            ["authorities/672", "authorities/672/desks/", "authorities/6722/desks/mash", "x"]
        {
            assert!(contact_parent(name).is_err(), "{name}");
        }
        assert_eq!(calendar_owner("authorities/672").unwrap().name(), "authorities/672");
        assert_eq!(notice_id("notices/n-1").unwrap(), "n-1");
        assert!(
            notice_id("notices/").is_err()
                && notice_id("n-1").is_err()
                && notice_id("notices/a b").is_err()
        );
        assert!(page_size(501).is_err() && page_size(-1).is_err());
        assert_eq!(page_size(0).unwrap(), 50);
    }
}

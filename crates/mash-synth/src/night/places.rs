//! Establishments, their contacts and calendars, and the desks of the authorities.

use mash_proto::{
    education::v1::{Calendar, Contact, ContactRole, DateRange},
    r#type::v1::Date,
};

/// Bridgend.
pub const BRIDGEND: &str = "672";
/// The Vale of Glamorgan.
pub const VALE: &str = "673";
/// Cardiff.
pub const CARDIFF: &str = "681";
/// Bristol.
pub const BRISTOL: &str = "801";

/// Ysgol Gynradd Pont-y-Bryn.
pub const E1: &str = "6722951";
/// Heol-las Comprehensive School.
pub const E2: &str = "6724951";
/// Cae Derw Primary School.
pub const E3: &str = "6722952";
/// Porth Teigr College.
pub const E4: &str = "6818951";
/// Severn Meadows Primary School.
pub const E6: &str = "8012951";
/// Cylch Meithrin y Castell.
pub const E7: &str = "6729951";
/// Nant-y-Cwm Primary School.
pub const E8: &str = "6722953";

/// A place where children learn.
pub struct Establishment {
    /// `E1` to `E8`.
    pub key: &'static str,
    /// Seven digits.
    pub laestab: &'static str,
    /// What it is called.
    pub display_name: &'static str,
    /// What its register calls its sector or type.
    pub sector: &'static str,
    /// Welsh-medium type; empty in England.
    pub medium: &'static str,
    /// Street and town.
    pub address: [&'static str; 2],
    /// Postcode.
    pub postcode: &'static str,
    /// Telephone of the office.
    pub telephone: &'static str,
    /// Lowest and highest age.
    pub ages: (u8, u8),
    /// In order: key adult, deputy, second deputy.
    pub contacts: Vec<Contact>,
    /// When it is open.
    pub calendar: Calendar,
}

impl Establishment {
    /// The three-digit code of its authority.
    #[must_use]
    pub fn authority_code(&self) -> &'static str {
        self.laestab.get(..3).unwrap_or_default()
    }

    /// As the parent of contacts and calendars: `establishments/{laestab}`.
    #[must_use]
    pub fn parent(&self) -> String {
        format!("establishments/{}", self.laestab)
    }

    /// As an organisation: `school/{laestab}`.
    #[must_use]
    pub fn organisation(&self) -> String {
        format!("school/{}", self.laestab)
    }
}

/// A desk of an authority.
pub struct Desk {
    /// The three-digit code of the authority.
    pub authority_code: &'static str,
    /// `education-duty`, `home-education`, `mash` or `early-years`.
    pub desk: &'static str,
    /// Its officers, the first one being the named officer.
    pub officers: Vec<Contact>,
}

impl Desk {
    /// As the parent of contacts: `authorities/{code}/desks/{desk}`.
    #[must_use]
    pub fn parent(&self) -> String {
        format!("authorities/{}/desks/{}", self.authority_code, self.desk)
    }

    /// As an organisation: `authority/{code}`.
    #[must_use]
    pub fn organisation(&self) -> String {
        format!("authority/{}", self.authority_code)
    }
}

/// The calendar that an authority gives to its schools.
pub struct AuthorityCalendar {
    /// The three-digit code of the authority.
    pub authority_code: &'static str,
    /// The calendar.
    pub calendar: Calendar,
}

impl AuthorityCalendar {
    /// As the parent of a calendar: `authorities/{code}`.
    #[must_use]
    pub fn parent(&self) -> String {
        format!("authorities/{}", self.authority_code)
    }
}

pub(super) fn establishments() -> Vec<Establishment> {
    let mut places = welsh_schools();
    places.extend(other_places());
    places
}

fn welsh_schools() -> Vec<Establishment> {
    vec![
        Establishment {
            key: "E1",
            laestab: E1,
            display_name: "Ysgol Gynradd Pont-y-Bryn",
            sector: "Primary",
            medium: "Welsh",
            address: ["Heol yr Ysgol", "Pont-y-Bryn"],
            postcode: "CF32 9ZE",
            telephone: "01632 960101",
            ages: (3, 11),
            contacts: vec![
                key_adult("mair-rees", "Mair Rees", "pont-y-bryn", "01632 960102"),
                deputy("owen-pugh", "Owen Pugh", "pont-y-bryn", "01632 960103"),
                second_deputy("sian-lloyd", "Siân Lloyd", "pont-y-bryn", "01632 960104"),
            ],
            calendar: calendar(8 * 60 + 55),
        },
        Establishment {
            key: "E2",
            laestab: E2,
            display_name: "Heol-las Comprehensive School",
            sector: "Secondary",
            medium: "English",
            address: ["Heol-las Road", "Bridgend"],
            postcode: "CF31 9ZH",
            telephone: "01632 960111",
            ages: (11, 18),
            contacts: vec![
                key_adult("david-marsh", "David Marsh", "heol-las", "01632 960112"),
                deputy("ffion-grey", "Ffion Grey", "heol-las", "01632 960113"),
            ],
            calendar: calendar(8 * 60 + 30),
        },
        Establishment {
            key: "E3",
            laestab: E3,
            display_name: "Cae Derw Primary School",
            sector: "Primary",
            medium: "English",
            address: ["Oak Field Lane", "Bridgend"],
            postcode: "CF31 9ZD",
            telephone: "01632 960121",
            ages: (3, 11),
            contacts: Vec::new(),
            calendar: calendar(8 * 60 + 50),
        },
        Establishment {
            key: "E8",
            laestab: E8,
            display_name: "Nant-y-Cwm Primary School",
            sector: "Primary",
            medium: "English",
            address: ["Valley Road", "Nant-y-Cwm"],
            postcode: "CF32 9ZN",
            telephone: "01632 960181",
            ages: (3, 11),
            contacts: vec![key_adult("rhys-evans", "Rhys Evans", "nant-y-cwm", "01632 960182")],
            calendar: calendar(8 * 60 + 50),
        },
    ]
}

fn other_places() -> Vec<Establishment> {
    vec![
        Establishment {
            key: "E4",
            laestab: E4,
            display_name: "Porth Teigr College",
            sector: "Further Education",
            medium: "English",
            address: ["Tiger Quay", "Cardiff"],
            postcode: "CF10 9ZT",
            telephone: "01632 960141",
            ages: (16, 19),
            contacts: vec![key_adult("amina-yusuf", "Amina Yusuf", "porth-teigr", "01632 960142")],
            calendar: calendar(10 * 60),
        },
        Establishment {
            key: "E6",
            laestab: E6,
            display_name: "Severn Meadows Primary School",
            sector: "Community school",
            medium: "",
            address: ["Meadow Rise", "Bristol"],
            postcode: "BS4 9ZS",
            telephone: "01632 960161",
            ages: (4, 11),
            contacts: vec![key_adult("tom-archer", "Tom Archer", "severn-meadows", "01632 960162")],
            calendar: calendar(8 * 60 + 45),
        },
        Establishment {
            key: "E7",
            laestab: E7,
            display_name: "Cylch Meithrin y Castell",
            sector: "Early Years",
            medium: "Welsh",
            address: ["Castle Hall", "Bridgend"],
            postcode: "CF31 9ZL",
            telephone: "01632 960171",
            ages: (2, 4),
            contacts: vec![key_adult(
                "elin-bowen",
                "Elin Bowen",
                "cylch-y-castell",
                "01632 960172",
            )],
            calendar: calendar(9 * 60 + 15),
        },
    ]
}

pub(super) fn desks() -> Vec<Desk> {
    vec![
        Desk {
            authority_code: BRIDGEND,
            desk: "education-duty",
            officers: vec![
                officer("bethan-rowlands", "Bethan Rowlands", "bridgend-education", "01632 960201"),
                officer("gareth-probert", "Gareth Probert", "bridgend-education", "01632 960202"),
            ],
        },
        Desk {
            authority_code: BRIDGEND,
            desk: "home-education",
            officers: vec![officer(
                "nia-beynon",
                "Nia Beynon",
                "bridgend-education",
                "01632 960203",
            )],
        },
        Desk {
            authority_code: BRIDGEND,
            desk: "early-years",
            officers: vec![officer(
                "lowri-pask",
                "Lowri Pask",
                "bridgend-education",
                "01632 960204",
            )],
        },
        Desk {
            authority_code: BRIDGEND,
            desk: "mash",
            officers: vec![officer(
                "carol-jenkins",
                "Carol Jenkins",
                "bridgend-mash",
                "01632 960205",
            )],
        },
        Desk {
            authority_code: VALE,
            desk: "education-duty",
            officers: vec![officer("huw-tanner", "Huw Tanner", "vale-education", "01632 960211")],
        },
        Desk {
            authority_code: VALE,
            desk: "mash",
            officers: vec![officer("ruth-adeyemi", "Ruth Adeyemi", "vale-mash", "01632 960212")],
        },
    ]
}

pub(super) fn calendars() -> Vec<AuthorityCalendar> {
    [BRIDGEND, VALE, CARDIFF, BRISTOL]
        .into_iter()
        .map(|authority_code| AuthorityCalendar { authority_code, calendar: calendar(9 * 60) })
        .collect()
}

/// The autumn, spring and summer terms of 2026 to 2027.
fn calendar(session_start_minutes: i32) -> Calendar {
    let range = |first: (i32, i32, i32), last: (i32, i32, i32)| DateRange {
        first: Some(date(first)),
        last: Some(date(last)),
    };
    Calendar {
        session_start_minutes,
        terms: vec![
            range((2026, 9, 1), (2026, 12, 18)),
            range((2027, 1, 4), (2027, 3, 19)),
            range((2027, 4, 5), (2027, 7, 20)),
        ],
        holidays: vec![
            range((2026, 10, 26), (2026, 10, 30)),
            range((2027, 2, 8), (2027, 2, 12)),
            range((2027, 5, 31), (2027, 6, 4)),
        ],
        training_days: vec![date((2026, 9, 1)), date((2026, 11, 2)), date((2027, 1, 4))],
        open_weekdays: Vec::new(),
    }
}

fn key_adult(id: &str, full_name: &str, domain: &str, telephone: &str) -> Contact {
    contact(id, full_name, ContactRole::KeyAdult, domain, telephone)
}

fn deputy(id: &str, full_name: &str, domain: &str, telephone: &str) -> Contact {
    contact(id, full_name, ContactRole::Deputy, domain, telephone)
}

fn second_deputy(id: &str, full_name: &str, domain: &str, telephone: &str) -> Contact {
    contact(id, full_name, ContactRole::SecondDeputy, domain, telephone)
}

fn officer(id: &str, full_name: &str, domain: &str, telephone: &str) -> Contact {
    contact(id, full_name, ContactRole::DeskOfficer, domain, telephone)
}

fn contact(id: &str, full_name: &str, role: ContactRole, domain: &str, telephone: &str) -> Contact {
    Contact {
        id: id.to_owned(),
        full_name: full_name.to_owned(),
        role: role.into(),
        email: format!("{}@{domain}.example", id.replace('-', ".")),
        telephone: telephone.to_owned(),
        training_date: Some(date((2026, 6, 24))),
        confirmed_date: Some(date((2026, 9, 7))),
        absence: None,
        cover: String::new(),
    }
}

pub(crate) const fn date((year, month, day): (i32, i32, i32)) -> Date {
    Date { year, month, day }
}

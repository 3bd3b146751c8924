//! Reports whose free text is made from templates, so that a name that changes in a field changes in the words too.

#![expect(clippy::wildcard_enum_match_arm, reason = "most places need nothing of their own")]

use mash_domain::{
    answer::Answer,
    data_class::{ClassSet, DataClass},
};
use mash_policy::Profile;
use mash_proto::convert::answer_to_wire;
use proptest::prelude::*;

use super::*;

/// Who is told, and why them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    School,
    /// Two children of one report at one school, which may not know in which order they were reported.
    Two,
    Alternate,
    NoContact,
    ConflictUnknown,
    HomeEducated,
    Unknown,
    HomeForce,
    EarlyYears,
    /// The health board beside the school, under a live agreement.
    Health,
}

impl Place {
    pub(super) const ALL: [Self; 10] = [
        Self::School,
        Self::Two,
        Self::Alternate,
        Self::NoContact,
        Self::ConflictUnknown,
        Self::HomeEducated,
        Self::Unknown,
        Self::HomeForce,
        Self::EarlyYears,
        Self::Health,
    ];

    /// How many recipients are told of the child. The desk and the hub's queue are two; so are school and home force.
    pub(super) const fn recipients(self) -> usize {
        match self {
            Self::Unknown | Self::HomeForce | Self::Health => 2,
            _ => 1,
        }
    }
}

/// What stays the same in both histories: who is told, and the facts of the rules.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) place: Place,
    pub(super) profile: Profile,
    pub(super) protect: Answer,
    pub(super) sexual: bool,
    pub(super) live: bool,
    pub(super) collection: Answer,
    pub(super) no_contact: bool,
}

/// What a field holds, as a number for each field; what it stands for is in [`Scene::incident`].
#[derive(Clone, Debug, Default)]
pub(super) struct Values(pub(super) [u8; 20]);

pub(super) fn values() -> impl Strategy<Value = Values> {
    any::<[u8; 20]>().prop_map(Values)
}

/// A field of a report, and the classes by which a recipient may read it. A name is in a field of its own and in the
/// words; of the words only what stands for it is left where the class is not permitted.
const FIELDS: [(usize, &[DataClass]); 18] = {
    use DataClass::*;
    [
        (SUSPECT, &[Perpetrator]),
        (VICTIM, &[AdultVictim]),
        (OTHER, &[]),
        (SIBLING, &[]),
        (TELEPHONES, &[AdultVictim]),
        (OFFENCES, &[Offence]),
        (DETAIL, &[SexualOffence]),
        (LINES, &[ChildAddress]),
        (ACTIONS, &[Actions]),
        (OFFICER, &[ProfessionalContact]),
        (VOICE, &[ChildVoice]),
        (WORDS, &[Narrative]),
        (RISK, &[RiskGrade]),
        (SIBLINGS, &[Household]),
        (SIBLING_SCHOOL, &[Household]),
        (TYPE, &[Narrative]),
        (WHEREABOUTS, &[Narrative]),
        (RELATION, &[Narrative, ChildVoice, AdultVictim, Perpetrator, Household, Actions]),
    ]
};

const SUSPECT: usize = 0;
const VICTIM: usize = 1;
const OTHER: usize = 2;
const SIBLING: usize = 3;
const TELEPHONES: usize = 4;
const OFFENCES: usize = 5;
const DETAIL: usize = 6;
const LINES: usize = 7;
const ACTIONS: usize = 8;
const OFFICER: usize = 9;
const VOICE: usize = 10;
const WORDS: usize = 11;
const RISK: usize = 12;
const SIBLINGS: usize = 13;
const SIBLING_SCHOOL: usize = 14;
const TYPE: usize = 15;
const WHEREABOUTS: usize = 16;
const RELATION: usize = 17;

impl Values {
    /// These values, with the hidden ones wherever no permitted class shows the field.
    pub(super) fn with_hidden(&self, hidden: &Self, permitted: ClassSet) -> Self {
        let mut values = self.clone();
        for (field, classes) in FIELDS {
            if classes.iter().all(|class| !permitted.contains(*class)) {
                values.0[field] = hidden.0[field];
            }
        }
        values
    }

    fn pick<'a>(&self, field: usize, of: &[&'a str]) -> &'a str {
        of[usize::from(self.0[field]) % of.len()]
    }
}

pub(super) fn scenes() -> impl Strategy<Value = Scene> {
    let answer = || prop::sample::select(vec![Answer::Yes, Answer::No, Answer::Unknown]);
    (
        prop::sample::select(Place::ALL.to_vec()),
        prop::sample::select(Profile::ALL.to_vec()),
        (answer(), any::<bool>(), any::<bool>(), answer(), any::<bool>()),
    )
        .prop_map(|(place, profile, (protect, sexual, live, collection, no_contact))| Scene {
            place,
            profile,
            protect,
            sexual,
            live,
            collection,
            no_contact,
        })
}

/// Where a sibling may go to school, without being told of this child.
const ELSEWHERE: [&str; 2] = ["6812951", "6812952"];

/// The places that a person's names are taken from, one list for each person, so that nobody is called like another.
const NAMES: [[(&str, &str); 3]; 4] = [
    [("Gethin", "Prosser"), ("Rhodri Wyn", "Vaughan-Price"), ("Ifor", "Beynon")],
    [("Angharad", "Treharne"), ("Nerys", "Llewelyn"), ("Siân Mair", "Ap Huw")],
    [("Derfel", "Mostyn"), ("Gwladys", "Pryce"), ("Emyr", "Cadwaladr")],
    [("Tegan", "Hopcyn"), ("Macsen", "Probert"), ("Efa Lois", "Bevan-Rees")],
];

impl Scene {
    pub(super) const fn plain() -> Self {
        Self {
            place: Place::School,
            profile: Profile::Full,
            protect: Answer::No,
            sexual: false,
            live: false,
            collection: Answer::Unknown,
            no_contact: true,
        }
    }

    /// Whether the recipient with this key is told of the child whose silence is tested, and not of a sibling.
    pub(super) fn is_about(&self, key: &str) -> bool {
        !key.contains("681")
    }

    pub(super) fn world(&self) -> World {
        let mut incident = self.incident(0, &Values::default(), 1);
        incident.children.retain(|child| !child.r#ref.starts_with(['s', 't']));
        let mut here = school(HERE);
        match self.place {
            Place::NoContact => here.contacts.clear(),
            Place::EarlyYears => here.early_years = true,
            Place::Alternate => {
                let deputy = Contact {
                    id: "deputy".to_owned(),
                    full_name: "Owen Pugh".to_owned(),
                    ..here.contacts[0].clone()
                };
                here.contacts.push(deputy);
            }
            _ => {}
        }
        let others = ELSEWHERE.map(|laestab| Establishment {
            display_name: format!("Ysgol {}", if laestab == ELSEWHERE[0] { "Cwm" } else { "Bryn" }),
            ..school(laestab)
        });
        let schools = std::iter::once(here).chain(others).collect();
        let places: &[PlaceKind] = match self.place {
            Place::HomeEducated => &[PlaceKind::HomeEducated],
            _ => &[PlaceKind::Main(at(HERE))],
        };
        let mut world = super::world(&incident, places, schools);
        if self.place == Place::Unknown {
            world.roll.clear();
        }
        if self.place == Place::Health {
            world.agreements = vec![super::super::health::live()];
        }
        world.agreed = agreed(self);
        world
    }

    /// The report with these fields. What `visible` changes, every recipient may know (F1, F2).
    pub(super) fn incident(&self, visible: u8, values: &Values, revision: i32) -> pb::Incident {
        let mut incident = super::incident(revision);
        self.adults(&mut incident, values);
        let child = incident.children[0].r#ref.clone();
        self.children(&mut incident, visible, values);
        let at = incident.children.iter().position(|found| found.r#ref == child).unwrap();
        let first = &incident.children[at];
        let address = first.address.clone().unwrap_or_default();
        let told = Told {
            suspect: self.name(0, values.0[SUSPECT]),
            victim: self.name(1, values.0[VICTIM]),
            other: self.name(2, values.0[OTHER]),
            sibling: self.name(3, values.0[SIBLING] % 3),
            line: address.lines.first().cloned().unwrap_or_default(),
            postcode: address.postcode,
            school: if values.0[SIBLING_SCHOOL].is_multiple_of(2) {
                "Ysgol Cwm"
            } else {
                "Ysgol Bryn"
            },
        };
        incident.narrative = told.words(values.0[WORDS]);
        incident.actions = told.words(values.0[ACTIONS].wrapping_add(1));
        let first = &mut incident.children[at];
        let voice = first.voice.get_or_insert_default();
        voice.words = told.words(values.0[VOICE].wrapping_add(2));
        voice.spoken_to = answer_to_wire(Answer::Yes);
        voice.alone = answer_to_wire(Answer::ALL[usize::from(values.0[VOICE] % 3)]);
        first.whereabouts = told.words(values.0[WHEREABOUTS]).chars().take(200).collect();
        incident.dash_risk = i32::from(values.0[RISK] % 4) + 1;
        incident.r#type = i32::from(values.0[TYPE] % 7) + 1;
        let offences = ["Common assault", "Criminal damage to the door", "Harassment"];
        incident.offences = offences[..1 + usize::from(values.0[OFFENCES] % 3)]
            .iter()
            .map(|s| (*s).to_owned())
            .collect();
        incident.sexual_offence = self
            .sexual
            .then(|| pb::SexualOffence { detail: told.words(values.0[DETAIL].wrapping_add(1)) });
        incident.live_investigation = self.live;
        incident.collection_risk = answer_to_wire(self.collection);
        let officer = incident.officer.get_or_insert_default();
        officer.reference = format!("collar {}", values.0[OFFICER]);
        officer.telephone = format!("0165600{:04}", u16::from(values.0[OFFICER]) * 7);
        incident
    }

    fn name(&self, person: usize, value: u8) -> (&'static str, &'static str) {
        NAMES[person][usize::from(value % 3)]
    }

    fn adults(&self, incident: &mut pb::Incident, values: &Values) {
        let kinds = [
            pb::RelationshipKind::Father,
            pb::RelationshipKind::StepParent,
            pb::RelationshipKind::NotRelated,
        ];
        let child_ref = incident.children[0].r#ref.clone();
        let adult = |place: usize, role: pb::AdultRole, kind: pb::RelationshipKind| {
            let (given, family) = self.name(place, values.0[place]);
            pb::Adult {
                r#ref: format!("a{place}"),
                given_names: given.to_owned(),
                family_name: family.to_owned(),
                role: role.into(),
                relationships: vec![pb::Relationship {
                    child_ref: child_ref.clone(),
                    kind: kind.into(),
                }],
                telephone: format!("0770090{:04}", usize::from(values.0[TELEPHONES]) + place),
                no_contact_at_address: self.no_contact,
                ..pb::Adult::default()
            }
        };
        let relation = kinds[usize::from(values.0[RELATION] % 3)];
        incident.adults = vec![
            adult(0, pb::AdultRole::Suspect, relation),
            adult(1, pb::AdultRole::Victim, pb::RelationshipKind::Mother),
            adult(2, pb::AdultRole::Other, pb::RelationshipKind::Grandparent),
        ];
        // These two facts are of the check on the person who would be told, and stay.
        match self.place {
            Place::Alternate => incident.adults.push(pb::Adult {
                r#ref: "a9".to_owned(),
                given_names: "Non".to_owned(),
                family_name: "Such".to_owned(),
                role: pb::AdultRole::Other.into(),
                ..pb::Adult::default()
            }),
            Place::ConflictUnknown => incident.adults.push(pb::Adult {
                r#ref: "a9".to_owned(),
                role: pb::AdultRole::Other.into(),
                ..pb::Adult::default()
            }),
            _ => {}
        }
    }

    fn children(&self, incident: &mut pb::Incident, visible: u8, values: &Values) {
        let first = &mut incident.children[0];
        first.present = answer_to_wire(Answer::ALL[usize::from(visible % 3)]);
        first.stated_establishment = None;
        if self.place == Place::HomeForce {
            first.home_force_code = "52".to_owned();
        }
        let address = first.address.get_or_insert_default();
        let number = values.0[LINES] % 50 + 1;
        let street = values.pick(LINES, &["Heol Ddŵr", "Lon Uchaf", "Maes Gwyn"]);
        address.lines = vec![format!("{number} {street}"), "Trefach".to_owned()];
        address.postcode = format!("CF31 {}AA", values.0[LINES] % 10);
        address.protect = answer_to_wire(self.protect);
        address.authority_code = "672".to_owned();
        let first = first.clone();
        let mut siblings = Vec::new();
        for place in 0..=values.0[SIBLINGS] % 3 {
            let (given, family) = self.name(3, values.0[SIBLING] % 3 + place);
            let mut sibling = first.clone();
            sibling.r#ref = format!("s{place}");
            sibling.given_names = given.to_owned();
            sibling.family_name = family.to_owned();
            sibling.upn.clear();
            sibling.nhs_number.clear();
            sibling.home_force_code.clear();
            // Of another health board, which hears nothing.
            sibling.address.get_or_insert_default().authority_code = "681".to_owned();
            let other = usize::from(values.0[SIBLING_SCHOOL]) % 2;
            sibling.stated_establishment = Some(pb::StatedEstablishment {
                stated_name: String::new(),
                laestab: ELSEWHERE[other].to_owned(),
            });
            siblings.push(sibling);
        }
        if self.place == Place::Two {
            let second = pb::Child {
                r#ref: "two".to_owned(),
                given_names: "Mabli".to_owned(),
                upn: String::new(),
                nhs_number: String::new(),
                stated_establishment: Some(pb::StatedEstablishment {
                    stated_name: String::new(),
                    laestab: HERE.to_owned(),
                }),
                ..first
            };
            siblings.push(second);
        }
        // Where among the children the siblings stand is no more known than that there are any.
        let before = if values.0[SIBLINGS] < 128 { 0 } else { 1 };
        incident.children.splice(before..before, siblings);
    }
}

/// What the free text names.
struct Told<'a> {
    suspect: (&'a str, &'a str),
    victim: (&'a str, &'a str),
    other: (&'a str, &'a str),
    sibling: (&'a str, &'a str),
    line: String,
    postcode: String,
    school: &'a str,
}

impl Told<'_> {
    fn words(&self, template: u8) -> String {
        let full = |(given, family): (&str, &str)| format!("{given} {family}");
        let (suspect, victim) = (full(self.suspect), full(self.victim));
        let (other, sibling) = (full(self.other), full(self.sibling));
        match template % 4 {
            0 => format!("{suspect} struck {victim} in the kitchen; {} ran out.", self.sibling.0),
            1 => format!(
                "At {}, {}, Mr {} shouted at {}'s mother. {other} rang. {sibling} was at {}.",
                self.line, self.postcode, self.suspect.1, self.sibling.0, self.school
            ),
            2 => format!(
                "MRS {} AND {} HID. {} DID NOT.",
                self.victim.1,
                sibling.to_uppercase(),
                other.to_uppercase()
            ),
            _ => format!("{victim}'s telephone was taken. ({}, {}, {suspect})", other, self.line),
        }
    }
}

/// What was received, for a person who looks for the difference.
pub(super) fn shown(received: Option<&super::Received>) -> String {
    let mut lines = Vec::new();
    for (topic, key, id, payload) in received.into_iter().flatten() {
        let envelope = Envelope::decode(payload.as_slice()).unwrap();
        lines.push(format!(
            "{topic} {key} {id} {:?} {} {} {}",
            envelope.time,
            envelope.correlation_id,
            envelope.causation_id,
            String::from_utf8_lossy(&envelope.data).escape_debug()
        ));
    }
    lines.join("\n")
}

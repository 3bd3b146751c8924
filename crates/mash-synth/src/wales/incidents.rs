//! Incidents with the shape of real nights: 45.6% between 21:00 and 03:00, Saturday the busiest day.

use jiff::{SignedDuration, Timestamp};
use mash_proto::{
    police::v1::{
        Address, Adult, AdultRole, Child, DashRisk, Incident, IncidentType, OfficerContact,
        ParentContactAdvice, Relationship, RelationshipKind, ReportDomesticAbuseIncidentRequest,
        SexualOffence, StatedEstablishment, Voice,
    },
    r#type::v1::{Answer, Date},
};

use super::{
    Wales,
    families::{Family, FamilyKind, Home, Parent, Pupil},
    random::Random,
};
use crate::identifiers::request_id;

/// Monday 16 November 2026, 00:00. London keeps UTC in November.
pub(super) const WEEK: Timestamp = Timestamp::constant(1_794_787_200, 0);

/// A report as a force would send it.
#[derive(Clone)]
pub struct SyntheticIncident {
    /// The two-digit code of the force.
    pub force: String,
    /// The three-digit code of the authority where the family lives.
    pub authority_code: &'static str,
    /// When the force sends it.
    pub reported_at: Timestamp,
    /// The request.
    pub request: ReportDomesticAbuseIncidentRequest,
    /// Where each child learns, in the order of the report, as the roll knows it.
    pub schools: Vec<Option<String>>,
}

/// Incidents without end, one after the other, the same for the same seed.
pub struct Incidents<'a> {
    wales: &'a Wales,
    random: Random,
    serial: u32,
    known: Vec<usize>,
}

impl<'a> Incidents<'a> {
    pub(super) fn new(wales: &'a Wales, label: &str) -> Self {
        let random = Random::new(wales.seed).fork("incidents").fork(label);
        Self { wales, random, serial: 0, known: Vec::new() }
    }

    /// A family: over a third of them were reported before in the same year.
    fn family(&mut self) -> Option<&'a Family> {
        let wales = self.wales;
        if self.random.chance(340)
            && let Some(known) = self.random.pick(&self.known)
        {
            return wales.families.get(*known);
        }
        let count = u32::try_from(wales.families.len()).ok()?;
        let drawn = usize::try_from(self.random.below(count)).ok()?;
        self.known.push(drawn);
        wales.families.get(drawn)
    }
}

impl Iterator for Incidents<'_> {
    type Item = SyntheticIncident;

    fn next(&mut self) -> Option<Self::Item> {
        let family = self.family()?;
        self.serial += 1;
        let attended = attended(&mut self.random);
        let reported_at =
            attended + SignedDuration::from_mins(i64::from(self.random.between(20, 110)));
        let force = self.wales.force_of(family.authority_code).to_owned();
        let maker = Maker { wales: self.wales, family, serial: self.serial };
        let incident = maker.incident(&mut self.random, &force, attended);
        let schools = maker.pupils().map(|pupil| pupil.school().map(str::to_owned)).collect();
        let label = format!("wales/{}/{}", self.wales.seed, self.serial);
        Some(SyntheticIncident {
            force,
            authority_code: family.authority_code,
            reported_at,
            request: ReportDomesticAbuseIncidentRequest {
                request_id: request_id(&label),
                incident: Some(incident),
            },
            schools,
        })
    }
}

/// An instant of the week. Shares are of a thousand.
fn attended(random: &mut Random) -> Timestamp {
    let day = random
        .weighted(&[(125, 0), (110, 1), (110, 2), (116, 3), (155, 4), (214, 5), (170, 6_i64)])
        .unwrap_or(5);
    let hour = random
        .weighted(&[
            (70, 0),
            (62, 1),
            (54, 2),
            (30, 3),
            (20, 4),
            (14, 5),
            (14, 6),
            (16, 7),
            (18, 8),
            (18, 9),
            (20, 10),
            (22, 11),
            (24, 12),
            (26, 13),
            (28, 14),
            (32, 15),
            (36, 16),
            (42, 17),
            (52, 18),
            (62, 19),
            (70, 20),
            (78, 21),
            (90, 22),
            (102, 23_i64),
        ])
        .unwrap_or(23);
    let seconds = i64::from(random.below(3_600));
    WEEK + SignedDuration::from_secs(day * 86_400 + hour * 3_600 + seconds)
}

/// Puts one incident together.
struct Maker<'a> {
    wales: &'a Wales,
    family: &'a Family,
    serial: u32,
}

impl Maker<'_> {
    fn pupils(&self) -> impl Iterator<Item = &Pupil> {
        self.family.children.iter().filter_map(|position| self.wales.pupils.get(*position))
    }

    fn incident(&self, random: &mut Random, force: &str, attended: Timestamp) -> Incident {
        let sexual = random.chance(20);
        let live = sexual || random.chance(30);
        let second_home = random.chance(400);
        let children: Vec<Child> = (1..)
            .zip(self.pupils())
            .map(|(n, pupil)| self.child(random, n, pupil, second_home))
            .collect();
        let mut incident = Incident {
            occurrence_number: format!("26{:08}", self.serial),
            force_code: force.to_owned(),
            attended_time: Some(prost_types::Timestamp { seconds: attended.as_second(), nanos: 0 }),
            adults: self.adults(&children),
            narrative: self.narrative(random),
            children,
            live_investigation: live,
            do_not_inform_parent: live && random.chance(700),
            parent_contact_advice: ParentContactAdvice::DoNotContact.into(),
            sexual_offence: sexual.then(|| SexualOffence {
                detail: "Alleged; specialist officer allocated.".to_owned(),
            }),
            actions: "Safeguarding advice given. Invented for a test.".to_owned(),
            collection_risk: if random.chance(80) { Answer::Yes } else { Answer::No }.into(),
            place_authority_code: self.family.authority_code.to_owned(),
            officer: Some(OfficerContact {
                reference: format!("{force}-{:04}", random.below(10_000)),
                telephone: "01632 960300".to_owned(),
            }),
            ..Incident::default()
        };
        incident.set_dash_risk(dash_risk(random));
        incident.set_type(if sexual { IncidentType::Sexual } else { incident_type(random) });
        incident
    }

    fn adults(&self, children: &[Child]) -> Vec<Adult> {
        (1..)
            .zip(&self.family.adults)
            .map(|(n, person)| Adult {
                r#ref: format!("a{n}"),
                given_names: person.given_names.clone().into_owned(),
                family_name: person.family_name.clone().into_owned(),
                role: if n == 1 { AdultRole::Victim } else { AdultRole::Suspect }.into(),
                relationships: children
                    .iter()
                    .map(|child| Relationship {
                        child_ref: child.r#ref.clone(),
                        kind: relationship(person).into(),
                    })
                    .collect(),
                no_contact_at_address: self.family.kind == FamilyKind::Refuge,
                ..Adult::default()
            })
            .collect()
    }

    fn child(&self, random: &mut Random, n: u32, pupil: &Pupil, second_home: bool) -> Child {
        let home =
            self.family.second_home.as_ref().filter(|_| second_home).unwrap_or(&self.family.home);
        let present = random.chance(700);
        let spoken_to = present && random.chance(650);
        // Officers seldom have the numbers at hand.
        let (knows_nhs, knows_upn) = (random.chance(250), random.chance(150));
        Child {
            r#ref: format!("c{n}"),
            given_names: pupil.given_names.clone().into_owned(),
            family_name: pupil.family_name.clone().into_owned(),
            date_of_birth: Some(wire_date(pupil.date_of_birth)),
            sex: pupil.sex.into(),
            nhs_number: pupil.nhs_number.clone().filter(|_| knows_nhs).unwrap_or_default(),
            upn: pupil.upn.clone().filter(|_| knows_upn).unwrap_or_default(),
            address: Some(self.address(random, home)),
            stated_establishment: self.stated(random, pupil),
            present: if present { Answer::Yes } else { Answer::No }.into(),
            whereabouts: random
                .word(&["In bed", "On the stairs", "In the room", "Upstairs", "At a friend's"])
                .to_owned(),
            voice: Some(voice(random, spoken_to)),
            welfare_check: if present { Answer::Yes } else { Answer::Unknown }.into(),
            home_force_code: String::new(),
        }
    }

    fn address(&self, random: &mut Random, home: &Home) -> Address {
        let protect = match (home.protect, random.chance(60)) {
            (true, _) => Answer::Yes,
            (false, true) => Answer::Unknown,
            (false, false) => Answer::No,
        };
        Address {
            lines: home.lines.clone(),
            postcode: home.postcode.clone(),
            protect: protect.into(),
            authority_code: self.family.authority_code.to_owned(),
        }
    }

    /// Four in five times the right school by its name; else nothing, or the school of a brother or sister.
    fn stated(&self, random: &mut Random, pupil: &Pupil) -> Option<StatedEstablishment> {
        let told = match random.below(10) {
            0..8 => pupil.school(),
            8 => self.pupils().find_map(Pupil::school),
            _ => None,
        }?;
        let school = self.wales.school(told)?;
        let picked = random.chance(400);
        Some(StatedEstablishment {
            stated_name: school.display_name.clone(),
            laestab: if picked { school.laestab.clone() } else { String::new() },
        })
    }

    fn narrative(&self, random: &mut Random) -> String {
        let name = |person: Option<&Parent>| {
            person.map_or_else(String::new, |person| {
                format!("{} {}", person.given_names, person.family_name)
            })
        };
        let (victim, suspect) = (name(self.family.adults.first()), name(self.family.adults.get(1)));
        let what = random.word(&[
            "shouted at and pushed",
            "threatened",
            "took the telephone of",
            "sent two hundred messages in a night to",
            "struck",
            "broke the door to get to",
        ]);
        let mut text = format!("{suspect} {what} {victim}.");
        for pupil in self.pupils() {
            let school = pupil.school().and_then(|laestab| self.wales.school(laestab));
            let given = &pupil.given_names;
            match school {
                Some(school) => text.push_str(&format!(
                    " {given}, who goes to {}, was in the house.",
                    school.display_name
                )),
                None => text.push_str(&format!(" {given} was in the house.")),
            }
        }
        text.push_str(" This report is synthetic; nobody in it exists.");
        text
    }
}

fn voice(random: &mut Random, spoken_to: bool) -> Voice {
    if spoken_to {
        let alone = random.chance(600);
        Voice {
            spoken_to: Answer::Yes.into(),
            words: random
                .word(&[
                    "I was scared.",
                    "They were shouting again.",
                    "I put my headphones on.",
                    "Mam was crying.",
                ])
                .to_owned(),
            alone: if alone { Answer::Yes } else { Answer::No }.into(),
            not_spoken_to_reason: String::new(),
        }
    } else {
        Voice {
            spoken_to: Answer::No.into(),
            words: String::new(),
            alone: Answer::Unknown.into(),
            not_spoken_to_reason: random
                .word(&["Asleep", "Not there", "Too young", "Did not want to talk"])
                .to_owned(),
        }
    }
}

fn relationship(person: &Parent) -> RelationshipKind {
    match (person.parent, person.female) {
        (true, true) => RelationshipKind::Mother,
        (true, false) => RelationshipKind::Father,
        (false, _) => RelationshipKind::StepParent,
    }
}

fn dash_risk(random: &mut Random) -> DashRisk {
    random
        .weighted(&[
            (500, DashRisk::Standard),
            (330, DashRisk::Medium),
            (140, DashRisk::High),
            (30, DashRisk::NotGraded),
        ])
        .unwrap_or(DashRisk::Medium)
}

fn incident_type(random: &mut Random) -> IncidentType {
    random
        .weighted(&[
            (420, IncidentType::Verbal),
            (310, IncidentType::Physical),
            (110, IncidentType::CoerciveControl),
            (80, IncidentType::Stalking),
            (80, IncidentType::Damage),
        ])
        .unwrap_or(IncidentType::Verbal)
}

fn wire_date(day: jiff::civil::Date) -> Date {
    Date { year: day.year().into(), month: day.month().into(), day: day.day().into() }
}

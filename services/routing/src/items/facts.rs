//! What a decision on an item rests on: what its sender states, what others have stated of the case, and what routing
//! knows itself.
//!
//! What protects somebody counts whoever said it, and what opens something counts only from those who may say so. So a
//! force's word that an investigation is live holds for what the authority asks of a school, and only the authority that
//! works the case can say that there is an enquiry.

use mash_domain::{
    agreement::{Cover, Question},
    answer::Answer,
    authority::Authorities,
    data_class::{ClassSet, DataClass},
    identifier::{ForceCode, Laestab},
    nation::Nation,
    organisation::{OrganisationId, OrganisationKind},
    sharing::{ChildView, ConsentState, Flow},
};
use mash_policy::{Conflict, Handling, RecipientFacts, RecipientKind};
use mash_proto::{
    convert::{answer_from_wire, answer_to_wire},
    referral::v1::{ItemKind, StatedFacts},
};

use super::{
    file::{CaseFile, Item},
    submission::Submission,
};

/// What a sender states of the circumstances. What is left out is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The child is under 18, or unborn.
    pub child_under_18: bool,
    /// Reasonable cause to suspect harm.
    pub harm_suspected: Answer,
    /// An enquiry, a strategy discussion or a plan is in being.
    pub section_47: bool,
    /// The recipients are invited.
    pub invited: bool,
    /// Nobody may tell a parent.
    pub do_not_inform_parent: Answer,
    /// The address must be protected.
    pub address_protect: Answer,
    /// A sexual offence is alleged.
    pub sexual_offence_alleged: bool,
    /// A live investigation that a disclosure could tip off.
    pub live_investigation: bool,
    /// The alleged perpetrator may try to collect the child.
    pub collection_risk: Answer,
    /// An adult asked not to be contacted.
    pub no_contact_requested: bool,
    /// The handling code of intelligence.
    pub intelligence: Handling,
    /// Whether its source could be identified.
    pub source_identifiable: Answer,
    /// A third party's data bears directly on the enquiry.
    pub third_party_relevant: bool,
    /// What a court order keeps back.
    pub kept_back_by_order: ClassSet,
    /// What the chair keeps back.
    pub kept_back_by_chair: ClassSet,
    /// Indicators of exploitation.
    pub exploitation_indicated: bool,
    /// The area tells schools of missing children.
    pub area_shares_missing: bool,
    /// The child took the offer of an interview.
    pub debrief_accepted: bool,
    /// What the sender heard of consent.
    pub consent: ConsentState,
}

impl Stated {
    /// Reads them. `None` where a word or a number is none that the rules know.
    #[must_use]
    pub fn from_wire(wire: &StatedFacts) -> Option<Self> {
        // Leaving an answer out means that it is not known.
        let answer = |number: i32| match number {
            0 => Some(Answer::Unknown),
            number => answer_from_wire(number).ok(),
        };
        Some(Self {
            child_under_18: wire.child_under_18,
            harm_suspected: answer(wire.harm_suspected)?,
            section_47: wire.section_47,
            invited: wire.invited,
            do_not_inform_parent: answer(wire.do_not_inform_parent)?,
            address_protect: answer(wire.address_protect)?,
            sexual_offence_alleged: wire.sexual_offence_alleged,
            live_investigation: wire.live_investigation,
            collection_risk: answer(wire.collection_risk)?,
            no_contact_requested: wire.no_contact_requested,
            intelligence: match wire.intelligence.as_str() {
                "" => Handling::Unknown,
                word => Handling::from_word(word)?,
            },
            source_identifiable: answer(wire.source_identifiable)?,
            third_party_relevant: wire.third_party_relevant,
            kept_back_by_order: classes(&wire.kept_back_by_order)?,
            kept_back_by_chair: classes(&wire.kept_back_by_chair)?,
            exploitation_indicated: wire.exploitation_indicated,
            area_shares_missing: wire.area_shares_missing,
            debrief_accepted: wire.debrief_accepted,
            consent: match wire.consent.as_str() {
                "" => ConsentState::NotRecorded,
                word => ConsentState::from_word(word).filter(|state| can_be_heard(*state))?,
            },
        })
    }

    /// As they are kept.
    #[must_use]
    pub fn to_wire(&self) -> StatedFacts {
        let numbers = |classes: ClassSet| classes.iter().map(|it| i32::from(it.number())).collect();
        StatedFacts {
            child_under_18: self.child_under_18,
            harm_suspected: answer_to_wire(self.harm_suspected),
            section_47: self.section_47,
            invited: self.invited,
            do_not_inform_parent: answer_to_wire(self.do_not_inform_parent),
            address_protect: answer_to_wire(self.address_protect),
            sexual_offence_alleged: self.sexual_offence_alleged,
            live_investigation: self.live_investigation,
            collection_risk: answer_to_wire(self.collection_risk),
            no_contact_requested: self.no_contact_requested,
            intelligence: self.intelligence.word().to_owned(),
            source_identifiable: answer_to_wire(self.source_identifiable),
            third_party_relevant: self.third_party_relevant,
            kept_back_by_order: numbers(self.kept_back_by_order),
            kept_back_by_chair: numbers(self.kept_back_by_chair),
            exploitation_indicated: self.exploitation_indicated,
            area_shares_missing: self.area_shares_missing,
            debrief_accepted: self.debrief_accepted,
            consent: if self.consent == ConsentState::NotRecorded {
                String::new()
            } else {
                self.consent.word().to_owned()
            },
        }
    }
}

/// What somebody who is not the register can say of consent.
const fn can_be_heard(state: ConsentState) -> bool {
    match state {
        ConsentState::Given
        | ConsentState::Refused
        | ConsentState::Withdrawn
        | ConsentState::NotSoughtUnsafe
        | ConsentState::NotRecorded => true,
        ConsentState::Expired | ConsentState::NotRequired => false,
    }
}

fn classes(numbers: &[i32]) -> Option<ClassSet> {
    let class = |number: &i32| u8::try_from(*number).ok().and_then(DataClass::from_number);
    numbers.iter().map(class).collect()
}

/// What the consent register says of a service, for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The state, and the last word counts.
    pub state: ConsentState,
    /// What a competent child said.
    pub child_view: ChildView,
    /// The guards on which a release rests, and until when each holds.
    pub guards: Vec<(String, i64)>,
}

impl Registered {
    /// Nobody has recorded anything.
    pub const NOTHING: Self = Self {
        state: ConsentState::NotRecorded,
        child_view: ChildView::NotKnown,
        guards: Vec::new(),
    };
}

/// What is known besides the item: of the case, of agreements and of consent.
pub struct Known<'a> {
    /// The case, as it stands.
    pub file: &'a CaseFile,
    /// Authorities, their forces and their health boards.
    pub authorities: &'a Authorities,
    /// What agreements say.
    pub cover: &'a Cover,
    /// What the consent register says.
    pub registered: &'a Registered,
    /// The classes that the item holds.
    pub offered: ClassSet,
    /// The day of the decision.
    pub today: jiff::civil::Date,
}

/// The facts of one recipient.
#[must_use]
pub fn facts(
    item: &Submission,
    flow: Flow,
    recipient: &OrganisationId,
    known: &Known<'_>,
) -> RecipientFacts {
    let own = &item.facts;
    let others = || others(item, recipient, known.file);
    let working = known.file.works_the_case(&item.from);
    let nation = nation_of(recipient, known.authorities)
        .or_else(|| nation_of(&item.from, known.authorities))
        .unwrap_or(Nation::Wales);
    let registered = known.registered.state;
    let consent = if !flow.asks_consent() {
        ConsentState::NotRecorded
    } else if registered == ConsentState::NotRecorded {
        own.consent
    } else {
        registered
    };
    RecipientFacts {
        // A child is a child for everybody: what the referral says need not be said again.
        child_under_18: own.child_under_18 || others().any(|it| it.facts.child_under_18),
        conflict: Conflict::Clear, // R20 is about persons; these are organisations.
        address_protect: protect(own.address_protect, others()),
        sexual_offence_alleged: own.sexual_offence_alleged
            || others().any(|it| it.facts.sexual_offence_alleged),
        live_investigation: own.live_investigation
            || others().any(|it| it.facts.live_investigation),
        collection_risk: own.collection_risk,
        no_contact_requested: own.no_contact_requested
            || others().any(|it| it.facts.no_contact_requested),
        harm_suspected: harm_suspected(item, known.file),
        section_47: section_47(item, working, known.file),
        invited: working && own.invited,
        case_cited: known.file.works_the_case(recipient) || item.kind == ItemKind::Invitation,
        consent,
        child_view: known.registered.child_view,
        do_not_inform_parent: do_not_inform(item, known.file),
        agreement: known.cover.state,
        agreed: known.cover.classes,
        intelligence: intelligence(own.intelligence, known.offered),
        source_identifiable: own.source_identifiable,
        third_party_relevant: own.third_party_relevant,
        kept_back_by_order: own.kept_back_by_order,
        kept_back_by_chair: if working { own.kept_back_by_chair } else { ClassSet::EMPTY },
        exploitation_indicated: own.exploitation_indicated,
        area_shares_missing: own.area_shares_missing,
        debrief_accepted: own.debrief_accepted,
        offered: known.offered,
        ..RecipientFacts::cautious(flow, recipient_kind(item.kind, recipient), nation, known.today)
    }
}

/// Other items of the case that stand, apart from what the recipient itself has said: that cannot be news to it. A
/// referral rests on its sender's word alone, who may ask why it went as it did.
fn others<'a>(
    item: &'a Submission,
    recipient: &'a OrganisationId,
    file: &'a CaseFile,
) -> impl Iterator<Item = &'a Item> {
    file.items().filter(move |it| {
        let counts = item.kind != ItemKind::Referral && !it.withdrawn;
        counts && it.id != item.item_id && it.from != *recipient
    })
}

/// Somebody's yes holds; otherwise the sender of the item knows best, and where it says nothing, whoever referred the
/// child does.
fn protect<'a>(own: Answer, others: impl Iterator<Item = &'a Item>) -> Answer {
    let others: Vec<&Item> = others.collect();
    if own == Answer::Yes || others.iter().any(|it| it.facts.address_protect == Answer::Yes) {
        return Answer::Yes;
    }
    let mut referred = others.iter().filter(|it| it.kind == ItemKind::Referral).peekable();
    let known = referred.peek().is_some();
    let cleared = known && referred.all(|it| it.facts.address_protect == Answer::No);
    if own == Answer::Unknown && cleared { Answer::No } else { own }
}

/// R14: the mark travels with everything of the case until its originator or the hub clears it.
#[must_use]
pub fn do_not_inform(item: &Submission, file: &CaseFile) -> Answer {
    let own = item.facts.do_not_inform_parent;
    let marked = |it: &&Item| {
        !it.withdrawn
            && it.id != item.item_id
            && it.facts.do_not_inform_parent == Answer::Yes
            && it.from != item.from
    };
    let cleared = own == Answer::No && file.works_the_case(&item.from);
    if !cleared && file.items().any(|it| marked(&it)) { Answer::Yes } else { own }
}

/// Whether harm is suspected: as the sender says, else as whoever asked said, else as the child was referred. For an
/// answer whoever asked goes first: a partner that sees no harm itself still answers (R09).
fn harm_suspected(item: &Submission, file: &CaseFile) -> Answer {
    let asked = file.item(&item.reply_to).map(|asked| asked.facts.harm_suspected);
    let referred = || {
        let referrals = file.items().filter(|it| it.kind == ItemKind::Referral && !it.withdrawn);
        let mut said = referrals.map(|it| it.facts.harm_suspected);
        if item.kind != ItemKind::Referral && said.any(|it| it == Answer::Yes) {
            Answer::Yes
        } else {
            Answer::Unknown
        }
    };
    let known = |answer: &Answer| *answer != Answer::Unknown;
    let own = Some(item.facts.harm_suspected).filter(known);
    let asked = asked.filter(known);
    let first = if item.kind == ItemKind::Answer { asked.or(own) } else { own.or(asked) };
    first.unwrap_or_else(referred)
}

/// Whether an enquiry is in being: as the authority that works the case says. An answer is given within the enquiry
/// that was asked.
fn section_47(item: &Submission, working: bool, file: &CaseFile) -> bool {
    match item.kind {
        ItemKind::Answer | ItemKind::Response => {
            file.item(&item.reply_to).is_some_and(|asked| asked.facts.section_47)
        }
        ItemKind::Unspecified
        | ItemKind::Referral
        | ItemKind::Enquiry
        | ItemKind::Feedback
        | ItemKind::Invitation
        | ItemKind::Disagreement
        | ItemKind::ProtectionStatus
        | ItemKind::Lookup
        | ItemKind::NonDelivery => working && item.facts.section_47,
    }
}

/// Intelligence that nobody graded is not shared, and where there is none there is nothing to grade.
fn intelligence(stated: Handling, offered: ClassSet) -> Handling {
    let nothing = stated == Handling::Unknown && !offered.contains(DataClass::Intelligence);
    if nothing { Handling::None } else { stated }
}

/// As whom the rules see a recipient.
#[must_use]
pub fn recipient_kind(kind: ItemKind, recipient: &OrganisationId) -> RecipientKind {
    if kind == ItemKind::Feedback {
        return RecipientKind::Referrer;
    }
    match recipient.kind() {
        OrganisationKind::PoliceForce => RecipientKind::PoliceForce,
        OrganisationKind::School => RecipientKind::School,
        OrganisationKind::LocalAuthority => RecipientKind::SocialCare,
        OrganisationKind::HealthBoard => RecipientKind::Health,
        OrganisationKind::Provider => RecipientKind::Provider,
        // It administers, and never reads content.
        OrganisationKind::Operator => RecipientKind::MashQueue,
    }
}

/// The nation of an organisation, as far as the reference data tell.
#[must_use]
pub fn nation_of(organisation: &OrganisationId, authorities: &Authorities) -> Option<Nation> {
    let code = organisation.code();
    let found = match organisation.kind() {
        OrganisationKind::LocalAuthority => authorities.by_code(&code.parse().ok()?),
        OrganisationKind::School => authorities.by_code(&code.parse::<Laestab>().ok()?.authority()),
        OrganisationKind::PoliceForce => {
            let force: ForceCode = code.parse().ok()?;
            authorities.iter().find(|authority| authority.force == force)
        }
        OrganisationKind::HealthBoard => {
            authorities.iter().find(|authority| authority.health_board.as_deref() == Some(code))
        }
        OrganisationKind::Provider | OrganisationKind::Operator => None,
    };
    found.map(|authority| authority.nation)
}

/// The question that agreements are asked.
#[must_use]
pub const fn question<'a>(
    flow: Flow,
    from: &'a OrganisationId,
    to: &'a OrganisationId,
) -> Question<'a> {
    Question { flow, from, to }
}

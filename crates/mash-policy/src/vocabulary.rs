//! The words of the schema, as Cedar entities.

pub(crate) mod attributes;

use std::str::FromStr;

use cedar_policy::{Context, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use mash_domain::{
    data_class::{ClassSet, DataClass},
    sharing::Flow,
};

use self::attributes::Said;
use crate::{
    decision::Detail,
    facts::{RecipientFacts, RecipientKind},
};

/// The statutes that a rule may let a permit cite beside its own bases.
const GATEWAYS: [&str; 3] =
    ["children-act-2004-s11", "children-act-2004-s16la", "children-act-2004-s28"];

/// A word of the vocabulary is not one of Cedar's; it would be a fault of this program.
#[derive(Debug, thiserror::Error)]
#[error("a word of the vocabulary is malformed: {0}")]
pub(crate) struct VocabularyError(Box<dyn std::error::Error + Send + Sync>);

/// Every entity that a request can name, made once.
pub(crate) struct Vocabulary {
    classes: Vec<(DataClass, EntityUid)>,
    details: Vec<(Detail, EntityUid)>,
    gateways: Vec<EntityUid>,
}

impl Vocabulary {
    pub(crate) fn new() -> Result<Self, VocabularyError> {
        let class_type = type_name("Mash::DataClass")?;
        let detail_type = type_name("Mash::Detail")?;
        let gateway_type = type_name("Mash::Gateway")?;
        Ok(Self {
            classes: DataClass::ALL
                .into_iter()
                .map(|class| (class, uid(&class_type, &class.to_string())))
                .collect(),
            details: Detail::ALL
                .into_iter()
                .map(|detail| (detail, uid(&detail_type, detail.word())))
                .collect(),
            gateways: GATEWAYS.into_iter().map(|gateway| uid(&gateway_type, gateway)).collect(),
        })
    }

    /// The classes, in order.
    pub(crate) fn classes(&self) -> &[(DataClass, EntityUid)] {
        &self.classes
    }

    /// The details that a rule can take out.
    pub(crate) fn details(&self) -> &[(Detail, EntityUid)] {
        &self.details
    }

    /// The statutes that may be cited.
    pub(crate) fn gateways(&self) -> &[EntityUid] {
        &self.gateways
    }

    /// The facts, as the context of a request.
    pub(crate) fn context(&self, facts: &RecipientFacts) -> Result<Context, VocabularyError> {
        let mut pairs = vec![
            self.class_set("agreed", facts.agreed),
            self.class_set("kept_back_by_order", facts.kept_back_by_order),
            self.class_set("kept_back_by_chair", facts.kept_back_by_chair),
        ];
        for (name, said) in attributes::said(facts) {
            let value = match said {
                Said::YesNo(value) => RestrictedExpression::new_bool(value),
                Said::Word(kind, word) => {
                    RestrictedExpression::new_entity_uid(uid(&type_name(kind)?, word))
                }
            };
            pairs.push((name.to_owned(), value));
        }
        Context::from_pairs(pairs).map_err(|error| VocabularyError(Box::new(error)))
    }

    fn class_set(&self, name: &str, set: ClassSet) -> (String, RestrictedExpression) {
        let members = self.classes.iter().filter(|(class, _)| set.contains(*class));
        let members = members.map(|(_, uid)| RestrictedExpression::new_entity_uid(uid.clone()));
        (name.to_owned(), RestrictedExpression::new_set(members))
    }
}

/// The action of a flow.
pub(crate) fn action(flow: Flow) -> Result<EntityUid, VocabularyError> {
    let kind = type_name("Mash::Action")?;
    Ok(uid(&kind, flow.word()))
}

/// The type of a recipient.
pub(crate) fn recipient_type(kind: RecipientKind) -> Result<EntityTypeName, VocabularyError> {
    type_name(match kind {
        RecipientKind::School => "Mash::School",
        RecipientKind::EducationDesk => "Mash::EducationDesk",
        RecipientKind::HomeEducationOfficer => "Mash::HomeEducationOfficer",
        RecipientKind::MashQueue => "Mash::MashQueue",
        RecipientKind::PoliceForce => "Mash::PoliceForce",
        RecipientKind::EarlyYearsLead => "Mash::EarlyYearsLead",
        RecipientKind::SocialCare => "Mash::SocialCare",
        RecipientKind::Health => "Mash::Health",
        RecipientKind::EarlyHelpHub => "Mash::EarlyHelpHub",
        RecipientKind::Provider => "Mash::Provider",
        RecipientKind::Referrer => "Mash::Referrer",
        RecipientKind::CarePlacement => "Mash::CarePlacement",
        RecipientKind::HomeOffice => "Mash::HomeOffice",
        RecipientKind::OffenderManager => "Mash::OffenderManager",
        RecipientKind::AdoptionTeam => "Mash::AdoptionTeam",
        RecipientKind::Family => "Mash::Family",
        RecipientKind::Audit => "Mash::Audit",
        RecipientKind::OriginController => "Mash::OriginController",
        RecipientKind::DataProtectionOfficer => "Mash::DataProtectionOfficer",
    })
}

/// The recipient itself. Rules speak of kinds of recipient and never of one of them, so one name serves for all.
pub(crate) fn recipient(kind: &EntityTypeName) -> EntityUid {
    uid(kind, "recipient")
}

fn type_name(name: &str) -> Result<EntityTypeName, VocabularyError> {
    EntityTypeName::from_str(name).map_err(|error| VocabularyError(Box::new(error)))
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

//! Lawful bases and gateways, as codes.
//!
//! A decision records codes and never free text, so that two organisations mean the same by them and a statute can be
//! looked up by everything that ever rested on it. Source of each: the statute that it names.

use std::fmt;

use crate::language::Language;

/// A lawful basis or gateway that a rule rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LawfulBasis {
    /// UK GDPR Art 5(1)(c): no more than is needed.
    UkGdpr51C,
    /// UK GDPR Art 6(1)(c): a legal obligation.
    UkGdpr61C,
    /// UK GDPR Art 6(1)(e): a public task.
    UkGdpr61E,
    /// UK GDPR Art 6(1)(ea): a recognised legitimate interest.
    UkGdpr61Ea,
    /// UK GDPR Art 7(3): consent may be withdrawn at any time.
    UkGdpr73,
    /// UK GDPR Art 9(2)(g): substantial public interest.
    UkGdpr92G,
    /// UK GDPR Art 9(2)(h): health or social care.
    UkGdpr92H,
    /// UK GDPR Art 10: data about offences.
    UkGdpr10,
    /// UK GDPR Art 15: the right of access.
    UkGdpr15,
    /// UK GDPR Art 17: the right to erasure and its limits.
    UkGdpr17,
    /// UK GDPR Art 33: telling of a breach within 72 hours.
    UkGdpr33,
    /// Data Protection Act 2018 Part 3: law enforcement.
    Dpa2018Part3,
    /// Data Protection Act 2018 Sch 1 para 2: health or social care.
    Dpa2018Sch1Para2,
    /// Data Protection Act 2018 Sch 1 para 18: safeguarding children.
    Dpa2018Sch1Para18,
    /// Data Protection Act 2018 Sch 2 para 2: preventing and detecting crime.
    Dpa2018Sch2Para2,
    /// Data Protection Act 2018 Sch 3: serious harm and child abuse data.
    Dpa2018Sch3,
    /// Domestic Abuse Act 2021 s.49A: telling the place of education.
    Daa2021S49a,
    /// Children Act 1989 s.17: children in need.
    Ca1989S17,
    /// Children Act 1989 s.21: children in police detention.
    Ca1989S21,
    /// Children Act 1989 s.27: co-operation between authorities.
    Ca1989S27,
    /// Children Act 1989 s.47: enquiries into significant harm.
    Ca1989S47,
    /// Children Act 2004 s.10: co-operation to improve well-being (England).
    Ca2004S10,
    /// Children Act 2004 s.11: safeguarding duty of bodies in England.
    Ca2004S11,
    /// Children Act 2004 s.16LA: the duty to share in England.
    Ca2004S16la,
    /// Children Act 2004 s.25: co-operation to improve well-being (Wales).
    Ca2004S25,
    /// Children Act 2004 s.28: safeguarding duty of bodies in Wales.
    Ca2004S28,
    /// Social Services and Well-being (Wales) Act 2014 s.130: the duty to report a child at risk.
    Sswba2014S130,
    /// Social Services and Well-being (Wales) Act 2014 s.164: the duty to co-operate and inform.
    Sswba2014S164,
    /// Crime and Disorder Act 1998 s.115: the power to disclose.
    Cda1998S115,
    /// Modern Slavery Act 2015 s.52: the duty to notify.
    Msa2015S52,
    /// Police and Criminal Evidence Act 1984 s.38(6): moving a child to local authority accommodation.
    Pace1984S38,
    /// Sexual Offences (Amendment) Act 1992 s.1: anonymity of the victim.
    Soaa1992S1,
    /// Human Rights Act 1998 Art 8: private and family life.
    Hra1998Art8,
    /// The common law duty of confidence.
    CommonLawConfidentiality,
    /// The Caldicott principles.
    Caldicott,
    /// Adoption and Children Act 2002: confidentiality of adoption information.
    Aca2002,
    /// An order of a court.
    CourtOrder,
    /// The statutory minimum of the duty, as a public task (the rules could not be evaluated).
    StatutoryMinimum,
}

/// Code, English, Welsh.
type Row = (LawfulBasis, &'static str, &'static str, &'static str);

const TABLE: [Row; 38] = [
    (
        LawfulBasis::UkGdpr51C,
        "uk-gdpr-5-1-c",
        "UK GDPR Art 5(1)(c): no more than is needed",
        "Erthygl 5(1)(c) GDPR y DU: dim mwy nag sydd ei angen",
    ),
    (
        LawfulBasis::UkGdpr61C,
        "uk-gdpr-6-1-c",
        "UK GDPR Art 6(1)(c): a legal obligation",
        "Erthygl 6(1)(c) GDPR y DU: rhwymedigaeth gyfreithiol",
    ),
    (
        LawfulBasis::UkGdpr61E,
        "uk-gdpr-6-1-e",
        "UK GDPR Art 6(1)(e): a public task",
        "Erthygl 6(1)(e) GDPR y DU: tasg gyhoeddus",
    ),
    (
        LawfulBasis::UkGdpr61Ea,
        "uk-gdpr-6-1-ea",
        "UK GDPR Art 6(1)(ea): a recognised legitimate interest",
        "Erthygl 6(1)(ea) GDPR y DU: buddiant dilys cydnabyddedig",
    ),
    (
        LawfulBasis::UkGdpr73,
        "uk-gdpr-7-3",
        "UK GDPR Art 7(3): consent may be withdrawn at any time",
        "Erthygl 7(3) GDPR y DU: gellir tynnu cydsyniad yn ôl unrhyw bryd",
    ),
    (
        LawfulBasis::UkGdpr92G,
        "uk-gdpr-9-2-g",
        "UK GDPR Art 9(2)(g): substantial public interest",
        "Erthygl 9(2)(g) GDPR y DU: budd sylweddol i'r cyhoedd",
    ),
    (
        LawfulBasis::UkGdpr92H,
        "uk-gdpr-9-2-h",
        "UK GDPR Art 9(2)(h): health or social care",
        "Erthygl 9(2)(h) GDPR y DU: iechyd neu ofal cymdeithasol",
    ),
    (
        LawfulBasis::UkGdpr10,
        "uk-gdpr-10",
        "UK GDPR Art 10: data about offences",
        "Erthygl 10 GDPR y DU: data am droseddau",
    ),
    (
        LawfulBasis::UkGdpr15,
        "uk-gdpr-15",
        "UK GDPR Art 15: the right of access",
        "Erthygl 15 GDPR y DU: yr hawl i gael mynediad",
    ),
    (
        LawfulBasis::UkGdpr17,
        "uk-gdpr-17",
        "UK GDPR Art 17: the right to erasure and its limits",
        "Erthygl 17 GDPR y DU: yr hawl i ddileu a'i therfynau",
    ),
    (
        LawfulBasis::UkGdpr33,
        "uk-gdpr-33",
        "UK GDPR Art 33: telling of a breach within 72 hours",
        "Erthygl 33 GDPR y DU: rhoi gwybod am dor diogelwch o fewn 72 awr",
    ),
    (
        LawfulBasis::Dpa2018Part3,
        "dpa-2018-part-3",
        "Data Protection Act 2018 Part 3: law enforcement",
        "Deddf Diogelu Data 2018 Rhan 3: gorfodi'r gyfraith",
    ),
    (
        LawfulBasis::Dpa2018Sch1Para2,
        "dpa-2018-sch-1-para-2",
        "Data Protection Act 2018 Sch 1 para 2: health or social care",
        "Deddf Diogelu Data 2018 Atodlen 1 para 2: iechyd neu ofal cymdeithasol",
    ),
    (
        LawfulBasis::Dpa2018Sch1Para18,
        "dpa-2018-sch-1-para-18",
        "Data Protection Act 2018 Sch 1 para 18: safeguarding children",
        "Deddf Diogelu Data 2018 Atodlen 1 para 18: diogelu plant",
    ),
    (
        LawfulBasis::Dpa2018Sch2Para2,
        "dpa-2018-sch-2-para-2",
        "Data Protection Act 2018 Sch 2 para 2: preventing and detecting crime",
        "Deddf Diogelu Data 2018 Atodlen 2 para 2: atal a chanfod troseddau",
    ),
    (
        LawfulBasis::Dpa2018Sch3,
        "dpa-2018-sch-3",
        "Data Protection Act 2018 Sch 3: serious harm and child abuse data",
        "Deddf Diogelu Data 2018 Atodlen 3: niwed difrifol a data cam-drin plant",
    ),
    (
        LawfulBasis::Daa2021S49a,
        "daa-2021-s49a",
        "Domestic Abuse Act 2021 s.49A: telling the place of education",
        "Deddf Cam-drin Domestig 2021 a.49A: hysbysu'r man addysg",
    ),
    (
        LawfulBasis::Ca1989S17,
        "ca-1989-s17",
        "Children Act 1989 s.17: children in need",
        "Deddf Plant 1989 a.17: plant mewn angen",
    ),
    (
        LawfulBasis::Ca1989S21,
        "ca-1989-s21",
        "Children Act 1989 s.21: children in police detention",
        "Deddf Plant 1989 a.21: plant yng nghadwad yr heddlu",
    ),
    (
        LawfulBasis::Ca1989S27,
        "ca-1989-s27",
        "Children Act 1989 s.27: co-operation between authorities",
        "Deddf Plant 1989 a.27: cydweithredu rhwng awdurdodau",
    ),
    (
        LawfulBasis::Ca1989S47,
        "ca-1989-s47",
        "Children Act 1989 s.47: enquiries into significant harm",
        "Deddf Plant 1989 a.47: ymholiadau i niwed sylweddol",
    ),
    (
        LawfulBasis::Ca2004S10,
        "ca-2004-s10",
        "Children Act 2004 s.10: co-operation to improve well-being (England)",
        "Deddf Plant 2004 a.10: cydweithredu i wella llesiant (Lloegr)",
    ),
    (
        LawfulBasis::Ca2004S11,
        "ca-2004-s11",
        "Children Act 2004 s.11: safeguarding duty of bodies in England",
        "Deddf Plant 2004 a.11: dyletswydd ddiogelu cyrff yn Lloegr",
    ),
    (
        LawfulBasis::Ca2004S16la,
        "ca-2004-s16la",
        "Children Act 2004 s.16LA: the duty to share in England",
        "Deddf Plant 2004 a.16LA: y ddyletswydd i rannu yn Lloegr",
    ),
    (
        LawfulBasis::Ca2004S25,
        "ca-2004-s25",
        "Children Act 2004 s.25: co-operation to improve well-being (Wales)",
        "Deddf Plant 2004 a.25: cydweithredu i wella llesiant (Cymru)",
    ),
    (
        LawfulBasis::Ca2004S28,
        "ca-2004-s28",
        "Children Act 2004 s.28: safeguarding duty of bodies in Wales",
        "Deddf Plant 2004 a.28: dyletswydd ddiogelu cyrff yng Nghymru",
    ),
    (
        LawfulBasis::Sswba2014S130,
        "sswba-2014-s130",
        "Social Services and Well-being (Wales) Act 2014 s.130: the duty to report a child at risk",
        "Deddf Gwasanaethau Cymdeithasol a Llesiant (Cymru) 2014 a.130: y ddyletswydd i adrodd am blentyn mewn perygl",
    ),
    (
        LawfulBasis::Sswba2014S164,
        "sswba-2014-s164",
        "Social Services and Well-being (Wales) Act 2014 s.164: the duty to co-operate and inform",
        "Deddf Gwasanaethau Cymdeithasol a Llesiant (Cymru) 2014 a.164: y ddyletswydd i gydweithredu a rhoi gwybodaeth",
    ),
    (
        LawfulBasis::Cda1998S115,
        "cda-1998-s115",
        "Crime and Disorder Act 1998 s.115: the power to disclose",
        "Deddf Trosedd ac Anhrefn 1998 a.115: y pŵer i ddatgelu",
    ),
    (
        LawfulBasis::Msa2015S52,
        "msa-2015-s52",
        "Modern Slavery Act 2015 s.52: the duty to notify",
        "Deddf Caethwasiaeth Fodern 2015 a.52: y ddyletswydd i hysbysu",
    ),
    (
        LawfulBasis::Pace1984S38,
        "pace-1984-s38",
        "Police and Criminal Evidence Act 1984 s.38(6): moving a child to local authority accommodation",
        "Deddf yr Heddlu a Thystiolaeth Droseddol 1984 a.38(6): symud plentyn i lety awdurdod lleol",
    ),
    (
        LawfulBasis::Soaa1992S1,
        "soaa-1992-s1",
        "Sexual Offences (Amendment) Act 1992 s.1: anonymity of the victim",
        "Deddf Troseddau Rhywiol (Diwygio) 1992 a.1: anhysbysrwydd y dioddefwr",
    ),
    (
        LawfulBasis::Hra1998Art8,
        "hra-1998-art-8",
        "Human Rights Act 1998 Art 8: private and family life",
        "Deddf Hawliau Dynol 1998 Erthygl 8: bywyd preifat a theuluol",
    ),
    (
        LawfulBasis::CommonLawConfidentiality,
        "common-law-confidentiality",
        "The common law duty of confidence",
        "Dyletswydd cyfrinachedd y gyfraith gyffredin",
    ),
    (LawfulBasis::Caldicott, "caldicott", "The Caldicott principles", "Egwyddorion Caldicott"),
    (
        LawfulBasis::Aca2002,
        "aca-2002",
        "Adoption and Children Act 2002: confidentiality of adoption information",
        "Deddf Mabwysiadu a Phlant 2002: cyfrinachedd gwybodaeth mabwysiadu",
    ),
    (LawfulBasis::CourtOrder, "court-order", "An order of a court", "Gorchymyn llys"),
    (
        LawfulBasis::StatutoryMinimum,
        "statutory-minimum",
        "The statutory minimum of the duty, as a public task (the rules could not be evaluated)",
        "Isafswm statudol y ddyletswydd, fel tasg gyhoeddus (ni ellid gwerthuso'r rheolau)",
    ),
];

impl LawfulBasis {
    /// Every basis, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.into_iter().map(|(basis, ..)| basis)
    }

    /// The code that rules and decisions record.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.row().map_or("", |(_, word, ..)| word)
    }

    /// The basis with this code, if there is one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        TABLE.into_iter().find(|(_, known, ..)| *known == word).map(|(basis, ..)| basis)
    }

    /// What it is, in words.
    #[must_use]
    pub fn title(self, language: Language) -> &'static str {
        self.row().map_or("", |(_, _, english, welsh)| language.choose(english, welsh))
    }

    fn row(self) -> Option<Row> {
        TABLE.into_iter().find(|(basis, ..)| *basis == self)
    }
}

impl fmt::Display for LawfulBasis {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_basis_has_one_row_and_every_row_one_code() {
        for basis in LawfulBasis::all() {
            assert_eq!(LawfulBasis::from_word(basis.word()), Some(basis));
            assert!(!basis.title(Language::Welsh).is_empty());
        }
        let ids: std::collections::BTreeSet<_> = LawfulBasis::all().collect();
        assert_eq!(ids.len(), TABLE.len());
        assert_eq!(LawfulBasis::from_word("because"), None);
    }
}

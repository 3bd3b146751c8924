//! Wales as files: a register, rolls, contacts, calendars and incidents, to import or to send.
//!
//! A table of an import has no room for a notice, so each file says by its name that it is synthetic, and a text beside
//! them says it in full.
//!
//! Tables are CSV. Requests are one JSON document a line, in the mapping of the contract, as `grpcurl -d @` reads them.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use mash_proto::DESCRIPTORS;
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

use super::{
    Wales,
    families::{Enrolment, Pupil},
    schools::School,
};
use crate::{
    identifiers::BANNER,
    night::files::{ROLL_COLUMNS, WALES_COLUMNS},
};

/// Why the files could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder or a file could not be written.
    #[error("cannot write `{path}`")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A table could not be made.
    #[error("cannot make a table")]
    Csv(#[from] csv::Error),
    /// A request could not be put into JSON.
    #[error("cannot put a request into JSON")]
    Json(#[from] serde_json::Error),
    /// The contract does not hold the message.
    #[error("the contract does not hold `{0}`")]
    Contract(&'static str),
}

impl Wales {
    /// The Welsh list of establishments.
    ///
    /// # Errors
    ///
    /// [`WriteError::Csv`] if a row cannot be written.
    pub fn establishments_csv(&self) -> Result<Vec<u8>, WriteError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(WALES_COLUMNS)?;
        for school in &self.schools {
            writer.write_record(wales_row(school))?;
        }
        finish(writer)
    }

    /// The roll of one authority: every child of the authority, one row for each enrolment that is open or ended.
    ///
    /// # Errors
    ///
    /// [`WriteError::Csv`] if a row cannot be written.
    pub fn roll_csv(&self, authority_code: &str) -> Result<Vec<u8>, WriteError> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(ROLL_COLUMNS)?;
        for family in self.families.iter().filter(|family| family.authority_code == authority_code)
        {
            for pupil in family.children.iter().filter_map(|position| self.pupils.get(*position)) {
                let postcode = &family.home.postcode;
                if pupil.enrolments.is_empty() {
                    writer.write_record(roll_row(pupil, postcode, None))?;
                }
                for enrolment in &pupil.enrolments {
                    writer.write_record(roll_row(pupil, postcode, Some(enrolment)))?;
                }
            }
        }
        finish(writer)
    }

    /// Writes everything into a folder, which is made if it is not there, and returns what was written.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if a file cannot be made or written.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, WriteError> {
        let mut files = Folder::open(folder)?;
        files.put("SYNTHETIC-README.txt", about(self).as_bytes())?;
        files.put("synthetic-establishments-wales.csv", &self.establishments_csv()?)?;
        for authority in self.authorities() {
            files.put(
                &format!("rolls/synthetic-roll-{authority}.csv"),
                &self.roll_csv(authority)?,
            )?;
        }
        let contacts = json_lines("mash.education.v1.ReplaceContactsRequest", &self.contacts())?;
        files.put("synthetic-contacts.jsonl", &contacts)?;
        let calendars = json_lines("mash.education.v1.ReplaceCalendarRequest", &self.calendars())?;
        files.put("synthetic-calendars.jsonl", &calendars)?;
        let requests: Vec<_> =
            self.incidents().into_iter().map(|incident| incident.request).collect();
        let lines = json_lines("mash.police.v1.ReportDomesticAbuseIncidentRequest", &requests)?;
        files.put("synthetic-incidents.jsonl", &lines)?;
        let delimited: Vec<u8> =
            requests.iter().flat_map(Message::encode_length_delimited_to_vec).collect();
        files.put("synthetic-incidents.binpb", &delimited)?;
        Ok(files.written)
    }
}

/// Messages as JSON, one a line, in the mapping that the contract defines.
///
/// # Errors
///
/// [`WriteError::Contract`] if the contract does not hold a message of this name; [`WriteError::Json`] if one cannot be
/// written.
pub fn json_lines<M: Message>(name: &'static str, messages: &[M]) -> Result<Vec<u8>, WriteError> {
    let contract = || WriteError::Contract(name);
    let pool = DescriptorPool::decode(DESCRIPTORS).map_err(|_| contract())?;
    let descriptor = pool.get_message_by_name(name).ok_or_else(contract)?;
    let mut lines = Vec::new();
    for message in messages {
        let bytes = message.encode_to_vec();
        let dynamic =
            DynamicMessage::decode(descriptor.clone(), bytes.as_slice()).map_err(|_| contract())?;
        serde_json::to_writer(&mut lines, &dynamic)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

struct Folder<'a> {
    folder: &'a Path,
    written: Vec<PathBuf>,
}

impl<'a> Folder<'a> {
    fn open(folder: &'a Path) -> Result<Self, WriteError> {
        let rolls = folder.join("rolls");
        fs::create_dir_all(&rolls).map_err(|source| WriteError::Io { path: rolls, source })?;
        Ok(Self { folder, written: Vec::new() })
    }

    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), WriteError> {
        let path = self.folder.join(name);
        fs::write(&path, bytes).map_err(|source| WriteError::Io { path: path.clone(), source })?;
        self.written.push(path);
        Ok(())
    }
}

fn about(wales: &Wales) -> String {
    format!(
        "{BANNER}\n\n\
         Made by `mash synth` from seed {}. The codes of authorities, forces and health boards are real; schools, people, \
         addresses and incidents are invented, and any likeness is chance. NHS numbers are from the 999 range, which is \
         kept for tests.\n\n\
         {} establishments, {} families, {} children.\n\n\
         synthetic-establishments-wales.csv  the Welsh list, for `mash directory import`\n\
         rolls/synthetic-roll-<code>.csv     one roll for each authority, for `mash roll import`\n\
         synthetic-contacts.jsonl            ReplaceContactsRequest, one a line\n\
         synthetic-calendars.jsonl           ReplaceCalendarRequest, one a line\n\
         synthetic-incidents.jsonl           ReportDomesticAbuseIncidentRequest, one a line, as reported\n\
         synthetic-incidents.binpb           the same, length-delimited\n",
        wales.seed,
        wales.schools.len(),
        wales.families.len(),
        wales.pupils.len(),
    )
}

fn wales_row(school: &School) -> [String; 18] {
    let (low, high) = school.sector.ages();
    [
        school.laestab.get(..3).unwrap_or_default().to_owned(),
        school.laestab.get(3..).unwrap_or_default().to_owned(),
        school.display_name.clone(),
        school.sector.word().to_owned(),
        "Community".to_owned(),
        if school.welsh_medium { "Welsh" } else { "English" }.to_owned(),
        school.address[0].clone(),
        school.address[1].clone(),
        String::new(),
        String::new(),
        school.postcode.clone(),
        "01632 960000".to_owned(),
        low.to_string(),
        high.to_string(),
        "Open".to_owned(),
        String::new(),
        if school.boarding { "Yes" } else { "No" }.to_owned(),
        String::new(),
    ]
}

fn roll_row(pupil: &Pupil, postcode: &str, enrolment: Option<&Enrolment>) -> [String; 11] {
    let day = |day: Option<jiff::civil::Date>| day.map_or_else(String::new, |day| day.to_string());
    [
        pupil.upn.clone().unwrap_or_default(),
        pupil.nhs_number.clone().unwrap_or_default(),
        pupil.local_id.clone(),
        pupil.given_names.clone().into_owned(),
        pupil.family_name.clone().into_owned(),
        pupil.date_of_birth.to_string(),
        postcode.to_owned(),
        enrolment.map(|place| place.laestab.clone()).unwrap_or_default(),
        enrolment.map_or("none", |place| place.kind.word()).to_owned(),
        day(enrolment.map(|place| place.start)),
        day(enrolment.and_then(|place| place.end)),
    ]
}

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, WriteError> {
    writer.into_inner().map_err(|unfinished| WriteError::Csv(unfinished.into_error().into()))
}

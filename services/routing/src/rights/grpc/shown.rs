//! What of a record is shown, by where its request stands.

use mash_domain::rights::subject_access::{Outcome, State, SubjectAccess};
use mash_proto::{
    convert::time_to_wire,
    sharing::v1::{self as pb, HarmOutcome},
};

use crate::rights::{assemble::keep_cited, wire};

/// The record as its organisation may have it: all of it while it is looked at, and afterwards what was handed over, with
/// nothing in it that tells what was not.
pub(super) fn shown(request: &SubjectAccess, record: pb::AccessRecord) -> Option<pb::AccessRecord> {
    let outcome = |line: &pb::AccessLine| {
        u32::try_from(line.number).ok().and_then(|number| request.outcome_of(number))
    };
    match request.state {
        State::Requested | State::Refused => None,
        State::Assembled | State::Tested => {
            let mut record = record;
            for line in &mut record.lines {
                let outcome = outcome(line).map_or(HarmOutcome::Unspecified, wire::outcome_to_wire);
                line.outcome = outcome.into();
            }
            Some(record)
        }
        State::Released => {
            let mut record = record;
            record.release_time = request.released.as_ref().map(|(_, at)| time_to_wire(*at));
            record.lines.retain(|line| outcome(line) == Some(Outcome::HandOver));
            for (number, line) in (1..).zip(&mut record.lines) {
                line.number = number;
            }
            keep_cited(&mut record);
            Some(record)
        }
    }
}

//! What a reader sees of the ladder: a desk the steps and who has taken it, everybody why it was late.

use mash_proto::{convert::time_to_wire, education::v1 as wire};
use mash_store::StoreError;

use crate::{
    Service,
    access::{Reader, View},
    record::Record,
    store::{
        Conn,
        ladder::{self, Nudge},
    },
};

impl Service {
    /// Puts to notices what the ladder did with them. They are those of the records, in the same order.
    pub(crate) async fn with_ladder(
        conn: &mut Conn,
        view: &View,
        records: &[&Record],
        notices: &mut [wire::Notice],
    ) -> Result<(), StoreError> {
        if matches!(view.reader, Reader::Desks { .. }) {
            Self::with_takes(conn, notices).await?;
        }
        let mut late = ladder::late(conn, records).await?;
        let mut climbed = match view.reader {
            Reader::Desks { .. } => ladder::climbed(conn, records).await?,
            Reader::School { .. } => std::collections::HashMap::new(),
        };
        for (record, notice) in records.iter().zip(notices) {
            notice.late_code = late.remove(&record.id).unwrap_or_default();
            let nudges = climbed.remove(&record.id).unwrap_or_default();
            notice.nudges = nudges.into_iter().map(nudge_to_wire).collect();
        }
        Ok(())
    }
}

fn nudge_to_wire(nudge: Nudge) -> wire::Nudge {
    let Nudge { step, practitioner, at, outcome, .. } = nudge;
    let (to, by) = step.split_once('/').unwrap_or((&step, ""));
    wire::Nudge {
        nudge_time: Some(time_to_wire(at)),
        to: to.to_owned(),
        by: by.to_owned(),
        practitioner,
        outcome_code: outcome,
    }
}

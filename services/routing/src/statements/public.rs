//! The public figures of a month, once it is over.

use std::collections::BTreeMap;

use jiff::civil::Date;
use mash_domain::{
    organisation::OrganisationId,
    statement::{
        Figures,
        public::{Between, Ended, Shown, table},
    },
};
use mash_proto::sharing::v1::{PublicCell, PublicFigures, PublicLine, Statement, StatementFigures};
use mash_store::StoreError;
use prost::Message as _;

use super::{PUBLIC_SCHEMA, Statements, days};
use crate::store::statements::{self as store, Kept};

/// Makes the figures of the month before, unless they are there or there is nothing to make them of.
pub(super) async fn close(statements: &Statements, today: Date) -> Result<(), StoreError> {
    let last = days(today.first_of_month(), -1);
    let first = last.first_of_month();
    let month = first.strftime("%Y-%m").to_string();
    let mut read = statements.store.read().await?;
    if store::public(&mut read, &month).await?.is_some() {
        return Ok(());
    }
    let kept = store::of_forces(&mut read, (first, last)).await?;
    drop(read);
    if kept.is_empty() {
        return Ok(());
    }
    let figures = PublicFigures {
        name: format!("publicFigures/{month}"),
        month: Some(first.into()),
        lines: lines(&kept),
    };
    let signed = statements.signed(PUBLIC_SCHEMA, figures.encode_to_vec());
    let mut tx = statements.store.begin().await?;
    store::put_public(&mut tx, &month, &signed).await?;
    tx.commit().await
}

fn lines(kept: &[Kept]) -> Vec<PublicLine> {
    let mut month: BTreeMap<Between, Ended> = BTreeMap::new();
    for kept in kept {
        let record = Statement::decode(kept.signed.record.as_slice()).unwrap_or_default();
        let owner = record.owner.and_then(|owner| OrganisationId::try_from(owner).ok());
        let Some(owner) = owner else { continue };
        for line in record.lines {
            let other = line.counterpart.and_then(|other| OrganisationId::try_from(other).ok());
            let figures = figures(line.figures.unwrap_or_default());
            month.entry((owner.clone(), other)).or_default().add(&figures);
        }
    }
    let shown = table(&month).into_iter().map(|((force, authority), cells)| {
        let [acknowledged, acknowledged_late, escalated, withheld] = cells.map(Some).map(cell);
        PublicLine {
            force: Some((&force).into()),
            authority: authority.as_ref().map(Into::into),
            acknowledged,
            acknowledged_late,
            escalated,
            withheld,
        }
    });
    shown.collect()
}

fn cell(shown: Option<Shown>) -> Option<PublicCell> {
    shown.map(|shown| match shown {
        Shown::About(rounded) => PublicCell { rounded, fewer_than_five: false },
        Shown::FewerThanFive => PublicCell { rounded: 0, fewer_than_five: true },
    })
}

fn figures(of: StatementFigures) -> Figures {
    Figures {
        acknowledged: of.acknowledged,
        acknowledged_late: of.acknowledged_late,
        escalated: of.escalated,
        withheld: of.withheld,
        ..Figures::default()
    }
}

//! Clocks of a partner: each raises a prompt when it rings.

use jiff::Timestamp;
use mash_domain::{
    clock::{Clock, ClockRules},
    nation::Nation,
};
use mash_proto::{convert::clock::clock_to_wire, referral::v1 as wire};
use mash_store::{StoreError, Tx};

use crate::{
    Call, Partner,
    prompts::settle,
    store::{
        Owner,
        clocks::{self, ClockRow},
    },
};

impl Partner {
    /// Starts a clock about a subject, such as `referrals/{case id}`, unless it has one of this rule. When it rings, the
    /// prompt is raised for this practitioner. Nothing starts where the nation has no such limit.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn start_clock(
        &self,
        call: &mut Call,
        (subject, rule, prompt): (&str, &str, &str),
        at: Timestamp,
        nation: Nation,
    ) -> Result<Option<Clock>, StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let known = clocks::of_subject(&mut call.tx, owner, subject).await?;
        if known.iter().any(|row| row.clock.rule() == rule) {
            return Ok(None);
        }
        let started = self.start_new_clock(call, (subject, rule, prompt), at, nation).await?;
        Ok(started.map(|row| row.clock))
    }

    /// As [`Partner::start_clock`], about a subject that is new and so has no clock.
    pub(crate) async fn start_new_clock(
        &self,
        call: &mut Call,
        (subject, rule, prompt): (&str, &str, &str),
        at: Timestamp,
        nation: Nation,
    ) -> Result<Option<ClockRow>, StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let Some(clock) = ClockRules::builtin().of_nation(nation).start(rule, at) else {
            return Ok(None);
        };
        let clock = clock.warning(call.practitioner.clone());
        let row = ClockRow { subject: subject.to_owned(), prompt: prompt.to_owned(), clock };
        clocks::put(&mut call.tx, owner, &row).await?;
        Ok(Some(row))
    }

    /// What a clock was for has happened; its prompt is closed. Without such a clock nothing happens.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn meet_clock(
        &self,
        call: &mut Call,
        subject: &str,
        rule: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        end(&mut call.tx, owner, (subject, rule), End::Met(at)).await
    }

    /// What a clock was for is not needed any more; its prompt is closed. Without such a clock nothing happens.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn cancel_clock(
        &self,
        call: &mut Call,
        subject: &str,
        rule: &str,
    ) -> Result<(), StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        end(&mut call.tx, owner, (subject, rule), End::Cancelled(call.now)).await
    }

    /// The clocks about a subject, as they stand now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the store fails.
    pub async fn clocks_of(
        &self,
        call: &mut Call,
        subject: &str,
    ) -> Result<Vec<wire::Clock>, StoreError> {
        let owner = Owner { agency: self.agency.component, organisation: &call.key };
        let rows = clocks::of_subject(&mut call.tx, owner, subject).await?;
        Ok(rows.iter().map(|row| clock_to_wire(&row.clock, call.now)).collect())
    }
}

/// How a clock ends.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Met(Timestamp),
    Cancelled(Timestamp),
}

/// Ends a clock and closes its prompt.
pub(crate) async fn end(
    tx: &mut Tx,
    owner: Owner<'_>,
    (subject, rule): (&str, &str),
    how: End,
) -> Result<(), StoreError> {
    for mut row in clocks::of_subject(tx, owner, subject).await? {
        if row.clock.rule() != rule || row.clock.has_ended() {
            continue;
        }
        let at = match how {
            End::Met(at) => {
                row.clock.meet(at);
                at
            }
            End::Cancelled(at) => {
                row.clock.cancel(at);
                at
            }
        };
        clocks::put(tx, owner, &row).await?;
        settle(tx, owner, (subject, &row.prompt), at).await?;
    }
    Ok(())
}

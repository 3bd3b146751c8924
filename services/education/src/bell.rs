//! Deliver-by times: the start of the next session of a child's school, from the calendars in the store.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date};
use mash_domain::{
    bank_holidays::BankHolidays,
    calendar::{Calendar, NextSession, next_session},
};
use mash_proto::convert::education::calendar_from_wire;
use mash_store::StoreError;

use crate::store::{self, Conn, directory};

/// The setting that holds imported bank holidays, one date on each line.
pub(crate) const BANK_HOLIDAYS: &str = "bank-holidays";

/// The calendars of some schools.
pub(crate) struct Bells {
    calendars: HashMap<String, Calendar>,
    bank_holidays: BankHolidays,
}

impl Bells {
    /// Loads the calendars of these schools: their own, or that of their authority, and what they announced.
    pub(crate) async fn load(conn: &mut Conn, laestabs: &[String]) -> Result<Self, StoreError> {
        let bank_holidays = bank_holidays(conn).await?;
        let mut owners: Vec<String> = laestabs
            .iter()
            .flat_map(|laestab| [of_school(laestab), of_authority(laestab)])
            .collect();
        owners.sort_unstable();
        owners.dedup();
        let known = directory::calendars(conn, &owners).await?;
        let mut closures = directory::closures(conn, laestabs).await?;
        let mut calendars = HashMap::with_capacity(laestabs.len());
        for laestab in laestabs {
            let found =
                known.get(&of_school(laestab)).or_else(|| known.get(&of_authority(laestab)));
            // It was checked when it was taken in; a rule that has grown stricter since must not stop a notice.
            let calendar = found.and_then(|calendar| calendar_from_wire(calendar.clone()).ok());
            let closed: Vec<Date> = closures.remove(laestab).unwrap_or_default();
            let calendar = calendar.unwrap_or_else(Calendar::assumed).closed_on(closed);
            calendars.insert(laestab.clone(), calendar);
        }
        Ok(Self { calendars, bank_holidays })
    }

    /// The bell of a school for what was accepted at this time.
    pub(crate) fn after(&self, laestab: &str, accepted: Timestamp) -> NextSession {
        match self.calendars.get(laestab) {
            Some(calendar) => next_session(accepted, calendar, &self.bank_holidays),
            None => next_session(accepted, &Calendar::assumed(), &self.bank_holidays),
        }
    }
}

fn of_school(laestab: &str) -> String {
    format!("establishments/{laestab}")
}

fn of_authority(laestab: &str) -> String {
    format!("authorities/{}", laestab.chars().take(3).collect::<String>())
}

async fn bank_holidays(conn: &mut Conn) -> Result<BankHolidays, StoreError> {
    let Some(lines) = store::setting(conn, BANK_HOLIDAYS).await? else {
        return Ok(BankHolidays::builtin().clone());
    };
    let lines = String::from_utf8(lines).map_err(|_| StoreError::Corrupt("the bank holidays"))?;
    Ok(lines.lines().filter_map(|line| line.parse::<Date>().ok()).collect())
}

//! What belongs to referrals, all of it with one statement: items, questions, clocks, links and the people of the hub.

use std::collections::HashMap;

use mash_store::{StoreError, listed, opening, present};
use sqlx::{AssertSqlSafe, Row as _};

use super::{
    Conn, clocks,
    enquiries::{self, KeptEnquiry},
    hubs::{self, Hub},
    items::{self, Kept},
    links::{self, Link},
    rows::CHUNK,
};
use crate::record::KeptClock;

/// What belongs to some referrals.
#[derive(Default)]
pub(crate) struct Around {
    /// Oldest first.
    pub(crate) items: Vec<Kept>,
    /// Oldest first.
    pub(crate) enquiries: Vec<KeptEnquiry>,
    pub(crate) clocks: Vec<KeptClock>,
    /// Also those that were taken apart.
    pub(crate) links: Vec<Link>,
    /// By authority.
    pub(crate) hubs: HashMap<String, Hub>,
}

// The kinds of row, in the first column; the others are three texts, two numbers and two contents.
const ITEM: i64 = 1;
const ENQUIRY: i64 = 2;
const CLOCK: i64 = 3;
const LINK: i64 = 4;
const HUB: i64 = 5;

/// Loads what belongs to these referrals, and the people of these hubs.
pub(crate) async fn load(
    conn: &mut Conn,
    referrals: &[&str],
    authorities: &[&str],
) -> Result<Around, StoreError> {
    let mut around = Around::default();
    // There are a few hundred authorities, and rarely more than ten at once.
    let mut authorities = authorities.chunks(CHUNK);
    let mut referrals = referrals.chunks(CHUNK);
    loop {
        let (some, hubs) = (referrals.next(), authorities.next());
        if some.is_none() && hubs.is_none() {
            break;
        }
        load_some(conn, some.unwrap_or_default(), hubs.unwrap_or_default(), &mut around).await?;
    }
    items::sort(&mut around.items);
    enquiries::sort(&mut around.enquiries);
    Ok(around)
}

async fn load_some(
    conn: &mut Conn,
    referrals: &[&str],
    authorities: &[&str],
    around: &mut Around,
) -> Result<(), StoreError> {
    // A list of none is no SQL, and nothing is called by an empty name.
    let of = |some: &[&str]| if some.is_empty() { vec![String::new()] } else { texts(some) };
    let (referrals, authorities) = (of(referrals), of(authorities));
    let (these, ids) = listed(1, &referrals);
    let (hubs, names) = listed(1 + referrals.len().next_power_of_two(), &authorities);
    let sql = format!(
        "SELECT {ITEM}, referral, release_id, recall_code, receive_ms, after_decision, content, payload
         FROM social_care_items WHERE referral IN ({these})
         UNION ALL SELECT {ENQUIRY}, referral, id, authority || ' ' || partner, 0, 0, payload, NULL
         FROM social_care_enquiries WHERE referral IN ({these})
         UNION ALL SELECT {CLOCK}, referral, subject, content, 0, 0, NULL, NULL
         FROM social_care_clocks WHERE referral IN ({these})
         UNION ALL SELECT {LINK}, one, other, reason, kinds, apart, NULL, NULL
         FROM social_care_links WHERE one IN ({these})
         UNION ALL SELECT {HUB}, authority, duty_manager, '', 0, 0, contact, NULL
         FROM social_care_hubs WHERE authority IN ({hubs})"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for text in ids.chain(names) {
        query = query.bind(text);
    }
    let rows = query.fetch_all(conn.conn()).await?;
    let open = opening(conn, &rows, &[3, 6, 7]).await?;
    for row in &rows {
        let first: String = row.try_get(1)?;
        match row.try_get::<i64, _>(0)? {
            ITEM => around.items.extend(present(items::kept(row, &open)).transpose()?),
            ENQUIRY => around.enquiries.extend(present(enquiries::kept(row, &open)).transpose()?),
            CLOCK => around.clocks.push(clocks::kept(row)?),
            LINK => around.links.push(links::link(row, &open)?),
            HUB => drop(around.hubs.insert(first, hubs::hub(row)?)),
            _ => return Err(StoreError::Corrupt("what belongs to a referral")),
        }
    }
    Ok(())
}

fn texts(some: &[&str]) -> Vec<String> {
    some.iter().map(|text| (*text).to_owned()).collect()
}

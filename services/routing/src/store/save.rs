//! Writing what a batch has changed, in statements of many rows.

use mash_store::{
    StoreError, Tx,
    outbox::{self, OutboxMessage},
    pieces, placeholders,
};
use prost::Message;
use sqlx::AssertSqlSafe;

use super::{COMPONENT, FACTS, INCIDENT, evidence, items, resting};
use crate::{app::effects::Effects, facts, world::World};

/// Writes the changed cases and duties, records the decisions, and enqueues the events: all or nothing, with the
/// transaction. The decisions are durable with the commit; the relay then hands their evidence to the ledger, and only
/// then does it publish anything (P2).
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn save(tx: &mut Tx, world: &World, effects: &Effects) -> Result<(), StoreError> {
    save_cases(tx, world).await?;
    save_duties(tx, world).await?;
    save_disclosures(tx, world).await?;
    save_effects(tx, effects).await
}

/// Records the decisions and enqueues the events: all or nothing, with the transaction.
///
/// # Errors
///
/// [`StoreError`] if the store fails.
pub async fn save_effects(tx: &mut Tx, effects: &Effects) -> Result<(), StoreError> {
    save_decisions(tx, effects).await?;
    evidence::decided(tx, &effects.decisions).await?;
    resting::put(tx, &effects.resting).await?;
    items::put_resting(tx, &effects.resting_items).await?;
    let urgent = |message: &OutboxMessage| effects.is_urgent(message);
    outbox::enqueue_urgent(tx, COMPONENT, &effects.messages, urgent).await
}

async fn save_cases(tx: &mut Tx, world: &World) -> Result<(), StoreError> {
    let cases: Vec<_> = world.changed_cases.iter().filter_map(|id| world.cases.get(id)).collect();
    let ids: Vec<String> = cases.iter().map(|case| case.id.to_string()).collect();
    let keys = INCIDENT.keys(tx, ids.iter().map(String::as_str)).await?;
    for chunk in pieces(&cases) {
        let sql = format!(
            "INSERT INTO routing_cases (case_id, force, revision, accepted_ms, withdrawn, incident) VALUES {}
             ON CONFLICT (case_id) DO UPDATE SET revision = excluded.revision, withdrawn = excluded.withdrawn,
             incident = excluded.incident",
            placeholders(chunk.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for case in chunk {
            let id = case.id.to_string();
            let incident = keys.column(&INCIDENT, &id, &id, &case.incident.encode_to_vec())?;
            query = query
                .bind(id)
                .bind(case.force.to_string())
                .bind(i64::from(case.revision))
                .bind(case.accepted_at.as_millisecond())
                .bind(i64::from(case.withdrawn))
                .bind(incident);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn save_duties(tx: &mut Tx, world: &World) -> Result<(), StoreError> {
    let duties: Vec<_> =
        world.changed_duties.iter().filter_map(|id| world.duties.get(id)).collect();
    for chunk in pieces(&duties) {
        let sql = format!(
            "INSERT INTO routing_duties
             (duty_id, case_id, child_ref, slot, kind, state, state_ms, reason, late, rejected_by, bell_ms,
              escalated_to, late_cause) VALUES {}
             ON CONFLICT (duty_id) DO UPDATE SET kind = excluded.kind, state = excluded.state,
             state_ms = excluded.state_ms, reason = excluded.reason, late = excluded.late,
             rejected_by = excluded.rejected_by, bell_ms = excluded.bell_ms,
             escalated_to = excluded.escalated_to, late_cause = excluded.late_cause",
            placeholders(chunk.len(), 13)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for duty in chunk {
            let rejected: Vec<&str> =
                duty.rejected_by.iter().map(|laestab| laestab.as_str()).collect();
            query = query
                .bind(&duty.id)
                .bind(&duty.case_id)
                .bind(&duty.child_ref)
                .bind(duty.slot.word())
                .bind(&duty.kind)
                .bind(duty.state.word())
                .bind(duty.state_at.as_millisecond())
                .bind(&duty.reason)
                .bind(i64::from(duty.late))
                .bind(rejected.join(","))
                .bind(duty.bell.map_or(0, |bell| bell.as_millisecond()))
                .bind(&duty.escalated_to)
                .bind(&duty.late_cause);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn save_disclosures(tx: &mut Tx, world: &World) -> Result<(), StoreError> {
    let duties = world.changed_duties.iter().filter_map(|id| world.duties.get(id));
    let disclosures: Vec<_> =
        duties.flat_map(|duty| duty.disclosures.iter().map(move |held| (duty, held))).collect();
    for chunk in pieces(&disclosures) {
        let sql = format!(
            "INSERT INTO routing_disclosures
             (disclosure_id, duty_id, case_id, recipient, desk, revision, digest, is_copy, live) VALUES {}
             ON CONFLICT (disclosure_id) DO UPDATE SET revision = excluded.revision, digest = excluded.digest,
             live = excluded.live",
            placeholders(chunk.len(), 9)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (duty, held) in chunk {
            query = query
                .bind(&held.id)
                .bind(&duty.id)
                .bind(&duty.case_id)
                .bind(held.recipient.to_string())
                .bind(&held.desk)
                .bind(i64::from(held.revision))
                .bind(held.digest.as_slice())
                .bind(i64::from(held.copy))
                .bind(i64::from(held.live));
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

async fn save_decisions(tx: &mut Tx, effects: &Effects) -> Result<(), StoreError> {
    let cases = effects.decisions.iter().map(|decision| decision.case_id.as_str());
    let keys = FACTS.keys(tx, cases).await?;
    for chunk in pieces(&effects.decisions) {
        let sql = format!(
            "INSERT INTO routing_decisions (decision_id, case_id, decided_ms, payload, facts) VALUES {}
             ON CONFLICT (decision_id) DO NOTHING",
            placeholders(chunk.len(), 5)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for decision in chunk {
            let decided = decision.decide_time.as_ref();
            let decided_ms =
                decided.map_or(0, |time| time.seconds * 1_000 + i64::from(time.nanos) / 1_000_000);
            let facts = effects.facts.get(&decision.name).map(|it| {
                let facts = facts::to_wire(it).encode_to_vec();
                keys.column(&FACTS, &decision.case_id, &decision.name, &facts)
            });
            query = query
                .bind(&decision.name)
                .bind(&decision.case_id)
                .bind(decided_ms)
                .bind(decision.encode_to_vec())
                .bind(facts.transpose()?);
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

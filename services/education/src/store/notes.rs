//! What schools noted about notices, and to whom content was shown.

use jiff::Timestamp;
use mash_store::{Column, StoreError, Tx, is_kept, keys::PAYLOAD, opening, placeholders, present};
use sqlx::{AssertSqlSafe, Row as _};

use super::{CHUNK, Conn, corrupt};
use crate::record::Record;

const CODES: Column = Column::new(PAYLOAD, "education_notice_notes.codes");
const WORDS: Column = Column::new(PAYLOAD, "education_notice_notes.words");

/// A note.
#[derive(Clone)]
pub(crate) struct Note {
    /// When.
    pub(crate) at: Timestamp,
    /// Who.
    pub(crate) practitioner: String,
    /// `acknowledgement` or `support`.
    pub(crate) kind: String,
    /// What was done, coded.
    pub(crate) codes: Vec<String>,
    /// In words.
    pub(crate) words: String,
}

/// Keeps a note.
pub(crate) async fn put(tx: &mut Tx, record: &Record, note: &Note) -> Result<(), StoreError> {
    let (case, notice) = (record.case_id(), record.id.as_str());
    let codes = CODES.seal_text(tx, case, notice, &note.codes.join(" ")).await?;
    let words = WORDS.seal_text(tx, case, notice, &note.words).await?;
    sqlx::query(
        "INSERT INTO education_notice_notes (notice, at_ms, practitioner, kind, codes, words)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (notice, at_ms, practitioner, kind)
         DO UPDATE SET codes = excluded.codes, words = excluded.words",
    )
    .bind(notice)
    .bind(note.at.as_millisecond())
    .bind(&note.practitioner)
    .bind(&note.kind)
    .bind(codes)
    .bind(words)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The notes of a notice, the earliest first.
pub(crate) async fn of(conn: &mut Conn, notice: &str) -> Result<Vec<Note>, StoreError> {
    let rows = sqlx::query(
        "SELECT at_ms, practitioner, kind, codes, words FROM education_notice_notes
         WHERE notice = $1 ORDER BY at_ms, practitioner, kind LIMIT 200",
    )
    .bind(notice)
    .fetch_all(conn.conn())
    .await?;
    let open = opening(conn, &rows, &[3, 4]).await?;
    let note = |row: &sqlx::any::AnyRow| {
        let codes = open.text(&CODES, notice, row.try_get(3)?)?;
        Ok(Note {
            at: Timestamp::from_millisecond(row.try_get(0)?)
                .map_err(corrupt("the time of a note"))?,
            practitioner: row.try_get(1)?,
            kind: row.try_get(2)?,
            codes: codes.split_whitespace().map(str::to_owned).collect(),
            words: open.text(&WORDS, notice, row.try_get(4)?)?,
        })
    };
    rows.iter().filter_map(|row| present(note(row))).collect()
}

/// Forgets the notes of a notice: they may say what it said.
pub(crate) async fn wipe(tx: &mut Tx, notices: &[&str]) -> Result<(), StoreError> {
    for notice in notices {
        sqlx::query("DELETE FROM education_notice_notes WHERE notice = $1")
            .bind(*notice)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Records that somebody was shown what a notice says. Before it is shown, in a transaction that has committed by then.
pub(crate) async fn shown(
    tx: &mut Tx,
    record: &Record,
    who: (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    all_shown(tx, std::slice::from_ref(record), who, now).await
}

/// As [`shown`], of several.
pub(crate) async fn all_shown(
    tx: &mut Tx,
    records: &[Record],
    (organisation, practitioner): (&str, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    for records in records.chunks(CHUNK) {
        let sql = format!(
            "INSERT INTO education_notice_accesses (notice, at_ms, organisation, practitioner, sealed, revision)
             VALUES {}",
            placeholders(records.len(), 6)
        );
        let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_kept(records.len()));
        for record in records {
            query = query
                .bind(&record.id)
                .bind(now.as_millisecond())
                .bind(organisation)
                .bind(practitioner)
                .bind(i64::from(record.notice.seal.is_sealed()))
                .bind(i64::from(record.notice.revision));
        }
        query.execute(tx.conn()).await?;
    }
    Ok(())
}

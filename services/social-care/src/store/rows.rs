//! Writing many rows with one statement, and reading many by their ids.

use mash_store::{
    Column, StoreError, Tx,
    keys::{Sealing, to_seal},
    listed, pieces, placeholders,
};
use sqlx::{AssertSqlSafe, any::AnyRow};

use super::Conn;

/// Rows per statement, far below the parameter limits of both databases.
pub(super) const CHUNK: usize = 200;

/// A value of a column.
pub(super) enum Value {
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
    /// Content of a case, sealed when it is written.
    Sealed(&'static Column, String, Vec<u8>),
    /// As text.
    SealedText(&'static Column, String, String),
}

impl Value {
    /// Content of this case.
    pub(super) fn sealed(column: &'static Column, case: &str, content: Vec<u8>) -> Self {
        Self::Sealed(column, case.to_owned(), content)
    }

    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(_) | Self::Bytes(_) | Self::Sealed(..) | Self::SealedText(..) => None,
        }
    }

    /// What is written, for the row of this name.
    fn closed(self, keys: &Sealing, row: &str) -> Result<Self, StoreError> {
        Ok(match self {
            Self::Sealed(column, case, content) => {
                Self::Bytes(keys.column(column, &case, row, &content)?)
            }
            Self::SealedText(column, case, content) => {
                Self::Text(keys.text(column, &case, row, &content)?)
            }
            other @ (Self::Text(_) | Self::Number(_) | Self::Bytes(_)) => other,
        })
    }
}

/// The keys for everything that these rows seal.
async fn keys(tx: &mut Tx, rows: &[Vec<Value>]) -> Result<Sealing, StoreError> {
    let scopes: Vec<_> = rows
        .iter()
        .flatten()
        .filter_map(|value| match value {
            Value::Sealed(column, case, _) | Value::SealedText(column, case, _) => {
                Some(column.scope(case))
            }
            Value::Text(_) | Value::Number(_) | Value::Bytes(_) => None,
        })
        .collect();
    to_seal(tx, &scopes).await
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Self {
        Self::Number(i64::from(yes))
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A table, its columns, and how many of the first of them are its key.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [&'static str],
    pub(super) key: usize,
}

/// What becomes of a row that is there already.
#[derive(Clone, Copy)]
pub(super) enum Known {
    Replaced,
    Kept,
}

impl Table {
    /// Writes rows. No key may be among them twice.
    pub(super) async fn put(
        &self,
        tx: &mut Tx,
        known: Known,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        let (key, others) = self.columns.split_at(self.key.min(self.columns.len()));
        let conflict = match known {
            Known::Kept => "DO NOTHING".to_owned(),
            Known::Replaced => {
                let sets: Vec<String> =
                    others.iter().map(|column| format!("{column} = excluded.{column}")).collect();
                format!("DO UPDATE SET {}", sets.join(", "))
            }
        };
        let keys = keys(tx, &rows).await?;
        let rows = rows.into_iter().map(|values| self.closed(&keys, values));
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        for chunk in pieces(&rows) {
            let sql = format!(
                "INSERT INTO {} ({}) VALUES {} ON CONFLICT ({}) {conflict}",
                self.name,
                self.columns.join(", "),
                placeholders(chunk.len(), self.columns.len()),
                key.join(", "),
            );
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for value in chunk.iter().flatten() {
                query = match value {
                    Value::Text(text) | Value::SealedText(_, _, text) => query.bind(text),
                    Value::Number(number) => query.bind(*number),
                    Value::Bytes(bytes) | Value::Sealed(_, _, bytes) => query.bind(bytes),
                };
            }
            query.execute(tx.conn()).await?;
        }
        Ok(())
    }

    /// A row as it is written. It is named by the last text of its key, which is an id.
    fn closed(&self, keys: &Sealing, values: Vec<Value>) -> Result<Vec<Value>, StoreError> {
        let row = values.iter().take(self.key).filter_map(Value::text).next_back();
        let row = row.unwrap_or_default().to_owned();
        values.into_iter().map(|value| value.closed(keys, &row)).collect()
    }
}

/// The rows of a statement that ends in `IN (`, for all of these. `first` is bound before them, if it is there.
pub(super) async fn by_ids(
    conn: &mut Conn,
    sql: &str,
    first: Option<&str>,
    ids: &[&str],
) -> Result<Vec<AnyRow>, StoreError> {
    by_ids_ending(conn, (sql, ""), first, ids).await
}

/// As [`by_ids`], in the order of their ids, which nobody else changes until the transaction ends.
pub(super) async fn locked(
    tx: &mut Tx,
    sql: &str,
    ids: &[&str],
) -> Result<Vec<AnyRow>, StoreError> {
    // In order, so that two transactions that take the same rows take turns.
    let ending = format!(" ORDER BY id{}", tx.for_update());
    by_ids_ending(tx, (sql, &ending), None, ids).await
}

async fn by_ids_ending(
    conn: &mut Conn,
    (sql, ending): (&str, &str),
    first: Option<&str>,
    ids: &[&str],
) -> Result<Vec<AnyRow>, StoreError> {
    let mut rows = Vec::new();
    for chunk in ids.chunks(CHUNK) {
        let from = if first.is_some() { 2 } else { 1 };
        let (list, ids) = listed(from, chunk);
        let mut query = sqlx::query(AssertSqlSafe(format!("{sql} IN ({list}){ending}")));
        if let Some(first) = first {
            query = query.bind(first);
        }
        for id in ids {
            query = query.bind(*id);
        }
        rows.extend(query.fetch_all(conn.conn()).await?);
    }
    Ok(rows)
}

//! The side of a move that receives: a schema that is empty, or holds this very move half done. No gateway opens it before the move is
//! finished.

use super::{PostgresSettings, StoreError, migrate, partitions, settings};
use crate::clock::Clock;
use crate::store::moving::{Beginning, MoveError, NOT_MOVED, Row, Shape, Value};
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row as _, TypeInfo as _, ValueRef as _};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Tables that PostgreSQL alone has: of its nodes, and of moves.
const OWN: [&str; 5] = [
    "node",
    "claim",
    "registry_revision",
    "moving",
    "move_progress",
];

/// What the migrations put in, and may be there in a schema that is empty.
const SEEDED: &str =
    "SELECT EXISTS (SELECT 1 FROM audit_sealing WHERE (id, batch, placed) <> (1, 1, 0))";

/// Refuses a schema into which a hall is being moved.
pub(super) async fn refuse_unfinished(connection: &mut PgConnection) -> Result<(), StoreError> {
    let unfinished: bool = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM moving)")
        .fetch_one(connection)
        .await?;
    if unfinished {
        return Err(StoreError::Unavailable(
            "a hall is being moved into this schema, or its move was interrupted: run the same `tongban move` again".to_owned(),
        ));
    }
    Ok(())
}

/// The schema that a hall is moved into.
pub struct MoveTarget {
    connection: PgConnection,
    clock: Clock,
    /// Type by table and column.
    types: BTreeMap<String, BTreeMap<String, Kind>>,
    /// Tables with triggers, which do for new rows what moved rows bring with them.
    triggered: BTreeSet<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    Bytes,
}

impl Kind {
    fn array(self) -> &'static str {
        match self {
            Self::Number => "bigint[]",
            Self::Text => "text[]",
            Self::Bytes => "bytea[]",
        }
    }
}

impl MoveTarget {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// [`MoveError::Store`] when it cannot be reached or migrated.
    pub async fn open(postgres: &PostgresSettings, clock: Clock) -> Result<Self, MoveError> {
        let options = postgres.options()?;
        let pool = settings::pool(options.clone(), 1, settings::WRITER_ACQUIRE_TIMEOUT).await?;
        postgres.make_schema(&pool).await?;
        pool.close().await;
        migrate(options.clone()).await?;
        // Looked up by key and nothing else: a page costs a page, also before the planner knows the tables.
        let patient = options.options([
            ("statement_timeout", settings::MIGRATION_TIMEOUT),
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
        let mut connection = PgConnection::connect_with(&patient).await?;
        partitions::make_ahead(&mut connection).await?;
        let mut target = Self {
            connection,
            clock,
            types: BTreeMap::new(),
            triggered: BTreeSet::new(),
        };
        target.learn().await?;
        Ok(target)
    }

    async fn learn(&mut self) -> Result<(), MoveError> {
        let columns: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text FROM information_schema.columns c
             JOIN pg_class t ON t.relname = c.table_name AND t.relnamespace = CAST(current_schema() AS regnamespace)
             WHERE c.table_schema = current_schema() AND t.relkind IN ('r', 'p') AND NOT t.relispartition",
        )
        .fetch_all(&mut self.connection)
        .await?;
        for (table, column, kind) in columns {
            if OWN.contains(&table.as_str()) || NOT_MOVED.contains(&table.as_str()) {
                continue;
            }
            let kind = match kind.as_str() {
                "bigint" | "integer" | "smallint" => Kind::Number,
                "text" => Kind::Text,
                "bytea" => Kind::Bytes,
                other => {
                    let words = format!("{table}.{column} is {other}, which cannot be moved");
                    return Err(MoveError::Refused(words));
                }
            };
            self.types.entry(table).or_default().insert(column, kind);
        }
        let triggered: Vec<String> = sqlx::query_scalar(
            "SELECT DISTINCT CAST(c.relname AS text) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
             WHERE c.relnamespace = CAST(current_schema() AS regnamespace) AND NOT t.tgisinternal",
        )
        .fetch_all(&mut self.connection)
        .await?;
        self.triggered = triggered.into_iter().collect();
        Ok(())
    }

    /// Columns by table.
    ///
    /// # Errors
    /// None today.
    pub async fn columns(&mut self) -> Result<BTreeMap<String, BTreeSet<String>>, MoveError> {
        let names = |columns: &BTreeMap<String, Kind>| columns.keys().cloned().collect();
        let all = self
            .types
            .iter()
            .map(|(table, c)| (table.clone(), names(c)));
        Ok(all.collect())
    }

    /// Notes that this hall is being moved here, in a schema that is empty; goes on with the same move; begins anew when the hall was
    /// served again since.
    ///
    /// # Errors
    /// [`MoveError::Refused`] when something else is in it.
    pub async fn begin(&mut self, identity: &str, move_id: &str) -> Result<Beginning, MoveError> {
        let known: Option<(String, String)> =
            sqlx::query_as("SELECT identity, move_id FROM moving")
                .fetch_optional(&mut self.connection)
                .await?;
        let beginning = match known {
            Some((hall, id)) if hall == identity && id == move_id => return Ok(Beginning::Resumed),
            Some((hall, _)) if hall == identity => Beginning::Anew,
            Some(_) => {
                return Err(MoveError::Refused(
                    "the target holds an unfinished move of another hall: name another schema"
                        .to_owned(),
                ));
            }
            None => {
                self.refuse_full().await?;
                Beginning::New
            }
        };
        let tables: Vec<_> = self
            .types
            .keys()
            .map(|table| format!("\"{table}\""))
            .collect();
        let mut transaction = self.connection.begin().await?;
        let truncate = format!("TRUNCATE {}, moving, move_progress", tables.join(", "));
        sqlx::query(AssertSqlSafe(truncate))
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO moving (id, identity, move_id, begun_at) VALUES (1, $1, $2, $3)")
            .bind(identity)
            .bind(move_id)
            .bind(self.clock.now().as_microsecond())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(beginning)
    }

    async fn refuse_full(&mut self) -> Result<(), MoveError> {
        let mut full = Vec::new();
        for table in self.types.keys().chain([&"node".to_owned()]) {
            let look = match table.as_str() {
                "audit_sealing" => SEEDED.to_owned(),
                table => format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")"),
            };
            let any: bool = sqlx::query_scalar(AssertSqlSafe(look))
                .fetch_one(&mut self.connection)
                .await?;
            if any {
                full.push(table.clone());
            }
        }
        if full.is_empty() {
            return Ok(());
        }
        Err(MoveError::Refused(format!(
            "the target is not empty ({}): a hall is moved into a schema of its own; name another one",
            full.join(", ")
        )))
    }

    /// Makes the partitions of these months of history, also of months long past.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn make_months(&mut self, months: &[(&'static str, i64)]) -> Result<(), MoveError> {
        for (table, month) in months {
            partitions::make_month(&mut self.connection, table, *month).await?;
        }
        Ok(())
    }

    /// How far a table is: its last key and its rows.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn reached(&mut self, table: &str) -> Result<(Option<Row>, u64), MoveError> {
        let noted: Option<(String, i64)> =
            sqlx::query_as("SELECT last_key, done FROM move_progress WHERE name = $1")
                .bind(table)
                .fetch_optional(&mut self.connection)
                .await?;
        let Some((key, rows)) = noted else {
            return Ok((None, 0));
        };
        let key = serde_json::from_str(&key)
            .map_err(|e| MoveError::Refused(format!("move_progress of {table}: {e}")))?;
        Ok((Some(key), u64::try_from(rows).unwrap_or_default()))
    }

    /// Takes a batch and notes how far the table is now, both or neither.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn take(
        &mut self,
        shape: &Shape,
        rows: &[Row],
        last_key: &Row,
        done: u64,
    ) -> Result<(), MoveError> {
        let places: Vec<usize> = (0..shape.columns.len()).collect();
        let lists = self.arrays(shape, &places)?;
        let text = format!(
            "INSERT INTO \"{}\" ({}) SELECT * FROM unnest({lists})",
            shape.table,
            shape.listed("")
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for place in places {
            let kind = self.kind(shape, place)?;
            query = bind_list(query, kind, rows.iter().map(|row| row.get(place)));
        }
        let key = serde_json::to_string(last_key)
            .map_err(|e| MoveError::Refused(format!("the key of {}: {e}", shape.table)))?;
        let triggered = self.triggered.contains(&shape.table);
        let mut transaction = self.connection.begin().await?;
        if triggered {
            triggers(&mut transaction, &shape.table, "DISABLE").await?;
        }
        query.execute(&mut *transaction).await?;
        if triggered {
            triggers(&mut transaction, &shape.table, "ENABLE").await?;
        }
        sqlx::query(
            "INSERT INTO move_progress (name, last_key, done) VALUES ($1, $2, $3)
             ON CONFLICT (name) DO UPDATE SET last_key = excluded.last_key, done = excluded.done",
        )
        .bind(&shape.table)
        .bind(key)
        .bind(i64::try_from(done).unwrap_or(i64::MAX))
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    fn kind(&self, shape: &Shape, place: usize) -> Result<Kind, MoveError> {
        let column = shape.columns.get(place);
        let kind = column.and_then(|c| self.types.get(&shape.table)?.get(c).copied());
        kind.ok_or_else(|| MoveError::Refused(format!("{} has a column too many", shape.table)))
    }

    /// `$1::bigint[], $2::text[]` for these columns.
    fn arrays(&self, shape: &Shape, places: &[usize]) -> Result<String, MoveError> {
        let one = |(n, place): (usize, &usize)| {
            let kind = self.kind(shape, *place)?;
            Ok(format!("${}::{}", n + 1, kind.array()))
        };
        let lists: Result<Vec<_>, MoveError> = places.iter().enumerate().map(one).collect();
        Ok(lists?.join(", "))
    }

    /// The rows with the keys of `page`, by their place in it.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn rows_of(
        &mut self,
        shape: &Shape,
        page: &[Row],
    ) -> Result<HashMap<usize, Row>, MoveError> {
        let lists = self.arrays(shape, &shape.key)?;
        let names: Vec<_> = (0..shape.key.len()).map(|n| format!("k{n}")).collect();
        let keys = shape.key_names();
        let same: Vec<_> = keys
            .iter()
            .zip(&names)
            .map(|(column, name)| format!("t.\"{column}\" = wanted.{name}"))
            .collect();
        let text = format!(
            "SELECT wanted.place, {} FROM unnest({lists}) WITH ORDINALITY AS wanted ({}, place) JOIN \"{}\" t ON {}",
            shape.listed("t."),
            names.join(", "),
            shape.table,
            same.join(" AND ")
        );
        let mut query = sqlx::query(AssertSqlSafe(text));
        for place in &shape.key {
            let kind = self.kind(shape, *place)?;
            query = bind_list(query, kind, page.iter().map(|row| row.get(*place)));
        }
        let mut found = HashMap::new();
        for row in query.fetch_all(&mut self.connection).await? {
            let place: i64 = row.try_get(0)?;
            let place = usize::try_from(place - 1).unwrap_or_default();
            found.insert(place, values(&row, shape)?);
        }
        Ok(found)
    }

    /// Rows of a table.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn count(&mut self, table: &str) -> Result<u64, MoveError> {
        let count: i64 =
            sqlx::query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM \"{table}\"")))
                .fetch_one(&mut self.connection)
                .await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Running numbers go on after the moved ones, and the planner learns the tables.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn count_on(&mut self) -> Result<(), MoveError> {
        let running: Vec<(String, String)> = sqlx::query_as(
            "SELECT table_name::text, column_name::text FROM information_schema.columns
             WHERE table_schema = current_schema() AND is_identity = 'YES'",
        )
        .fetch_all(&mut self.connection)
        .await?;
        for (table, column) in running {
            let on = format!(
                "SELECT setval(pg_get_serial_sequence('\"{table}\"', '{column}'), greatest(max(\"{column}\"), 1), max(\"{column}\") IS NOT NULL)
                 FROM \"{table}\""
            );
            sqlx::query(AssertSqlSafe(on))
                .execute(&mut self.connection)
                .await?;
        }
        for table in self.types.keys() {
            sqlx::query(AssertSqlSafe(format!("ANALYZE \"{table}\"")))
                .execute(&mut self.connection)
                .await?;
        }
        Ok(())
    }

    /// Opens the schema for gateways.
    ///
    /// # Errors
    /// [`MoveError::Store`].
    pub async fn finish(mut self) -> Result<(), MoveError> {
        sqlx::query("TRUNCATE moving, move_progress")
            .execute(&mut self.connection)
            .await?;
        self.connection.close().await?;
        Ok(())
    }
}

async fn triggers(connection: &mut PgConnection, table: &str, word: &str) -> Result<(), MoveError> {
    let text = format!("ALTER TABLE \"{table}\" {word} TRIGGER USER");
    sqlx::query(AssertSqlSafe(text)).execute(connection).await?;
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

fn bind_list<'q, 'v>(
    query: Query<'q>,
    kind: Kind,
    list: impl Iterator<Item = Option<&'v Value>>,
) -> Query<'q> {
    match kind {
        Kind::Number => {
            let numbers = list.map(|v| match v {
                Some(Value::Number(n)) => Some(*n),
                _ => None,
            });
            query.bind(numbers.collect::<Vec<Option<i64>>>())
        }
        Kind::Text => {
            let texts = list.map(|v| match v {
                Some(Value::Text(text)) => Some(text.clone()),
                _ => None,
            });
            query.bind(texts.collect::<Vec<Option<String>>>())
        }
        Kind::Bytes => {
            let bytes = list.map(|v| match v {
                Some(Value::Bytes(bytes)) => Some(bytes.clone()),
                _ => None,
            });
            query.bind(bytes.collect::<Vec<Option<Vec<u8>>>>())
        }
    }
}

/// The columns of the row after its place.
fn values(row: &PgRow, shape: &Shape) -> Result<Row, MoveError> {
    let one = |place: usize| -> Result<Value, MoveError> {
        let raw = row.try_get_raw(place)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        let kind = raw.type_info().name().to_owned();
        Ok(match kind.as_str() {
            "INT8" => Value::Number(row.try_get(place)?),
            "INT4" => Value::Number(row.try_get::<i32, _>(place)?.into()),
            "INT2" => Value::Number(row.try_get::<i16, _>(place)?.into()),
            "TEXT" => Value::Text(row.try_get(place)?),
            "BYTEA" => Value::Bytes(row.try_get(place)?),
            other => {
                let words = format!(
                    "{} holds {other}, which no column of ours does",
                    shape.table
                );
                return Err(MoveError::Refused(words));
            }
        })
    };
    (1..row.len()).map(one).collect()
}

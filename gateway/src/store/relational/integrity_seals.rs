//! The examination of files against rows, and of seals.

use super::StoreError;
use super::api_key;
use super::dialect::{Db, DbRow};
use super::files::FilePlace;
use super::integrity::Examined;
use super::rows::{application_place, attempt_place, event_place, named_place, numbered_place};
use super::rows::{case_place, uuid};
use crate::store::bucket::Bucket;
use crate::store::integrity::{Depth, Tally, shortened};
use crate::store::sealed::file::sealed_length;
use crate::store::sealed::{DataKey, open_bytes};
use futures_util::TryStreamExt;
use sqlx::Row;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Rows of each kind whose seals are opened in a sample: so many of the newest, and so many of the oldest.
const SAMPLE: i64 = 100;
/// Rows read at once.
const PAGE: i64 = 500;
/// Objects of a bucket taken from its listing at once.
const LISTED_AT_ONCE: usize = 1_000;
/// The sweep comes every ten minutes: what is younger may be just being written.
const LEFT_OVER: Duration = Duration::from_secs(3_600);

const FILES: &str = "SELECT id, size FROM material WHERE id >= $1 AND id < $2
    UNION ALL SELECT id, size FROM upload_segment WHERE id >= $1 AND id < $2";

const STILL_NAMED: &str = "SELECT (SELECT count(*) FROM material WHERE id = $1)
    + (SELECT count(*) FROM upload_segment WHERE id = $1)";

/// Compares the folder of files with the rows that name them, one of its 256 parts at a time.
pub(super) async fn files(examined: &mut Examined) -> Result<(), StoreError> {
    let (mut missing, mut length, mut nobodys) =
        (Tally::default(), Tally::default(), Tally::default());
    for part in 0..=u8::MAX {
        let shard = format!("{part:02x}");
        let rows: Vec<(String, i64)> = sqlx::query_as(FILES)
            .bind(&shard)
            .bind(format!("{shard}~"))
            .fetch_all(&mut *examined.connection)
            .await?;
        let mut found = listed(examined.place.folder.join(&shard)).await?;
        if let Some(bucket) = &examined.place.bucket {
            found.extend(listed_in(bucket, &shard).await?);
        }
        for (id, size) in rows {
            examined.report.files += 1;
            let size = u64::try_from(size).unwrap_or_default();
            match found.remove(&id) {
                Some((bytes, _)) if bytes == sealed_length(size) => {}
                Some(_) => length.add(shortened(&id)),
                None if still_named(examined, &id).await? => missing.add(shortened(&id)),
                None => {}
            }
        }
        let now = SystemTime::UNIX_EPOCH
            + Duration::from_micros(
                u64::try_from(examined.now.as_microsecond()).unwrap_or_default(),
            );
        for (name, (_, modified)) in found {
            if now
                .duration_since(modified)
                .is_ok_and(|age| age > LEFT_OVER)
            {
                nobodys.add(shortened(&name));
            }
        }
    }
    examined.fault(missing.into_fault("file_missing"));
    examined.fault(length.into_fault("file_length_differs"));
    let notice = nobodys.into_fault("file_without_row");
    examined.report.notices.extend(notice);
    Ok(())
}

type Listed = BTreeMap<String, (u64, SystemTime)>;

/// The files of a folder with their bytes and times; none when there is no such folder.
async fn listed(folder: std::path::PathBuf) -> Result<Listed, StoreError> {
    let listing = move || -> std::io::Result<Listed> {
        let mut found = Listed::new();
        if !folder.exists() {
            return Ok(found);
        }
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            // Gone between the look and the question: the sweep has it.
            let Ok(facts) = entry.metadata() else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            found.insert(name, (facts.len(), facts.modified()?));
        }
        Ok(found)
    };
    let listing = tokio::task::spawn_blocking(listing).await;
    Ok(listing.map_err(std::io::Error::other)??)
}

/// The files of a shard of a bucket. Of several under one id the one with the right length counts as well as any: only their keys tell
/// which is meant, and all depths that open bytes ask for that one.
async fn listed_in(bucket: &Bucket, shard: &str) -> Result<Listed, StoreError> {
    let (mut pages, mut found) = (bucket.list(shard, LISTED_AT_ONCE), Listed::new());
    while let Some(page) = pages.try_next().await? {
        let facts =
            |object: crate::store::bucket::Listed| (object.id, (object.length, object.written));
        found.extend(page.into_iter().map(facts));
    }
    Ok(found)
}

/// Whether a row names the file also after the snapshot: what was swept since is not missing.
async fn still_named(examined: &Examined, id: &str) -> Result<bool, StoreError> {
    let named: i64 = sqlx::query_scalar(STILL_NAMED)
        .bind(id)
        .fetch_one(&examined.readers)
        .await?;
    Ok(named > 0)
}

/// What is opened of one kind of rows: a query for those after a row id, and what a row's seals are.
#[derive(Clone, Copy)]
struct Kind {
    table: &'static str,
    /// Ends in a condition with `$1` (after this id) and `$2` (at most).
    forward: &'static str,
    /// The newest, at most `$1`.
    newest: &'static str,
    open: fn(&Examined, &DbRow) -> Result<u64, StoreError>,
}

const KINDS: &[Kind] = &[
    Kind {
        table: "application",
        forward: "SELECT id, uid, data_key, parties FROM application WHERE id > $1 ORDER BY id LIMIT $2",
        newest: "SELECT id, uid, data_key, parties FROM application ORDER BY id DESC LIMIT $1",
        open: open_application,
    },
    Kind {
        table: "case_record",
        forward: "SELECT id, case_id, data_key, submission, folded FROM case_record WHERE id > $1 ORDER BY id LIMIT $2",
        newest: "SELECT id, case_id, data_key, submission, folded FROM case_record ORDER BY id DESC LIMIT $1",
        open: open_case,
    },
    Kind {
        table: "delivery",
        forward:
            "SELECT d.id, d.last_words, d.journal, d.message, c.case_id, c.data_key FROM delivery d
            JOIN case_record c ON c.id = d.case_id WHERE d.id > $1 ORDER BY d.id LIMIT $2",
        newest:
            "SELECT d.id, d.last_words, d.journal, d.message, c.case_id, c.data_key FROM delivery d
            JOIN case_record c ON c.id = d.case_id ORDER BY d.id DESC LIMIT $1",
        open: open_delivery,
    },
];

/// Opens seals: of a sample of rows, or of all.
pub(super) async fn seals(examined: &mut Examined) -> Result<(), StoreError> {
    for kind in KINDS.iter().copied() {
        let mut unopened = Tally::default();
        let mut opened = 0;
        let mut after = 0;
        let mut left = match examined.depth {
            Depth::Everything => i64::MAX,
            Depth::Sample => SAMPLE,
        };
        while left > 0 {
            let rows = sqlx::query::<Db>(kind.forward)
                .bind(after)
                .bind(PAGE.min(left))
                .fetch_all(&mut *examined.connection)
                .await?;
            let Some(last) = rows.last() else { break };
            after = last.try_get("id")?;
            left = left.saturating_sub(PAGE);
            opened += open_rows(examined, &kind, &rows, &mut unopened)?;
        }
        if examined.depth == Depth::Sample {
            let rows = sqlx::query::<Db>(kind.newest)
                .bind(SAMPLE)
                .fetch_all(&mut *examined.connection)
                .await?;
            // A small table was seen from the other end.
            let rows: Vec<_> = rows
                .into_iter()
                .filter(|row| row.try_get::<i64, _>("id").is_ok_and(|id| id > after))
                .collect();
            opened += open_rows(examined, &kind, &rows, &mut unopened)?;
        }
        examined.report.opened += opened;
        examined.fault(unopened.into_fault(&format!("sealed_{}", kind.table)));
    }
    events(examined).await?;
    api_keys(examined).await?;
    materials(examined).await
}

/// All of them: they are few, and one that was changed by hand is a way in that somebody tried.
async fn api_keys(examined: &mut Examined) -> Result<(), StoreError> {
    let mut unopened = Tally::default();
    let read = api_key::read_all(&mut examined.connection, &examined.vault).await?;
    examined.report.opened += u64::try_from(read.keys.len()).unwrap_or_default();
    read.unreadable.into_iter().for_each(|id| unopened.add(id));
    examined.fault(unopened.into_fault("sealed_api_key"));
    Ok(())
}

fn open_rows(
    examined: &Examined,
    kind: &Kind,
    rows: &[DbRow],
    unopened: &mut Tally,
) -> Result<u64, StoreError> {
    let mut opened = 0;
    for row in rows {
        match (kind.open)(examined, row) {
            Ok(seals) => opened += seals,
            Err(StoreError::Sealed { .. } | StoreError::Inconsistent { .. }) => {
                unopened.add(row.try_get::<i64, _>("id")?.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(opened)
}

/// The key of a row's case; `None` when the case was erased.
fn case_key(examined: &Examined, row: &DbRow) -> Result<Option<(uuid::Uuid, DataKey)>, StoreError> {
    let id = uuid(
        "case_record",
        "case_id",
        "examined",
        row.try_get("case_id")?,
    )?;
    let Some(wrapped) = row.try_get::<Option<Vec<u8>>, _>("data_key")? else {
        return Ok(None);
    };
    let key = examined
        .vault
        .open_key(&case_place("data_key", id), Some(&wrapped))?;
    Ok(Some((id, key)))
}

fn open_application(examined: &Examined, row: &DbRow) -> Result<u64, StoreError> {
    let uid: Vec<u8> = row.try_get("uid")?;
    let Some(wrapped) = row.try_get::<Option<Vec<u8>>, _>("data_key")? else {
        return Ok(0);
    };
    let place = application_place("data_key", &uid);
    let key = examined.vault.open_key(&place, Some(&wrapped))?;
    let parties: Vec<u8> = row.try_get("parties")?;
    open_bytes(&key, &application_place("parties", &uid), &parties)?;
    Ok(1)
}

fn open_case(examined: &Examined, row: &DbRow) -> Result<u64, StoreError> {
    let Some((id, key)) = case_key(examined, row)? else {
        return Ok(0);
    };
    for column in ["submission", "folded"] {
        let sealed: Vec<u8> = row.try_get(column)?;
        open_bytes(&key, &case_place(column, id), &sealed)?;
    }
    Ok(2)
}

fn open_delivery(examined: &Examined, row: &DbRow) -> Result<u64, StoreError> {
    let Some((_, key)) = case_key(examined, row)? else {
        return Ok(0);
    };
    let id: i64 = row.try_get("id")?;
    let mut opened = 0;
    for column in ["last_words", "journal", "message"] {
        if let Some(sealed) = row.try_get::<Option<Vec<u8>>, _>(column)? {
            open_bytes(&key, &numbered_place("delivery", column, id), &sealed)?;
            opened += 1;
        }
    }
    Ok(opened)
}

/// Events and attempts, which have no id of their own: those of the newest cases and deliveries, or all.
async fn events(examined: &mut Examined) -> Result<(), StoreError> {
    const EVENTS: &str = "SELECT e.seq, e.event, c.case_no, c.case_id, c.data_key FROM case_event e JOIN case_record c ON c.id = e.case_id
        WHERE e.case_id > $1 AND e.case_id <= $2";
    const ATTEMPTS: &str =
        "SELECT a.delivery_id, a.ordinal, a.exchange, c.case_id, c.data_key FROM delivery_attempt a
        JOIN delivery d ON d.id = a.delivery_id JOIN case_record c ON c.id = d.case_id
        WHERE a.delivery_id > $1 AND a.delivery_id <= $2";
    let (mut broken_events, mut broken_attempts) = (Tally::default(), Tally::default());
    let mut opened = 0;
    for (from, to) in windows(
        examined,
        (
            "SELECT max(id) FROM case_record",
            "SELECT min(id) FROM case_record WHERE id > $1",
        ),
    )
    .await?
    {
        let rows = sqlx::query(EVENTS).bind(from).bind(to);
        for row in rows.fetch_all(&mut *examined.connection).await? {
            let seq: i64 = row.try_get("seq")?;
            let place = |id| event_place(id, seq.unsigned_abs());
            match open_of_case(&examined.vault, &row, "event", place) {
                Ok(seals) => opened += seals,
                Err(_) => {
                    broken_events.add(format!("{} #{seq}", row.try_get::<String, _>("case_no")?));
                }
            }
        }
    }
    for (from, to) in windows(
        examined,
        (
            "SELECT max(id) FROM delivery",
            "SELECT min(id) FROM delivery WHERE id > $1",
        ),
    )
    .await?
    {
        let rows = sqlx::query(ATTEMPTS).bind(from).bind(to);
        for row in rows.fetch_all(&mut *examined.connection).await? {
            let (id, ordinal): (i64, i64) = (row.try_get("delivery_id")?, row.try_get("ordinal")?);
            let place = |_| attempt_place(id, ordinal);
            match open_of_case(&examined.vault, &row, "exchange", place) {
                Ok(seals) => opened += seals,
                Err(_) => broken_attempts.add(format!("{id} #{ordinal}")),
            }
        }
    }
    examined.report.opened += opened;
    examined.fault(broken_events.into_fault("sealed_case_event"));
    examined.fault(broken_attempts.into_fault("sealed_delivery_attempt"));
    Ok(())
}

/// Spans of ids, from the newest: all there are, or those of a sample.
async fn windows(
    examined: &mut Examined,
    (highest, next): (&'static str, &'static str),
) -> Result<Vec<(i64, i64)>, StoreError> {
    let highest: Option<i64> = sqlx::query_scalar(highest)
        .fetch_one(&mut *examined.connection)
        .await?;
    let highest = highest.unwrap_or_default();
    if examined.depth == Depth::Sample {
        return Ok(vec![(highest - SAMPLE, highest)]);
    }
    // Ids may leap from month to month: where nothing is, nothing is looked for.
    let (mut spans, mut from) = (Vec::new(), i64::MIN);
    loop {
        let first: Option<i64> = sqlx::query_scalar(next)
            .bind(from)
            .fetch_one(&mut *examined.connection)
            .await?;
        let Some(first) = first else {
            return Ok(spans);
        };
        from = first - 1 + PAGE;
        spans.push((first - 1, from));
    }
}

fn open_of_case(
    vault: &super::Vault,
    row: &DbRow,
    column: &str,
    place: impl Fn(uuid::Uuid) -> crate::store::sealed::Place,
) -> Result<u64, StoreError> {
    let id = uuid(
        "case_record",
        "case_id",
        "examined",
        row.try_get("case_id")?,
    )?;
    let Some(wrapped) = row.try_get::<Option<Vec<u8>>, _>("data_key")? else {
        return Ok(0);
    };
    let key = vault.open_key(&case_place("data_key", id), Some(&wrapped))?;
    let sealed: Vec<u8> = row.try_get(column)?;
    open_bytes(&key, &place(id), &sealed)?;
    Ok(1)
}

/// Files' keys and facts, and at full depth every byte of every file.
async fn materials(examined: &mut Examined) -> Result<(), StoreError> {
    const FORWARD: &str = "SELECT m.id, m.data_key AS own_key, m.facts, m.case_id AS bound, c.case_id, c.data_key FROM material m
        LEFT JOIN case_record c ON c.id = m.case_id WHERE m.id > $1 ORDER BY m.id LIMIT $2";
    let (mut facts, mut bytes) = (Tally::default(), Tally::default());
    let mut after = String::new();
    loop {
        let rows = sqlx::query(FORWARD)
            .bind(&after)
            .bind(PAGE)
            .fetch_all(&mut *examined.connection)
            .await?;
        let Some(last) = rows.last() else { break };
        after = last.try_get("id")?;
        for row in &rows {
            let id: String = row.try_get("id")?;
            let key = match open_material(examined, row, &id) {
                Ok(Some(key)) => key,
                Ok(None) => continue,
                Err(_) => {
                    facts.add(shortened(&id));
                    continue;
                }
            };
            examined.report.opened += 1;
            if examined.depth == Depth::Everything
                && !opens(&examined.place, &id, key).await?
                && still_named(examined, &id).await?
            {
                bytes.add(shortened(&id));
            }
        }
        // Their ids are random: the first page is a sample of all.
        if examined.depth == Depth::Sample {
            break;
        }
    }
    examined.fault(facts.into_fault("sealed_material"));
    examined.fault(bytes.into_fault("file_damaged"));
    Ok(())
}

fn open_material(
    examined: &Examined,
    row: &DbRow,
    id: &str,
) -> Result<Option<DataKey>, StoreError> {
    let place = named_place("material", "data_key", id);
    let wrapped: Vec<u8> = row.try_get("own_key")?;
    let key = match row.try_get::<Option<i64>, _>("bound")? {
        None => examined.vault.open_key(&place, Some(&wrapped))?,
        Some(_) => match case_key(examined, row)? {
            Some((_, key)) => key.unwrap_key(&place, &wrapped)?,
            None => return Ok(None),
        },
    };
    let facts: Vec<u8> = row.try_get("facts")?;
    open_bytes(&key, &named_place("material", "facts", id), &facts)?;
    Ok(Some(key))
}

/// Whether every byte of a file opens.
///
/// # Errors
/// The bucket does not answer: that says nothing of the file.
async fn opens(place: &FilePlace, id: &str, key: DataKey) -> Result<bool, StoreError> {
    let mut bytes = match place.open(id, key).await {
        Ok(bytes) => bytes,
        Err(StoreError::FilesAway(words)) => return Err(StoreError::FilesAway(words)),
        Err(_) => return Ok(false),
    };
    loop {
        match bytes.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(true),
            Err(_) => break,
        }
    }
    // What broke off on the way is not damaged.
    place.bucket.as_ref().map_or(Ok(()), |b| b.answers())?;
    Ok(false)
}

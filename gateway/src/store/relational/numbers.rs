//! Numbers, drawn inside the commit: the serial of a stem, and the short number of digits that some partners take.

use super::StoreError;
use super::dialect::DbConnection;

/// A short number has twelve digits and never begins with 0, which a partner's numeric column would lose.
pub(super) const SHORT_BASE: i64 = 100_000_000_000;
const SHORT_LAST: i64 = 899_999_999_999;

/// The next number of a stem; `None` when all are given away.
pub(super) async fn draw(
    connection: &mut DbConnection,
    stem: &str,
) -> Result<Option<String>, StoreError> {
    let serial: i64 = sqlx::query_scalar(
        // A stem ends in its day; after a restore its first serial is ahead of those that may be given already.
        "INSERT INTO number_serial (stem, last) VALUES ($1, 1 + coalesce((SELECT max(ahead) FROM number_floor
             WHERE substr($1, length($1) - 5) BETWEEN from_day AND to_day), 0))
         ON CONFLICT (stem) DO UPDATE SET last = number_serial.last + 1 RETURNING last",
    )
    .bind(stem)
    .fetch_one(connection)
    .await?;
    Ok(of_serial(stem, serial))
}

/// The number of a stem's n-th serial; `None` beyond the last.
pub(super) fn of_serial(stem: &str, serial: i64) -> Option<String> {
    let serial = tongban_catalog::code::serial(u32::try_from(serial).ok()?)?;
    Some(format!("{stem}{serial}"))
}

/// The short number of a system's n-th serial; `None` beyond the last.
pub(super) fn short_of_serial(serial: i64) -> Option<String> {
    (serial <= SHORT_LAST).then(|| (SHORT_BASE + serial).to_string())
}

/// The next short number of a system; `None` when its 900 billion are given away.
pub(super) async fn draw_short(
    connection: &mut DbConnection,
    system_id: &str,
) -> Result<Option<String>, StoreError> {
    let serial: i64 = sqlx::query_scalar(
        "INSERT INTO short_serial (system_id, last) VALUES ($1, 1)
         ON CONFLICT (system_id) DO UPDATE SET last = short_serial.last + 1 RETURNING last",
    )
    .bind(system_id)
    .fetch_one(connection)
    .await?;
    Ok(short_of_serial(serial))
}

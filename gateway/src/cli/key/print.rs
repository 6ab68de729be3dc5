//! How keys look on a terminal.

use crate::operations::ops_api::wire_keys::{KeyLine, KeyList, MadeKey};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::fmt::Write;

const COLUMNS: [&str; 8] = [
    "id",
    "role",
    "name",
    "state",
    "from",
    "until",
    "last used",
    "note",
];

/// Keys as aligned columns. The last one has no width: notes are words in any script.
pub(super) fn list(list: &KeyList) -> String {
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(list.keys.iter().map(cells));
    let widths: [usize; COLUMNS.len()] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    });
    let mut out = String::new();
    for row in rows {
        let line = row
            .iter()
            .zip(widths)
            .fold(String::new(), |mut line, (cell, width)| {
                let _ = write!(line, "{cell:width$}  ");
                line
            });
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for id in &list.unreadable {
        let _ = writeln!(
            out,
            "{id}: this row was not written so by a gateway with this master key; it lets nobody in. Revoke it, and find out who wrote it"
        );
    }
    out
}

fn cells(key: &KeyLine) -> [String; 8] {
    let name = match &key.organisation {
        Some(organisation) => format!("{} ({organisation})", key.name),
        None => key.name.clone(),
    };
    let state = match &key.replaced_by {
        Some(by) if key.state == "valid" => format!("until replaced by {by}"),
        _ => key.state.clone(),
    };
    [
        key.id.clone(),
        key.role.clone(),
        name,
        state,
        moment(key.not_before),
        moment(key.revoked_at.unwrap_or(key.expires_at)),
        key.last_used_at.map_or_else(|| "never".to_owned(), moment),
        key.note.chars().filter(|c| !c.is_control()).collect(),
    ]
}

/// What is said beside a new key.
pub(super) fn made(made: &MadeKey) -> String {
    let key = &made.made;
    let mut out = format!(
        "key {} of {} {}, from {} until {}; it is shown this once and kept nowhere:\n",
        key.id,
        key.role,
        key.name,
        moment(key.not_before),
        moment(key.expires_at)
    );
    if let Some(old) = &made.replaces {
        let _ = writeln!(
            out,
            "it replaces {}, which counts until {}",
            old.id,
            moment(old.expires_at)
        );
    }
    out
}

/// Legal time (UTC+8), to the minute.
fn moment(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::fixed(Offset::constant(8)))
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

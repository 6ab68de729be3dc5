//! How deliveries look on a terminal. Partner text is data: control characters never reach the terminal.

use crate::operations::ops_api::wire::{
    Attempt, DeliveryDetail, DeliveryLine, DeliveryList, Preview,
};
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use std::fmt::Write;

/// Characters of the last answer in a list.
const WORDS_SHOWN: usize = 40;

const COLUMNS: [&str; 9] = [
    "id",
    "system",
    "case",
    "operation",
    "state",
    "tries",
    "created",
    "next",
    "last",
];

/// A list as aligned columns, with how many there are in all.
pub(super) fn list(list: &DeliveryList) -> String {
    let rows: Vec<[String; 9]> = list.deliveries.iter().map(cells).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells
            .chain([COLUMNS[column].len()])
            .max()
            .unwrap_or_default()
    };
    let widths: [usize; 9] = std::array::from_fn(width);
    let mut out = String::new();
    for row in std::iter::once(COLUMNS.map(str::to_owned)).chain(rows) {
        let line = row
            .iter()
            .zip(widths)
            .fold(String::new(), |mut line, (cell, width)| {
                let _ = write!(line, "{cell:width$}  ");
                line
            });
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = writeln!(out, "{} of {}", list.deliveries.len(), list.total);
    out
}

fn cells(line: &DeliveryLine) -> [String; 9] {
    let last = match (line.last_code.as_str(), one_line(&line.last_words)) {
        ("", _) => String::new(),
        (code, words) if words.is_empty() => code.to_owned(),
        (code, words) => format!(
            "{code}: {}",
            words.chars().take(WORDS_SHOWN).collect::<String>()
        ),
    };
    [
        line.id.to_string(),
        one_line(&line.system),
        one_line(&line.case_no),
        line.operation.clone(),
        line.state.clone(),
        line.attempts.to_string(),
        time(line.created_at),
        line.next_at.map(time).unwrap_or_default(),
        last,
    ]
}

/// One delivery with the bytes of every attempt.
pub(super) fn detail(detail: &DeliveryDetail) -> String {
    let line = &detail.line;
    let mut out = String::new();
    let next = line.next_at.map_or_else(|| "-".to_owned(), time);
    let _ = writeln!(
        out,
        "delivery {}  {}  {}",
        line.id, line.operation, line.state
    );
    let _ = writeln!(out, "case     {}", one_line(&line.case_no));
    let _ = writeln!(out, "system   {}", one_line(&line.system));
    let _ = writeln!(out, "key      {}", one_line(&detail.message_key));
    let _ = writeln!(out, "created  {}    next {next}", time(line.created_at));
    for (index, attempt) in detail.history.iter().enumerate() {
        write_attempt(&mut out, index + 1, attempt);
    }
    out
}

fn write_attempt(out: &mut String, number: usize, attempt: &Attempt) {
    let millis = attempt.took_us / 1_000;
    let (at, step, code) = (time(attempt.at), one_line(&attempt.step), &attempt.code);
    let _ = writeln!(
        out,
        "\n#{number}  {at}  {step}  {code}  {millis} ms  {}",
        one_line(&attempt.words)
    );
    for (title, bytes) in [("sent", &attempt.sent), ("received", &attempt.received)] {
        let text = if bytes.text.is_empty() {
            "(nothing)"
        } else {
            &bytes.text
        };
        let _ = writeln!(out, "  -- {title}");
        for line in text.lines() {
            let _ = writeln!(out, "  {}", one_line(line));
        }
    }
}

/// What a bulk change would do.
pub(super) fn preview(what: &str, preview: &Preview) -> String {
    let oldest = preview.oldest.map_or_else(|| "-".to_owned(), time);
    let mut out = format!(
        "{what}: {} deliveries match, the oldest from {oldest}\n",
        preview.count
    );
    if preview.at_once < preview.count {
        let _ = writeln!(
            out,
            "only the oldest {} are taken at once (--limit)",
            preview.at_once
        );
    }
    if preview.repeats > 0 {
        let _ = writeln!(
            out,
            "{} of them were sent before with an unknown outcome",
            preview.repeats
        );
    }
    out
}

/// Legal time (Asia/Shanghai, UTC+8 since 1991), to the second.
pub(super) fn time(at: Timestamp) -> String {
    let zone = TimeZone::fixed(Offset::constant(8));
    at.to_zoned_datetime(zone)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Without anything that a terminal would act on.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partner_text_cannot_move_the_cursor() {
        let line = DeliveryLine {
            id: 7,
            case_no: "1".into(),
            system: "a".into(),
            operation: "submit".into(),
            state: "dead".into(),
            attempts: 2,
            created_at: Timestamp::from_second(1_496_626_200).unwrap(),
            next_at: None,
            last_code: "refused".into(),
            last_words: "\u{1b}[2Jno\r\n".into(),
        };
        let shown = list(&DeliveryList {
            total: 9,
            oldest: None,
            deliveries: vec![line],
        });
        assert!(!shown.contains('\u{1b}') && !shown.contains('\r'));
        assert!(shown.contains("2017-06-05 09:30:00"), "{shown}");
        assert!(shown.ends_with("1 of 9\n"), "{shown}");
    }
}

//! The fields of a message: made alike, and asked which case and which of several events they tell of.

use super::errors::CallbackError;
use super::events::text;
use super::feedback::{CaseRule, Feedback};
use crate::canonical::CaseReference;
use crate::expression::{Data, is_none_text, parse_partner_time};
use crate::reading::{ReadError, part};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde_json::Value;

/// Longest case number and serial that is taken, in bytes.
const NUMBER_MAX: usize = 128;

impl Feedback {
    /// The fields of a message: aliases resolved, words for nothing emptied, optional fields filled with nothing.
    pub(super) fn fields(&self, whole: &Value, path: &str) -> Result<Value, CallbackError> {
        let missing = || CallbackError::Unreadable(ReadError::Part(path.to_owned()));
        let Value::Object(found) = part(whole, path).ok_or_else(missing)? else {
            return Err(missing());
        };
        let mut fields = found.clone();
        for (name, others) in &self.aliases {
            if !fields.contains_key(name)
                && let Some(value) = others.iter().find_map(|other| found.get(other))
            {
                fields.insert(name.clone(), value.clone());
            }
        }
        for value in fields.values_mut() {
            // Some write numbers where the specification has texts.
            if value.is_number() {
                *value = Value::String(value.to_string());
            }
            if value.is_null() || value.as_str().is_some_and(is_none_text) {
                *value = Value::String(String::new());
            }
        }
        for name in &self.optional {
            fields
                .entry(name.clone())
                .or_insert_with(|| Value::String(String::new()));
        }
        Ok(Value::Object(fields))
    }

    /// How a message names its case.
    pub(super) fn reference(&self, data: &Data) -> Result<CaseReference, CallbackError> {
        let at = "feedback.case";
        let number = |rule| {
            let number = text(rule, at, data)?.trim().to_owned();
            match number.is_empty() || number.len() > NUMBER_MAX {
                true => Err(CallbackError::MissingField { at: at.to_owned() }),
                false => Ok(number),
            }
        };
        match self.case.as_ref().ok_or(CallbackError::NoCallback)? {
            CaseRule::CaseNo(rule) => number(rule).map(CaseReference::CaseNo),
            CaseRule::ShortNo(rule) => number(rule).map(CaseReference::ShortNo),
        }
    }

    /// What tells two events of one kind apart: the definition's rule, or that of contract 5.
    pub(super) fn serial(
        &self,
        kind: &str,
        fields: &Value,
        data: &Data,
    ) -> Result<String, CallbackError> {
        let serial = match self.serial.get(kind) {
            Some(rule) => text(rule, &format!("feedback.serial.{kind}"), data)?
                .trim()
                .to_owned(),
            None => default_serial(kind, fields),
        };
        match serial.len() > NUMBER_MAX {
            true => Ok(shortened(&serial)),
            false => Ok(serial),
        }
    }
}

/// XH where present; of a step SPBZH, else the digest of (SPHJDM, unit, SPSJ); of a notice without XH the digest of BZGZSJ.
fn default_serial(kind: &str, fields: &Value) -> String {
    let field = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_str)
            .map_or("", str::trim)
    };
    let first = |names: &[&str]| {
        names
            .iter()
            .map(|name| field(name))
            .find(|text| !text.is_empty())
    };
    let time = |name: &str| match parse_partner_time(field(name)) {
        Some(time) => time.to_string(),
        None => field(name).to_owned(),
    };
    match kind {
        "step" => first(&["SPBZH"]).map_or_else(
            || match field("SPHJDM").is_empty() {
                true => String::new(),
                false => {
                    shortened(&[field("SPHJDM"), field("SPBMMC"), &time("SPSJ")].join("\u{1f}"))
                }
            },
            str::to_owned,
        ),
        "correction_requested"
        | "corrected"
        | "pre_correction_requested"
        | "special_started"
        | "special_ended" => match (first(&["XH"]), kind) {
            (Some(serial), _) => serial.to_owned(),
            (None, "correction_requested") if !field("BZGZSJ").is_empty() => {
                shortened(&time("BZGZSJ"))
            }
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// First 16 hex digits of the SHA-256.
fn shortened(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    HEXLOWER.encode(&digest.as_ref()[..8])
}

//! Query strings, read strictly: an unknown or doubled parameter is a mistake that its writer wants to know of.

use super::refusal::Refusal;
use super::texts;
use crate::problem::Problem;
use http::StatusCode;

/// Bytes of a query string.
const BYTES_MAX: usize = 8 * 1024;

/// A read query string.
#[derive(Debug, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads `name=value&…` (percent-encoded UTF-8, `+` for a space), with these names alone.
    ///
    /// # Errors
    /// 400 for an unknown name, bytes that are not UTF-8, or a text beyond its bound.
    pub fn parse(text: Option<&str>, names: &[&str]) -> Result<Self, Refusal> {
        let text = text.unwrap_or_default();
        if text.len() > BYTES_MAX {
            return Err(bad("the query is too long"));
        }
        let mut pairs = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name)?;
            if !names.contains(&name.as_str()) {
                return Err(bad(&format!(
                    "unknown parameter; known: {}",
                    names.join(", ")
                )));
            }
            pairs.push((name, decoded(value)?));
        }
        Ok(Self { pairs })
    }

    /// The value of a name; the first where there are several, `None` where it is absent or empty.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<&str> {
        let of = |(own, value): &'_ &(String, String)| own == name && !value.is_empty();
        self.pairs.iter().find(of).map(|(_, value)| value.as_str())
    }

    /// Every value of a name that is not empty.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        let of = move |(own, value): &'q (String, String)| {
            (own == name && !value.is_empty()).then_some(value.as_str())
        };
        self.pairs.iter().filter_map(of)
    }

    /// The value of a name.
    ///
    /// # Errors
    /// 400 when it is absent or empty.
    pub fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.one(name)
            .ok_or_else(|| bad(&format!("`{name}` is required")))
    }

    /// A whole number in a range.
    ///
    /// # Errors
    /// 400 when it is none.
    pub fn number(
        &self,
        name: &str,
        range: std::ops::RangeInclusive<usize>,
    ) -> Result<Option<usize>, Refusal> {
        let Some(text) = self.one(name) else {
            return Ok(None);
        };
        let number = text.parse().ok().filter(|n| range.contains(n));
        let words = || {
            bad(&format!(
                "`{name}`: a whole number from {} to {}",
                range.start(),
                range.end()
            ))
        };
        number.map(Some).ok_or_else(words)
    }
}

fn decoded(text: &str) -> Result<String, Refusal> {
    super::materials::percent_decoded(&text.replace('+', " "))
        .ok_or_else(|| bad("not percent-encoded UTF-8"))
}

fn bad(words: &str) -> Refusal {
    Problem::new(StatusCode::BAD_REQUEST, texts::BAD_QUERY)
        .detail(words)
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_and_unknown_names_refused() {
        let query = Query::parse(Some("q=%E8%8A%82+%E8%83%BD&page=2&q="), &["q", "page"]).unwrap();
        assert_eq!(query.one("q"), Some("节 能"));
        assert_eq!(query.number("page", 1..=9).unwrap(), Some(2));
        assert!(query.number("q", 1..=9).is_err());
        assert!(Query::parse(Some("p=1"), &["q"]).is_err());
        assert!(Query::parse(Some("q=%ff"), &["q"]).is_err());
    }
}

//! From the caller's path to the upstream's.

use super::table::System;
use crate::edge::texts;
use crate::problem::Problem;
use http::{StatusCode, Uri};

/// `/systems/{id}/rest` → id and `/rest`.
pub(super) fn split(path: &str) -> Option<(&str, &str)> {
    let path = path.strip_prefix("/systems/")?;
    let slash = path.find('/')?;
    Some(path.split_at(slash))
}

/// The rest of the path, refused when a segment of it climbs (`..`, also as `%2e`): it must stay below the system's base path.
pub(super) fn rest(path: &str) -> Result<&str, Problem> {
    let (_, rest) = split(path).unwrap_or(("", "/"));
    let climbs = |segment: &str| {
        let plain = segment.replace("%2e", ".").replace("%2E", ".");
        plain == "." || plain == ".."
    };
    if rest.split(['/', '\\']).any(climbs) || rest.to_ascii_lowercase().contains("%2f..") {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            texts::MALFORMED_REQUEST,
        ));
    }
    Ok(rest)
}

pub(super) fn upstream_uri(
    system: &System,
    rest: &str,
    query: Option<&str>,
) -> Result<Uri, Problem> {
    let mut text =
        String::with_capacity(system.base_path.len() + rest.len() + query.map_or(0, str::len) + 1);
    text.push_str(&system.base_path);
    text.push_str(rest);
    if let Some(query) = query {
        text.push('?');
        text.push_str(query);
    }
    text.parse()
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, texts::MALFORMED_REQUEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_of_the_path_goes_on_as_it_came_and_never_climbs() {
        for (path, expected) in [
            ("/systems/a/", Some("/")),
            ("/systems/a/x/y%20z", Some("/x/y%20z")),
            ("/systems/a//x", Some("//x")),
            ("/systems/a/...", Some("/...")),
            ("/systems/a/x/../y", None),
            ("/systems/a/%2e%2E/y", None),
            ("/systems/a/.%2e", None),
            ("/systems/a/x\\..\\y", None),
        ] {
            assert_eq!(rest(path).ok(), expected, "{path}");
        }
    }
}

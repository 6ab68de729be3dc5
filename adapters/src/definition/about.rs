//! The head of a definition: who the partner is and how it may be used.

use super::faults::{Faults, Fields};
use super::node::Node;
use super::policy::{
    Forward, PartnerLimits, PollPolicy, Protocol, Rate, RetryPolicy, SystemKind, Timeouts,
};
use crate::text::Charset;
use std::time::Duration;

/// What a definition says before it comes to operations.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) kind: SystemKind,
    pub(super) protocol: Protocol,
    pub(super) regions: Vec<String>,
    pub(super) endpoint: String,
    pub(super) sandbox: Option<String>,
    pub(super) charset: Charset,
    pub(super) limits: PartnerLimits,
    pub(super) timeouts: Timeouts,
    pub(super) retry: RetryPolicy,
    pub(super) poll: Option<PollPolicy>,
    pub(super) short_number: bool,
    pub(super) forward: Forward,
    pub(super) skew: Duration,
}

/// Widest skew of a partner's clock that may be allowed, in seconds.
const SKEW_MAX_S: u32 = 24 * 3600;
/// Skew where the definition is silent, in seconds.
const SKEW_DEFAULT: Duration = Duration::from_secs(300);

impl About {
    pub(super) fn compile(fields: Fields<'_>, faults: &mut Faults<'_>) -> Option<Self> {
        let id = fields
            .require("id", faults)
            .and_then(|node| id(node, faults));
        let name = fields
            .require("name", faults)
            .and_then(|node| faults.filled(node));
        let kind = fields.require("kind", faults).and_then(|node| {
            let kinds = [
                SystemKind::Department,
                SystemKind::City,
                SystemKind::National,
            ];
            faults.choice(node, &kinds.map(|kind| (kind.as_str(), kind)))
        });
        let protocol = fields.require("protocol", faults).and_then(|node| {
            let protocols = [Protocol::Rest, Protocol::Soap, Protocol::Xml];
            faults.choice(
                node,
                &protocols.map(|protocol| (protocol.as_str(), protocol)),
            )
        });
        let regions = fields
            .get("regions")
            .map_or_else(Vec::new, |node| regions(node, faults));
        let endpoint = fields
            .require("endpoint", faults)
            .and_then(|node| address(node, faults));
        let sandbox = fields.get("sandbox").and_then(|node| address(node, faults));
        let charset = fields
            .get("charset")
            .map_or(Some(Charset::Utf8), |node| charset(node, faults));
        let limits = fields
            .get("limits")
            .map_or_else(PartnerLimits::default, |node| limits(node, faults));
        let timeouts = fields
            .get("timeout")
            .map_or_else(Timeouts::default, |node| timeouts(node, faults));
        let retry = fields
            .get("retry")
            .map_or_else(RetryPolicy::default, |node| retry(node, faults));
        let poll = fields.get("poll").and_then(|node| poll(node, faults));
        let short_number = fields
            .get("short_number")
            .and_then(|node| faults.choice(node, &[("digits", true)]));
        let forward = fields.get("forward").and_then(|node| {
            faults.choice(node, &[("close", Forward::Close), ("step", Forward::Step)])
        });
        let skew = fields
            .get("skew_s")
            .and_then(|node| faults.whole(node, 0..=SKEW_MAX_S));
        Some(Self {
            id: id?,
            name: name?,
            kind: kind?,
            protocol: protocol?,
            regions,
            endpoint: endpoint?,
            sandbox,
            charset: charset?,
            limits,
            timeouts,
            retry,
            poll,
            short_number: short_number.unwrap_or_default(),
            forward: forward.unwrap_or_default(),
            skew: skew.map_or(SKEW_DEFAULT, |s| Duration::from_secs(s.into())),
        })
    }
}

fn id(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let id = faults.text(node)?;
    let fits = id.len() <= 64
        && id.starts_with(|c: char| c.is_ascii_lowercase())
        && !id.ends_with('-')
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        faults.add(
            node,
            "bad_id",
            format!("“{id}”不能作系统标识（小写字母开头，小写字母、数字和连字符，至多 64 个）"),
            format!("`{id}` is no system id (lower-case letters, digits, hyphens, a letter first, at most 64)"),
        );
    }
    fits.then_some(id)
}

fn regions(node: &Node, faults: &mut Faults<'_>) -> Vec<String> {
    let mut regions = Vec::new();
    for item in faults.items(node).unwrap_or_default() {
        let Some(region) = faults.text(item) else {
            continue;
        };
        match matches!(region.len(), 2..=12) && region.bytes().all(|b| b.is_ascii_digit()) {
            true => regions.push(region),
            false => faults.add_with_hint(
                item,
                "bad_region",
                [
                    &format!("“{region}”不是行政区划代码"),
                    &format!("`{region}` is no region code"),
                ],
                [
                    "写 GB/T 2260 的六位代码并加引号，例如 \"440400\"",
                    "write the six digits of GB/T 2260 in quotes, for example \"440400\"",
                ],
            ),
        }
    }
    regions
}

fn charset(node: &Node, faults: &mut Faults<'_>) -> Option<Charset> {
    let name = faults.text(node)?;
    let found = Charset::named(&name).ok();
    if found.is_none() {
        faults.add(
            node,
            "bad_charset",
            format!("不支持字符集“{name}”；可用：UTF-8、GBK"),
            format!("the character set `{name}` is not supported; known: UTF-8, GBK"),
        );
    }
    found
}

/// A base address: `http` or `https`, a host, no user, query or fragment. Whether it may be called is the gateway's to say.
fn address(node: &Node, faults: &mut Faults<'_>) -> Option<String> {
    let text = faults.text(node)?;
    let text = text.trim_end_matches('/').to_owned();
    if !is_base_address(&text) {
        faults.add_with_hint(
            node,
            "bad_address",
            ["不是可用的接口地址", "no usable base address"],
            [
                "写 http(s)://主机[:端口][/路径]，不带用户名、? 和 #",
                "write http(s)://host[:port][/path] without user, ? and #",
            ],
        );
        return None;
    }
    Some(text)
}

fn is_base_address(text: &str) -> bool {
    let Some(rest) = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
    else {
        return false;
    };
    let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let (host, port) = match (authority.strip_prefix('['), authority.rsplit_once(':')) {
        (Some(rest), _) => match rest.split_once(']') {
            Some((host, "")) => (host, None),
            Some((host, port)) if port.starts_with(':') => (host, Some(&port[1..])),
            _ => return false,
        },
        (None, Some((host, port))) => (host, Some(port)),
        (None, None) => (authority, None),
    };
    let host_fits = match authority.starts_with('[') {
        true => host.parse::<std::net::Ipv6Addr>().is_ok(),
        false => {
            !host.is_empty()
                && host.len() <= 253
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    host_fits
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && path
            .bytes()
            .all(|b| b.is_ascii_graphic() && !matches!(b, b'?' | b'#' | b'"' | b'<' | b'>' | b'\\'))
}

fn limits(node: &Node, faults: &mut Faults<'_>) -> PartnerLimits {
    let mut limits = PartnerLimits::default();
    let Some(fields) = faults.fields(node, &["rate", "burst", "concurrency", "window"]) else {
        return limits;
    };
    limits.rate = fields.get("rate").and_then(|node| rate(node, faults));
    if let Some(burst) = fields
        .get("burst")
        .and_then(|node| faults.whole(node, 1..=1_000_000))
    {
        limits.burst = burst;
    }
    if let Some(concurrency) = fields
        .get("concurrency")
        .and_then(|node| faults.whole(node, 1..=10_000))
    {
        limits.concurrency = concurrency;
    }
    limits.window = fields.get("window").and_then(|node| window(node, faults));
    limits
}

fn rate(node: &Node, faults: &mut Faults<'_>) -> Option<Rate> {
    let text = faults.text(node)?;
    let found = text.split_once('/').and_then(|(calls, per)| {
        let per = match per.trim() {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            _ => return None,
        };
        let calls = calls
            .trim()
            .parse()
            .ok()
            .filter(|calls| (1..=1_000_000).contains(calls))?;
        Some(Rate {
            calls,
            per: Duration::from_secs(per),
        })
    });
    if found.is_none() {
        faults.add(
            node,
            "bad_rate",
            "此处应为速率，例如 50/s、600/m",
            "a rate is expected here, for example 50/s or 600/m",
        );
    }
    found
}

fn window(node: &Node, faults: &mut Faults<'_>) -> Option<(jiff::civil::Time, jiff::civil::Time)> {
    let text = faults.text(node)?;
    let time = |text: &str| -> Option<jiff::civil::Time> {
        let (hour, minute) = text.trim().split_once(':')?;
        jiff::civil::Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
    };
    let found = text
        .split_once('-')
        .and_then(|(from, to)| Some((time(from)?, time(to)?)));
    let found = found.filter(|(from, to)| from < to);
    if found.is_none() {
        faults.add(
            node,
            "bad_window",
            "此处应为开放时段，例如 \"08:00-22:00\"（先早后晚）",
            "opening hours are expected here, for example \"08:00-22:00\", the earlier first",
        );
    }
    found
}

fn timeouts(node: &Node, faults: &mut Faults<'_>) -> Timeouts {
    let mut timeouts = Timeouts::default();
    if let Some(fields) = faults.fields(node, &["connect", "idle", "total"]) {
        for (key, slot) in [
            ("connect", &mut timeouts.connect),
            ("idle", &mut timeouts.idle),
            ("total", &mut timeouts.total),
        ] {
            if let Some(found) = fields.get(key).and_then(|node| duration(node, faults)) {
                *slot = found;
            }
        }
    }
    timeouts
}

fn retry(node: &Node, faults: &mut Faults<'_>) -> RetryPolicy {
    let mut retry = RetryPolicy::default();
    let Some(fields) = faults.fields(node, &["initial", "factor", "max", "give_up_after"]) else {
        return retry;
    };
    if let Some(initial) = fields
        .get("initial")
        .and_then(|node| duration(node, faults))
    {
        retry.initial = initial;
    }
    if let Some(max) = fields.get("max").and_then(|node| duration(node, faults)) {
        retry.max = max;
    }
    retry.give_up_after = fields
        .get("give_up_after")
        .and_then(|node| duration(node, faults));
    if let Some(node) = fields.get("factor") {
        match faults
            .text(node)
            .and_then(|text| text.parse::<f64>().ok())
            .filter(|f| (1.0..=10.0).contains(f))
        {
            Some(factor) => retry.factor = factor,
            None => faults.add(
                node,
                "wrong_number",
                "此处应为 1 至 10 之间的数",
                "a number from 1 to 10 is expected here",
            ),
        }
    }
    if retry.max < retry.initial {
        faults.add(
            node,
            "bad_retry",
            "max 不能小于 initial",
            "`max` cannot be less than `initial`",
        );
    }
    retry
}

fn poll(node: &Node, faults: &mut Faults<'_>) -> Option<PollPolicy> {
    let fields = faults.fields(node, &["every", "first"])?;
    let every = fields
        .require("every", faults)
        .and_then(|node| duration(node, faults))?;
    let first = fields.get("first").and_then(|node| duration(node, faults));
    Some(PollPolicy {
        every,
        first: first.unwrap_or(every),
    })
}

/// `500ms`, `3s`, `10m`, `2h`, `1d`; more than nothing, at most a year.
fn duration(node: &Node, faults: &mut Faults<'_>) -> Option<Duration> {
    let text = faults.text(node)?;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let millis = match unit.trim() {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        _ => None,
    };
    let found = millis
        .zip(number.parse::<u64>().ok())
        .and_then(|(unit, number)| number.checked_mul(unit))
        .filter(|millis| (1..=366 * 86_400_000).contains(millis))
        .map(Duration::from_millis);
    if found.is_none() {
        faults.add(
            node,
            "bad_duration",
            "此处应为时长，例如 500ms、3s、10m、2h、1d",
            "a duration is expected here, for example 500ms, 3s, 10m, 2h, 1d",
        );
    }
    found
}

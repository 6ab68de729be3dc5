//! What happens before a run: the hall is asked what it offers, sample forms are drawn, the receipt key is fetched, applications
//! are made for status reads to ask for. Nothing of it is measured.

use super::connection::{Connection, Dialer, Fault, Keep};
use super::items::{Guide, ItemError, Template, forms_each};
use super::live::Audience;
use super::tally::{Tally, is_throttle, retry_after};
use super::target::Target;
use super::work::{Shared, Worker};
use super::{LoadError, Operation};
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use http_body_util::Full;
use parking_lot::Mutex;
use rand::SeedableRng as _;
use rand::rngs::Xoshiro256PlusPlus;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Items that are applied for.
pub const ITEMS_MAX: usize = 5_000;
/// Items of one page of the list.
const PAGE: usize = 100;
/// Times that a question is asked again because the hall wants to be asked later.
const TRIES_MAX: usize = 60;
/// The longest pause before that.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Asks the hall, one question after the other.
pub(super) struct Asking<'a> {
    pub(super) target: &'a Target,
    pub(super) dialer: &'a Dialer,
    pub(super) headers: &'a [(HeaderName, HeaderValue)],
    pub(super) timeout: Duration,
    pub(super) connection: Option<Connection>,
}

/// Which of the hall's items are applied for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Materials {
    /// All; what must be handed in is uploaded before each application.
    Upload,
    /// Those that need no material.
    None,
}

impl Asking<'_> {
    /// `GET`, with patience where the hall asks for it; `None` for 404.
    async fn get(&mut self, path: &str) -> Result<Option<Bytes>, LoadError> {
        for _ in 0..TRIES_MAX {
            let answer = self
                .once(path)
                .await
                .map_err(|fault| LoadError::Unreachable {
                    url: self.target.url.clone(),
                    fault,
                })?;
            if is_throttle(answer.status) {
                let pause = retry_after(&answer).map_or(PAUSE_MAX, Duration::from_secs);
                tokio::time::sleep(pause.min(PAUSE_MAX)).await;
                continue;
            }
            if answer.status == StatusCode::NOT_FOUND {
                return Ok(None);
            }
            if answer.status.is_success() {
                return Ok(Some(answer.body));
            }
            return Err(LoadError::Unexpected {
                what: format!("GET {path}"),
                answer: words(answer.status, &answer.body),
            });
        }
        Err(LoadError::Unexpected {
            what: format!("GET {path}"),
            answer: "the hall asked to come later, again and again".to_owned(),
        })
    }

    async fn once(&mut self, path: &str) -> Result<super::connection::Answer, Fault> {
        let mut request = Request::get(format!("{}{path}", self.target.base))
            .header("host", &self.target.authority);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::default()).map_err(|e| {
            Fault::new(
                super::connection::FaultKind::Protocol,
                format!("{path}: {e}"),
            )
        })?;
        let mut connection = match self.connection.take() {
            Some(open) if !open.is_closed() => open,
            _ => self.dialer.open().await?,
        };
        let exchange = connection.exchange(request, Keep::Body);
        let answer = tokio::time::timeout(self.timeout, exchange).await;
        let answer = answer.map_err(|_| {
            let words = format!("no answer to GET {path} within {:?}", self.timeout);
            Fault::new(super::connection::FaultKind::Timeout, words)
        })??;
        self.connection = Some(connection);
        Ok(answer)
    }

    async fn json(&mut self, path: &str) -> Result<Option<Value>, LoadError> {
        let Some(body) = self.get(path).await? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&body).map_err(|e| LoadError::Unexpected {
            what: format!("GET {path}"),
            answer: format!("no JSON: {e}"),
        })?;
        Ok(Some(value))
    }

    /// The key that receipts are verified with.
    pub(super) async fn receipt_key(&mut self) -> Result<Vec<u8>, LoadError> {
        let path = "/api/v1/receipt-key";
        let set = self.json(path).await?.unwrap_or_default();
        let x = set["keys"][0]["x"].as_str().unwrap_or_default();
        let key = BASE64URL_NOPAD.decode(x.as_bytes()).unwrap_or_default();
        if key.is_empty() {
            return Err(LoadError::Unexpected {
                what: format!("GET {path}"),
                answer: "no key in it".to_owned(),
            });
        }
        Ok(key)
    }

    /// The items that are applied for, in every situation: those of `codes`, or all that are open.
    pub(super) async fn templates(
        &mut self,
        codes: &[String],
        materials: Materials,
        seed: u64,
        audience: Audience,
    ) -> Result<Vec<Template>, LoadError> {
        let guides = self.guides(codes, audience).await?;
        let wanted = |guide: &Guide, situation: Option<&str>| -> Result<bool, ItemError> {
            Ok(materials == Materials::Upload || guide.needs(situation)?.is_empty())
        };
        let mut places = Vec::new();
        for guide in &guides {
            for situation in guide.situations() {
                if wanted(guide, situation)? {
                    places.push((guide, situation));
                }
            }
        }
        if places.is_empty() {
            return Err(LoadError::NoItem);
        }
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let forms = forms_each(places.len());
        let mut templates = Vec::with_capacity(places.len());
        for (guide, situation) in places {
            let query = situation.map_or_else(String::new, |s| format!("?situation={s}"));
            let path = format!("/api/v1/items/{}/form{query}", guide.code);
            let schema = self.json(&path).await?.unwrap_or_default();
            templates.push(guide.template(situation, schema, forms, &mut random)?);
        }
        Ok(templates)
    }

    async fn guides(
        &mut self,
        codes: &[String],
        audience: Audience,
    ) -> Result<Vec<Guide>, LoadError> {
        let all = if codes.is_empty() {
            self.listed().await?
        } else {
            codes.to_vec()
        };
        let mut guides = Vec::with_capacity(all.len());
        for (index, code) in all.iter().enumerate() {
            if index % PAGE == 0 && all.len() > PAGE {
                audience.show(format_args!("reading items: {index} of {}", all.len()));
            }
            let answer = self.get(&format!("/api/v1/items/{code}")).await?;
            let answer = answer.ok_or_else(|| LoadError::UnknownItem(code.clone()))?;
            let guide = Guide::read(code, &answer)?;
            match (guide.is_open(), codes.is_empty()) {
                (true, _) => guides.push(guide),
                // Of the hall's own list, what is suspended or withdrawn is passed over.
                (false, true) => {}
                (false, false) => return Err(LoadError::ItemNotOpen(code.clone())),
            }
        }
        Ok(guides)
    }

    async fn listed(&mut self) -> Result<Vec<String>, LoadError> {
        let mut codes: Vec<String> = Vec::new();
        for page in 1..=ITEMS_MAX.div_ceil(PAGE) {
            let path = format!("/api/v1/items?page={page}&size={PAGE}");
            let found = self.json(&path).await?.unwrap_or_default();
            let items = found["items"].as_array().cloned().unwrap_or_default();
            let read = items.iter().filter_map(|item| item["code"].as_str());
            codes.extend(read.map(str::to_owned));
            let total = found["total"].as_u64().unwrap_or_default();
            if items.is_empty() || codes.len() as u64 >= total {
                break;
            }
        }
        Ok(codes)
    }
}

/// Submits `count` applications, so that status reads have something to ask for.
pub(super) async fn make_applications(
    shared: &Arc<Shared>,
    dialer: &Dialer,
    count: usize,
    audience: Audience,
) -> Result<(), LoadError> {
    let mut worker = Worker {
        shared: Arc::clone(shared),
        dialer: dialer.clone(),
        connection: None,
        tally: Arc::new(Mutex::new(Tally::new()?)),
        free_since: shared.clock.instant(),
    };
    audience.show(format_args!("making {count} applications for status reads"));
    let wanted = shared.numbers.len() + count;
    let mut refused = 0;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(shared.seed);
    while shared.numbers.len() < wanted {
        let before = shared.numbers.len();
        worker.apply(true, None, &mut random).await;
        if let Some(breach) = shared.checks.breach() {
            return Err(LoadError::Breach(breach.clone()));
        }
        if shared.numbers.len() > before {
            continue;
        }
        refused += 1;
        let first = worker.tally.lock().words.first().cloned();
        if first.is_some() || refused > TRIES_MAX {
            let answer = first.unwrap_or_else(|| "the hall asked to come later".to_owned());
            return Err(LoadError::Unexpected {
                what: Operation::Application.as_str().to_owned(),
                answer,
            });
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}

fn words(status: StatusCode, body: &[u8]) -> String {
    let text: String = String::from_utf8_lossy(body).chars().take(400).collect();
    format!("{status} {text}")
}
